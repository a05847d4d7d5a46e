"""Stacks at CloudFormation: created, updated or deleted, from whatever state an earlier run has left them in."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from infra.deploy.cloud_assembly import SynthesizedStack

CAPABILITIES: Final = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM")
NEVER_MADE: Final = frozenset(("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS"))
GOOD: Final = frozenset(("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"))
POLL_SECONDS: Final = 5.0
STUCK: Final = (
    "{stack} is {state}: `aws cloudformation continue-update-rollback --stack-name {stack} --region {region}`, "
    "then run this again"
)


class DeploymentError(Exception):
    """A step that failed; the message says why, and what to do."""


class StackDriver:
    """Stacks of one region. `tell` is called with each event; `client` makes a client of an AWS service."""

    def __init__(
        self,
        client: Callable[[str], Any],
        region: str,
        tell: Callable[[str], None],
        poll: float = POLL_SECONDS,
    ) -> None:
        self._stacks, self._s3 = client("cloudformation"), client("s3")
        self._region = region
        self._tell = tell
        self._poll = poll

    def deploy(self, stack: SynthesizedStack) -> bool:
        """Create or update a stack and wait for it; return False if nothing had to be changed."""
        self._publish(stack)
        state = self._settled(stack.name)
        if state in NEVER_MADE:  # nothing is in it, so its protection protects nothing
            self._stacks.update_termination_protection(StackName=stack.name, EnableTerminationProtection=False)
            self.delete(stack.name)
            state = None
        if state is None:
            self._create(stack)
        elif state not in GOOD:
            raise DeploymentError(STUCK.format(stack=stack.name, state=state, region=self._region))
        elif not self._update(stack):
            return False
        state = self._settled(stack.name)
        if state not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            raise DeploymentError(f"{stack.name} is {state}: " + "; ".join(self._failures(stack.name)))
        return True

    def delete(self, name: str) -> None:
        """Delete a stack and wait for its end."""
        self._stacks.delete_stack(StackName=name)
        state = self._settled(name)
        if state is not None:
            raise DeploymentError(f"{name} is {state}: " + "; ".join(self._failures(name)))

    def state(self, name: str) -> str | None:
        """Return a stack's state; None if there is none."""
        try:
            (found,) = self._stacks.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError":  # CloudFormation's word for an unknown stack
                return None
            raise
        return None if found["StackStatus"] == "DELETE_COMPLETE" else str(found["StackStatus"])

    def _settled(self, name: str) -> str | None:
        """Wait until nothing is under way; return the state."""
        seen: set[str] = set()
        while (state := self.state(name)) is not None and state.endswith("_IN_PROGRESS"):
            if state == "REVIEW_IN_PROGRESS":  # a change set that nobody has executed
                break
            for event in self._new_events(name, seen):
                self._tell(event)
            time.sleep(self._poll)
        return state

    def _create(self, stack: SynthesizedStack) -> None:
        self._stacks.create_stack(
            StackName=stack.name,
            TemplateURL=self._url(stack),
            Capabilities=list(CAPABILITIES),
            EnableTerminationProtection=stack.is_protected,
        )

    def _update(self, stack: SynthesizedStack) -> bool:
        try:
            self._stacks.update_stack(
                StackName=stack.name, TemplateURL=self._url(stack), Capabilities=list(CAPABILITIES)
            )
        except ClientError as error:
            if "No updates are to be performed" in str(error):
                return False
            raise
        return True

    def _url(self, stack: SynthesizedStack) -> str:
        asset = stack.template_asset
        return f"{self._s3.meta.endpoint_url.rstrip('/')}/{asset.bucket}/{asset.key}"

    def _publish(self, stack: SynthesizedStack) -> None:
        """Upload the assets that are not there: their names are hashes of what they hold."""
        for asset in stack.assets:
            try:
                self._s3.head_object(Bucket=asset.bucket, Key=asset.key)
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                    raise
                with asset.path.open("rb") as body:
                    self._s3.put_object(Bucket=asset.bucket, Key=asset.key, Body=body)

    def _new_events(self, name: str, seen: set[str]) -> Iterator[str]:
        for event in self._events(name):
            if event["EventId"] not in seen:
                seen.add(event["EventId"])
                yield f"{event['LogicalResourceId']}: {event['ResourceStatus']}"

    def _failures(self, name: str) -> list[str]:
        """Return what failed, first things first."""
        return [
            f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"
            for event in self._events(name)
            if event["ResourceStatus"].endswith("FAILED")
        ]

    def _events(self, name: str) -> list[Mapping[str, Any]]:
        """Return the newest page of a stack's events, in the order of their time."""
        try:
            return list(reversed(self._stacks.describe_stack_events(StackName=name)["StackEvents"]))
        except ClientError:
            return []
