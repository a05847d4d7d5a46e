"""A region with many followers is lost: the other is promoted by the runbook, and the first is restored."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.config import PRODUCTION
from infra.names import Names
from tests.faults.cluster import Balancer, balancing
from tests.soak.crowd import Crowd, prepared
from tests.soak.drill import Load, lose_and_give_back, under_load
from tests.soak.regions import Region, Servers
from tests.soak.restore_drill import archived_place, destroy_and_restore
from tests.soak.stacks import Route53, Stacks, published

MANY = Load(cursors=200, coming=0, pace=1, away=2)
SOME = Load(cursors=50, coming=15, pace=4, away=20)  # each of whose messages is a function's call


async def lead(balancer: Balancer, regions: list[Servers]) -> None:
    """Direct clients to the ready regions."""
    while True:
        ready = await asyncio.gather(*(asyncio.to_thread(region.is_ready) for region in regions))
        balancer.nodes = [region.node for region, good in zip(regions, ready, strict=True) if good]
        await asyncio.sleep(0.2)


@contextmanager
def ended(*regions: Region) -> Iterator[None]:
    """Stop them in the end."""
    try:
        yield
    finally:
        for region in regions:
            region.end()


@pytest.fixture
def servers() -> Iterator[tuple[Crowd, list[Servers]]]:
    """Yield two regions with a node each."""
    crowd, *places = prepared()
    regions = [Servers(place.folder, place.database) for place in places]
    with ended(*regions):
        for region in regions:
            region.serve()
        yield crowd, regions


@pytest.fixture
def stacks(templates: Path) -> Iterator[tuple[Crowd, list[Stacks]]]:
    """Yield production's two regions."""
    crowd, *places = prepared()
    with published(crowd.keys) as keys:
        regions = [
            Stacks(place.folder, place.database, Names(PRODUCTION, region), templates, keys)
            for place, region in zip(places, PRODUCTION.regions, strict=True)
        ]
        with ended(*regions):
            with ThreadPoolExecutor() as pool:
                list(pool.map(Stacks.serve, regions))
            yield crowd, regions


async def test_a_region_of_servers_is_lost_taken_over_and_given_back(servers: tuple[Crowd, list[Servers]]) -> None:
    """200 follow, each directed to the region that is writable by its `/readyz`."""
    crowd, regions = servers
    async with (
        balancing([]) as balancer,
        under_load(balancer, crowd, MANY, lead(balancer, regions)) as drill,
    ):
        await lose_and_give_back(drill, *regions)


async def test_a_region_of_aws_is_lost_taken_over_and_given_back(
    stacks: tuple[Crowd, list[Stacks]], templates: Path
) -> None:
    """Clients are directed by the records and health checks of the templates."""
    crowd, regions = stacks
    names = Route53(regions, templates)
    async with under_load(names, crowd, SOME, names.lead()) as drill:
        await lose_and_give_back(drill, *regions)


async def test_destroyed_data_of_many_is_restored_to_the_moment_before() -> None:
    """200 follow, of whom each is ahead of what is restored."""
    with archived_place() as (crowd, servers, archive):
        async with balancing([servers.node]) as balancer, under_load(balancer, crowd, MANY) as drill:
            await destroy_and_restore(drill, balancer, servers, archive, walks=60)
