"""The live benches run, at their smallest: a broken one would not be noticed otherwise."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from milequest.runtime import open_runtime
from milequest.settings import Settings
from tests.performance import arena as arenas
from tests.performance import bench, fanout, measuring, population, soak, storm, topics, writes
from tests.performance.arena import Arena, on
from tests.performance.population import Size
from tests.performance.servers import Stage

SIZE = Size(teams=8, members=20, crowd=32)  # so many that no one walks more often than allowed

pytestmark = pytest.mark.skipif(not measuring.known(), reason="the benches read /proc")


@pytest.fixture
def arena(database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Arena]:
    monkeypatch.setattr(arenas, "SILENCE", 0.1)
    settings = Settings(database_url=database_url, redis_url=redis_url, embedded=True)

    async def fill() -> None:
        async with open_runtime(settings) as runtime:
            await population.make(runtime, datetime.now(UTC), SIZE)

    asyncio.run(fill())
    with on(Stage(settings, tmp_path, []), SIZE) as arena:
        yield arena


def test_fan_out_bench_runs_and_prints_five_rows(
    arena: Arena, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fanout, "EVENTS", 1)
    monkeypatch.setattr(fanout, "SOME", 2)
    fanout.run(arena, [24])
    lines = [line for line in capsys.readouterr().out.splitlines() if line.strip().startswith("24")]
    assert len(lines) == 5


def test_topics_bench_runs_to_its_report(arena: Arena, capsys: pytest.CaptureFixture[str]) -> None:
    topics.run(arena, 3, 4)
    assert "service" in capsys.readouterr().out


def test_storm_bench_runs_to_its_report(arena: Arena, capsys: pytest.CaptureFixture[str]) -> None:
    storm.run(arena, 40)
    assert "40 clients" in capsys.readouterr().out


def test_writes_bench_runs_to_its_report(
    arena: Arena, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(writes, "WARM_UP", 0.2)
    monkeypatch.setattr(writes, "WRITERS", 2)
    monkeypatch.setattr(bench.Bench, "_cpu", lambda self, server: (measuring.cpu_seconds(server.pid), 0.0))
    writes.run(arena, SIZE.teams, SIZE.crowd, rounds=1, seconds=0.2)
    assert "one hot team" in capsys.readouterr().out


def test_soak_bench_runs_to_its_report(arena: Arena, capsys: pytest.CaptureFixture[str]) -> None:
    soak.run(arena, 20, 3.0)
    assert "descriptors" in capsys.readouterr().out


def test_rising_memory_is_not_reported_as_level() -> None:
    assert soak.drift([100.0] * 9) == 0
    assert soak.drift([100.0, 103, 106, 109, 112, 115]) > soak.MARGIN
