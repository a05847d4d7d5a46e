"""An operator's authorizer in Python, as it could be deployed to Lambda: it recognizes tokens by their beginnings."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
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


class Slow:
    """An authorizer that answers when the test opens its gate; about some tokens at once, with a yes."""

    account = ""

    def __init__(self, at_once: Collection[str] = (), **answer: object) -> None:
        self.answer = {"isAuthorized": True} | answer
        self.at_once = at_once
        self.asked: Counter[str] = Counter()
        self.most = self.under_way = 0
        self.gate = asyncio.Event()

    async def ask(self, question: Mapping[str, object]) -> object:
        """Answer, and count."""
        token = str(question["authorizationToken"])
        if token in self.at_once:
            return {"isAuthorized": True}
        self.asked[token] += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await self.gate.wait()
        self.under_way -= 1
        return self.answer


async def let_run() -> None:
    """Let all tasks run until each waits for this authorizer, or for another that does: no clock is involved."""
    for _ in range(20):
        await asyncio.sleep(0)
