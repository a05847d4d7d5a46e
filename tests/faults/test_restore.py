"""Data that somebody destroyed is restored to the moment before: in small what `make drill` does with many."""

from collections.abc import Iterator

import pytest

from tests.faults.cluster import balancing
from tests.soak.crowd import Crowd
from tests.soak.drill import Load, under_load
from tests.soak.regions import Servers
from tests.soak.restore_drill import archived_place, destroy_and_restore
from tests.soak.restoring import Archive

FEW = Load(cursors=5, coming=0, pace=0.2, away=0.5)


@pytest.fixture
def place() -> Iterator[tuple[Crowd, Servers, Archive]]:
    """Yield people who are served, and the archive of their database."""
    with archived_place(people=3) as made:
        yield made


async def test_destroyed_data_is_restored_to_the_moment_before_and_listeners_begin_again(
    place: tuple[Crowd, Servers, Archive],
) -> None:
    crowd, servers, archive = place
    async with balancing([servers.node]) as balancer, under_load(balancer, crowd, FEW) as drill:
        await destroy_and_restore(drill, balancer, servers, archive, walks=10)
