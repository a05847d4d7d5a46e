"""Sign-ups with the built-in identity provider.

`sign_up` returns an id that is known to its caller alone, and a code is valid with it only: strangers' attempts with
the same address, whose codes reach the same mailbox, can neither be confirmed by mistake nor use up the owner's tries.
"""

from datetime import datetime

from milequest.providers.identity.builtin_base import BuiltinBase, digest, new_code, new_token, wrong_code
from milequest.rules import mail
from milequest.rules.credentials import SignUp, email_key, normal_code
from milequest.rules.ids import new_id
from milequest.store.sql import credentials, sign_ups
from milequest.store.sql.transaction import Tx, transact


class SignUps(BuiltinBase):
    """The IdentityProvider's methods from sign-up to confirmation."""

    async def sign_up(self, request: SignUp, now: datetime) -> str:
        """Store the attempt and mail its code. The work is the same for an address that has an account."""
        attempt_id, code = new_token(), new_code()
        others = await sign_ups.passwords(self._pool, request.email_key, now)
        password_hash = await self._hasher.hash(request.password, like=others)
        code_hash = await self._hasher.code_hash(request.email_key, code)

        async def work(tx: Tx) -> bool:
            await sign_ups.put(tx, new_id(now), request, password_hash, code_hash, now, digest(attempt_id))
            return await credentials.is_taken(tx, request.email_key)

        await self._mail_code(request.email, code, taken=(await transact(self._pool, work)).result)
        return attempt_id

    async def confirm(self, email: str, code: str, now: datetime, attempt_id: str | None = None) -> None:
        """Make the attempt that this code was mailed for the address's credential."""
        key, attempt = email_key(email), None if attempt_id is None else digest(attempt_id)
        code_hash = await self._hasher.code_hash(key, normal_code(code) or "")
        if not (await transact(self._pool, lambda tx: sign_ups.confirm(tx, key, code_hash, now, attempt))).result:
            raise wrong_code()

    async def resend_code(self, email: str, now: datetime, attempt_id: str | None = None) -> None:
        """Give an attempt another code."""
        key, attempt, code = email_key(email), None if attempt_id is None else digest(attempt_id), new_code()
        code_hash = await self._hasher.code_hash(key, code)

        async def work(tx: Tx) -> tuple[str | None, bool]:
            renewed = await sign_ups.renew_code(tx, key, code_hash, now, attempt)
            return renewed, await credentials.is_taken(tx, key)

        address, taken = (await transact(self._pool, work)).result
        if address is not None:
            await self._mail_code(address, code, taken=taken)

    async def _mail_code(self, to: str, code: str, *, taken: bool) -> None:
        await self._send(mail.already_registered(to) if taken else mail.confirmation(to, code))
