"""The command: `python -m infra.deploy ENVIRONMENT`, to look first with `--dry-run`, to take down with `--destroy`."""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.config import ENVIRONMENTS, Environment
from infra.deploy.assembly_checks import faults
from infra.deploy.cloud_assembly import CloudAssembly
from infra.deploy.cloudformation import POLL_SECONDS, DeploymentError
from infra.deploy.deploy_checks import Finding, findings, set_by_hand, strangers
from infra.deploy.deploy_steps import CALL_SECONDS, StepRunner
from infra.deploy.deployment_plan import CallStep, StackStep, Step, left_out, plan, starter_plan
from infra.deploy.destroy import destroy
from infra.deploy.name_servers import name_servers
from infra.starter_environment import STARTER, StarterEnvironment

ALL: Sequence[Environment | StarterEnvironment] = (*ENVIRONMENTS, STARTER)
CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 8}, read_timeout=CALL_SECONDS, s3={"addressing_style": "path"}
)


def main(given: Sequence[str] | None = None, ask: Callable[[str], str] = input) -> int:
    """Run the command; return its exit code: 0, or 1 after a failure, which is told with what to do."""
    asked = _parser().parse_args(given)
    (environment,) = [one for one in ALL if one.name == asked.environment]
    session = botocore.session.get_session()

    def clients(service: str, region: str) -> Any:
        return session.create_client(service, region, config=CONFIG)

    try:
        assembly = CloudAssembly(asked.assembly, environment.name)
        runner = StepRunner(environment, assembly, clients, _tell, name_servers, asked.poll)
        steps = _chosen(environment, assembly, asked.only)
        if asked.destroy:
            return _destroy(runner, steps, None if asked.yes else ask)
        found = [] if asked.unchecked else [*faults(assembly, environment), *findings(environment, clients)]
        stopped = any(finding.fatal for finding in found)
        if isinstance(environment, Environment) and not asked.unchecked and not stopped:
            later = left_out(environment, set_by_hand(environment, clients))
            steps = [step for step in steps if step not in later]
        _show(found, steps)
        if asked.dry_run:
            _tell(f"When nobody comes it costs about ${_floor(asked.assembly, environment):,.0f} a month.")
        if stopped:
            return 1
        if not asked.dry_run:
            _run(runner, steps)
    except (DeploymentError, FileNotFoundError, BotoCoreError, ClientError) as error:
        _tell(f"error: {error}")
        return 1
    return 0


def _destroy(runner: StepRunner, steps: Sequence[Step], ask: Callable[[str], str] | None) -> int:
    """Take an environment down, once `ask` has answered with its name; return the exit code.

    Raises DeploymentError for credentials of another account, which may have an environment of the same name.
    """
    environment = runner.environment
    for finding in strangers(environment, runner.clients, environment.regions[0].name):
        raise DeploymentError(f"{finding.says}: {finding.remedy}")
    question = (
        f"All of {environment.name} in account {environment.account} but its data is deleted. Its name, to do so: "
    )
    if ask is not None and ask(question).strip() != environment.name:
        _tell("nothing is deleted")
        return 1
    destroy(runner, [step for step in steps if isinstance(step, StackStep)])
    return 0


def _parser() -> argparse.ArgumentParser:
    says = "Deploy an environment to AWS, or finish a deployment that was ended."
    parser = argparse.ArgumentParser(prog="milequest-deploy", description=says)
    parser.add_argument("environment", choices=[one.name for one in ALL])
    parser.add_argument("--assembly", type=Path, default=Path("cdk.out"), help="what `make synth` wrote (cdk.out)")
    parser.add_argument("--dry-run", action="store_true", help="check, and print the plan with its monthly cost")
    parser.add_argument("--destroy", action="store_true", help="delete what may go, and list what is kept")
    parser.add_argument("--yes", action="store_true", help="destroy without asking")
    parser.add_argument("--only", nargs="+", metavar="STACK", help="these stacks alone, such as `data`")
    parser.add_argument("--unchecked", action="store_true", help="leave out the checks before")
    parser.add_argument("--poll", type=float, default=POLL_SECONDS, help=argparse.SUPPRESS)
    return parser


def _chosen(
    environment: Environment | StarterEnvironment, assembly: CloudAssembly, only: Sequence[str] | None
) -> list[Step]:
    """Return the steps of the plan, or those of some stacks. Raises DeploymentError for one that there is not."""
    if isinstance(environment, StarterEnvironment):
        steps = starter_plan(environment)
    else:
        steps = plan(environment, assembly.known())
    if only is None:
        return steps
    names = {step.name for step in steps if isinstance(step, StackStep)}
    if unknown := sorted(set(only) - names):
        raise DeploymentError(f"{', '.join(unknown)} is no stack: there are {', '.join(sorted(names))}")
    return [
        step
        for step in steps
        if (isinstance(step, StackStep) and step.name in only) or (isinstance(step, CallStep) and step.stack in only)
    ]


def _floor(assembly: Path, environment: Environment | StarterEnvironment) -> float:
    """Return the monthly cost without usage, in US dollars."""
    from infra.analysis.cost.cost_report import floor

    return floor(assembly, environment.name)


def _show(found: Sequence[Finding], steps: Sequence[Step]) -> None:
    for number, step in enumerate(steps, 1):
        _tell(f"{number:3}. {step}" + (f", about {step.minutes} min" if step.minutes else ""))
    _tell(f"About {sum(step.minutes for step in steps)} minutes the first time.")
    for finding in found:
        _tell(f"{'error' if finding.fatal else 'note'}: {finding.says}")
        _tell(f"    {finding.remedy}")


def _run(runner: StepRunner, steps: Sequence[Step]) -> None:
    left = sum(step.minutes for step in steps)
    for number, step in enumerate(steps, 1):
        began = time.monotonic()
        _tell(f"[{number}/{len(steps)}, {left} min left] {step} …")
        what = runner.run(step)
        left -= step.minutes
        _tell(f"    {what} in {time.monotonic() - began:.0f} s")


def _tell(line: str) -> None:
    print(line, flush=True)
