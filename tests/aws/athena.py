"""Athena as an analyst uses it: named queries, in a workgroup of the stacks."""

import time
from dataclasses import dataclass
from typing import Any

from tests.aws.deployment import PATIENCE, Deployment

Row = dict[str, str]  # NULL is an empty text


@dataclass(frozen=True)
class Athena:
    """A workgroup."""

    deployment: Deployment
    workgroup: str

    def named(self, name: str, **instead: str) -> list[Row]:
        """Return the rows of a named query, some of its words replaced."""
        ids = self._call("ListNamedQueries", WorkGroup=self.workgroup)["NamedQueryIds"]
        queries = self._call("BatchGetNamedQuery", NamedQueryIds=ids)["NamedQueries"]
        (query,) = [one for one in queries if one["Name"] == name]
        text = query["QueryString"]
        for before, after in instead.items():
            assert before in text
            text = text.replace(before, after)
        return self.ask(query["Database"], text)

    def ask(self, database: str, text: str) -> list[Row]:
        """Return the rows of a query."""
        context = {"Database": database}
        given = {"QueryString": text, "WorkGroup": self.workgroup, "QueryExecutionContext": context}
        id = self._call("StartQueryExecution", **given)["QueryExecutionId"]
        end = time.monotonic() + PATIENCE
        while (status := self._status(id))["State"] in ("QUEUED", "RUNNING"):
            assert time.monotonic() < end, "the query does not end"
            time.sleep(0.05)
        assert status["State"] == "SUCCEEDED", status
        head, *rows = self._call("GetQueryResults", QueryExecutionId=id)["ResultSet"]["Rows"]
        names = [cell["VarCharValue"] for cell in head["Data"]]
        return [dict(zip(names, (cell.get("VarCharValue", "") for cell in row["Data"]), strict=True)) for row in rows]

    def _status(self, id: str) -> dict[str, Any]:
        status: dict[str, Any] = self._call("GetQueryExecution", QueryExecutionId=id)["QueryExecution"]["Status"]
        return status

    def _call(self, operation: str, **given: Any) -> Any:
        return self.deployment.on_aws(
            lambda aws: aws.call(aws.signer("athena"), aws.origin("athena"), f"AmazonAthena.{operation}", "1.1", given)
        )
