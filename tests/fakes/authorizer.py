"""An operator's authorizer in Python, as it could be deployed to Lambda: it recognizes tokens by their beginnings."""

from typing import Any

asked: list[dict[str, Any]] = []  # its calls, the last at the end


def decide(event: dict[str, Any], context: object) -> Any:
    """Decide about `wall`, `wall 60` (cached for a minute) and `wall 60 Team.name` (without some fields)."""
    asked.append(event)
    name, *more = event["authorizationToken"].removeprefix("Bearer ").split()
    if name == "broken":
        raise KeyError(event["authorizationToken"])
    if name == "empty":
        return None
    if name != "wall":
        return {"isAuthorized": False}
    ttl, *denied = more or ["0"]
    context = {"machine": "wall"}
    return {"isAuthorized": True, "resolverContext": context, "ttlOverride": int(ttl), "deniedFields": denied}


async def decide_soon(event: dict[str, Any], context: object) -> Any:
    """Decide the same, async."""
    return decide(event, context)
