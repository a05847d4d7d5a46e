"""A day's usage is in the deployed lake, and Athena joins it with the day's cost."""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.environment import tools
from tests.aws.athena import Athena
from tests.aws.deployment import Deployment
from tests.aws.driving import walk
from tests.aws.lake import BUCKET, athena, operation, sql
from tests.fakes.aws import LOCK
from tests.subscriptions.team import LOG

__all__ = ["athena"]

REQUESTS, SOCKETS, MESSAGES = 1200, 30, 456
USED = """SELECT (SELECT count(*) FROM app_user WHERE email_key NOT LIKE 'probe@%') AS people,
    count(DISTINCT user_id) AS walkers, count(*) AS walks
FROM activity WHERE user_id NOT IN (SELECT id FROM app_user WHERE email_key LIKE 'probe@%')"""
BILL = """
import sys, duckdb
_, path, day = sys.argv
lines = f"(VALUES (TIMESTAMP '{day} 01:00:00', 2.5), (TIMESTAMP '{day} 02:00:00', 4.5), (TIMESTAMP '2026-01-01', 9.0))"
names = "line_item_usage_start_date, line_item_unblended_cost"
duckdb.sql(f"COPY (SELECT * FROM {lines} AS bill({names})) TO '{path}' (FORMAT PARQUET)")
"""


@pytest.fixture(scope="module")
def written(deployment: Deployment, lea: str) -> dict[str, Any]:
    """Return the function's record of today, with a walk; the test gives CloudWatch the metrics AWS would."""
    deployment.data(LOG, lea, input=walk())
    watched(deployment, "Count", "ApiName", "milequest-staging-api", REQUESTS - 200)
    watched(deployment, "Count", "ApiName", "milequest-staging-api", 200)
    watched(deployment, "Count", "ApiName", "of-somebody-else", 99)
    watched(deployment, "ConnectCount", "ApiId", deployment.told["live/id"], SOCKETS)
    watched(deployment, "MessageCount", "ApiId", deployment.told["live/id"], MESSAGES)
    day = {"day": datetime.now(UTC).date().isoformat()}
    first = deployment.invoke("usage", day)
    line: dict[str, Any] = deployment.invoke("usage", day)
    assert line == first, "once more it is the same"
    return line


def test_the_deployed_lake_has_a_line_of_what_was_used(
    deployment: Deployment, athena: Athena, written: dict[str, Any]
) -> None:
    (told,) = sql(deployment, USED)
    day = datetime.now(UTC).date().isoformat()
    assert written == {"day": day, **told, "requests": REQUESTS, "sockets": SOCKETS, "messages": MESSAGES}
    (row,) = [one for one in athena.named("usage-by-day") if one["day"] == day]
    assert row == {name: str(value) for name, value in written.items()}
    tables = operation(deployment, "glue", "AWSGlue.GetTables", DatabaseName="milequest_staging")["TableList"]
    (table,) = [one for one in tables if one["Name"] == "usage"]
    assert [column["Name"] for column in table["StorageDescriptor"]["Columns"]] == list(written)


def test_the_deployed_lake_joins_what_was_used_with_the_bill(
    deployment: Deployment, athena: Athena, written: dict[str, Any], templates: Path, tmp_path: Path
) -> None:
    """The bill's stack is not deployed, as the local AWS has no bill: its query and its table are the template's."""
    money = json.loads((templates / "milequest-staging-money-us-east-1.template.json").read_text())["Resources"]
    (query,) = [
        one["Properties"]
        for one in money.values()
        if one["Type"] == "AWS::Athena::NamedQuery" and one["Properties"]["Name"] == "cost-of-use"
    ]
    (table,) = [one["Properties"]["TableInput"] for one in money.values() if one["Type"] == "AWS::Glue::Table"]
    file = tmp_path / "bill.parquet"
    subprocess.run([tools("aws", LOCK), "-c", BILL, file, written["day"]], check=True)
    lay(deployment, f"/{BUCKET}/bill/bill.parquet", file.read_bytes())
    place = {**table["StorageDescriptor"], "Location": f"s3://{BUCKET}/bill/"}
    database = query["Database"]
    operation(deployment, "glue", "AWSGlue.CreateDatabase", DatabaseInput={"Name": database})
    bill = {**table, "StorageDescriptor": place, "PartitionKeys": []}
    operation(deployment, "glue", "AWSGlue.CreateTable", DatabaseName=database, TableInput=bill)
    (row,) = [one for one in athena.ask(database, query["QueryString"]) if one["day"] == written["day"]]
    assert float(row["usd"]) == 7
    assert float(row["usd_per_walk"]) == pytest.approx(7 / written["walks"])
    assert {name: row[name] for name in written} == {name: str(value) for name, value in written.items()}


def watched(deployment: Deployment, name: str, about: str, which: str, value: float) -> None:
    """Put a value of a metric of API Gateway into CloudWatch."""
    datum = {"MetricName": name, "Dimensions": [{"Name": about, "Value": which}], "Value": value}
    target = "GraniteServiceVersion20100801.PutMetricData"
    operation(deployment, "monitoring", target, Namespace="AWS/ApiGateway", MetricData=[datum])


def lay(deployment: Deployment, path: str, body: bytes) -> None:
    """Put a file into a bucket."""
    answer = deployment.on_aws(lambda aws: aws.send(aws.signer("s3"), aws.origin("s3"), "PUT", path, body))
    assert answer.status == 200, answer.body
