"""The failover command on two regions: killed at each call, agreed to step by step, back again, with a region away."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from infra.config import PRODUCTION
from infra.deploy.cloudformation import DeploymentError
from infra.failover.failing_over import main, run
from infra.failover.failover_steps import FENCED, OF_THE_POOL, Failover
from infra.names import Names
from milequest.settings import PROJECT
from tests.fakes.two_regions import Killed, TwoRegions
from tests.infra.operators_account import sign_in

EAST, WEST = PRODUCTION.regions
FUNCTIONS = {
    region.name: frozenset(
        Names(PRODUCTION, region).of(name)
        for name in (*FENCED, "migrations")
        if region.primary or name not in OF_THE_POOL
    )
    for region in PRODUCTION.regions
}


@dataclass
class Operator:
    """Runs the command, and sees what it says."""

    account: TwoRegions
    said: list[str] = field(default_factory=list)

    def go(self, kind: str = "unplanned", *, dry: bool = False, agree: Callable[[str], str] | None = None) -> int:
        """Run it once."""
        old, new = (WEST, EAST) if kind == "back" else (EAST, WEST)
        planned = kind != "unplanned"
        account = self.account
        failover = Failover(PRODUCTION, old, new, planned, account.clients, self.said.append, account.answer, 0)
        return run(failover, dry=dry, agree=agree)


def well(writer: str = EAST.name) -> TwoRegions:
    """Return an account in which one region is written to, and the other one follows."""
    return TwoRegions(PRODUCTION, writer, FUNCTIONS)


KINDS = ("unplanned", "planned", "back")


def arranged(kind: str) -> TwoRegions:
    """Return the account before a failover of a kind."""
    return well(WEST.name if kind == "back" else EAST.name)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("kind", KINDS)
def test_failover_that_is_killed_at_any_call_is_finished_by_the_next(kind: str, after: bool) -> None:
    undisturbed = arranged(kind)
    Operator(undisturbed).go(kind)
    assert undisturbed.writer == (EAST.name if kind == "back" else WEST.name)
    number = len(undisturbed.calls)
    assert number > 30
    for at in range(number):
        account = arranged(kind)
        account.kill_at, account.after = at, after
        with pytest.raises(Killed):
            Operator(account).go(kind)
        account.kill_at = None
        assert Operator(account).go(kind) == 0
        assert account.state() == undisturbed.state(), undisturbed.calls[at]
        assert account.epoch == 1 if kind != "unplanned" else account.epoch in (2, 3)


def test_unplanned_failover_goes_on_while_the_old_region_is_away_and_fences_it_once_it_answers() -> None:
    account = well()
    account.places[EAST.name].is_away = True
    operator = Operator(account)
    assert operator.go() == 0
    assert (account.writer, account.epoch, account.places[WEST.name].members) == (
        WEST.name,
        2,
        ["database-0", "database-1"],
    )
    assert any("run this again once it does" in line for line in operator.said)
    account.places[EAST.name].is_away = False
    assert operator.go() == 0
    fenced = account.places[EAST.name]
    assert {fenced.concurrency[Names(PRODUCTION, EAST).of(name)] for name in FENCED} == {0}
    assert fenced.desired == 0


@pytest.mark.parametrize("kind", ["planned", "back"])
def test_planned_failover_ends_before_the_promotion_where_the_old_region_is_not_fenced(kind: str) -> None:
    account = arranged(kind)
    account.places[account.writer].is_away = True
    with pytest.raises(DeploymentError, match="is not fenced"):
        Operator(account).go(kind)
    assert account.state() == {**arranged(kind).state(), "places": account.state()["places"]}


def test_planned_failover_leaves_both_regions_open_and_loses_no_cursor() -> None:
    account = well()
    assert Operator(account).go("planned") == 0
    for region in PRODUCTION.regions:
        place, names = account.places[region.name], Names(PRODUCTION, region)
        assert place.concurrency == {names.of(name): count for name, count in PRODUCTION.limits.reserved.items()}
        assert place.desired == PRODUCTION.sizes.tasks_min
    assert (account.writer, account.epoch) == (WEST.name, 1)


def test_return_leaves_the_other_region_as_its_templates_say() -> None:
    account = well()
    standing_by = account.state()["places"][WEST.name]
    assert Operator(account).go("planned") == 0
    assert account.places[WEST.name].members == ["database-0", "database-1"]
    assert account.places[EAST.name].members == ["database-0", "database-1"], "it is what templates say, and stays"
    assert Operator(account).go("back") == 0
    assert account.state()["places"][WEST.name] == standing_by
    assert account.state()["places"] == well().state()["places"]


def test_dry_run_changes_nothing_and_says_each_step_and_the_lag() -> None:
    account = well()
    before = account.state()
    operator = Operator(account)
    assert operator.go(dry=True) == 0
    assert account.state() == before
    assert operator.said[0].startswith("From us-east-1 to us-west-2. us-west-2 was 812 ms behind at ")
    assert sum(line.startswith("[") for line in operator.said) == 6


def test_step_that_is_not_agreed_to_is_not_done() -> None:
    account = well()
    answers = iter(["yes", "no"])
    operator = Operator(account)
    assert operator.go(agree=lambda question: next(answers)) == 1
    assert account.places[EAST.name].desired == 0, "the first step was agreed to"
    assert account.writer == EAST.name
    assert account.moving is None
    assert operator.go(agree=lambda question: "yes") == 0
    assert account.writer == WEST.name


def test_environment_with_one_region_has_nowhere_to_go(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["staging"]) == 1
    assert capsys.readouterr().out == "error: staging has one region, and nowhere to go\n"


def test_credentials_of_another_account_fail_nothing_over(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sign_in("333333333333", monkeypatch)
    assert main(["production", "--yes"]) == 1
    assert "error: these are credentials of 333333333333, and production is 222222222222" in capsys.readouterr().out


def test_command_fences_what_the_runbook_names() -> None:
    document = (PROJECT / "docs" / "runbook.md").read_text()
    (loop,) = [line for line in document.splitlines() if line.strip().startswith("for fn in ")]
    assert loop.partition(" in ")[2].partition(";")[0].split() == list(FENCED)
