"""The prose of docs/errors.md, around the tables that `app.reference.errors_page` makes."""

from typing import Final

from milequest.rules.errors import ErrorCode

HEAD: Final = """\
# Errors

`make reference` writes this page out of the code; `make check` compares.

Each error has `extensions.code`, one of the list below, and in most answers `extensions.requestId`, by which it is
found in the logs. Messages are for people and may change; codes may be added and are never renamed, so keep a
default branch.

- `retryable: true`: the same request may succeed a moment later. Without it don't repeat the request.
  `retryAfterSeconds` says how long to wait, over HTTP also the header `Retry-After`.
- `fields`: what is wrong with the input, a list of `path`, `code`, `message`, and `min` and `max` where there
  is a range. `path` begins with the argument: `input.waypoints[1].position.lat`.
- `currentVersion` with STALE_VERSION, `existingId` with DUPLICATE_ACTIVITY.

A refused field is null, and its error is beside the data of the others: the status is 200, or 294 for clients
that prefer `application/graphql-response+json`. A refused document, or refused variables, run nothing: the status
is 200, and 400 for these clients. A request that is refused before its document is read, for instance for its
token or a spent budget, has the status of the table. `warnings` in payloads have codes of the same list: the
write was done all the same.

## Codes

{codes}
## Codes of fields

{fields}"""

CODES: Final = {
    ErrorCode.UNAUTHENTICATED: "The caller is not signed in, the token is no longer valid, or the password is wrong",
    ErrorCode.FORBIDDEN: "You may see the object, but not do this to it",
    ErrorCode.NOT_FOUND: "The object does not exist, or is hidden from you: the two look the same",
    ErrorCode.VALIDATION_ERROR: "The document, its variables or the input are invalid, for any caller; see `fields`",
    ErrorCode.CONFLICT: "The request conflicts with the present state: a name that is taken, an invite that was used",
    ErrorCode.STALE_VERSION: "The object has changed since your `expectedVersion`: read it again",
    ErrorCode.IDEMPOTENCY_MISMATCH: "This `idempotencyKey` was used with another input",
    ErrorCode.RATE_LIMITED: "Too many requests, see [limits](limits.md): wait `retryAfterSeconds`",
    ErrorCode.QUERY_TOO_COMPLEX: "The document is too large or asks for too much, see [limits](limits.md#documents)",
    ErrorCode.UNAVAILABLE: "A part of the service is out of reach; with `retryable` the same request may succeed later",
    ErrorCode.INTERNAL: "A fault of ours, which is logged: tell us the `requestId`",
    ErrorCode.CODE_INVALID: "The code from a mail is wrong, too old, or of another request",
    ErrorCode.EMAIL_NOT_VERIFIED: "The sign-up is not confirmed by the code from the mail yet: `confirmEmail`",
    ErrorCode.TEAM_FULL: "All seats of the team are taken",
    ErrorCode.ALREADY_MEMBER: "You are in this team already",
    ErrorCode.NOT_MEMBER: "You are not in this team",
    ErrorCode.LAST_ADMIN: "A team needs an admin: make somebody else one first",
    ErrorCode.INVALID_INVITE_CODE: "No invite has this code",
    ErrorCode.INVITE_EXPIRED: "The invite has expired",
    ErrorCode.INVITE_WRONG_RECIPIENT: "The invite is for another address",
    ErrorCode.TEAM_HAS_ACTIVE_GOAL: "The team has a running goal, and can have one at a time",
    ErrorCode.GOAL_NOT_EDITABLE: "The goal's state does not allow this change",
    ErrorCode.ROUTE_ERROR: "In `warnings`: a leg is a straight line, as there is no routing service",
    ErrorCode.DUPLICATE_ACTIVITY: "A walk like this is logged already; `allowDuplicate` logs it all the same",
    ErrorCode.BACKDATE_LIMIT: "The walk began too long ago; the earliest instant is `min` in `fields`",
    ErrorCode.IMPLAUSIBLE: "In `warnings`: stored, but implausible",
}
RESERVED: Final = (
    ErrorCode.NO_ROUTE_FOUND,
    ErrorCode.PROVIDER_ERROR,
    ErrorCode.PROVIDER_RETIRED,
    ErrorCode.NEEDS_RECONSENT,
)
FIELDS: Final = {
    "ANTIPODAL": "Two waypoints in a row are opposite each other on the earth: no line between them is the shortest",
    "DUPLICATE": "Two waypoints in a row are the same place",
    "EITHER_OR": "Exactly one of two fields has to be given",
    "EMPTY": "Must not be empty",
    "GAP": "The tracks of a file don't join",
    "MALFORMED": "Not of the required form, or with characters that are not allowed",
    "MISMATCH": "Not equal to the value that it has to repeat",
    "NOT_ALLOWED": "Not one of the values that are allowed here",
    "NOT_EDITABLE": "This field of this object cannot be changed",
    "OUT_OF_RANGE": "Below `min` or above `max`",
    "REQUIRED": "Required; null does not clear it",
    "TOO_LARGE": "The file is too large",
    "TOO_LONG": "Longer than `max`",
    "TOO_OLD": "Before `min`",
    "TOO_SHORT": "Shorter than `min`",
    "TOO_WEAK": "A password that is too easy to guess",
    "UNKNOWN": "No such name",
    "UNKNOWN_ZONE": "Not an IANA time zone",
    "WRONG": "Not the account's password",
}
