"""Work beside requests."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cw
from constructs import Construct

from infra.config import Environment, Region
from infra.constructs.alarms import NAMESPACE, alarm
from infra.constructs.function import Function
from infra.constructs.metric_names import Metrics
from infra.constructs.permissions import allow
from infra.constructs.schedule import on_event, schedule
from infra.constructs.service import (
    data_function,
    grant_picture_scan,
    let_forget_pictures,
    let_publish,
    let_read_secret,
    let_sockets,
    of_bus,
    of_probe,
    of_sockets,
)
from infra.constructs.stack import Stack
from infra.names import COMING

EACH = cdk.Duration.minutes(5)  # the probe's calls
SCHEDULES = {
    "finalize": ("app.aws.jobs.finalize", "rate(1 minute)", "Gives goals whose days are over their outcome"),
    "prune": (
        "app.aws.jobs.prune",
        "rate(5 minutes)",
        "Forgets what lies outside of the log, old answers, and accounts that are to be deleted",
    ),
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
                else of_probe(self),
            )
            if name == "sweep":
                self._let_sweep(function)
            if name == "prune":  # of accounts that it deletes
                let_forget_pictures(function)
            schedule(self, function, rate)
        self._pictures()
        if region.primary:
            self._probe()

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

    def _probe(self) -> None:
        """Create the client of ours, outside of the network like any other, with an alarm on what it finds."""
        function = Function(
            self,
            "probe",
            "app.aws.probe.handler",
            "Does what people do at the public address, and tells whether it worked",
            seconds=120,
            asynchronous=True,
            variables={
                "MILEQUEST_PROBE_URL": f"https://{self.names.host('api')}",
                "MILEQUEST_PROBE_SOCKETS": ",".join(self._sockets()),
                "MILEQUEST_PROBE_SECRET": self.names.of("probe"),
                "MILEQUEST_PROBE_POOL": self.shared("identity/pool"),
                "MILEQUEST_METRICS_NAMESPACE": NAMESPACE,
                **of_probe(self),
            },
        )
        let_read_secret(function.role, "probe")
        pool = self.shared("identity/pool-arn")
        allow(function.role, "cognito-idp:AdminCreateUser cognito-idp:AdminSetUserPassword", pool)
        schedule(self, function, "rate(5 minutes)")
        worked = Metrics(self.names).own("ProbeWorked", "min").with_(period=EACH)
        failed = cw.MathExpression(expression="1 - worked", using_metrics={"worked": worked}, period=EACH)
        says = "People are not served: a client of ours, which signs in, walks and listens, fails or says nothing"
        section = "a-client-of-ours-is-not-served"
        missing = cw.TreatMissingData.BREACHING
        alarm(self, "Unserved", failed, 0, says, section, urgency="page", minutes=2, of=3, missing=missing)

    def _sockets(self) -> list[str]:
        """Return the public addresses of WebSockets: of API Gateway, and of the servers where there are any."""
        paths = ("realtime", *(["live"] if self.home.features.fargate else []))
        return [f"wss://{self.names.host('ws')}/graphql/{path}" for path in paths]

    def _let_sweep(self, function: Function) -> None:
        let_sockets(function, "news", "posts", "later")
        let_publish(function)
        connections = self.arn_of("execute-api", f"{self.shared('live/id')}/*/*/@connections/*")
        allow(function.role, "execute-api:ManageConnections", connections, because="Connections come and go")
