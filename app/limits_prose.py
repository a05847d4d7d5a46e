"""The prose of docs/limits.md, around the tables that `app.limits_page` makes."""

HEAD = """\
# Limits

Everything that is bounded, and by how much. `make limits` writes this page out of the code; `make check` compares.
"""
BUDGET = """
## The budget of a caller

Every GraphQL operation costs points: {request} for itself, and 1 for each object that its answer may hold by the page
sizes it asks for. `__schema` and `__type` cost {introspection} each. A document that the process has not read lately
costs 1 more for every {characters} characters, also where it is refused: the same text with other `variables` is read
once. Variables of more than {free:,} characters cost 1 more for every {characters} beyond. A subscription is paid for
when it begins; its events are free.

`/routes/{{id}}.geojson` costs {request}, and 1 more for every {size} bytes of it. A form with a picture costs its user
{request}, and one that is not good its network. `/avatars/` and `/.well-known/jwks.json` cost the network {request},
whoever is signed in.

{table}
A budget fills evenly, and holds at most what {burst} bring. People who are signed in pay for themselves, whatever
server or network they come through. A machine is a role of AWS, or what an operator's authorizer calls it by
`resolverContext`; one without that is counted by its network.

Credentials that are not good cost the network that they come from {bad} point, and {refused} where an operator's
authorizer was asked to find that out. A network that has nothing left is told RATE_LIMITED for them in place of
UNAUTHENTICATED, and of its tokens the authorizer is asked about those alone that were good the last time. Good tokens
of our issuer are good whatever else comes from their network.

An operation is refused where nothing is left, before its document is read, with RATE_LIMITED, `retryable: true` and
`retryAfterSeconds`: over HTTP with the status 429, on a WebSocket by an `error` message, behind AppSync as
`LimitExceededError`. Plain addresses answer 429 too. An answer over HTTP with `retryAfterSeconds` in an error has the
header `Retry-After` too.
"""
RATES = """
## How often

What is one too many is refused with the code RATE_LIMITED, with `retryable: true` and `retryAfterSeconds` beside it,
and changes nothing. A window begins with its first attempt and lasts for the time given. A network is an IPv4 address,
or the /64 of an IPv6 address. All processes count together in Valkey; while it is away each counts for itself.

What is refused by one of these limits counts against none of the others. Nor counts what ends in UNAVAILABLE or
INTERNAL, from `sign-up` to `invite` and where the database did not take a write. A failed call is one with a wrong
password or code, or one that its caller broke off. From `sign-up` to `invite` only so many calls
are under way at a time as may still come to count; more wait up to {wait}, and are then RATE_LIMITED with a
`retryAfterSeconds` of {again}.

One field of an operation is refused, and others of it may have an answer. So over HTTP the status is that of any answer
with errors, 200 or 294, and not 429; the header `Retry-After` has the longest `retryAfterSeconds` of its errors.

A mutation that is repeated with its `idempotencyKey` and input gets its first answer before any of these limits is
asked, and counts against none. It is an operation, and paid for out of the budget above.
"""
