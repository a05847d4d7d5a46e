"""logActivity by hand: the statements of one public walk in one team with a running goal, in the service's order."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from milequest.rules.ids import new_id
from milequest.store.sql import activities, contributions, entries, log, logged_days, milestones, progress, users
from milequest.store.sql.transaction import Connection

_DIGEST = bytes(32)


async def log_activity(db: Connection, variables: dict[str, Any]) -> dict[str, Any]:
    """Log the walk of `input` for the viewer and return it with the goal's progress."""
    viewer, given, now = UUID(variables["viewer"]), variables["input"], datetime.now(UTC)
    began, walk_id = datetime.fromisoformat(given["startedAt"]), new_id(now)
    mm, seconds, key = round(given["distanceMeters"] * 1000), given["durationSeconds"], given["idempotencyKey"]
    await db.execute("BEGIN")
    profile = await db.fetchrow(users._PROFILE + "FOR NO KEY UPDATE", viewer)
    assert profile is not None
    day = began.astimezone(ZoneInfo(profile["timezone"])).date()
    counted = (walk_id, viewer, True, mm, seconds, 0, day, began, now)
    await db.fetchrow(activities._BY_KEY, viewer, key)
    await db.fetchrow(logged_days._DAY, viewer, day, began, float(seconds), mm, "WALK", walk_id)
    told = (
        walk_id,
        viewer,
        "WALK",
        mm,
        seconds,
        None,
        None,
        began,
        profile["timezone"],
        0,
        day,
        None,
        "MANUAL",
        None,
    )
    await db.fetchval(activities._INSERT, *told, "PUBLIC", "COUNTED", key, _DIGEST, now)
    await db.execute(contributions._LOCK_BOARDS, viewer, began, walk_id)
    team_id, _closed, _verdict, goal_id, *_ = (await db.fetch(contributions._LOCK_GOALS, viewer, began, day, walk_id))[
        0
    ]
    await db.fetch(contributions._PUT, [goal_id], [mm], [team_id], [goal_id], [team_id], *counted)
    await db.execute(entries._REFRESH, [team_id], viewer, [day], [goal_id], viewer.int % entries.SHARDS)
    channel = f"team:{team_id.hex}"
    await db.fetch(log._APPEND, [channel], [1], [channel], [0], ["ACTIVITY_ADDED"], [walk_id], [{}], [now])
    await db.execute("COMMIT")
    walk = await db.fetchrow(activities._OWN_WALKS, viewer, [walk_id])
    assert walk is not None
    await db.fetch(milestones._BY_IDS, viewer, [])
    at = (await db.fetch(progress._PROGRESS, viewer, [goal_id]))[0]
    return {
        "logActivity": {
            "activity": {"id": f"activity_{walk_id.hex}", "distanceMeters": walk["distance_mm"] / 1000},
            "progress": [{"totalMeters": at["total_mm"] / 1000}],
        }
    }
