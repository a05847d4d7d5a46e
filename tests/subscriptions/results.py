"""Results of subscriptions, in short."""

from typing import Any


def values(event: Any) -> list[float]:
    """Return the values on a board."""
    return [node["value"] for node in event["leaderboard"]["entries"]["nodes"]]
