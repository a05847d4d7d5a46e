"""The Authorization header."""

from milequest.rules.errors import unauthenticated


def bearer(authorization: str) -> str:
    """Return the token of `Bearer TOKEN`, or of a bare `TOKEN` as in AppSync. Raises UNAUTHENTICATED for others."""
    first, _, rest = authorization.strip().partition(" ")
    token = rest.strip() if first.lower() == "bearer" else first
    if not token or " " in token or (rest and token is first):
        raise unauthenticated("Send the token as `Authorization: Bearer TOKEN`.")
    return token
