"""Signatures for requests that others send, valid for a while: tokens in place of a password where AWS's databases
admit a role, and forms by which browsers send files to S3.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

import orjson

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


def post_fields(
    credentials: Credentials,
    region: str,
    given: Mapping[str, str],
    size: tuple[int, int],
    now: datetime,
    expires_at: datetime,
) -> dict[str, str]:
    """Return the fields of a form for S3, which accepts those in `given`, with the bucket, and a file within `size`."""
    at = f"{now:%Y%m%dT%H%M%SZ}"
    fields = {
        **given,
        "x-amz-algorithm": ALGORITHM,
        "x-amz-credential": f"{credentials.access_key}/{at[:8]}/{region}/s3/aws4_request",
        "x-amz-date": at,
    }
    if credentials.session_token:
        fields["x-amz-security-token"] = credentials.session_token
    conditions = [*({name: value} for name, value in fields.items()), ["content-length-range", *size]]
    until = f"{expires_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.000Z}"
    policy = base64.b64encode(orjson.dumps({"expiration": until, "conditions": conditions})).decode()
    key = signing_key(credentials.secret_key, at[:8], region, "s3")
    del fields["bucket"]  # it is signed, but the address names it
    return {**fields, "policy": policy, "x-amz-signature": hmac.digest(key, policy.encode(), "sha256").hex()}
