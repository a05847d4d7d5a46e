"""Plans by their digest: stored when a client subscribes, and prepared from there by the fan-out, once per process."""

import hashlib
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from milequest.lru import LruCache
from milequest.rules.errors import ErrorCode, Refused
from milequest.rules.identity import Identity
from milequest.runtime import Runtime
from milequest.store.aws.dynamodb import Table
from milequest.store.sql.log import epoch
from schema.error_payloads import OperationFailed, error_payload
from schema.operation import Operation
from subscriptions.apigateway.table_rows import expiry, plan_key
from subscriptions.operations import begin_charged
from subscriptions.plans import Plan, PlanKey, Plans, request_for

MOST = 1_000
MOST_BYTES = 64 * 1024 * 1024  # of all plans: an eighth of a function's memory

log = logging.getLogger("milequest.socket")


class PlanCache:
    """Plans of this process, the most recently used."""

    def __init__(self, runtime: Runtime, table: Table) -> None:
        self.plans = Plans()
        self._runtime = runtime
        self._table = table
        self._kept: LruCache[str, Plan] = LruCache(
            MOST, most_cost=MOST_BYTES, cost_of=_bytes, on_evict=lambda plan: self.plans.release(plan)
        )

    async def store(self, key: PlanKey, variables: Mapping[str, Any] | None, now: datetime) -> str:
        """Store a plan for the fan-out and return its digest.

        Its variables include the `after` of one of its subscribers, which is ignored.
        """
        parts = (key.text.encode(), (key.operation_name or "").encode(), key.variables)
        digest = hashlib.sha256(b"\0".join(parts)).hexdigest()
        await self._table.put(
            plan_key(digest),
            {
                "text": key.text,
                "operation": key.operation_name,
                "variables": orjson.dumps(variables or {}).decode(),
                "expires": expiry(now),
            },
        )
        return digest

    async def plan(self, digest: str, identity: Identity) -> Plan:
        """Return the plan of a digest. Raises OperationFailed if `identity` is refused it, or it is not stored."""
        plan = self._kept.get(digest)
        if plan is None:
            plan = self._kept[digest] = await self._made(digest, identity)
        return plan

    async def _made(self, digest: str, identity: Identity) -> Plan:
        await epoch(self._runtime.writer)  # raises Away to retry the message: no reason to end a subscription
        row = await self._table.get(plan_key(digest))
        if row is None:
            log.error("no plan %s", digest)  # the client's next subscribe stores the plan again
            raise OperationFailed(
                error_payload(Refused(ErrorCode.UNAVAILABLE, "Subscribe again.", retryable=True, retryAfterSeconds=1))
            )
        operation = Operation(row["text"], orjson.loads(row["variables"]), row.get("operation"))
        return (await begin_charged(self.plans, request_for(self._runtime, identity), operation)).plan


def _bytes(plan: Plan) -> int:
    return min(sum(plan.cost.weights.values()), MOST_BYTES)  # the largest is kept too, alone
