"""Keys and attributes of the table's rows. Each row expires after the longest lifetime of a socket."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zlib import crc32

import orjson

from milequest.rules.identity import ANONYMOUS, Identity, IdentityKind
from milequest.rules.instants import from_seconds, seconds
from milequest.store.aws.dynamodb import Item, Key

LIFE: Final = 2 * 3600  # seconds, API Gateway's limit of a socket
MARGIN: Final = 15 * 60
BUCKETS: Final = 32  # of connections; outbound messages of one bucket are sent batch by batch
OF_LOGS: Final = "log:"
OF_STATES: Final = "state:"
SHARDS: Final = 4  # of a log's subscribers; it divides BUCKETS, so a bucket lies in one shard


def expiry(now: datetime) -> int:
    """Return when a row that is written now expires, in seconds."""
    return seconds(now) + LIFE + MARGIN


def bucket(connection: str) -> int:
    """Return the bucket of a connection."""
    return crc32(connection.encode()) % BUCKETS


def group_of_log(channel: str, connection: str) -> str:
    """Return the group of a connection's subscribers of a log."""
    return f"{OF_LOGS}{channel}#{bucket(connection) % SHARDS}"


def channel_of(group: str) -> str:
    """Return the channel of a log's group."""
    return group.removeprefix(OF_LOGS).rpartition("#")[0]


def group_of_state(topic: tuple[object, ...]) -> str:
    """Return the group of a state's subscribers. There is one, so that the state is loaded once."""
    return f"{OF_STATES}{'|'.join(map(str, topic))}"


def kind_of(group: str) -> str:
    """Return the kind of a group's feed: `log`, or the state's name."""
    return "log" if group.startswith(OF_LOGS) else group.removeprefix(OF_STATES).partition("|")[0]


def topic_of(group: str) -> str:
    """Return a group's feed in readable form: the channel, without the shard, or the state."""
    return channel_of(group) if group.startswith(OF_LOGS) else group.removeprefix(OF_STATES)


def connection_key(connection: str) -> Key:
    """Return the key of a connection; a partition has all of one bucket."""
    return Key(f"CONNECTIONS#{bucket(connection)}", connection)


def operation_key(connection: str, id: str) -> Key:
    """Return the key of a connection's operation, which has its group."""
    return Key(f"OPERATIONS#{connection}", id)


def listener_key(group: str, connection: str, id: str) -> Key:
    """Return the key of a group's subscriber."""
    return Key(f"LISTENERS#{group}", f"{connection}#{id}")


def plan_key(digest: str) -> Key:
    """Return the key of a plan."""
    return Key(f"PLAN#{digest}", "PLAN")


def position_key(group: str) -> Key:
    """Return the key of the position up to which a group was sent events."""
    return Key(f"POSITION#{group}", "POSITION")


def interest_key(channel: str, group: str) -> Key:
    """Return the key that records that a channel wakes a group."""
    return Key(f"INTEREST#{channel}", group)


def lagging_key(connection: str, id: str) -> Key:
    """Return the key of the mark of a lagging subscription, which was not sent every result."""
    return Key(lagging_bucket(bucket(connection)), f"{connection}#{id}")


def lagging_bucket(number: int) -> str:
    """Return the partition of a bucket's lagging subscriptions."""
    return f"BEHIND#{number}"


@dataclass(frozen=True, slots=True)
class OperationKey:
    """Key of a subscription to send to. `serial` distinguishes it from earlier ones of the same id."""

    connection: str
    id: str
    serial: str
    protocol: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "OperationKey":
        """Return the key of a row's subscription."""
        return cls(row["connection"], row["id"], row["serial"], row["protocol"])

    def row(self) -> dict[str, str]:
        """Return it as attributes."""
        return {"connection": self.connection, "id": self.id, "serial": self.serial, "protocol": self.protocol}


def row_of(identity: Identity) -> Item:
    """Return the attributes of an identity; never the token."""
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
    """Return the answer of an operator's authorizer as JSON."""
    said = {"context": identity.resolver_context, "denied": sorted(identity.denied)}
    return orjson.dumps(said).decode()


def identity_of(row: Mapping[str, Any]) -> Identity:
    """Return the identity of a row."""
    until = from_seconds(row["until"]) if "until" in row else None
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
