"""Media types of GraphQL over HTTP: negotiation of the answer's, and the check of a body's."""

from collections.abc import Iterator, Mapping, Sequence

from starlette.datastructures import Headers

from milequest.rules.errors import ErrorCode
from milequest.telemetry.work import Failed
from subscriptions.protocols.sse import EVENTS

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
_UTF_8 = ("utf-8", "utf8")


class BadRequest(Failed):
    """The HTTP request itself is wrong; `status` says how."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})

    @property
    def codes(self) -> Sequence[str]:
        return (ErrorCode.VALIDATION_ERROR.value,)


def accepted(accept: str) -> Sequence[str]:
    """Return the media types to answer in: those the Accept header allows, by their weights, then by their order in it.

    JSON stands for everything that is not named, as older clients expect it. Events have to be named: a client that
    reads a response to its end would wait for ever. Raises BadRequest 406.
    """
    if not accept.strip():
        return [JSON]
    ranges = list(_ranges(accept))
    named = [name for name, _ in ranges if name in (GRAPHQL, JSON, EVENTS)]
    qualities = {media: _quality(media, ranges) for media in (*named, JSON, GRAPHQL)}
    allowed = [media for media, quality in qualities.items() if quality > 0]
    if not allowed:
        raise BadRequest(406, f"This address answers {GRAPHQL}, {JSON} or {EVENTS}, in UTF-8.")
    return sorted(allowed, key=lambda media: -qualities[media])


def refuse_unless_json(headers: Headers) -> None:
    """Check that a body is uncompressed JSON in UTF-8. Raises BadRequest 415."""
    media, parameters = _split(headers.get("content-type", ""))
    if media != JSON:
        raise BadRequest(415, f"Send the request as {JSON}.", {"Accept": JSON})
    if parameters.get("charset", "utf-8") not in _UTF_8:
        raise BadRequest(415, "Send the request in UTF-8.")
    if headers.get("content-encoding", "identity").strip().lower() not in ("identity", ""):
        raise BadRequest(415, "Send the request uncompressed.", {"Accept-Encoding": "identity"})


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    """Yield the media ranges of an Accept header with their weights. One in another charset has none."""
    for part in accept.split(","):
        name, parameters = _split(part)
        known = parameters.get("charset", "utf-8") in _UTF_8
        yield name, _weight(parameters.get("q", "1")) if known else 0.0


def _quality(media: str, ranges: list[tuple[str, float]]) -> float:
    """Return the weight that the most specific matching range gives a media type."""
    for pattern in (media, "application/*", "*/*"):
        found = [weight for name, weight in ranges if name == pattern]
        if found:
            return max(found)
    return 0.0


def _weight(text: str) -> float:
    """Return a `q`, 0 to 1; an invalid one is 0."""
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0


def _split(value: str) -> tuple[str, dict[str, str]]:
    """Split `application/json; charset="UTF-8"` into the type and its parameters, in lower case."""
    name, *parameters = (piece.strip().lower() for piece in value.split(";"))
    pairs = (parameter.partition("=") for parameter in parameters)
    return name, {key.strip(): text.strip().strip('"') for key, _, text in pairs}
