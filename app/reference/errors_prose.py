"""The prose of docs/errors.md, around the tables that `app.reference.errors_page` makes."""

from typing import Final

from milequest.rules.errors import ErrorCode

HEAD: Final = """\
# Errors

`make reference` writes this page out of the code; `make check` compares.

Each error has `extensions.code`, one of the list below, and in most answers `extensions.requestId`, which finds
it in our logs. Messages are for people and may change; codes are added to and never renamed, so keep a default
branch.

- `retryable: true`: the same request may succeed a moment later. Without it don't repeat. `retryAfterSeconds`
  says how long to wait; over HTTP the header `Retry-After` says it too.
- `fields`: what is wrong with the input, a list of `path`, `code`, `message`, and `min` and `max` where there
  is a range. `path` begins with the argument: `input.waypoints[1].position.lat`.
- `currentVersion` with STALE_VERSION, `existingId` with DUPLICATE_ACTIVITY.

A field that is refused is null, and its error stands beside the answer of the others: the status is 200, or 294
for who prefers `application/graphql-response+json`. A document or variables that are refused run nothing: the
status is 200, and 400 for the latter. What is refused before its document is read, a token or a spent budget
for instance, has the status of the table. `warnings` in payloads have codes of the same list: the write was
done all the same.

## Codes

{codes}
## Codes of fields

{fields}"""

CODES: Final = {
    ErrorCode.UNAUTHENTICATED: "Nobody is signed in, the token is not good any more, or the password is wrong",
    ErrorCode.FORBIDDEN: "You see it, and may not do this to it",
    ErrorCode.NOT_FOUND: "It does not exist, or is hidden from you: the two look the same",
    ErrorCode.VALIDATION_ERROR: "The document, its variables or the input are wrong, for everybody; see `fields`",
    ErrorCode.CONFLICT: "It does not go with how things are: a name that is taken, an invite that was used",
    ErrorCode.STALE_VERSION: "Somebody changed it since your `expectedVersion`: read it again",
    ErrorCode.IDEMPOTENCY_MISMATCH: "This `idempotencyKey` was used with another input",
    ErrorCode.RATE_LIMITED: "Too many, see [limits](limits.md): wait `retryAfterSeconds`",
    ErrorCode.QUERY_TOO_COMPLEX: "The document is too large or asks for too much, see [limits](limits.md#documents)",
    ErrorCode.UNAVAILABLE: "A part of the service is away; with `retryable` it comes back by itself",
    ErrorCode.INTERNAL: "A fault of ours, which is logged: tell us the `requestId`",
    ErrorCode.CODE_INVALID: "The code from a mail is wrong, too old, or of another request",
    ErrorCode.EMAIL_NOT_VERIFIED: "The sign-up waits for the code from the mail: `confirmEmail`",
    ErrorCode.TEAM_FULL: "All seats of the team are taken",
    ErrorCode.ALREADY_MEMBER: "You are in this team already",
    ErrorCode.NOT_MEMBER: "You are not in this team",
    ErrorCode.LAST_ADMIN: "A team needs an admin: make somebody else one first",
    ErrorCode.INVALID_INVITE_CODE: "No invite has this code",
    ErrorCode.INVITE_EXPIRED: "The invite's time is over",
    ErrorCode.INVITE_WRONG_RECIPIENT: "The invite is for another address",
    ErrorCode.TEAM_HAS_ACTIVE_GOAL: "The team has a running goal, and can have one at a time",
    ErrorCode.GOAL_NOT_EDITABLE: "A goal in this state cannot be changed so",
    ErrorCode.ROUTE_ERROR: "In `warnings`: a leg is a straight line, as there is no routing service",
    ErrorCode.DUPLICATE_ACTIVITY: "A walk like this is logged already; `allowDuplicate` logs it all the same",
    ErrorCode.BACKDATE_LIMIT: "The walk began too long ago; the earliest instant is `min` in `fields`",
    ErrorCode.IMPLAUSIBLE: "In `warnings`: kept, but doubted",
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
    "EITHER_OR": "Give one of two, not both and not neither",
    "EMPTY": "There has to be something in it",
    "GAP": "The tracks of a file don't join",
    "MALFORMED": "Not of the form that is asked for, or with characters that are not allowed",
    "MISMATCH": "Not what it has to repeat",
    "NOT_ALLOWED": "Not one of the values that are allowed here",
    "NOT_EDITABLE": "Cannot be changed in this one",
    "OUT_OF_RANGE": "Below `min` or above `max`",
    "REQUIRED": "Has to be given, and cannot be cleared",
    "TOO_LARGE": "The file is too large",
    "TOO_LONG": "Longer than `max`",
    "TOO_OLD": "Before `min`",
    "TOO_SHORT": "Shorter than `min`",
    "TOO_WEAK": "A password that is too easy to guess",
    "UNKNOWN": "No such name",
    "UNKNOWN_ZONE": "No IANA time zone",
    "WRONG": "Not the account's password",
}
