"""Files are imported through the same actions as all writes, and a second time add nothing."""

import csv
import io
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from milequest.jobs.imports import WalksImported, import_route, import_walks
from milequest.rules.errors import Refused, ValidationError
from milequest.rules.events import team_channel
from milequest.runtime import Runtime
from milequest.settings import PROJECT
from milequest.store.sql.transaction import Pool
from tests.milequest.imports.gpx_files import segment, track
from tests.quest import Caller, Quest

DATA = PROJECT.parent / "shared" / "data"
NOW = datetime(2026, 11, 30, 15, tzinfo=UTC)
HEADER = "Id,ActivityDate,TotalSteps,TotalDistance,VeryActiveMinutes,FairlyActiveMinutes,LightlyActiveMinutes\n"
ROWS = (
    "ann,4/12/2016,10000,7.5,10,20,30\n"
    "ann,4/13/2016,0,0,0,0,0\n"
    "bob,4/12/2016,4000,3.000001,0,0,0\n"  # distance, but no active minute
    "bob,4/18/2016,2000,1.25,1,1,1\n"
)
SUMS = (
    "SELECT u.name, sum(c.distance_mm)::bigint FROM contribution c JOIN app_user u ON u.id = c.user_id GROUP BY u.name"
)

WEEKS = """
SELECT starts_on::text, sum(distance_mm)::bigint FROM board_entry WHERE period = 'WEEK'
GROUP BY starts_on ORDER BY starts_on
"""


@pytest.fixture
def runtime(quest: Quest) -> Runtime:
    return quest.runtime


@pytest.fixture
def pool(runtime: Runtime) -> Pool:
    return runtime.writer


async def walks(runtime: Runtime, text: str, zone: str = "America/New_York") -> WalksImported:
    return await import_walks(runtime, io.StringIO(text), ZoneInfo(zone), "Imported", NOW, lambda *_: None)


async def sums_of_people(pool: Pool) -> dict[str, int]:
    return {row[0]: row[1] for row in await pool.fetch(SUMS)}


async def test_daily_totals_become_device_records_and_twice_is_once(runtime: Runtime, pool: Pool) -> None:
    first, second = await walks(runtime, HEADER + ROWS), await walks(runtime, HEADER + ROWS)
    assert (first.people, first.added, first.known, len(first.skipped)) == (2, 3, 0, 1)
    assert (second.people, second.added, second.known, len(second.skipped)) == (2, 0, 3, 1)
    assert first.skipped[0].line == 3
    assert await sums_of_people(pool) == {"Fitbit ann": 7_500_000, "Fitbit bob": 4_250_001}
    records = await pool.fetch(
        "SELECT source, duration_s, local_date::text, timezone FROM activity ORDER BY local_date, id"
    )
    assert {tuple(record) for record in records} == {
        ("FITBIT", 3600, "2016-04-12", "America/New_York"),
        ("FITBIT", None, "2016-04-12", "America/New_York"),
        ("FITBIT", 180, "2016-04-18", "America/New_York"),
    }
    weeks = await pool.fetch(WEEKS)
    assert [tuple(week) for week in weeks] == [("2016-04-11", 10_500_001), ("2016-04-18", 1_250_000)]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", HEADER, HEADER + "ann,4/13/2016,0,0,0,0,0\n"])
async def test_a_file_without_walks_is_refused_and_changes_nothing(runtime: Runtime, pool: Pool, text: str) -> None:
    with pytest.raises(ValidationError):
        await walks(runtime, text)
    assert await pool.fetchval("SELECT count(*) FROM team") == 0


COUNTS = """
SELECT (SELECT count(*) FROM team) AS teams, (SELECT count(*) FROM app_user) AS users,
       (SELECT count(*) FROM activity) AS walks, (SELECT count(*) FROM event) AS events
"""


@pytest.mark.parametrize("day", ["12/31/9999", "1/1/0001", "1/1/2099", "12/1/2026"])
async def test_a_day_that_cannot_be_is_skipped_and_the_others_are_logged(
    runtime: Runtime, pool: Pool, day: str
) -> None:
    done = await walks(runtime, HEADER + f"ann,{day},100,1.0,1,1,1\n" + ROWS)
    assert (done.added, [row.line for row in done.skipped]) == (3, [2, 4])
    assert await pool.fetchval("SELECT max(local_date)::text FROM activity") == "2016-04-18"


async def test_a_day_that_a_zone_left_out_is_skipped(runtime: Runtime, pool: Pool) -> None:
    rows = "ann,12/29/2011,100,1,1,1,1\nann,12/30/2011,100,1,1,1,1\nann,12/31/2011,100,1,1,1,1\n"
    done = await walks(runtime, HEADER + rows, "Pacific/Apia")
    assert [(row.line, row.reason) for row in done.skipped] == [(3, "there was no 2011-12-30 in Pacific/Apia")]
    days = await pool.fetch("SELECT local_date::text FROM activity ORDER BY 1")
    assert [day[0] for day in days] == ["2011-12-29", "2011-12-31"]


async def test_today_is_logged_from_its_noon_on_with_the_clock_as_it_is(runtime: Runtime, pool: Pool) -> None:
    done = await walks(runtime, HEADER + "ann,11/30/2026,100,1,1,1,1\n", "Europe/Berlin")
    assert (done.added, await pool.fetchval("SELECT max(counted_at) FROM activity")) == (1, NOW)
    with pytest.raises(ValidationError):  # at NOW it is 8 in the morning there
        await walks(runtime, HEADER + "bob,11/30/2026,100,1,1,1,1\n", "America/Phoenix")


async def test_an_import_wakes_subscribers_of_its_team(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[str] = []
    monkeypatch.setattr(runtime.bus, "receiver", lambda channel, sequence: woken.append(channel))
    done = await walks(runtime, HEADER + ROWS)
    assert team_channel(done.team_id) in woken


async def test_a_stray_quote_at_the_end_brings_nothing(runtime: Runtime, pool: Pool) -> None:
    with pytest.raises(ValidationError):
        await walks(runtime, HEADER + ROWS + '"ann,4/14/2016,1,1,1,1,1\n')
    assert tuple((await pool.fetch(COUNTS))[0]) == (0, 0, 0, 0)


async def test_an_import_that_fails_on_the_way_leaves_nothing_behind(runtime: Runtime, pool: Pool) -> None:
    class Cut(Exception):
        pass

    def cut(done: int, of: int) -> None:
        if done == of:
            raise Cut

    with pytest.raises(Cut):
        await import_walks(runtime, io.StringIO(HEADER + ROWS), ZoneInfo("UTC"), "Imported", NOW, cut)
    assert tuple((await pool.fetch(COUNTS))[0]) == (0, 0, 0, 0)


async def test_people_without_walks_have_no_zone_yet(runtime: Runtime, pool: Pool) -> None:
    await walks(runtime, HEADER + ROWS, "UTC")
    await pool.execute("DELETE FROM goal_contribution")
    await pool.execute("DELETE FROM contribution")
    await pool.execute("DELETE FROM activity")
    assert (await walks(runtime, HEADER + ROWS, "Asia/Tokyo")).added == 3


async def test_a_device_s_daily_record_counts_whatever_its_brisk_minutes_say(runtime: Runtime, pool: Pool) -> None:
    await walks(runtime, HEADER + "few1,4/12/2016,12015,9.37,3,0,1\n")
    assert await pool.fetchval("SELECT count_status FROM activity") == "COUNTED"
    assert await sums_of_people(pool) == {"Fitbit few1": 9_370_000}


async def test_a_route_with_a_name_that_nobody_may_have_makes_no_team(runtime: Runtime, pool: Pool) -> None:
    text = track(segment((1, 2), (1.5, 2.5)))
    with pytest.raises(ValidationError):
        await import_route(runtime, io.BytesIO(text.encode()), "Imported", "a\u200bb", NOW)
    assert tuple((await pool.fetch(COUNTS))[0]) == (0, 0, 0, 0)


SEEN = "{ viewer { memberships { role team { id name memberCount goals { nodes { name status } } } } } }"


async def _brought(quest: Quest, team: str, owner: str | None, zone: str = "UTC") -> WalksImported:
    rows = io.StringIO(HEADER + ROWS)
    return await import_walks(quest.runtime, rows, ZoneInfo(zone), team, NOW, lambda *_: None, owner)


async def _address(quest: Quest, caller: Caller) -> str:
    address: str = await quest.runtime.writer.fetchval("SELECT email FROM app_user WHERE id = $1", caller.user_id)
    return address.upper()


async def test_the_owner_of_an_import_sees_it(quest: Quest) -> None:
    ada = await quest.user("Ada")
    await _brought(quest, "Files", await _address(quest, ada))
    membership = (await ada.run(SEEN))["viewer"]["memberships"][0]
    assert membership["role"] == "ADMIN"
    assert (membership["team"]["name"], membership["team"]["memberCount"]) == ("Files", 3)


async def test_an_import_that_nobody_owned_can_be_shared_later(quest: Quest) -> None:
    ada = await quest.user("Ada")
    await _brought(quest, "Files", None)
    again = await _brought(quest, "Files", await _address(quest, ada))
    assert again.added == 0
    assert (await ada.run(SEEN))["viewer"]["memberships"][0]["team"]["memberCount"] == 4


@pytest.mark.parametrize("is_public", [True, False])
async def test_people_join_a_team_that_is_there_when_its_admin_owns_the_import(quest: Quest, is_public: bool) -> None:
    ada, ben = await quest.user("Ada"), await quest.user("Ben")
    await ada.found("Walkers", isPublic=is_public)
    for stranger in (None, await _address(quest, ben)):
        with pytest.raises(Refused):
            await _brought(quest, "Walkers", stranger)
    done = await _brought(quest, "Walkers", await _address(quest, ada))
    assert (done.people, done.added) == (2, 3)
    assert (await ada.run(SEEN))["viewer"]["memberships"][0]["team"]["memberCount"] == 3


async def test_an_owner_nobody_knows_is_refused(quest: Quest) -> None:
    with pytest.raises(Refused, match="No account has the address nobody@"):
        await _brought(quest, "Files", "nobody@example.com")


async def test_second_import_in_a_different_zone_is_refused(quest: Quest) -> None:
    await _brought(quest, "Files", None, "Europe/London")
    with pytest.raises(Refused, match="in the zone Europe/London"):
        await _brought(quest, "Files", None, "Asia/Tokyo")


async def test_a_real_month_adds_up_to_the_metre(runtime: Runtime, pool: Pool) -> None:
    path = DATA / "fitbit-2016-daily-activity.csv"
    if not path.is_file():
        pytest.skip("the data set lies beside the project, not in it")
    expected: Counter[str] = Counter()
    with path.open(newline="", encoding="utf-8-sig") as source:
        for row in csv.DictReader(source):
            expected[f"Fitbit {row['Id']}"] += round(Decimal(row["TotalDistance"]) * 1_000_000)
    for added, known in ((862, 0), (0, 862)):
        with path.open(newline="", encoding="utf-8-sig") as source:
            done = await import_walks(runtime, source, ZoneInfo("Europe/London"), "Imported", NOW, lambda *_: None)
        assert (done.people, done.added, done.known, len(done.skipped)) == (33, added, known, 78)
    sums = await sums_of_people(pool)
    assert sums.keys() == {name for name, total in expected.items() if total}
    assert all(abs(total - sums[name]) < 1_000 for name, total in expected.items() if total)
    total = await pool.fetchval("SELECT sum(distance_mm)::bigint FROM board_entry WHERE period = 'ALL_TIME'")
    assert abs(total - sum(expected.values())) < 1_000


async def test_a_real_trail_becomes_a_goal_of_its_length(runtime: Runtime, pool: Pool) -> None:
    path = DATA / "appalachian-trail.gpx"
    if not path.is_file():
        pytest.skip("the data set lies beside the project, not in it")
    with path.open("rb") as source:
        made = await import_route(runtime, source, "Imported", None, datetime.now(UTC))
    goal = await pool.fetchrow("SELECT name, status, target_mm FROM goal WHERE id = $1", made.goal_id)
    assert goal is not None
    assert (made.points, round(made.sphere_meters / 1000, 1)) == (9928, 3119.5)
    assert (goal["name"], goal["status"], round(goal["target_mm"] / 1_000_000, 1)) == ("AT", "DRAFT", 3121.3)
    assert made.length_meters * 1000 == goal["target_mm"]
