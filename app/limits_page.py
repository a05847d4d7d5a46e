"""Prints docs/limits.md: every limit there is, with the numbers of the code. `make limits` writes the file.

Each new limit needs a line here; rate limits are listed by themselves from `milequest.rules.rate_limits`.
"""

import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TypeAlias

from app import bounds
from app.http.graphql import MAX_NESTING
from app.limits_prose import BUDGET, HEAD, RATES
from milequest.imports import fitbit_csv, gpx
from milequest.rules import (
    activities,
    avatars,
    boards,
    budgets,
    credentials,
    goals,
    invites,
    live,
    pages,
    pictures,
    places,
    routes,
    teams,
)
from milequest.rules.pictures import sizes
from milequest.rules.rate_limits import Per, RateLimit, all_limits
from milequest.rules.text import MAX_MARKS
from milequest.settings import Settings
from milequest.store import deadlines
from milequest.store.cache import rate_limits
from milequest.store.sql import idempotency, pool
from resolvers import network_guard, nodes, writing
from schema import limits as documents
from schema import variables
from subscriptions import quotas, send_buffer
from subscriptions.apigateway import outbound

Line: TypeAlias = tuple[str, str]  # a subject and its limit
Span: TypeAlias = tuple[int, int]

WHOM = {
    Per.FORM: "form",
    Per.NETWORK: "network",
    Per.ACCOUNT: "account",
    Per.USER: "user",
    Per.CALLER: "user in a network",
    Per.ACCOUNT_HERE: "account in a network",
    Per.REQUEST: "sign-up or request",
}
DEFAULTS = Settings()
TIMEOUTS = bounds.ClientTimeouts()
UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def page() -> str:
    """Return the whole page."""
    sections = [
        ("Documents", _documents()),
        ("Bodies, messages and connections", _connections()),
        ("Pages of lists", _pages()),
        ("Texts", _texts()),
        ("What is stored", _stored()),
        ("Files", _files()),
        ("Times", _times()),
    ]
    return "".join(
        [HEAD, _budget(), _rates_head(), _rates(all_limits()), *(_section(title, lines) for title, lines in sections)]
    )


def _budget() -> str:
    rows = [
        (whom, f"{points:,}", f"{points * budgets.BURST_SECONDS // 3_600:,}", f"`MILEQUEST_BUDGET_PER_{name}`")
        for whom, name, points in (
            ("a network, for all who are not signed in", "NETWORK", DEFAULTS.budget_per_network),
            ("a user", "USER", DEFAULTS.budget_per_user),
            ("a machine", "MACHINE", DEFAULTS.budget_per_machine),
        )
    ]
    return BUDGET.format(
        request=budgets.REQUEST,
        introspection=budgets.INTROSPECTION,
        characters=budgets.CHARACTERS_PER_POINT,
        size=f"{budgets.BYTES_PER_POINT:,}",
        bad=budgets.BAD_CREDENTIAL,
        refused=budgets.REFUSED_CREDENTIAL,
        free=budgets.FREE_CHARACTERS,
        burst=_time(budgets.BURST_SECONDS),
        table=_table(("whose", "points an hour", "at once", "setting"), rows),
    )


def _rates_head() -> str:
    return RATES.format(wait=_time(int(rate_limits.WAIT_SECONDS)), again=rate_limits.COME_AGAIN)


def _rates(limits: Sequence[RateLimit]) -> str:
    rows = [
        (f"`{limit.name}`", f"{limit.most:,}", _time(limit.seconds), WHOM[limit.per], limit.says) for limit in limits
    ]
    return "\n" + _table(("limit", "at most", "in", "for each", "what is counted"), rows)


def _documents() -> Iterator[Line]:
    yield "Characters", f"{documents.MAX_CHARACTERS:,}"
    yield "Tokens", f"{documents.MAX_TOKENS:,}"
    yield "Comments", f"{documents.MAX_COMMENTS:,}"
    yield "Operations", f"{documents.MAX_OPERATIONS}"
    yield (
        "Mutations in an operation that are open to callers who are not signed in, or take a password",
        f"{documents.MAX_SIGN_INS}",
    )
    yield "Values in the variables, at any depth", f"{variables.MAX_VALUES:,}"
    yield "Characters of a text in the variables; each field has a lower limit of its own", f"{variables.MAX_TEXT:,}"
    yield "Combining marks in a row, in any text", f"{MAX_MARKS}"
    yield "Levels deep", f"{documents.MAX_DEPTH}; of an introspection {documents.MAX_INTROSPECTION_DEPTH}"
    yield "Aliases", f"{documents.MAX_ALIASES}"
    yield "Directives", f"{documents.MAX_DIRECTIVES}"
    yield "Selections, with fragments expanded", f"{documents.MAX_SELECTIONS:,}"
    yield "Objects an answer may hold, by the page sizes that are asked for", f"{documents.MAX_OBJECTS:,}"
    yield "`__schema` and `__type` in an operation", f"{documents.MAX_INTROSPECTIONS}"
    yield "Errors that are told of a document", f"{documents.MAX_ERRORS}"


def _connections() -> Iterator[Line]:
    yield "URL of a request", _bytes(bounds.MAX_URL_BYTES)
    yield "Head of a request, its URL included", f"{_bytes(bounds.MAX_HEAD_BYTES)}, {bounds.MAX_HEADER_LINES} lines"
    yield "Body of a request", _bytes(bounds.MAX_REQUEST_BYTES)
    yield "Chunk sizes and trailers of a body", f"{_bytes(bounds.FRAMING_BYTES)} and a quarter of the body"
    yield "Body of a request to `/graphql`", _bytes(documents.MAX_BODY_BYTES)
    yield "Levels of JSON in it", f"{MAX_NESTING}"
    yield "WebSockets of a user, in each process", f"{DEFAULTS.sockets_per_user:,} (`MILEQUEST_SOCKETS_PER_USER`)"
    yield (
        "WebSockets of a network, in each process",
        f"{DEFAULTS.sockets_per_network:,} (`MILEQUEST_SOCKETS_PER_NETWORK`)",
    )
    yield "Event streams (SSE)", "the same numbers again"
    yield (
        "Connections of HTTP of a network, in each process",
        f"{DEFAULTS.sockets_per_network:,} too; through a trusted proxy requests under way",
    )
    share, of = quotas.CONNECTIONS_SHARE
    yield (
        "Connections of any kind, in each process",
        f"{share} of {of} files that it may open; of a network no more than are left for all others",
    )
    yield (
        "Connections of a network beyond its number, that may read why",
        f"{bounds.LINGERING_PER_NETWORK}, for {_time(int(TIMEOUTS.linger))}",
    )
    yield (
        "Tokens of a network that an operator's authorizer is asked about at once",
        f"{network_guard.MAX_CHECKS}, while {network_guard.MAX_WAITING} more wait; "
        f"and {network_guard.MAX_CHECKS} that were good the last time, "
        f"while {network_guard.MAX_WAITING_KNOWN} of them wait",
    )
    yield "Operations of a WebSocket at a time", f"{quotas.OPERATIONS_PER_SOCKET}"
    yield "What running subscriptions of a caller hold in memory, in each process", _bytes(quotas.MAX_HELD_BYTES)
    yield "Messages of a WebSocket", f"{quotas.MESSAGES_PER_SECOND:g} a second, {quotas.BURST} at once"
    yield (
        "Frames of a WebSocket, pings and pongs too",
        f"{quotas.FRAMES_PER_SECOND:g} a second, {quotas.FRAMES_BURST} at once, {quotas.MAX_FRAGMENTS} a message",
    )
    yield "A message to us", _bytes(quotas.MAX_MESSAGE_BYTES)
    yield "What waits to be sent to a connection", _bytes(send_buffer.MAX_BUFFERED_BYTES)
    yield "A message to a client of API Gateway", _bytes(outbound.MAX_CLIENT_MESSAGE_BYTES)
    yield "An operation's id, as JSON", _bytes(quotas.MAX_ID_BYTES)
    yield "Events that can be replayed of a team", f"{live.WINDOW_EVENTS:,}, for {_span(live.WINDOW)}"


def _pages() -> Iterator[Line]:
    yield "`first` of most lists", f"1 to {pages.MAX_FIRST}; {pages.DEFAULT_FIRST} without it"
    yield "`first` of a leaderboard", f"1 to {boards.MAX_FIRST}; {boards.DEFAULT_FIRST} without it"
    yield "`first` of `searchPlaces`", f"1 to {places.MAX_PLACES}"
    yield "Ids of `nodes`", f"{nodes.MAX_IDS}"


def _texts() -> Iterator[Line]:
    yield "A person's name", _characters((1, credentials.MAX_NAME))
    yield "An e-mail address", f"{credentials.MAX_EMAIL} characters, {credentials.MAX_LOCAL_PART} of them before the @"
    yield "A password", _characters((credentials.MIN_PASSWORD, credentials.MAX_PASSWORD))
    yield "A team's name", _characters(teams.NAME)
    yield "A team's description", _characters((0, teams.DESCRIPTION_MAX))
    yield "A goal's name", _characters(goals.NAME)
    yield "A goal's description", _characters((0, goals.DESCRIPTION_MAX))
    yield "A waypoint's name", _characters((0, routes.MAX_NAME))
    yield "A walk's notes", _characters((0, activities.NOTES_MAX))
    yield "An invite's message", _characters((0, invites.MESSAGE_MAX))
    yield "`query` of `searchTeams`", _characters(teams.QUERY)
    yield "`query` of `searchPlaces`", f"1 to {places.MAX_QUERY} characters, {places.MAX_WORDS} words"
    yield "`idempotencyKey`", _characters(writing.KEY_LENGTH)


def _stored() -> Iterator[Line]:
    yield "Teams one founds", f"{teams.TEAMS_PER_DAY} a day"
    yield "Teams one is in", f"{teams.MEMBERSHIPS_MAX}"
    yield "Members of a team", f"{_range(teams.MEMBERS)}; {teams.DEFAULT_MAX_MEMBERS} unless it says otherwise"
    yield "Uses of an invite", f"{_range(invites.MAX_USES)}; {invites.DEFAULT_USES} of a link that does not say"
    yield "Life of an invite", f"{_range(invites.HOURS)} hours; {invites.DEFAULT_HOURS} unless it says otherwise"
    yield "Sessions of an account", f"{credentials.MAX_SESSIONS}; the oldest ends"
    yield "Waypoints of a route", f"{routes.MIN_WAYPOINTS} to {routes.MAX_WAYPOINTS}"
    yield "Length of a route", f"{routes.MAX_ROUTE_M / 1000:,.0f} km"
    yield "Months a goal runs", f"{goals.MAX_MONTHS}"
    yield "A walk by hand", f"{activities.MANUAL_DISTANCE_MAX_MM / 1e6:g} km, {_time(activities.DURATION_MAX_S)}"
    yield "Walks by hand of a day", f"{activities.MANUAL_DAY_MAX_MM / 1e6:g} km"
    yield "A walk logged afterwards", f"{activities.BACKDATE_DAYS} days"


def _files() -> Iterator[Line]:
    yield "A picture's file", _bytes(pictures.MAX_BYTES)
    yield "A picture's pixels", f"{sizes.MAX_SIDE:,} a side, {sizes.MAX_PIXELS:,} in all"
    yield "A form for a picture", f"good for {_span(avatars.FORM_LIFE)}"
    yield "A GPX file", f"{gpx.MAX_BYTES / 1e6:g} MB, {gpx.MAX_POINTS:,} points, {gpx.MAX_DEPTH} levels"
    yield (
        "Steps and distance of a day in a CSV file",
        (f"{activities.STEPS_MAX:,} steps, {fitbit_csv.MAX_DISTANCE_MM / 1e6:g} km"),
    )


def _times() -> Iterator[Line]:
    yield "An answer, whatever hangs behind it", _time(int(deadlines.ANSWER_SECONDS))
    yield "A statement of the database", _time(int(pool.STATEMENT_SECONDS))
    yield "The head of a request, from its first byte on", _time(int(TIMEOUTS.head))
    yield (
        "A body that does not go on, and a whole one",
        f"{_time(int(TIMEOUTS.progress))}, {_time(int(TIMEOUTS.body))}",
    )
    yield "A connection of HTTP between two requests", _time(int(TIMEOUTS.idle))
    yield "`connection_init` after a WebSocket has opened", _time(int(quotas.INIT_SECONDS))
    yield "A code from a mail", f"good for {_span(credentials.CODE_LIFE)}, {credentials.CODE_TRIES} wrong tries"
    yield "A sign-up that waits for its code", _span(credentials.SIGN_UP_LIFE)
    yield "Answers kept for an `idempotencyKey`", f"{_span(idempotency.KEPT)}; of `logActivity` as long as its walk"


def _section(title: str, lines: Iterator[Line]) -> str:
    return f"\n## {title}\n\n" + _table(("what", "at most"), list(lines))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _time(seconds: int) -> str:
    size, unit = next((size, unit) for size, unit in UNITS if seconds % size == 0)
    count = seconds // size
    return f"{count} {unit}" + ("s" if count != 1 else "")


def _span(time: timedelta) -> str:
    return _time(time // timedelta(seconds=1))


def _bytes(count: int) -> str:
    for size, unit in ((2**20, "MB"), (2**10, "KB")):
        if count % size == 0:
            return f"{count // size} {unit}"
    return f"{count:,} bytes"


def _range(span: Span) -> str:
    return f"{span[0]} to {span[1]}"


def _characters(span: Span) -> str:
    return f"{_range(span)} characters"


if __name__ == "__main__":
    sys.stdout.write(page())
