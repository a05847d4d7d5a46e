"""Alarms on objectives: when the templates' own expressions ring and end, for series of every shape."""

import pytest

from infra.objectives import FAST, HEARD, LEAST, OBJECTIVES, SERVED, Objective
from tests.infra.alarm_states import AlarmStates, Series
from tests.infra.assembly import Assembly

STACK = "milequest-production-watch-us-east-1"
HOUR, DAY = 60, 1_440
CALM = 4 * DAY  # before anything is bad
ENDS = {15: 5, 6.5: 30, 3.2: 6 * HOUR, 1.1: 6 * HOUR}  # minutes after which an alarm is over, by the speed before
NAMES = {  # of all cases, and of bad ones
    SERVED.name: ("Operations", "OperationsFailed"),
    FAST.name: ("Operations", "OperationsSlow"),
    HEARD.name: ("News", "NewsLate"),
}


def constant(
    objective: Objective, speed: float, minutes: int, *, each: float = 1_000, after: int = 0
) -> dict[str, list[float]]:
    """Return series in which a budget is used at a speed for some minutes, after four days of none, and before some."""
    all_, bad = NAMES[objective.name]
    share = min(1.0, speed * objective.budget)
    return {
        all_: [each] * (CALM + minutes + after),
        bad: [0.0] * CALM + [each * share] * minutes + [0.0] * after,
    }


def states(assembly: Assembly, series: Series) -> AlarmStates:
    """Return the alarms' states for some series."""
    return AlarmStates(assembly, STACK, series)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda one: one.name)
def test_budget_that_is_kept_tells_nobody(assembly: Assembly, objective: Objective) -> None:
    told = states(assembly, constant(objective, 0.9, 4 * DAY))
    for minute in (CALM + 5, CALM + HOUR, CALM + DAY, CALM + 4 * DAY):
        assert not told.is_ringing(f"{objective.name}-page", minute)
        assert not told.is_ringing(f"{objective.name}-ticket", minute)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda one: one.name)
@pytest.mark.parametrize(("speed", "urgency", "minutes"), [(15, "page", HOUR), (6.5, "page", 6 * HOUR),
                                                           (3.2, "ticket", DAY), (1.1, "ticket", 3 * DAY)])  # fmt: skip
def test_budget_that_is_used_too_fast_tells_until_soon_after_its_end(
    assembly: Assembly, objective: Objective, speed: float, urgency: str, minutes: int
) -> None:
    told = states(assembly, constant(objective, speed, minutes, after=minutes))
    name = f"{objective.name}-{urgency}"
    assert not told.is_ringing(name, CALM)
    assert told.is_ringing(name, CALM + minutes)
    assert not told.is_ringing(name, CALM + minutes + ENDS[speed]), "no bad case is in the short window any more"


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda one: one.name)
def test_slow_use_of_a_budget_pages_nobody(assembly: Assembly, objective: Objective) -> None:
    told = states(assembly, constant(objective, 5.5, 4 * DAY))
    assert not any(told.is_ringing(f"{objective.name}-page", minute) for minute in range(CALM, CALM + 4 * DAY, 97))


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda one: one.name)
def test_outage_of_all_pages_within_minutes(assembly: Assembly, objective: Objective) -> None:
    all_, bad = NAMES[objective.name]
    calm = 6 * HOUR
    series = {all_: [1_000.0] * (calm + 20), bad: [0.0] * calm + [1_000.0] * 20}
    told = states(assembly, series)
    assert not told.is_ringing(f"{objective.name}-page", calm)
    needed = 1 if objective is SERVED else 10  # of a budget of 1 %, 14.4 % of an hour are nine minutes
    assert told.is_ringing(f"{objective.name}-page", calm + needed)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda one: one.name)
@pytest.mark.parametrize(("bad_cases", "is_told"), [(LEAST - 1, False), (LEAST, True)])
def test_few_bad_cases_of_a_quiet_night_page_nobody(
    assembly: Assembly, objective: Objective, bad_cases: int, is_told: bool
) -> None:
    all_, bad = NAMES[objective.name]
    told = states(assembly, {all_: [0.0] * 55 + [bad_cases, 0, 0, 0, 0], bad: [0.0] * 55 + [bad_cases, 0, 0, 0, 0]})
    assert told.is_ringing(f"{objective.name}-page", 60) is is_told


def test_requests_that_end_before_their_operation_count_as_failed(assembly: Assembly) -> None:
    """A function that crashes writes no operation, so only the gateway knows; what both know counts once."""
    crashed = {"Operations": [0.0] * HOUR, "OperationsFailed": [0.0] * HOUR, "5XXError": [10.0] * HOUR}
    assert states(assembly, crashed).is_ringing("served-page", HOUR)
    known = constant(SERVED, 10, HOUR)
    known |= {"5XXError": known["OperationsFailed"]}
    assert not states(assembly, known).is_ringing("served-page", CALM + HOUR), (
        "twice as many were twenty times too fast"
    )


def test_silence_tells_nobody(assembly: Assembly) -> None:
    """Where nobody asks nothing is published; that is for the client of ours to tell."""
    for series in ({}, {"Operations": [0.0] * DAY, "OperationsFailed": [0.0] * DAY, "News": [0.0] * DAY}):
        told = states(assembly, series)
        for objective in OBJECTIVES:
            assert not told.is_ringing(f"{objective.name}-page", DAY)


def test_each_region_of_each_environment_has_the_alarms(assembly: Assembly) -> None:
    found = {(one.stack, one.properties["AlarmName"].split("-", 2)[2]) for one in
             assembly.of("watch", "AWS::CloudWatch::CompositeAlarm")}  # fmt: skip
    stacks = {stack for stack in assembly.templates if "-watch-" in stack}
    wanted = {f"{one.name}-{urgency}" for one in OBJECTIVES for urgency in ("page", "ticket")}
    assert found == {(stack, name) for stack in stacks for name in wanted}
