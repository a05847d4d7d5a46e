"""Deletion of the caller's account."""

import logging
from dataclasses import dataclass
from datetime import datetime

from milequest.actions.closing import request_deletion
from milequest.rules import mail
from milequest.rules.closing import refuse_other_address
from milequest.rules.errors import unauthenticated
from milequest.store.sql import users
from resolvers.arguments import DeleteAccountArgs
from resolvers.context import Context
from resolvers.passwords import account_changes, password_checks

log = logging.getLogger("milequest.closing")


@dataclass(frozen=True, slots=True)
class DeleteAccountPayload:
    """When the account will be deleted."""

    deletes_at: datetime


async def delete_account(ctx: "Context[DeleteAccountArgs, None]") -> DeleteAccountPayload:
    """Hide the caller's account, end its sessions, and delete it in two weeks."""
    given, request = ctx.args["input"], ctx.request
    runtime, now, user_id = request.runtime, request.now, ctx.user_id
    profile = await users.profile(runtime.writer, user_id)
    if profile is None:
        raise unauthenticated("This account is closed.")
    async with runtime.rate_limits.failures(*password_checks(ctx), successes=account_changes(ctx)):
        refuse_other_address(given["confirm_email"], profile.email)
        await runtime.identity.confirm_closing(request.identity, given.get("password"), now)
    done = await runtime.commit(lambda tx: request_deletion(tx, user_id, now))
    await runtime.revocations.announce([done.ended])
    try:
        await runtime.mailer.send(mail.deletion_requested(done.email, done.due_at))
    except OSError as error:
        log.error("the mail about an account's deletion could not be sent: %s", type(error).__name__)
    return DeleteAccountPayload(done.due_at)
