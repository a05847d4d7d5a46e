"""Mails of invites, to the addresses they are for: within limits, and never to one that declined to join the team."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from milequest.actions.invites import mark_mailed
from milequest.rules.credentials import email_key
from milequest.rules.errors import QuestError
from milequest.rules.mail import Mail, NoMailError, invitation
from milequest.rules.rate_limits import INVITE_MAILS, INVITE_MAILS_OF_ADDRESS
from milequest.store.sql import invites, users
from milequest.store.sql.invites import Invite
from resolvers.context import AnyContext

log = logging.getLogger("milequest.invites")


async def mail_links(ctx: AnyContext, made: Sequence[Invite], urls: Sequence[str]) -> list[Invite]:
    """Mail the links of those invites that are for an address; return all, with `mailed_at` of those that were mailed.

    They are invites of one team. The invite is good without a mail: whoever made it can send the link themselves.
    """
    request = ctx.request
    addressed = [(one, url, one.invited_email) for one, url in zip(made, urls, strict=True) if one.invited_email]
    inviter = await users.profile(request.runtime.writer, ctx.user_id) if addressed else None
    if inviter is None:
        return list(made)
    keys = [email_key(address) for _, _, address in addressed]
    declined = await invites.declined_among(request.runtime.writer, made[0].team.id, keys)
    mailed = set()
    for (one, url, address), key in zip(addressed, keys, strict=True):
        letter = invitation(address, one.team.name, inviter.name, one.message, url, one.expires_at)
        if key not in declined and await _is_sent(ctx, key, letter):
            mailed.add(one.id)
    if mailed:
        await request.runtime.commit(lambda tx: mark_mailed(tx, list(mailed), request.now))
    return [replace(one, mailed_at=request.now) if one.id in mailed else one for one in made]


async def _is_sent(ctx: AnyContext, key: str, letter: Mail) -> bool:
    """Send a mail within the limits of its sender and its address; return whether that was done."""
    runtime = ctx.request.runtime
    try:
        async with runtime.rate_limits.calls((INVITE_MAILS, ctx.user_id.hex), (INVITE_MAILS_OF_ADDRESS, key)):
            await runtime.mailer.send(letter)
    except QuestError as refusal:  # the invite is stored by now, so no refusal of its mail may become the answer
        log.info("an invite was not mailed: %s", refusal.code.value)
        return False
    except NoMailError:
        return False
    except OSError as error:
        log.error("a mail could not be sent: %s", type(error).__name__)
        return False
    return True
