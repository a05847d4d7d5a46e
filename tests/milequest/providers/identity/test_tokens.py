"""Tokens of an outside issuer, checked by the keys it publishes: which are accepted, and how often keys are fetched."""

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from milequest.providers.identity import outside
from milequest.providers.identity.outside import OutsideIdentity
from milequest.rules.credentials import checked_sign_up
from milequest.rules.errors import ErrorCode, Refused
from milequest.rules.identity import ANONYMOUS
from milequest.rules.sessions import Ending
from tests.fakes import issuer as fake
from tests.fakes.issuer import CLIENT_ID, SUBJECT, Issuer, private_key, public_jwk


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with fake.running() as issuer:
        yield issuer


def provider(issuer: Issuer) -> OutsideIdentity:
    return OutsideIdentity(issuer.jwks_url, issuer.name, (CLIENT_ID,))


async def code_of(identity: OutsideIdentity, token: str) -> ErrorCode | None:
    """Return the code of the refusal, None when the token is valid."""
    try:
        await identity.verify(token, datetime.now(UTC))
    except Refused as refusal:
        return refusal.code
    return None


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


async def test_issuers_access_and_id_tokens_are_accepted(issuer: Issuer) -> None:
    identity = provider(issuer)
    access = await identity.verify(issuer.token(), datetime.now(UTC))
    assert (access.issuer, access.subject, access.groups) == (issuer.name, SUBJECT, frozenset({"admins"}))
    account = (await identity.verify(issuer.token(issuer.id_claims()), datetime.now(UTC))).account()
    assert account is not None
    assert account.email == "Ada@Example.org"
    assert issuer.fetches == 1


async def test_no_algorithm_but_rs256_is_accepted(issuer: Issuer) -> None:
    """`none`, our public key as an HMAC secret, other RSA and EC algorithms, and words that look like RS256."""
    identity, claims, key = provider(issuer), issuer.claims(), issuer.keys["one"]
    public_pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    body = f"{part({'alg': 'HS256', 'kid': 'one'})}.{part(claims)}"
    hmac_of_public_key = base64.urlsafe_b64encode(hmac.digest(public_pem, body.encode(), sha256)).rstrip(b"=").decode()
    forged = [
        jwt.encode(claims, "", "none", {"kid": "one"}),
        f"{part({'alg': 'none', 'kid': 'one'})}.{part(claims)}.",
        f"{part({'alg': 'RS256', 'kid': 'one'})}.{part(claims)}.",
        f"{body}.{hmac_of_public_key}",
        jwt.encode(claims, key, "RS512", {"kid": "one"}),
        jwt.encode(claims, key, "PS256", {"kid": "one"}),
        jwt.encode(claims, generate_ec_key(SECP256R1()), "ES256", {"kid": "one"}),
        f"{part({'alg': ['RS256'], 'kid': 'one'})}.{part(claims)}.AAAA",
        f"{part({'alg': 'rs256', 'kid': 'one'})}.{part(claims)}.AAAA",
        f"{part({'kid': 'one'})}.{part(claims)}.AAAA",
    ]
    assert await code_of(identity, issuer.token()) is None
    assert [await code_of(identity, token) for token in forged] == [ErrorCode.UNAUTHENTICATED] * len(forged)


async def test_token_signed_by_another_key_is_refused(issuer: Issuer) -> None:
    """Also one that brings its own key along: as `jwk`, or by an address in `jku`."""
    identity, claims, mallory = provider(issuer), issuer.claims(), private_key(2)
    brought = {"kid": "one", "jwk": public_jwk("one", mallory), "jku": f"{issuer.url}/mallory.json"}
    changed = issuer.token().split(".")
    changed[1] = part({**claims, "sub": "admin"})
    for token in (issuer.token(key=mallory), jwt.encode(claims, mallory, "RS256", brought), ".".join(changed)):
        assert await code_of(identity, token) is ErrorCode.UNAUTHENTICATED


@pytest.mark.parametrize("more", [{"crit": ["exp"]}, {"crit": ["b64"], "b64": False}, {"crit": []}])
async def test_token_with_critical_header_extensions_is_refused(issuer: Issuer, more: dict[str, Any]) -> None:
    token = jwt.encode(issuer.claims(), issuer.keys["one"], "RS256", {"kid": "one", **more})
    assert await code_of(provider(issuer), token) is ErrorCode.UNAUTHENTICATED


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://issuer.example"},
        {"client_id": "another"},
        {"token_use": "id"},
        {"exp": 0},
        {"nbf": 2**32},
        {"sub": None},
    ],
)
async def test_a_wrong_claim_is_refused(issuer: Issuer, change: dict[str, Any]) -> None:
    """One of each kind; the rules' own tests have them all."""
    assert await code_of(provider(issuer), issuer.token(issuer.claims(**change))) is ErrorCode.UNAUTHENTICATED


async def test_unusable_token_is_refused_without_asking_the_issuer(issuer: Issuer) -> None:
    identity, claims = provider(issuer), issuer.claims()
    unnamed = jwt.encode(claims, issuer.keys["one"], "RS256")
    deep = f"{part({'alg': 'RS256', 'kid': 'one'})}.{base64.urlsafe_b64encode(b'[' * 4_000).decode()}.AAAA"
    strange: list[object] = [[], "x", 7, None]
    unusual = [jwt.encode(claims, issuer.keys["one"], "RS256", {"kid": kid}) for kid in ("x" * 201,)] + [
        f"{part({'alg': 'RS256', 'kid': kid})}.{part(claims)}.AAAA" for kid in (7, None, ["one"])
    ]
    lists = [f"{part({'alg': 'RS256', 'kid': 'one'})}.{part(payload)}.AAAA" for payload in strange]
    other = issuer.token(issuer.claims(iss="https://issuer.example"), kid="one")
    unusual.append(jwt.encode(claims, issuer.keys["one"], "PS256", {"kid": "one"}))
    for token in ["", ".", "..", "a.b.c", "\u00e9.\u00e9.\u00e9", "x" * 9_000, unnamed, deep, other, *unusual, *lists]:
        assert await code_of(identity, token) is ErrorCode.UNAUTHENTICATED, token[:80]
    assert issuer.fetches == 0


async def test_a_flood_of_unknown_keys_asks_the_issuer_once(issuer: Issuer) -> None:
    identity = provider(issuer)
    flood = [issuer.token(kid=f"unknown-{number}", key=private_key(2)) for number in range(100)]
    codes = await asyncio.gather(*(code_of(identity, token) for token in flood))
    assert set(codes) == {ErrorCode.UNAUTHENTICATED}
    assert await code_of(identity, issuer.token()) is None
    assert issuer.fetches == 1


async def test_at_a_cold_start_many_requests_ask_once(issuer: Issuer) -> None:
    identity, issuer.delay = provider(issuer), 0.05
    assert set(await asyncio.gather(*(code_of(identity, issuer.token()) for _ in range(50)))) == {None}
    assert issuer.fetches == 1


async def test_a_new_key_is_picked_up(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "FETCH_INTERVAL", 0.05)
    identity = provider(issuer)
    assert await code_of(identity, issuer.token()) is None
    issuer.keys["two"] = private_key(2)
    await asyncio.sleep(0.06)
    assert await code_of(identity, issuer.token(kid="two")) is None
    assert await code_of(identity, issuer.token()) is None
    assert issuer.fetches == 2


@pytest.mark.parametrize(
    "spoil",
    [
        {"status": 500},
        {"status": 302},
        {"status": 404},
        {"body": b""},
        {"body": b"not json"},
        {"body": b"[]"},
        {"body": b'{"keys": 7}'},
        {"body": b'{"keys": []}'},
        {"body": b'{"keys": [7, {"kty": "RSA", "kid": "one", "n": "!", "e": "AQAB"}]}'},
        {"body": b" " * (outside.MAX_BYTES + 1)},
    ],
)
async def test_an_issuer_that_gives_no_keys_is_unavailable_not_an_error(issuer: Issuer, spoil: dict[str, Any]) -> None:
    for name, value in spoil.items():
        setattr(issuer, name, value)
    identity = provider(issuer)
    for _ in range(3):
        with pytest.raises(Refused) as refusal:
            await identity.verify(issuer.token(), datetime.now(UTC))
        assert refusal.value.code is ErrorCode.UNAVAILABLE
        assert refusal.value.details["retryable"] is True
    assert issuer.fetches == 1


async def test_an_issuer_that_is_not_there_is_unavailable(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = OutsideIdentity("http://127.0.0.1:9/jwks.json", issuer.name, (CLIENT_ID,))
    assert await code_of(gone, issuer.token()) is ErrorCode.UNAVAILABLE
    monkeypatch.setattr(outside, "TIMEOUT", 0.05)
    issuer.delay = 1
    assert await code_of(provider(issuer), issuer.token()) is ErrorCode.UNAVAILABLE


NONSENSE = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.lists(st.text())


@given(st.dictionaries(st.sampled_from(["n", "e", "d", "alg", "use", "key_ops", "oth"]), NONSENSE))
def test_malformed_published_key_is_left_out(entry: dict[str, object]) -> None:
    body = json.dumps({"keys": [{**entry, "kty": "RSA", "kid": "one"}]}).encode("utf-8", "replace")
    assert outside.usable_keys(body) == {}


@pytest.mark.filterwarnings("ignore:The RSA key")
async def test_keys_that_are_not_for_signing_or_too_short_are_left_alone(issuer: Issuer) -> None:
    short = generate_private_key(65_537, 1024)
    keys = [
        public_jwk("encrypts", private_key(1), use="enc"),
        public_jwk("other", private_key(1), alg="RS512"),
        public_jwk("short", short),
        public_jwk("one", private_key(1)),
    ]
    issuer.body = json.dumps({"keys": keys}).encode()
    identity = provider(issuer)
    for kid, key in (("encrypts", private_key(1)), ("other", private_key(1)), ("short", short)):
        assert await code_of(identity, issuer.token(kid=kid, key=key)) is ErrorCode.UNAUTHENTICATED
    assert await code_of(identity, issuer.token()) is None


async def test_account_calls_are_unavailable_with_an_outside_issuer(issuer: Issuer) -> None:
    identity, now = provider(issuer), datetime.now(UTC)
    request = checked_sign_up("ada@example.org", "Correct-Horse-1", "Ada")
    for call in (
        identity.sign_up(request, now),
        identity.confirm("ada@example.org", "123456", now),
        identity.resend_code("ada@example.org", now),
        identity.sign_in("ada@example.org", "Correct-Horse-1", now),
        identity.refresh("token", now),
        identity.sign_out("token", ANONYMOUS, Ending.ALL, now),
    ):
        with pytest.raises(Refused) as refusal:
            await call
        assert refusal.value.code is ErrorCode.UNAVAILABLE
    assert await identity.jwks(now) == {"keys": []}
