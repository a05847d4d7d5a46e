"""Where everything stands in the table. Each row goes by itself when the sockets it is about must be long gone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zlib import crc32

import orjson

from milequest.rules.identity import ANONYMOUS, Identity, IdentityKind
from milequest.rules.instants import of_seconds, seconds
from milequest.store.aws.dynamodb import Item, Key

LIFE: Final = 2 * 3600  # seconds API Gateway lets a socket live
MARGIN: Final = 15 * 60
BUCKETS: Final = 32  # of connections; posts to those of one bucket are sent one batch after another
OF_LOGS: Final = "log:"
OF_STATES: Final = "state:"
SHARDS: Final = 4  # of a log's listeners; it divides BUCKETS, so a bucket lies in one shard


def expiry(now: datetime) -> int:
    """When a row that is written now may go."""
    return seconds(now) + LIFE + MARGIN


def bucket(connection: str) -> int:
    """The bucket of a connection."""
    return crc32(connection.encode()) % BUCKETS


def group_of_log(channel: str, connection: str) -> str:
    """The group of a log's listener."""
    return f"{OF_LOGS}{channel}#{bucket(connection) % SHARDS}"


def channel_of(group: str) -> str:
    """The channel of a log's group."""
    return group.removeprefix(OF_LOGS).rpartition("#")[0]


def group_of_state(topic: tuple[object, ...]) -> str:
    """The group of a state's listeners. It is one, so that the state is looked at once."""
    return f"{OF_STATES}{'|'.join(map(str, topic))}"


def kind_of(group: str) -> str:
    """What a group listens to: `log`, or which state."""
    return "log" if group.startswith(OF_LOGS) else group.removeprefix(OF_STATES).partition("|")[0]


def topic_of(group: str) -> str:
    """What those of a group listen to, as people read it: the channel, whichever the shard, or the state."""
    return channel_of(group) if group.startswith(OF_LOGS) else group.removeprefix(OF_STATES)


def connection_key(connection: str) -> Key:
    """A connection; the partition has all of its bucket."""
    return Key(f"CONNECTIONS#{bucket(connection)}", connection)


def operation_key(connection: str, id: str) -> Key:
    """A connection's subscription: which group it listens in."""
    return Key(f"OPERATIONS#{connection}", id)


def listener_key(group: str, connection: str, id: str) -> Key:
    """A group's listener."""
    return Key(f"LISTENERS#{group}", f"{connection}#{id}")


def plan_key(digest: str) -> Key:
    """A document with its variables."""
    return Key(f"PLAN#{digest}", "PLAN")


def position_key(group: str) -> Key:
    """How far a group has been told."""
    return Key(f"POSITION#{group}", "POSITION")


def interest_key(channel: str, group: str) -> Key:
    """That a group is to be woken with a channel."""
    return Key(f"INTEREST#{channel}", group)


def behind_key(connection: str, id: str) -> Key:
    """That a subscription was not told everything."""
    return Key(behind_bucket(bucket(connection)), f"{connection}#{id}")


def behind_bucket(number: int) -> str:
    """The partition of all of a bucket who were not told everything."""
    return f"BEHIND#{number}"


@dataclass(frozen=True, slots=True)
class OperationKey:
    """A subscription as it is written to. `serial` tells it from others that had its id."""

    connection: str
    id: str
    serial: str
    protocol: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "OperationKey":
        """The one that a row is about."""
        return cls(row["connection"], row["id"], row["serial"], row["protocol"])

    def row(self) -> dict[str, str]:
        """As attributes."""
        return {"connection": self.connection, "id": self.id, "serial": self.serial, "protocol": self.protocol}


def row_of(identity: Identity) -> Item:
    """What is kept of who is connected: never the token."""
    until = identity.expires_at
    return {
        "user": identity.user_id.hex if identity.user_id else None,
        "username": identity.username,
        "groups": sorted(identity.groups),
        "until": seconds(until) if until else None,
        "session": identity.session_id,
        "began": identity.began_at,
        "authorized": _authorized(identity) if identity.kind is IdentityKind.LAMBDA else None,
    }


def _authorized(identity: Identity) -> str:
    """What an operator's authorizer said, as JSON."""
    said = {"context": identity.resolver_context, "denied": sorted(identity.denied)}
    return orjson.dumps(said).decode()


def identity_of(row: Mapping[str, Any]) -> Identity:
    """Who is connected."""
    until = of_seconds(row["until"]) if "until" in row else None
    if "authorized" in row:
        said = orjson.loads(row["authorized"])
        context, denied = said["context"], frozenset(said["denied"])
        return Identity(IdentityKind.LAMBDA, resolver_context=context, denied=denied, expires_at=until)
    if "user" not in row:
        return ANONYMOUS
    of_token = {"origin_jti": row.get("session"), "auth_time": row["began"]} if "began" in row else {}
    return Identity(
        IdentityKind.USER,
        UUID(row["user"]),
        username=row.get("username"),
        groups=frozenset(row["groups"]),
        claims=of_token,
        expires_at=until,
    )
