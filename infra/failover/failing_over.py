"""The command: `python -m infra.failover ENVIRONMENT`, to look first with `--dry-run`, to return with `--back`."""

import argparse
from collections.abc import Callable, Sequence
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.config import ENVIRONMENTS
from infra.deploy.cloudformation import POLL_SECONDS, DeploymentError
from infra.deploy.deploy_checks import strangers
from infra.deploy.deploy_steps import CALL_SECONDS, answer_of
from infra.failover.failover_steps import Failover

CONFIG = Config(retries={"mode": "standard", "max_attempts": 3}, connect_timeout=5, read_timeout=CALL_SECONDS)


def main(given: Sequence[str] | None = None, ask: Callable[[str], str] = input) -> int:
    """Run the command; return its exit code: 0, or 1 after a failure, or where a step was not agreed to."""
    asked = _parser().parse_args(given)
    (environment,) = [one for one in ENVIRONMENTS if one.name == asked.environment]
    session = botocore.session.get_session()

    def clients(service: str, region: str) -> Any:
        return session.create_client(service, region, config=CONFIG)

    try:
        if len(environment.regions) < 2:
            raise DeploymentError(f"{environment.name} has one region, and nowhere to go")
        old, new = reversed(environment.regions) if asked.back else environment.regions
        for finding in strangers(environment, clients, new.name):  # the other one may be away
            raise DeploymentError(f"{finding.says}: {finding.remedy}")
        planned = asked.planned or asked.back
        failover = Failover(environment, old, new, planned, clients, tell, answer_of, asked.poll)
        return run(failover, dry=asked.dry_run, agree=None if asked.yes else ask)
    except (DeploymentError, BotoCoreError, ClientError) as error:
        tell(f"error: {error}")
        return 1


def run(failover: Failover, *, dry: bool, agree: Callable[[str], str] | None) -> int:
    """Carry out the steps, each once `agree` answers yes to it; return 0, or 1 where it does not.

    Raises DeploymentError, and errors of AWS: the next run goes on from there.
    """
    failover.tell(f"From {failover.old.name} to {failover.new.name}. {failover.lag()}.")
    steps = list(failover.steps())
    for number, step in enumerate(steps, 1):
        if step.is_done():
            failover.tell(f"[{number}/{len(steps)}] done already: {step.does}")
            continue
        failover.tell(f"[{number}/{len(steps)}] {step.does}")
        if dry:
            continue
        if agree is not None and agree("    yes to do this, anything else to stop: ").strip() != "yes":
            failover.tell("    stopped: run this again to go on")
            return 1
        step.run()
    if not dry:
        failover.tell(
            f"{failover.new.name} is in use. Log a walk, and see it arrive: the runbook says what does not work now."
        )
    return 0


def _parser() -> argparse.ArgumentParser:
    says = "Let the other region take over, or finish a failover that was ended."
    parser = argparse.ArgumentParser(prog="milequest-failover", description=says)
    parser.add_argument("environment", choices=[one.name for one in ENVIRONMENTS])
    parser.add_argument("--planned", action="store_true", help="both regions are well: nothing is lost")
    parser.add_argument("--back", action="store_true", help="return to the first region, planned")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and what is done already")
    parser.add_argument("--yes", action="store_true", help="do not ask before each step")
    parser.add_argument("--poll", type=float, default=POLL_SECONDS, help=argparse.SUPPRESS)
    return parser


def tell(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)
