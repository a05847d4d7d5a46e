"""The prose of docs/limits.md, around the tables that `app.limits_page` makes."""

HEAD = """\
# Limits

All limits of the service. `make limits` writes this page from the code; `make check` compares.
"""
BUDGET = """
## The budget of a caller

Every GraphQL operation costs points: {request} for itself, and 1 for each object that its answer may hold by the
requested page sizes. `__schema` and `__type` cost {introspection} each. A document that is not in the process's cache
costs 1 more for every {characters} characters, even if it is refused; the same text with other `variables` is cached.
Variables of more than {free:,} characters cost 1 more for every {characters} beyond. A subscription is charged when it
begins; its events are free.

`/routes/{{id}}.geojson` costs {request}, and 1 more for every {size} bytes of it. A form with a picture costs its user
{request}, and an invalid form its network. `/avatars/` and `/.well-known/jwks.json` cost the network {request}, also
for signed-in users.

{table}
A budget fills evenly, and holds at most what refills in {burst}. Signed-in users have a budget of their own, whatever
server or network their requests come through. A machine is a role of AWS, or the `resolverContext` that an operator's
authorizer returns; machines without one are charged by network.

Bad credentials cost their network {bad} point, and {refused} if an operator's authorizer had to reject them. A network
whose budget is spent gets RATE_LIMITED for them instead of UNAUTHENTICATED, and the authorizer is called only for those
of its tokens that it admitted the last time. Valid tokens of our issuer are served whatever else their network sends.

An operation is refused once the budget is spent, before its document is read, with RATE_LIMITED, `retryable: true` and
`retryAfterSeconds`: over HTTP with the status 429, on a WebSocket by an `error` message, behind AppSync as
`LimitExceededError`. Addresses that are not GraphQL answer 429 too. A response over HTTP with `retryAfterSeconds` in an
error also has the header `Retry-After`.
"""
RATES = """
## How often

A call beyond a limit is refused with the code RATE_LIMITED, `retryable: true` and `retryAfterSeconds`, and changes
nothing. A window begins with its first attempt and lasts for the time given. A network is an IPv4 address, or the /64
of an IPv6 address. All processes share the counts in Valkey; while it is away each counts for itself.

A call that one of these limits refuses counts against none of the others. Calls that end in UNAVAILABLE or INTERNAL
count neither, from `sign-up` to `invite` and where the database did not take a write. A failed call is one with a wrong
password or code, or one that its caller cancelled. From `sign-up` to `invite` only as many calls run at a time as the
limit has left; more wait up to {wait}, and are then RATE_LIMITED with a `retryAfterSeconds` of {again}.

A limit refuses one field of an operation, and others of it may have an answer. So over HTTP the status is that of any
answer with errors, 200 or 294, and not 429; the header `Retry-After` has the longest `retryAfterSeconds` of its errors.

A mutation that is repeated with its `idempotencyKey` and input gets its first answer before any of these limits is
checked, and counts against none. It is still an operation, and charged to the budget above.
"""
