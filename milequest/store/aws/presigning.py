"""Tokens in place of a password, where AWS's databases admit a role: signed requests, valid for a while."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote, urlencode

from milequest.store.aws.signing import ALGORITHM, Credentials, signing_key

SECONDS = 900  # validity of a token, for opening a connection


def connect_token(
    credentials: Credentials, region: str, service: str, host: str, query: Mapping[str, str], now: datetime
) -> str:
    """Return the signed address of `host`, without its scheme, for `query`: user and action."""
    at = f"{now:%Y%m%dT%H%M%SZ}"
    scope = f"{at[:8]}/{region}/{service}/aws4_request"
    given = {
        **query,
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{credentials.access_key}/{scope}",
        "X-Amz-Date": at,
        "X-Amz-Expires": str(SECONDS),
        "X-Amz-SignedHeaders": "host",
    }
    if credentials.session_token:
        given["X-Amz-Security-Token"] = credentials.session_token
    text = urlencode(sorted(given.items()), quote_via=quote, safe="")
    empty = hashlib.sha256(b"").hexdigest()
    canonical = f"GET\n/\n{text}\nhost:{host}\n\nhost\n{empty}"
    signed = f"{ALGORITHM}\n{at}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = signing_key(credentials.secret_key, at[:8], region, service)
    signature = hmac.digest(key, signed.encode(), "sha256").hex()
    return f"{host}/?{text}&X-Amz-Signature={signature}"
