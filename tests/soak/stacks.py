"""A region of AWS: production's own stacks on a local AWS of its own, and the names that resolve to one of two."""

import asyncio
import json
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from app.embedded.postgres import Postgres
from app.environment import tools
from infra.local import aws
from infra.local.aws import LocalAws
from infra.names import Names
from milequest.settings import PROJECT
from tests.aws.deployment import Deployment, fronted
from tests.aws.gate import FUNCTIONS, WITHOUT, handed_over
from tests.fakes.aws import LOCK
from tests.soak.regions import Region

RUNBOOK = (PROJECT / "docs" / "runbook.md").read_text()
FENCED = set(re.findall(r"for fn in ([\w -]+); do", RUNBOOK)[0].split()) - {"post-confirmation"}  # Identity is not here
SECONDS = 6.0  # that Route 53 waits for an answer
BUSY = ("api", "authorizer", "connect", "message")  # functions that many clients call at once
AT_ONCE = 4
QUEUES = ("news.fifo", "posts.fifo", "later", "kicks")
HIDDEN = "30"  # seconds until a failed message is retried: more fail on a busy machine than on AWS, where it is minutes
ROUNDS = 2  # after which a standby region has closed its sockets


@contextmanager
def published(keys: bytes) -> Iterator[str]:
    """Serve these keys, in no region."""

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(keys)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Keys) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


class Stacks(Region):
    """A region with the application stacks. The tokens' issuer is outside of it, at `keys`."""

    deployment: Deployment
    local: LocalAws

    def __init__(self, folder: Path, database: Postgres, names: Names, templates: Path, keys: str) -> None:
        super().__init__(folder, database)
        self.names = names
        self._templates = templates
        self._keys = keys
        self._open = ExitStack()

    @property
    def origin(self) -> str:
        """The REST API."""
        return self.deployment.url

    def serve(self) -> None:
        """Start the local AWS, deploy to it, and start a container of each function."""
        self._open.close()  # of the former one
        server = tools("aws", LOCK)
        self.local = self._open.enter_context(aws.running(server, self.folder, self.names))
        url, endpoint = self.database.url(), self.local.endpoint
        values = handed_over(url, self.valkey.url, self._keys)
        told = aws.deployed(server, endpoint, self._templates, values, self.folder, WITHOUT, self.names)
        edge = self._open.enter_context(fronted(endpoint, told, self.names))
        self.deployment = Deployment(endpoint, edge, told, url, self.folder / "aws.log", self.names)
        for queue in QUEUES:
            self.deployment.sqs("SetQueueAttributes", queue, Attributes={"VisibilityTimeout": HIDDEN})
        self.deployment.warm_up(sorted((*BUSY * AT_ONCE, *FUNCTIONS)), AT_ONCE)

    def vanish(self) -> None:
        """Kill the local AWS, and with it all functions."""
        self.local.kill()

    def end(self) -> None:
        """Stop all remaining processes, and clean up."""
        super().end()
        self._open.close()

    def fence(self) -> None:
        """Prevent the runs of all functions that the runbook names."""
        for function in FENCED:
            self.deployment.reserve(function, 0)

    def unfence(self) -> None:
        """Permit all again, and let some minutes pass."""
        for function in FENCED:
            self.deployment.reserve(function, None)
        for _ in range(ROUNDS):
            self.deployment.come_round("sweep")


class Check:
    """A health check of the templates'."""

    def __init__(self, region: Stacks, config: dict[str, Any]) -> None:
        self._region = region
        self._path = config["ResourcePath"]
        self._threshold = config["FailureThreshold"]
        self._interval = config["RequestInterval"]
        self.is_healthy = True
        self._otherwise = 0  # answers in a row that differ

    async def keep_asking(self) -> None:
        """Check for ever."""
        async with httpx.AsyncClient(timeout=SECONDS) as client:
            while True:
                await asyncio.gather(self._ask(client), asyncio.sleep(self._interval))

    async def _ask(self, client: httpx.AsyncClient) -> None:
        try:
            good = (await client.get(f"{self._region.origin}{self._path}")).status_code < 400
        except httpx.HTTPError:
            good = False
        self._otherwise = self._otherwise + 1 if good != self.is_healthy else 0
        if self._otherwise == self._threshold:
            self.is_healthy, self._otherwise = good, 0


@dataclass(frozen=True)
class Record:
    """A failover record: a name's target while the check is healthy."""

    region: Stacks
    check: Check


class Route53:
    """Resolves the names of both regions by the records and health checks of the Recovery stacks."""

    def __init__(self, regions: Sequence[Stacks], templates: Path) -> None:
        self._records: dict[tuple[str, str], Record] = {}
        self._checks: list[Check] = []
        for region in regions:
            file = f"{region.names.stack('recovery')}-{region.names.region.name}.template.json"
            resources = json.loads((templates / file).read_text())["Resources"]
            checks = {
                id: Check(region, one["Properties"]["HealthCheckConfig"])
                for id, one in resources.items()
                if one["Type"] == "AWS::Route53::HealthCheck"
            }
            self._checks += checks.values()
            for record in (one["Properties"] for one in resources.values() if one["Type"] == "AWS::Route53::RecordSet"):
                if "Failover" in record:
                    check = checks[record["HealthCheckId"]["Fn::GetAtt"][0]]
                    self._records[record["Name"], record["Failover"]] = Record(region, check)
        self._names = regions[0].names

    async def lead(self) -> None:
        """Keep the regions' health up to date."""
        await asyncio.gather(*(check.keep_asking() for check in self._checks))

    @property
    def url(self) -> str:
        """GraphQL over HTTP."""
        return f"{self._answer('origin-api').deployment.url}/graphql"

    @property
    def socket_url(self) -> str:
        """GraphQL over WebSocket."""
        return self._answer("origin-ws").deployment.socket_url

    def _answer(self, host: str) -> Stacks:
        """Return the primary, unless only the secondary is healthy."""
        name = self._names.host(host)
        first, second = self._records[name, "PRIMARY"], self._records[name, "SECONDARY"]
        return second.region if second.check.is_healthy and not first.check.is_healthy else first.region
