"""A client of ours, each five minutes: whether people are served at the public address, as CloudWatch's metrics."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from app.aws.container import Container, Event
from app.synthetic_client import Found, StepFailed, Target, probe
from milequest.settings import Settings
from milequest.store.aws.client import Aws, open_aws
from milequest.store.aws.metric_lines import Metric, counted
from milequest.store.aws.retries import AwsError
from milequest.store.aws.secrets import CURRENT, Secret

USER: Final = "probe"  # name in the pool
KINDS: Final = "Aa1-"  # before the secret's letters: the pool asks for one of each kind
THERE: Final = "UsernameExistsException"

log = logging.getLogger("milequest.probe")


class NoPasswordError(Exception):
    """The secret has no value."""


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[tuple[Aws, Settings]]:
    async with open_aws(settings) as aws:
        yield aws, settings


container = Container(_opened)


def handler(event: Event, context: Any) -> Any:
    """Do what people do, and tell CloudWatch whether it worked: a failure is no exception, as its alarm is another."""
    return container.run(lambda opened: probed(*opened))


async def probed(aws: Aws, settings: Settings) -> dict[str, str]:
    """Probe once, with a user who is made if need be, and count; return the step that failed, if any.

    Raises NoPasswordError, AwsError or Away where the user is unknown or cannot be made.
    """
    secret = await Secret(aws, settings.probe_secret).value(CURRENT)
    if secret is None:
        raise NoPasswordError(settings.probe_secret)
    target = Target(settings.probe_url, settings.probe_sockets, settings.probe_email, KINDS + secret["password"])
    try:
        found = await _with_user(aws, settings, target)
    except StepFailed as failure:
        log.warning("a client of ours is not served: %s", failure)
        counted(settings.metrics_namespace, {Metric.PROBE_WORKED: 0})
        return {"failed": str(failure)}
    counts = {
        Metric.PROBE_WORKED: 1,
        Metric.PROBE_HEARD: round(found.heard_ms),
        Metric.PROBE_DURATION: round(found.duration_ms),
    }
    counted(settings.metrics_namespace, counts)
    return {}


async def _with_user(aws: Aws, settings: Settings, target: Target) -> Found:
    try:
        return await probe(target)
    except StepFailed as failure:
        if not failure.is_unknown:
            raise
    await _make_user(aws, settings.probe_pool, target)
    return await probe(target)


async def _make_user(aws: Aws, pool: str, target: Target) -> None:
    """Create the user with a password and no mail, or give the one that is there the password."""
    about = {"UserPoolId": pool, "Username": USER}
    attributes = [{"Name": "email", "Value": target.email}, {"Name": "email_verified", "Value": "true"}]
    try:
        made = {**about, "UserAttributes": attributes, "MessageAction": "SUPPRESS"}
        await aws.sdk.call("cognito-idp", "admin_create_user", **made)
    except AwsError as error:
        if error.code != THERE:
            raise
    await aws.sdk.call("cognito-idp", "admin_set_user_password", **about, Password=target.password, Permanent=True)
