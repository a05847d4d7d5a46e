"""Turns entries of a log into answers: each feed is loaded once per scope, each plan run once per scope and event."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from milequest.rules.enums import Delivery
from milequest.rules.live import LogEnd
from milequest.runtime import Runtime
from milequest.store.log import Entry
from resolvers.feeds import Head, LogFeed
from subscriptions.audiences import Cohorts, cohorts_of
from subscriptions.listeners import Listener
from subscriptions.plans import Plan, Scope, moment
from subscriptions.policy import admit, spoke_for
from subscriptions.protocols.steps import Result


class _Stayed(Collection[Listener]):
    """Those of `some` who have not left `all_` by the time they are looked at."""

    def __init__(self, some: Collection[Listener], all_: Collection[Listener]) -> None:
        self._some = some
        self._all = all_

    def __iter__(self) -> Iterator[Listener]:
        return (listener for listener in self._some if listener in self._all)

    def __contains__(self, listener: object) -> bool:
        return listener in self._some and listener in self._all

    def __len__(self) -> int:
        return sum(1 for _ in self)


async def tell(
    runtime: Runtime, end: LogEnd, entries: Sequence[Entry], cohorts: Cohorts, replayed_up_to: int = 0
) -> None:
    """Send each listener what its feed shows of `entries`, but nothing it was told before.

    The policy has just been asked, and is asked again where an answer turns out to be of one listener alone. Up to the
    sequence `replayed_up_to` events are told as missed ones. The cohorts may change meanwhile: who leaves is told no
    more.
    """
    alike: defaultdict[tuple[str, Scope], dict[Plan, Collection[Listener]]] = defaultdict(dict)
    for (plan, scope), listeners in cohorts.items():
        alike[_log(plan).name, scope][plan] = listeners
    for by_plan in alike.values():
        await _tell_alike(runtime, end, entries, by_plan, replayed_up_to)


async def _tell_alike(
    runtime: Runtime,
    end: LogEnd,
    entries: Sequence[Entry],
    by_plan: Mapping[Plan, Collection[Listener]],
    replayed_up_to: int,
) -> None:
    somebody = next((listener for listeners in by_plan.values() for listener in listeners), None)
    if somebody is None:
        return
    feed = _log(somebody.plan)
    wanted = [entry for entry in entries if entry.kind in feed.kinds]
    if not wanted:
        return
    request = moment(runtime, somebody.identity)
    heads = [_head(feed, end, entry, replayed_up_to) for entry in wanted]
    events = await feed.events(request, heads, wanted)
    answers: dict[Plan, list[tuple[int, Result]]] = {}
    for plan in by_plan:
        told = [(event, await plan.answer(event, request)) for event in events if plan.wants(event)]
        answers[plan] = [(event.sequence, Result(payload, event.cursor)) for event, payload in told]
    everybody = [listener for listeners in by_plan.values() for listener in listeners]
    if not await spoke_for(runtime.writer, somebody, everybody):
        admitted = cohorts_of(await admit(runtime.writer, feed.gate, everybody, request.now))
        stayed = {(plan, scope): _Stayed(some, by_plan[plan]) for (plan, scope), some in admitted.items()}
        await tell(runtime, end, entries, stayed, replayed_up_to)
        return
    for plan, listeners in by_plan.items():
        _send(answers[plan], list(listeners))


async def start(runtime: Runtime, end: LogEnd, delivery: Delivery, group: Sequence[Listener]) -> None:
    """Tell listeners of one plan and one scope where they are, and the team to begin from."""
    feed, request = _log(group[0].plan), moment(runtime, group[0].identity)
    head = Head(str(end.cursor(end.sequence)), end.sequence, delivery, request.now, feed.team_id)
    event = await feed.start(request, head)
    payload = await group[0].plan.answer(event, request)
    if not await spoke_for(runtime.writer, group[0], group):
        for alike in cohorts_of(await admit(runtime.writer, feed.gate, group, request.now)).values():
            await start(runtime, end, delivery, alike)
        return
    for listener in group:
        listener.sequence = end.sequence
        listener.sink.deliver([Result(payload, head.cursor)])


def _send(told: Sequence[tuple[int, Result]], listeners: Iterable[Listener]) -> None:
    """Send all of them, at once, what they were not told of yet."""
    everything = [result for _, result in told]
    for listener in listeners:
        if not told or listener.sequence >= told[-1][0]:
            continue
        missed = listener.sequence >= told[0][0]
        results = [one for sequence, one in told if sequence > listener.sequence] if missed else everything
        listener.sequence = told[-1][0]
        listener.sink.deliver(results)


def _head(feed: LogFeed, end: LogEnd, entry: Entry, replayed_up_to: int) -> Head:
    delivery = Delivery.REPLAY if entry.sequence <= replayed_up_to else Delivery.LIVE
    return Head(str(end.cursor(entry.sequence)), entry.sequence, delivery, entry.occurred_at, feed.team_id)


def _log(plan: Plan) -> LogFeed:
    assert isinstance(plan.feed, LogFeed), "state is told by its topic"
    return plan.feed
