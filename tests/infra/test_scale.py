"""The simulator of `make scale`: nothing is lost or delivered twice, and queues follow queueing theory."""

import json
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.analysis.cost.alternatives import WAYS
from infra.analysis.cost.coefficients import FUNCTIONS
from infra.analysis.cost.prices import total
from infra.analysis.scale import fleet, functions
from infra.analysis.scale.load import Load
from infra.analysis.scale.queueing import AT_ONCE, Job, Station, limited
from infra.analysis.scale.scale_report import BUSY, SIMULATED, SMALL, breaks_at, markdown, month, most_sockets, switch
from milequest.settings import PROJECT
from milequest.store.cache.bus import POLL_SECONDS
from subscriptions.apigateway import sender, sweeper, table_rows
from tests.infra.assembly import Assembly

LOADS = st.builds(
    Load,
    sockets=st.integers(1, 30_000),
    events=st.floats(1, 2_000),
    listeners=st.integers(1, 40),
    seconds=st.just(3.0),
    seed=st.integers(0, 1_000),
)
JOBS = st.lists(st.builds(Job, ready=st.floats(0, 10), key=st.integers(0, 4), began=st.just(0.0)), max_size=60)


@settings(max_examples=25)
@given(LOADS, st.sampled_from(sorted(SIMULATED)))
def test_simulated_subscriber_gets_each_event_once_and_not_early(load: Load, name: str) -> None:
    outcome = SIMULATED[name](load)
    assert outcome.deliveries == len(load.moments()) * load.listeners
    assert all(job.ready > job.began for job in outcome.told)


@settings(max_examples=50)
@given(JOBS, st.integers(1, 3), st.integers(1, AT_ONCE))
def test_jobs_of_a_key_are_done_in_their_order_and_by_one_worker(jobs: list[Job], workers: int, most: int) -> None:
    named = [
        Job(job.ready, job.key, float(number)) for number, job in enumerate(sorted(jobs, key=lambda job: job.ready))
    ]
    done = Station("any", workers, lambda some: 0.5 * len(some), most).run(named)
    assert sorted(job.began for job in done) == [job.began for job in named]
    for key in {job.key for job in jobs}:
        numbers = [job.began for job in sorted(done, key=lambda job: (job.ready, job.began)) if job.key == key]
        assert numbers == sorted(numbers)
    last = max((job.ready for job in done), default=0.0)
    assert last >= len(jobs) * 0.5 / workers / most or not jobs


@pytest.mark.parametrize("busy", [0.3, 0.6, 0.8])
def test_waiting_is_what_pollaczek_and_khinchine_say(busy: float) -> None:
    """One worker who always needs a second, and random arrivals: M/D/1."""
    chance, now, jobs = random.Random(7), 0.0, []
    for number in range(60_000):
        now -= math.log(1 - chance.random()) / busy
        jobs.append(Job(now, number, now))
    done = Station("one", 1, lambda some: 1.0, most=1).run(jobs)
    spent = sum(job.ready - job.began for job in done) / len(done)
    assert spent == pytest.approx(1 + busy / (2 * (1 - busy)), rel=0.06)


@pytest.mark.parametrize("busy", [0.5, 0.8])
def test_littles_law_holds(busy: float) -> None:
    """The average number present is that of arrivals during the time each stays."""
    load = Load(sockets=1_000, events=60 * busy * 100, listeners=1, seconds=200)
    jobs = [Job(moment, number, moment) for number, moment in enumerate(load.moments())]
    done = Station("ten", 10, lambda some: 0.1, most=1).run(jobs)
    changes = sorted([(job.began, 1) for job in done] + [(job.ready, -1) for job in done])
    there = area = last = 0.0
    for moment, change in changes:
        area += there * (moment - last)
        there, last = there + change, moment
    spent = sum(job.ready - job.began for job in done) / len(done)
    assert area / last == pytest.approx(len(done) / last * spent)
    assert area / last >= busy * 10 * 0.95


@settings(max_examples=50)
@given(JOBS, st.floats(0.5, 20), st.integers(1, 10))
def test_simulated_rate_limit_lets_no_more_pass_than_rate_and_burst(
    jobs: list[Job], per_second: float, burst: int
) -> None:
    passed = [job.ready for job in limited(jobs, per_second, burst)]
    assert len(passed) == len(jobs)
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            assert last - first + 1 <= burst + (passed[last] - passed[first]) * per_second + 1 + 1e-6


@pytest.mark.parametrize("name", ["functions, today", "servers, today"])
def test_below_where_it_breaks_the_lag_stays_and_above_it_grows_with_time(name: str) -> None:
    events, _ = breaks_at(BUSY[name], SMALL)
    assert events is not None

    def growth(share: float, seconds: float) -> float:
        load = Load(sockets=SMALL.sockets, events=events * share, listeners=SMALL.listeners, seconds=seconds)
        return SIMULATED[name](load).growth()

    assert growth(0.7, 6) < 0.05
    short, long = growth(1.4, 3), growth(1.4, 6)
    assert short > 0.1
    assert long == pytest.approx(2 * short, rel=0.35)


def test_a_load_is_the_same_each_time_and_another_by_another_seed() -> None:
    one, same = Load(sockets=10, events=600, listeners=3), Load(sockets=10, events=600, listeners=3)
    other = Load(sockets=10, events=600, listeners=3, seed=2)
    assert (one.moments(), one.places(50, 9)) == (same.moments(), same.places(50, 9))
    assert one.moments() != other.moments()
    assert len(one.moments()) == pytest.approx(600, rel=0.15)


def test_more_than_the_database_can_do_tells_nobody() -> None:
    load = Load(sockets=1_000_000, events=600, listeners=5, seconds=1)
    assert fleet.polling(load, fleet.TODAY) > 1
    assert fleet.simulate(load, fleet.TODAY).told == []


# --- the numbers are those of the code


def test_the_gateways_numbers_are_the_gateways() -> None:
    assert functions.TODAY.sockets_at_once == sender.AT_ONCE
    assert functions.TODAY.signs_at_once == sweeper.AT_ONCE
    assert functions.SOCKET_LIFE == table_rows.LIFE
    assert fleet.POLLS == 1 / POLL_SECONDS
    assert {"relay", "planner", "poster"} <= set(FUNCTIONS)


def test_the_templates_numbers_are_the_templates(assembly: Assembly) -> None:
    (sweep,) = {
        resource.properties["Timeout"]
        for resource in assembly.resources("AWS::Lambda::Function")
        if str(resource.properties["FunctionName"]).endswith("-sweep")
    }
    assert sweep == functions.ROUND_LASTS
    feeds = [one.properties for one in assembly.resources("AWS::Lambda::EventSourceMapping")]
    assert {one["BatchSize"] for one in feeds if ":sqs:" in json.dumps(one["EventSourceArn"])} == {AT_ONCE}
    fifo = [queue for queue in assembly.resources("AWS::SQS::Queue") if queue.properties.get("FifoQueue")]
    high = {queue.properties.get("FifoThroughputLimit") for queue in fifo if "RedrivePolicy" in queue.properties}
    assert high == {"perMessageGroupId"}, "else it is 300 calls a second"


def test_a_round_takes_as_long_as_its_sockets_want() -> None:
    sockets = most_sockets(functions.ROUND_SECONDS)
    assert functions.round_seconds(sockets, functions.TODAY) == pytest.approx(functions.ROUND_SECONDS, rel=0.01)


def test_servers_cost_less_from_the_switch_on() -> None:
    sockets = switch()
    for share, less in ((0.7, False), (1.4, True)):
        usage = month(Load(sockets=round(sockets * share), events=sockets * share / 100, listeners=20))
        assert (total(WAYS["Fargate"](usage)) < total(WAYS["API Gateway"](usage))) is less


def test_scale_page_is_what_the_simulator_works_out() -> None:
    """Half a minute: all of it is simulated again."""
    assert (PROJECT / "docs" / "scale.md").read_text() == markdown(), "make scale"
