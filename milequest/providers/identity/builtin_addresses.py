"""Changes of an account's e-mail address with the built-in identity provider: both mailboxes have to agree."""

from dataclasses import replace
from datetime import datetime

import asyncpg

from milequest.providers.identity.builtin_base import (
    BuiltinBase,
    digest,
    keyed,
    new_code,
    new_token,
    own_subject,
    wrong_code,
)
from milequest.rules import mail
from milequest.rules.credentials import ISSUER, email_key
from milequest.rules.errors import unauthenticated, wrong_password
from milequest.rules.identity import Identity
from milequest.store.sql import accounts, address_changes, credentials
from milequest.store.sql.credentials import Credential
from milequest.store.sql.transaction import Tx, transact


class Addresses(BuiltinBase):
    """The IdentityProvider's methods for another address."""

    async def request_email_change(self, identity: Identity, email: str, password: str, now: datetime) -> str:
        """Store the request and mail a code to each address; a new one that is taken gets another mail instead."""
        subject = own_subject(identity)
        credential = await credentials.of_subject(self._pool, subject)
        if credential is None:
            raise unauthenticated("This account is closed.")
        if not await self._hasher.matches(password, credential.password_hash):
            raise wrong_password("input.password")
        request_id, old_code, new_code_ = new_token(), new_code(), new_code()
        codes = keyed(request_id, old_code), keyed(request_id, new_code_)

        async def work(tx: Tx) -> bool:
            if not await credentials.lock_unchanged(tx, credential):
                raise wrong_password("input.password")
            await address_changes.put(tx, subject, digest(request_id), email, codes, now)
            return await address_changes.is_taken(tx, email_key(email), ISSUER, subject)

        taken = (await transact(self._pool, work)).result
        await self._send(mail.address_change(credential.email, old_code))
        await self._send(mail.already_registered(email) if taken else mail.address_change(email, new_code_))
        return request_id

    async def confirm_email_change(
        self, identity: Identity, request_id: str, old_code: str, new_code: str, now: datetime
    ) -> None:
        """Make the new address the account's and its user's, both or none."""
        subject = own_subject(identity)
        codes = keyed(request_id, old_code), keyed(request_id, new_code)

        async def work(tx: Tx) -> tuple[Credential, Credential] | None:
            before = await credentials.lock(tx, subject)
            email = await address_changes.redeem(tx, subject, digest(request_id), codes, now)
            if before is None or email is None or await address_changes.is_taken(tx, email_key(email), ISSUER, subject):
                return None
            await credentials.change_email(tx, subject, email, now)
            await accounts.set_address_of_identity(tx, ISSUER, str(subject), email, now)
            return before, replace(before, email=email)

        try:
            changed = (await transact(self._pool, work)).result
        except asyncpg.UniqueViolationError:  # another account confirmed the address at the same moment
            changed = None
        if changed is None:
            raise wrong_code()
        for credential in changed:
            await self._send(mail.address_changed(credential.email))
