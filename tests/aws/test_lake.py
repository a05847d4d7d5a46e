"""Events through the deployed API are in the deployed lake some moments later, and Athena counts them."""

import re
import time
from collections.abc import Callable
from typing import TypeVar

import pytest

from tests.aws.athena import Athena
from tests.aws.deployment import PATIENCE, Deployment
from tests.aws.driving import found, walk
from tests.aws.lake import BUCKET, operation, sql
from tests.aws.lake import athena as athena
from tests.subscriptions.team import LOG

T = TypeVar("T")

WALKS = 3
BY_KIND = "SELECT kind, count(*) AS events FROM event GROUP BY kind"
OF_A_TEAM = "SELECT sequence, kind, occurred_at FROM event WHERE channel = $1 ORDER BY sequence"


@pytest.fixture(scope="module")
def channel(deployment: Deployment, lea: str) -> str:
    """Return the channel of a team whose founder logged some walks."""
    team = found(deployment, lea)
    for _ in range(WALKS):
        deployment.data(LOG, lea, input=walk())
    return f"team:{team.removeprefix('team_')}"


def test_the_deployed_lake_has_each_event_of_a_team(deployment: Deployment, athena: Athena, channel: str) -> None:
    written = {
        one["sequence"]: (one["kind"], f"{one['occurred_at']:%Y-%m-%d %H:%M:%S.%f}"[:-3])
        for one in sql(deployment, OF_A_TEAM, channel)
    }
    # and what she walked today before she had a team
    assert [kind for kind, _ in written.values()].count("ACTIVITY_ADDED") >= WALKS

    def lain() -> dict[int, tuple[str, str]]:
        rows = athena.named("events-of-a-team", **{"team:…": channel})
        return {int(row["sequence"]): (row["kind"], row["at"][:23]) for row in rows}

    assert until(lain, lambda rows: len(rows) == len(written)) == written


@pytest.mark.usefixtures("channel")
def test_the_deployed_lake_counts_what_sql_counts(deployment: Deployment, athena: Athena) -> None:
    """Also the events of all earlier tests: nothing is lost on the way, and nothing counts twice."""
    written = {one["kind"]: one["events"] for one in sql(deployment, BY_KIND)}
    assert written["ACTIVITY_ADDED"] >= WALKS

    def lain() -> dict[str, int]:
        sums = dict.fromkeys(written, 0)
        for row in athena.named("events-by-day"):
            sums[row["kind"]] += int(row["events"])
        return sums

    assert until(lain, lambda sums: sums == written) == written


@pytest.mark.usefixtures("channel")
def test_the_deployed_lake_is_laid_down_where_athena_works_out_its_days(deployment: Deployment) -> None:
    """The local AWS reads everything below the table's location; AWS reads the days of the template alone."""
    tables = operation(deployment, "glue", "AWSGlue.GetTables", DatabaseName="milequest_staging")["TableList"]
    (place,) = [one["Parameters"]["storage.location.template"] for one in tables if one["Name"] == "events"]
    folder = place.removeprefix(f"s3://{BUCKET}/").replace("${day}", r"\d{4}-\d\d-\d\d")
    assert (lain := until(lambda: [key for key in keys(deployment) if not key.startswith(("usage/", "bill/"))], bool))
    assert [key for key in lain if not re.fullmatch(rf"{folder}[^/]+\.parquet", key)] == []


def until(look: Callable[[], T], right: Callable[[T], bool]) -> T:
    """Return the result of `look` once it is right, or the last one after the time-out."""
    end = time.monotonic() + PATIENCE
    while not right(seen := look()) and time.monotonic() < end:
        time.sleep(0.3)
    return seen


def keys(deployment: Deployment) -> list[str]:
    """Return the keys of the objects in the lake's bucket."""
    listing = deployment.on_aws(lambda aws: aws.send(aws.signer("s3"), aws.origin("s3"), "GET", f"/{BUCKET}", b""))
    return re.findall("<Key>(.+?)</Key>", listing.body.decode())
