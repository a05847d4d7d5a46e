"""Resources of a process, opened once: pools and clients, and coalescers on them. Nothing else belongs here."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from milequest.providers import Providers, choose
from milequest.providers.identity import IdentityProvider, choose_identity
from milequest.providers.identity.authorizer import Authorizer, choose_authorizer
from milequest.providers.mail import open_mailer
from milequest.providers.mail.local import LocalMailbox
from milequest.rules.budgets import Payer
from milequest.rules.mail import Mailer
from milequest.settings import Settings
from milequest.store.aws import roles
from milequest.store.aws.client import Aws, open_aws
from milequest.store.aws.sqs import Queue
from milequest.store.cache.budgets import Budgets
from milequest.store.cache.bus import Bus
from milequest.store.cache.rate_limits import RateLimits
from milequest.store.cache.valkey_client import Valkey, connect
from milequest.store.coalescer import RequestCoalescer
from milequest.store.pictures import Pictures
from milequest.store.pictures import choose as choose_pictures
from milequest.store.sql import audience
from milequest.store.sql.audience import SubscriberAccess
from milequest.store.sql.revocations import Revocations
from milequest.store.sql.transaction import Pool, Tx, open_pool, transact

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Runtime:
    """Pools of the writer and the reader, the clients of Redis and AWS, outside services: for the process's life."""

    settings: Settings
    writer: Pool
    reader: Pool
    redis: Valkey
    aws: Aws
    providers: Providers
    identity: IdentityProvider
    mailer: Mailer
    mailbox: LocalMailbox
    pictures: Pictures
    rate_limits: RateLimits
    budgets: Budgets
    bus: Bus
    revocations: Revocations
    authorizer: Authorizer | None
    access_of: RequestCoalescer[audience.UserAndTeam, SubscriberAccess]  # users' access to teams, as the writer has it

    @property
    def env(self) -> Mapping[str, str]:
        """The settings that resolvers may read, by name: nothing secret."""
        return {"PUBLIC_URL": self.settings.origin}

    async def commit(self, action: Callable[[Tx], Awaitable[T]]) -> T:
        """Run `action` in one transaction, wake the subscribers of its events, and return its result.

        It may run more than once, so it touches nothing but the database. Raises UNAVAILABLE as `transact` does.
        """
        committed = await transact(self.writer, action)
        await self.bus.wake(committed.positions)
        return committed.result


@asynccontextmanager
async def open_runtime(settings: Settings, *, serves: bool = True) -> AsyncIterator[Runtime]:
    """Open everything `settings` name; close it in the opposite order.

    A process that `serves` connects before the first request, and receives the wake-ups of others' commits. One that
    works call by call, and sleeps between them, connects to a server when it is needed.
    """
    async with AsyncExitStack() as stack:
        writer = await stack.enter_async_context(
            await open_pool(
                settings.database_url,
                settings.database_pool,
                waiting=serves,
                password=roles.password(settings, settings.database_url),
            )
        )
        reader = writer
        if settings.database_reader_url:
            reader = await stack.enter_async_context(
                await open_pool(
                    settings.database_reader_url,
                    settings.database_pool,
                    waiting=serves,
                    password=roles.password(settings, settings.database_reader_url),
                )
            )
        redis = await stack.enter_async_context(aclosing(connect(settings)))
        mailbox = LocalMailbox(redis)
        aws = await stack.enter_async_context(open_aws(settings))
        limits, bus, revocations = RateLimits(redis), Bus(redis, writer), Revocations(writer)
        revocations.wake = bus.wake
        mailer = await stack.enter_async_context(open_mailer(settings, mailbox, aws, queued=serves))
        identity = choose_identity(settings, writer, mailer, aws, revocations)
        budgets = Budgets(redis, _points(settings), call_by_call=not serves)
        stack.push_async_callback(budgets.close)
        if settings.live_kicks_queue:
            bus.commit_queue = Queue(aws, settings.live_kicks_queue)
        if serves:
            await revocations.refresh()
            listening = asyncio.create_task(bus.run())
            stack.callback(listening.cancel)
        access_of = RequestCoalescer(partial(audience.access_of, writer))
        pictures, authorizer = choose_pictures(settings, aws), choose_authorizer(settings, aws)
        yield Runtime(
            settings,
            writer,
            reader,
            redis,
            aws,
            choose(settings),
            identity,
            mailer,
            mailbox,
            pictures,
            limits,
            budgets,
            bus,
            revocations,
            authorizer,
            access_of,
        )


def _points(settings: Settings) -> Mapping[Payer, int]:
    """Return the points an hour of each kind of caller."""
    return {
        Payer.NETWORK: settings.budget_per_network,
        Payer.USER: settings.budget_per_user,
        Payer.MACHINE: settings.budget_per_machine,
    }
