"""Cognito's triggers: they create our user when a sign-up is confirmed, and name that user in tokens."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from app.aws.container import Container, Event
from milequest.actions.accounts import user_for_identity
from milequest.rules.identity import described
from milequest.settings import Settings
from milequest.store.aws import roles
from milequest.store.sql import accounts
from milequest.store.sql.transaction import Pool, open_pool, transact

CLAIM = "milequest:user"
SELF_SERVICE = "aws.cognito.signin.user.admin"  # the scope by which a token may change its account at Cognito itself

log = logging.getLogger("milequest.cognito")


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Pool]:
    secret = roles.password(settings, settings.database_url)
    async with await open_pool(settings.database_url, 1, waiting=False, password=secret) as pool:
        yield pool


container = Container(_opened)


def post_confirmation(event: Event, context: Any) -> Any:
    """Create our user for the account whose address was just confirmed; does nothing the second time."""
    if event["triggerSource"] == "PostConfirmation_ConfirmSignUp":
        container.run(lambda pool: _made(pool, event))
    return event


def pre_token_generation(event: Event, context: Any) -> Any:
    """Put our user's id into tokens. A user without one gets it with the first tokens after we first read the account.

    Without that scope a stolen access token can read and write with us, but neither delete the account nor change its
    address.
    """
    owner = container.run(lambda pool: accounts.owner(pool, _issuer(event), event["request"]["userAttributes"]["sub"]))
    claims = {"claimsToAddOrOverride": {CLAIM: owner.user_id.hex}} if owner else {}
    tokens = {"idTokenGeneration": claims, "accessTokenGeneration": claims | {"scopesToSuppress": [SELF_SERVICE]}}
    return {**event, "response": {"claimsAndScopeOverrideDetails": tokens}}


async def _made(pool: Pool, event: Event) -> None:
    given, now = event["request"]["userAttributes"], datetime.now(UTC)
    name = given.get("name") or given["email"].partition("@")[0]
    # Callers of Cognito's own SignUp choose these attributes, so unusable ones are left out.
    account = described(_issuer(event), given["sub"], {**given, "name": name, "email_verified": True})
    if account is None:
        log.warning("an account without a usable address was confirmed")
        return
    await transact(pool, lambda tx: user_for_identity(tx, account, now))


def _issuer(event: Event) -> str:
    return f"https://cognito-idp.{event['region']}.amazonaws.com/{event['userPoolId']}"
