"""An environment taken down, but for what is kept: data, users and keys outlive their stacks."""

import json
from collections.abc import Iterator, Sequence

from infra.deploy.cloud_assembly import SynthesizedStack
from infra.deploy.deploy_steps import StepRunner
from infra.deploy.deployment_plan import StackStep


def destroy(runner: StepRunner, steps: Sequence[StackStep]) -> None:
    """Delete the stacks that may go, the last ones first, and tell what is kept."""
    kept: list[str] = []
    for step in reversed(list(dict.fromkeys(steps))):  # a plan may have one twice
        stack = runner.stack(step)
        driver = runner.driver(step.region)
        if driver.state(stack.name) is None:
            continue
        if stack.is_protected:
            kept.append(f"{step}, whose deletion is prevented")
            continue
        runner.tell(f"{step} …")
        driver.delete(stack.name)
        kept += [f"{name} of {step}" for name in _retained(stack)]
    for each in kept:
        runner.tell(f"kept: {each}")


def _retained(stack: SynthesizedStack) -> Iterator[str]:
    """Yield the resources that outlive their stack."""
    for id, resource in json.loads(stack.template.read_text())["Resources"].items():
        if resource.get("DeletionPolicy", "").startswith("Retain"):
            yield f"{resource['Type']} {id}"
