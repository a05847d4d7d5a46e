"""Signature Version 4, which proves that a request is ours. For bodies in memory, and addresses without a query."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from urllib.parse import quote

ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Our AWS identity and its secret. A role's have a `session_token`."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Signer:
    """Signer for one service in one region."""

    region: str
    service: str

    def sign(
        self, who: Credentials, method: str, path: str, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> Mapping[str, str]:
        """Return `headers`, which hold `host` and have names in lower case, with those that prove the sender.

        `path` is as sent. It is quoted once more for the signature: AWS wants `%3D` there as `%253D`.
        """
        at = f"{now:%Y%m%dT%H%M%SZ}"
        signed = {**headers, "x-amz-date": at}
        if who.session_token:
            signed["x-amz-security-token"] = who.session_token
        names = sorted(signed)
        lines = "".join(f"{name}:{signed[name]}\n" for name in names)
        listed = ";".join(names)
        digest = hashlib.sha256(body).hexdigest()
        canonical = f"{method}\n{quote(path, safe='/~')}\n\n{lines}\n{listed}\n{digest}"
        scope = f"{at[:8]}/{self.region}/{self.service}/aws4_request"
        text = f"{ALGORITHM}\n{at}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = signing_key(who.secret_key, at[:8], self.region, self.service)
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        claim = f"Credential={who.access_key}/{scope}"
        return {**signed, "authorization": f"{ALGORITHM} {claim}, SignedHeaders={listed}, Signature={signature}"}


@lru_cache(maxsize=16)
def signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    """Return the day's key of a service."""
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
