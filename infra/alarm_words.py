"""Words of the alarms: what is broken for whom, and the runbook's section about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Words:
    """What is broken for whom, and the heading's anchor in docs/runbook.md."""

    broken: str
    section: str

    def of(self, name: str) -> "Words":
        """Return the words about one of several, whose name stands for `{}`."""
        return Words(self.broken.format(name), self.section)


def _domain(name: str) -> Words:
    return Words(f"Clients of /v1/{name} get errors", "a-domain-function-fails")


FAILING: Final[Mapping[str, Words]] = {
    "api": Words("People's requests fail", "api-fails"),
    "authorizer": Words("Nobody gets in, by HTTP or WebSocket", "authorizer-fails"),
    **{name: _domain(name) for name in ("auth", "team", "activity", "map")},
    "connect": Words("Clients cannot open a WebSocket", "connect-fails"),
    "disconnect": Words("Nobody notices: rows of ended sockets stay until their time", "disconnect-fails"),
    "message": Words("Clients with a WebSocket cannot subscribe", "message-fails"),
    "relay": Words("Listeners hear news up to a minute late", "relay-fails"),
    "planner": Words("Listeners of some teams hear no news", "planner-fails"),
    "poster": Words("Some listeners hear no news", "poster-fails"),
    "later": Words("Listeners who are behind stay behind", "later-fails"),
    "interest": Words("People notice nothing: operators see a wrong number of listeners", "interest-fails"),
    "finalize": Words("Members see no outcome of goals whose days are over", "finalize-fails"),
    "prune": Words("Nobody notices yet: the log in the database grows", "prune-fails"),
    "sweep": Words("Listeners miss news that got lost, and silent sockets end", "sweep-fails"),
    "pictures": Words("People's new pictures are not shown", "pictures-fails"),
    "to-lake": Words("Analysts miss events", "to-lake-fails"),
    "usage": Words("Operators miss a day of usage beside the bill", "usage-fails"),
    "probe": Words("Nobody tells whether clients are served", "probe-fails"),
    "migrations": Words("A release stops: the database is not migrated", "migrations-fails"),
    "rotate-secret": Words("Nobody notices: the database master's password stays the old one", "rotate-secret-fails"),
    "database-roles": Words("A deployment stops: the service has no role in the database", "database-roles-fails"),
    "post-confirmation": Words("People who confirm their address see an error", "post-confirmation-fails"),
    "pre-token-generation": Words("Nobody can sign in", "pre-token-generation-fails"),
    **{
        f"rehearsal-{stack}": Words(f"A release of {stack} stops: nobody has tried it", "a-rehearsal-fails")
        for stack in ("api", "live", "identity")
    },
}
"""By function: what a failure of its calls means."""

WAITING: Final[Mapping[str, str]] = {
    "news": "Listeners hear news late",
    "posts": "Listeners hear news late",
    "later": "Listeners who are behind stay behind",
    "kicks": "Listeners hear news up to a minute late",
}
"""By queue: what it means that its messages wait."""

GAVE_UP: Final[Mapping[str, Words]] = {
    "news-dead": Words("Listeners of some teams missed news", "news-dead"),
    "posts-dead": Words("Some listeners missed news", "posts-dead"),
    "later-dead": Words("Some listeners began again late", "later-dead"),
    "kicks-dead": Words("Listeners heard some news up to a minute late", "kicks-dead"),
    "undelivered": Words("Something that was due was not done, or nobody was told of an alarm", "undelivered"),
    "interest-failed": Words("People notice nothing: operators saw a wrong number of listeners", "interest-failed"),
    **{f"{name}-failed": Words(FAILING[name].broken, "a-job-gave-up") for name in FAILING if name != "interest"},
}
"""By dead-letter queue: what it means that messages are in it."""
