"""Dispatch of a log's entries. Each feed is loaded once per scope, and each plan is run once per scope and event."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from milequest.rules.enums import Delivery
from milequest.rules.instants import milliseconds
from milequest.rules.live import LogEnd
from milequest.runtime import Runtime
from milequest.store.sql.log import LogEntry
from milequest.telemetry import metrics, spans
from resolvers.feeds import EventEnvelope, LogFeed
from subscriptions.audiences import Cohorts, cohorts_of
from subscriptions.plans import Plan, Scope, request_for
from subscriptions.policy import admit, holds_for_all
from subscriptions.protocols.protocol_steps import Result
from subscriptions.subscribers import Subscriber


class _Remaining(Collection[Subscriber]):
    """Subscribers of `some` that are still in `all_` at the time of iteration."""

    def __init__(self, some: Collection[Subscriber], all_: Collection[Subscriber]) -> None:
        self._some = some
        self._all = all_

    def __iter__(self) -> Iterator[Subscriber]:
        return (subscriber for subscriber in self._some if subscriber in self._all)

    def __contains__(self, subscriber: object) -> bool:
        return subscriber in self._some and subscriber in self._all

    def __len__(self) -> int:
        return sum(1 for _ in self)


async def dispatch(
    runtime: Runtime, end: LogEnd, entries: Sequence[LogEntry], cohorts: Cohorts, replayed_up_to: int = 0
) -> None:
    """Send each subscriber what its feed shows of `entries`, except what it was sent before.

    The caller has just checked access; it is checked again if an answer turns out to hold for one subscriber only.
    Events up to the sequence `replayed_up_to` are sent as REPLAY. The cohorts may change meanwhile: removed subscribers
    are sent nothing more.
    """
    alike: defaultdict[tuple[str, Scope], dict[Plan, Collection[Subscriber]]] = defaultdict(dict)
    for (plan, scope), subscribers in cohorts.items():
        alike[_log(plan).name, scope][plan] = subscribers
    with spans.following((entry.traceparent for entry in entries), "dispatch", attributes={"events": len(entries)}):
        for by_plan in alike.values():
            await _dispatch_scope(runtime, end, entries, by_plan, replayed_up_to)


async def _dispatch_scope(
    runtime: Runtime,
    end: LogEnd,
    entries: Sequence[LogEntry],
    by_plan: Mapping[Plan, Collection[Subscriber]],
    replayed_up_to: int,
) -> None:
    representative = next((subscriber for subscribers in by_plan.values() for subscriber in subscribers), None)
    if representative is None:
        return
    feed = _log(representative.plan)
    wanted = [entry for entry in entries if entry.kind in feed.kinds]
    if not wanted:
        return
    request = request_for(runtime, representative.identity)
    heads = [_head(feed, end, entry, replayed_up_to) for entry in wanted]
    events = await feed.events(request, heads, wanted)
    answers: dict[Plan, list[tuple[int, Result]]] = {}
    for plan in by_plan:
        results = [(event, await plan.answer(event, request)) for event in events if plan.wants(event)]
        answers[plan] = [(event.sequence, Result(payload, event.cursor)) for event, payload in results]
    everybody = [subscriber for subscribers in by_plan.values() for subscriber in subscribers]
    if not await holds_for_all(runtime.writer, representative, everybody):
        admitted = cohorts_of(await admit(runtime.writer, feed.access_rule, everybody, request.now))
        remaining = {(plan, scope): _Remaining(some, by_plan[plan]) for (plan, scope), some in admitted.items()}
        await dispatch(runtime, end, entries, remaining, replayed_up_to)
        return
    sent = sum(_send(answers[plan], list(subscribers)) for plan, subscribers in by_plan.items())
    if metrics.recorder is not None and sent:
        lag = milliseconds(datetime.now(UTC)) - milliseconds(wanted[0].occurred_at)
        metrics.recorder.delivered(sent, None if replayed_up_to else lag / 1_000)


async def send_initial(runtime: Runtime, end: LogEnd, delivery: Delivery, group: Sequence[Subscriber]) -> None:
    """Send subscribers of one plan and one scope their first event: their cursor and a snapshot of the team."""
    feed, request = _log(group[0].plan), request_for(runtime, group[0].identity)
    head = EventEnvelope(str(end.cursor(end.sequence)), end.sequence, delivery, request.now, feed.team_id)
    event = await feed.start(request, head)
    payload = await group[0].plan.answer(event, request)
    if not await holds_for_all(runtime.writer, group[0], group):
        for alike in cohorts_of(await admit(runtime.writer, feed.access_rule, group, request.now)).values():
            await send_initial(runtime, end, delivery, alike)
        return
    for subscriber in group:
        subscriber.sequence = end.sequence
        subscriber.sink.deliver([Result(payload, head.cursor)])


def _send(answers: Sequence[tuple[int, Result]], subscribers: Iterable[Subscriber]) -> int:
    """Send each subscriber the results after its sequence, in one call; return how many that were."""
    everything = [result for _, result in answers]
    sent = 0
    for subscriber in subscribers:
        if not answers or subscriber.sequence >= answers[-1][0]:
            continue
        missed = subscriber.sequence >= answers[0][0]
        results = [one for sequence, one in answers if sequence > subscriber.sequence] if missed else everything
        subscriber.sequence = answers[-1][0]
        subscriber.sink.deliver(results)
        sent += len(results)
    return sent


def _head(feed: LogFeed, end: LogEnd, entry: LogEntry, replayed_up_to: int) -> EventEnvelope:
    delivery = Delivery.REPLAY if entry.sequence <= replayed_up_to else Delivery.LIVE
    return EventEnvelope(str(end.cursor(entry.sequence)), entry.sequence, delivery, entry.occurred_at, feed.team_id)


def _log(plan: Plan) -> LogFeed:
    assert isinstance(plan.feed, LogFeed), "a state is sent by its topic"
    return plan.feed
