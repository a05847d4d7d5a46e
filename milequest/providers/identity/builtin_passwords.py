"""Forgotten and changed passwords of the built-in identity provider.

A code for a new password is valid with its request only, whose id only the requester knows.
"""

from datetime import datetime
from uuid import uuid4

from milequest.providers.identity.builtin_base import (
    BuiltinBase,
    digest,
    keyed,
    new_code,
    new_token,
    own_subject,
    session_of,
    wrong_code,
)
from milequest.rules import mail
from milequest.rules.credentials import email_key
from milequest.rules.errors import unauthenticated, wrong_password
from milequest.rules.identity import Identity
from milequest.rules.sessions import Revocation
from milequest.store.sql import credentials, password_resets, sessions
from milequest.store.sql.transaction import Tx, transact


class Passwords(BuiltinBase):
    """The IdentityProvider's methods for new passwords."""

    async def forgot_password(self, email: str, now: datetime) -> str:
        """Store the request and mail its code. An address without an account gets a mail too, which says so."""
        request_id, code, key = new_token(), new_code(), email_key(email)

        async def work(tx: Tx) -> str | None:
            return await password_resets.put(tx, digest(request_id), key, keyed(request_id, code), now)

        address = (await transact(self._pool, work)).result
        await self._send(mail.no_account(email) if address is None else mail.password_reset(address, code))
        return request_id

    async def reset_password(self, email: str, request_id: str, code: str, password: str, now: datetime) -> None:
        """Give the account a new password and end its sessions."""
        key, request, code_hash = email_key(email), digest(request_id), keyed(request_id, code)
        password_hash = await self._hasher.hash(password)

        address: str | None = None

        async def work(tx: Tx) -> list[Revocation]:
            nonlocal address
            address = None  # of an attempt before, if this transaction is run anew
            # As many statements for an unknown request: the time taken must not reveal whether it exists.
            await credentials.lock(tx, await password_resets.owner(tx, request) or uuid4())
            subject = await password_resets.redeem(tx, request, key, code_hash, now)
            if subject is None:
                return []
            address = await credentials.change_password(tx, subject, password_hash, now)
            return await sessions.revoke_all(tx, subject, now)

        await self._end(work)
        if address is None:
            raise wrong_code()
        await self._send(mail.password_changed(address))

    async def change_password(self, identity: Identity, current: str, password: str, now: datetime) -> None:
        """Give the account a new password and end its other sessions."""
        subject = own_subject(identity)
        credential = await credentials.of_subject(self._pool, subject)
        if credential is None:
            raise unauthenticated("This account is closed.")
        if not await self._hasher.matches(current, credential.password_hash):
            raise wrong_password("input.currentPassword")
        password_hash = await self._hasher.hash(password)

        async def work(tx: Tx) -> list[Revocation]:
            if not await credentials.lock_unchanged(tx, credential):
                raise wrong_password("input.currentPassword")
            await credentials.change_password(tx, subject, password_hash, now)
            return await sessions.revoke_all(tx, subject, now, session_of(identity))

        await self._end(work)
        await self._send(mail.password_changed(credential.email))

    async def confirm_closing(self, identity: Identity, password: str | None, now: datetime) -> None:
        """Check the password and end all sessions of the account."""
        subject = own_subject(identity)
        credential = await credentials.of_subject(self._pool, subject)
        if credential is None:
            raise unauthenticated("This account is closed.")
        if password is None or not await self._hasher.matches(password, credential.password_hash):
            raise wrong_password("input.password")

        async def work(tx: Tx) -> list[Revocation]:
            if not await credentials.lock_unchanged(tx, credential):
                raise wrong_password("input.password")
            return await sessions.revoke_all(tx, subject, now)

        await self._end(work)
