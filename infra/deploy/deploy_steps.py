"""The steps of a plan carried out, each so that a second time does no harm."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from infra.deploy.cloud_assembly import CloudAssembly, SynthesizedStack
from infra.deploy.cloudformation import POLL_SECONDS, DeploymentError, StackDriver
from infra.deploy.deployment_plan import (
    CallStep,
    CarryStep,
    DelegationStep,
    ImageStep,
    MailStep,
    OwnValuesStep,
    ReadyStep,
    ServedStep,
    StackStep,
    Step,
    ZoneStep,
)
from infra.deploy.server_image import ServerImage, image_tag
from infra.environments_file import own_text
from infra.home import Home
from infra.names import OWN_VALUES, SERVER_IMAGE, Names

NO_VALUES: Final = "# none"  # as no parameter is empty
READY_SECONDS: Final = 900.0  # names of a new distribution take minutes
CALL_SECONDS: Final = 900  # the longest a function runs
OUTSIDE_SECONDS: Final = 48 * 3600.0  # a registrar may take two days

Clients = Callable[[str, str], Any]
"""Makes a client of an AWS service in a region."""


@dataclass(frozen=True)
class StepRunner:
    """Runs steps of an environment. `tell` prints a line; `servers` asks the DNS for a domain's name servers."""

    environment: Home
    assembly: CloudAssembly
    clients: Clients
    tell: Callable[[str], None]
    servers: Callable[[str], frozenset[str]]
    poll: float = POLL_SECONDS

    def run(self, step: Step) -> str:
        """Carry out a step; return what was done. Raises DeploymentError."""
        match step:
            case ZoneStep():
                return self._find_zone(step)
            case ImageStep():
                return self._push_image(step)
            case StackStep():
                return "done" if self.driver(step.region).deploy(self.stack(step)) else "unchanged"
            case CarryStep():
                return self._carry(step)
            case CallStep():
                return self._call(step)
            case OwnValuesStep():
                return self._hand_over_own_values(step)
            case DelegationStep() | MailStep() | ReadyStep() | ServedStep():
                return self._wait(step)

    def _wait(self, step: DelegationStep | MailStep | ReadyStep | ServedStep) -> str:
        """Wait for what happens outside of our stacks, or by all of them."""
        match step:
            case DelegationStep():
                return self._await_delegation(step)
            case MailStep():
                return self._await_mail(step)
            case ReadyStep():
                return self._await_readiness(step)
            case ServedStep():
                return self._await_service(step)

    def driver(self, region: str) -> StackDriver:
        """Return the driver of a region's stacks."""
        return StackDriver(lambda service: self.clients(service, region), region, self.tell, self.poll)

    def stack(self, step: StackStep) -> SynthesizedStack:
        """Return the stack that a step is about."""
        return self.assembly.stack(step.region, step.name)

    def _find_zone(self, step: ZoneStep) -> str:
        """Share the id of the domain's zone. Of two runs at once both make the same one, by its reference."""
        dns, name = self.clients("route53", step.region), self._names(step.region).parameter("global/zone")
        found = dns.list_hosted_zones_by_name(DNSName=step.domain, MaxItems="1")["HostedZones"]
        own = [one for one in found if one["Name"] == f"{step.domain}." and not one["Config"].get("PrivateZone")]
        zone = own[0] if own else dns.create_hosted_zone(Name=step.domain, CallerReference=name)["HostedZone"]
        id = zone["Id"].rpartition("/")[2]
        return self._tell_parameter(step.region, "global/zone", id)

    def _push_image(self, step: ImageStep) -> str:
        names = self._names(step.region)
        image = ServerImage(self.clients("ecr", step.region), names.bootstrap_images, image_tag(), self.tell)
        return self._tell_parameter(step.region, SERVER_IMAGE, image.pushed())

    def _tell_parameter(self, region: str, key: str, value: str) -> str:
        """Set a parameter that a stack reads."""
        ssm, name = self.clients("ssm", region), self._names(region).parameter(key)
        if parameter(ssm, name) == value:
            return "unchanged"
        ssm.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)
        return "done"

    def _carry(self, step: CarryStep) -> str:
        there = self.clients("ssm", step.target)
        changed = 0
        for to, at in step.names.items():
            value = (
                parameter(self.clients("ssm", step.source), self._names(step.source).parameter(at)) or step.otherwise
            )
            if value is None:
                raise DeploymentError(f"{at} is no parameter of {step.source}: its stack is missing")
            name = self._names(step.target).parameter(to)
            if parameter(there, name) != value:
                there.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)
                changed += 1
        return f"{changed} changed" if changed else "unchanged"

    def _await_delegation(self, step: DelegationStep) -> str:
        """Wait until the domain's name servers are the zone's."""
        zone = parameter(self.clients("ssm", step.region), self._names(step.region).parameter("global/zone"))
        found = self.clients("route53", step.region).get_hosted_zone(Id=zone)
        expected = frozenset(name.rstrip(".").lower() for name in found["DelegationSet"]["NameServers"])
        if self.servers(step.domain) == expected:
            return "unchanged"
        self.tell(f"Name these servers for {step.domain} at its registrar, or in its parent's zone:")
        for name in sorted(expected):
            self.tell(f"  {name}")
        self._await(lambda: self.servers(step.domain) == expected, f"{step.domain} is still not delegated")
        return "done"

    def _await_mail(self, step: MailStep) -> str:
        """Wait until SES has found the records that prove the domain is ours."""
        ses = self.clients("sesv2", step.region)

        def is_verified() -> bool:
            return bool(ses.get_email_identity(EmailIdentity=step.domain)["VerifiedForSendingStatus"])

        if is_verified():
            return "unchanged"
        self._await(is_verified, f"SES has still not verified {step.domain}")
        return "done"

    def _await_readiness(self, step: ReadyStep) -> str:
        end = time.monotonic() + READY_SECONDS
        while (answer := answer_of(step.url)) != "200":
            if time.monotonic() > end:
                raise DeploymentError(f"{step.url} is not ready: {answer}")
            time.sleep(self.poll)
        return "done"

    def _await_service(self, step: ServedStep) -> str:
        """Have the client of ours try until it is served: its first calls may meet functions and names that begin."""
        end = time.monotonic() + READY_SECONDS
        while failed := self._invoke(step.region, step.function, "{}").get("failed"):
            if time.monotonic() > end:
                raise DeploymentError(f"a client of ours is not served: {failed}")
            time.sleep(self.poll)
        return "done"

    def _await(self, is_done: Callable[[], bool], otherwise: str) -> None:
        """Wait for what happens outside of AWS, which may take days."""
        end = time.monotonic() + OUTSIDE_SECONDS
        while not is_done():
            if time.monotonic() > end:
                raise DeploymentError(f"{otherwise}: run this again once it is")
            time.sleep(self.poll)

    def _call(self, step: CallStep) -> str:
        return f"answered {json.dumps(self._invoke(step.region, step.function, step.event))}"

    def _invoke(self, region: str, name: str, event: str) -> Any:
        """Call a function; return its answer. Raises DeploymentError with what it says for one that fails."""
        function = f"{self._names(region).of(name)}:live"
        answer = self.clients("lambda", region).invoke(FunctionName=function, Payload=event.encode())
        body = answer["Payload"].read().decode()
        if "FunctionError" in answer:
            raise DeploymentError(f"{function} failed: {body}")
        return json.loads(body)

    def _hand_over_own_values(self, step: OwnValuesStep) -> str:
        ssm, name = self.clients("ssm", step.region), self._names(step.region).parameter(OWN_VALUES)
        text = own_text() or NO_VALUES
        if parameter(ssm, name) == text:
            return "unchanged"
        ssm.put_parameter(Name=name, Value=text, Type="String", Tier="Intelligent-Tiering", Overwrite=True)
        return "done"

    def _names(self, region: str) -> Names:
        (found,) = [one for one in self.environment.regions if one.name == region]
        return Names(self.environment, found)


def answer_of(url: str) -> str:
    """Return the status of an answer, with what it says unless it is 200, or why there is none."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return str(answer.status)
    except urllib.error.HTTPError as refused:
        return f"{refused.code} {refused.read(2_000).decode(errors='replace')}"
    except OSError as error:
        return str(error)


def parameter(ssm: Any, name: str) -> str | None:
    """Return a parameter's value; None if there is none."""
    try:
        return str(ssm.get_parameter(Name=name)["Parameter"]["Value"])
    except ClientError as error:
        if error.response["Error"]["Code"] == "ParameterNotFound":
            return None
        raise


def set_parameters(ssm: Any, root: str) -> Mapping[str, str]:
    """Return all parameters below a name, without it."""
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=root, Recursive=True)
    return {one["Name"].removeprefix(root): one["Value"] for page in pages for one in page["Parameters"]}
