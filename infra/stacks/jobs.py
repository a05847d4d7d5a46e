"""Work beside requests."""

from constructs import Construct

from infra.config import Environment, Region
from infra.constructs.function import Function
from infra.constructs.permissions import allow
from infra.constructs.schedule import on_event, schedule
from infra.constructs.service import data_function, grant_picture_scan, let_publish, let_sockets, of_bus, of_sockets
from infra.constructs.stack import Stack
from infra.names import COMING

SCHEDULES = {
    "finalize": ("app.aws.jobs.finalize", "rate(1 minute)", "Gives goals whose days are over their outcome"),
    "prune": ("app.aws.jobs.prune", "rate(5 minutes)", "Forgets what lies outside of the log, and old answers"),
    "sweep": ("app.aws.live.sweep", "rate(1 minute)", "Finds kicks that got lost, and sees to all sockets"),
}


class Jobs(Stack):
    """Schedules, and events of S3."""

    def __init__(self, app: Construct, environment: Environment, region: Region) -> None:
        super().__init__(app, environment, region)
        for name, (handler, rate, says) in SCHEDULES.items():
            function = data_function(
                self,
                name,
                handler,
                says,
                seconds=60 if name != "sweep" else 300,
                memory=environment.sizes.job_memory,
                asynchronous=True,
                variables={
                    **of_sockets(self),
                    **of_bus(self),
                    "MILEQUEST_LIVE_SOCKETS_URL": self.shared("live/sockets-url"),
                }
                if name == "sweep"
                else {},
            )
            if name == "sweep":
                self._let_sweep(function)
            schedule(self, function, rate)
        self._pictures()

    def _pictures(self) -> None:
        """Create the scan of uploaded pictures, called by S3's events."""
        function = data_function(
            self,
            "pictures",
            "app.aws.pictures.handler",
            "Looks at pictures that came in, and shows the good ones",
            seconds=60,
            memory=self.home.sizes.job_memory,
            asynchronous=True,
        )
        grant_picture_scan(function)
        arrival = {
            "source": ["aws.s3"],
            "detail-type": ["Object Created"],
            "detail": {
                "bucket": {"name": [self.names.bucket("user-data")]},
                "object": {"key": [{"prefix": f"{COMING}/"}]},
            },
        }
        on_event(self, function, arrival)

    def _let_sweep(self, function: Function) -> None:
        let_sockets(function, "news", "posts", "later")
        let_publish(function)
        connections = self.arn_of("execute-api", f"{self.shared('live/id')}/*/*/@connections/*")
        allow(function.role, "execute-api:ManageConnections", connections, because="Connections come and go")
