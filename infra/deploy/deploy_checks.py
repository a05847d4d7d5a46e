"""Checks before a deployment: what would stop it later, found at once, each with its remedy."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError

from infra.config import Environment
from infra.deploy.cloudformation import DeploymentError
from infra.deploy.deploy_steps import Clients, parameter, set_parameters
from infra.deploy.deployment_plan import BEHIND_SERVERS, waiting
from infra.deploy.server_image import docker
from infra.home import Home
from infra.names import BY_HAND, REPOSITORY_TOKEN, Names
from infra.starter_environment import StarterEnvironment

BOOTSTRAP: Final = "/cdk-bootstrap/hnb659fds/version"
BOOTSTRAP_VERSION: Final = 6  # that which the templates ask for
UNRESERVED: Final = 100  # concurrent calls that Lambda leaves to functions without a reservation
LINKED_ROLES: Final = {  # roles that a service makes at its first use, and a first deployment may be too early for
    "AWSServiceRoleForECS": "ecs.amazonaws.com",
    "AWSServiceRoleForRDS": "rds.amazonaws.com",
    "AWSServiceRoleForElastiCache": "elasticache.amazonaws.com",
}
STARTERS_ROLES: Final = {role: LINKED_ROLES[role] for role in ("AWSServiceRoleForECS", "AWSServiceRoleForRDS")}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something amiss. A `fatal` one ends the deployment before it has begun; the others are told."""

    says: str
    remedy: str
    fatal: bool = True


Check: TypeAlias = Callable[[Clients], Iterator[Finding]]


def findings(environment: Environment | StarterEnvironment, clients: Clients) -> list[Finding]:
    """Return everything amiss. An account that cannot be asked is the only finding, as nothing else can be."""
    if found := strangers(environment, clients, environment.primary.name):
        return found
    return [finding for check in _checks(environment) for finding in check(clients)]


def strangers(environment: Home, clients: Clients, region: str) -> list[Finding]:
    """Return what is amiss with the credentials, as a region says: there are none, or they are of another account."""
    try:
        account = clients("sts", region).get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        remedy = "set AWS_PROFILE, or sign in with `aws sso login`"
        return [Finding(f"AWS cannot be asked who you are: {error}", remedy)]
    if account != environment.account:
        says = f"these are credentials of {account}, and {environment.name} is {environment.account}"
        return [Finding(says, "use the environment's own account, or correct its number")]
    return []


def _checks(environment: Environment | StarterEnvironment) -> list[Check]:
    """Return what is asked: an environment of one stack has no functions, and builds its image on this machine."""
    region = environment.primary.name
    shared: list[Check] = [
        partial(_bootstrap, environment),
        partial(_mail, region),
        partial(_linked_roles, region, LINKED_ROLES if isinstance(environment, Environment) else STARTERS_ROLES),
    ]
    if isinstance(environment, StarterEnvironment):
        return [*shared, _docker]
    return [*shared, *(partial(check, environment) for check in (_concurrency, _backup, _traces, _pages, _by_hand))]


def _docker(clients: Clients) -> Iterator[Finding]:
    try:
        docker("info")
    except DeploymentError as error:
        yield Finding(str(error), "install docker and start it: the server's image is built here")


def _bootstrap(environment: Environment | StarterEnvironment, clients: Clients) -> Iterator[Finding]:
    for region in environment.regions:
        version = parameter(clients("ssm", region.name), BOOTSTRAP)
        if version is None or int(version) < BOOTSTRAP_VERSION:
            remedy = f"npx cdk bootstrap aws://{environment.account}/{region.name}"
            yield Finding(f"{region.name} has no bucket for what is deployed", remedy)


def _concurrency(environment: Environment, clients: Clients) -> Iterator[Finding]:
    needed = sum(environment.limits.reserved.values()) + UNRESERVED
    for region in environment.regions:
        limits = clients("lambda", region.name).get_account_settings()["AccountLimit"]
        allowed = limits["ConcurrentExecutions"]
        if allowed < needed:
            remedy = (
                "aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 "
                f"--desired-value 1000 --region {region.name}"
            )
            yield Finding(f"Lambda runs {allowed} calls at a time in {region.name}, and {needed} are needed", remedy)


def _mail(region: str, clients: Clients) -> Iterator[Finding]:
    account = clients("sesv2", region).get_account()
    if not account.get("ProductionAccessEnabled"):
        remedy = "ask for production access in the console of SES: it takes a day"
        yield Finding("SES is in its sandbox: mail reaches verified addresses only", remedy, fatal=False)


def _linked_roles(region: str, needed: Mapping[str, str], clients: Clients) -> Iterator[Finding]:
    iam = clients("iam", region)
    for role, service in needed.items():
        if not _exists(iam, role):
            yield Finding(f"{role} does not exist", f"aws iam create-service-linked-role --aws-service-name {service}")


def _backup(environment: Environment, clients: Clients) -> Iterator[Finding]:
    """Yield regions in which AWS Backup leaves clusters alone: a plan's jobs would not even fail.

    Source: AWS Backup's page on DescribeRegionSettings.
    """
    for region in environment.regions:
        settings = clients("backup", region.name).describe_region_settings()
        if not settings["ResourceTypeOptInPreference"].get("Aurora"):
            remedy = (
                f"aws backup update-region-settings --region {region.name} "
                "--resource-type-opt-in-preference Aurora=true"
            )
            yield Finding(f"AWS Backup leaves databases alone in {region.name}", remedy)


def _traces(environment: Environment, clients: Clients) -> Iterator[Finding]:
    """Yield regions whose Transaction Search somebody else has switched on: our stack Account could not do so again.

    Source: AWS's page CloudWatch-Transaction-Search-Cloudformation.
    """
    if environment.telemetry is None or environment.telemetry.endpoint:
        return
    for region in environment.regions:
        sent = clients("xray", region.name).get_trace_segment_destination()["Destination"]
        if sent != "XRay" and not _switched_on_by_us(Names(environment, region), clients):
            remedy = f"aws xray update-trace-segment-destination --region {region.name} --destination XRay"
            yield Finding(f"Transaction Search is on in {region.name} already, and the stack account makes it", remedy)


def _pages(environment: Environment, clients: Clients) -> Iterator[Finding]:
    """Yield that Amplify could not read the repository of the pages, if there are any: its stack is one of the last."""
    if not environment.repository:
        return
    try:
        clients("secretsmanager", environment.primary.name).describe_secret(SecretId=REPOSITORY_TOKEN)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        remedy = f"aws secretsmanager create-secret --name {REPOSITORY_TOKEN} --secret-string …"
        yield Finding(f"there is no secret {REPOSITORY_TOKEN}, by which Amplify reads {environment.repository}", remedy)


def _switched_on_by_us(names: Names, clients: Clients) -> bool:
    stack = clients("cloudformation", names.region.name)
    try:
        stack.describe_stack_resource(StackName=names.stack("Account"), LogicalResourceId="TransactionSearch")
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":  # no such stack, or no such resource of it
            return False
        raise
    return True


def _exists(iam: Any, role: str) -> bool:
    try:
        iam.get_role(RoleName=role)
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchEntity":
            return False
        raise
    return True


def set_by_hand(environment: Environment, clients: Clients) -> dict[str, set[str]]:
    """Return the parameters by hand that are set, by region."""
    found = {}
    for region in environment.regions:
        told = set_parameters(clients("ssm", region.name), Names(environment, region).parameter(""))
        found[region.name] = set(told) & set(BY_HAND)
    return found


def _by_hand(environment: Environment, clients: Clients) -> Iterator[Finding]:
    for step, names in waiting(environment, set_by_hand(environment, clients)).items():
        full = [Names(environment, environment.primary).parameter(name) for name in names]
        remedy = "; ".join(
            f"aws ssm put-parameter --region {step.region} --type String --name {name} --value …" for name in full
        )
        too = f", with {', '.join(sorted(BEHIND_SERVERS))}," if step.name == "fleet" else ""
        yield Finding(f"{step}{too} is left out until {', '.join(names)} is set", remedy, fatal=False)
