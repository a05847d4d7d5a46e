"""Failover between regions: host names, health checks and failover records."""

from aws_cdk import aws_cloudwatch as cw
from aws_cdk import aws_route53 as route53
from constructs import Construct

from infra.alarm_words import Words
from infra.config import Environment, Region
from infra.constructs.alarms import MINUTE, Urgency, alarm
from infra.constructs.origin import ServerOrigin
from infra.constructs.stack import Stack
from infra.names import STAGE

NOT_READY = Words(
    "Nobody is served by the primary region: it is not ready, and traffic goes to the one whose database is writable",
    "the-primary-region-is-not-ready",
)
NO_STANDBY = Words(
    "Nobody notices, but a failover would fail: the region that stands by would not work",
    "the-region-that-stands-by-would-not-work",
)
NO_SERVERS = Words(
    "Clients of the servers' sockets and streams are not served: the servers of {} do not answer by their link",
    "the-servers-do-not-answer-by-their-link",
)
SERVERS = "servers"  # path of a region's own host, before the paths of its API of streams


class Recovery(Stack):
    """Failover by health checks. Traffic follows the database: /readyz is 200 only where it is writable.

    With both unhealthy the primary is answered, so a promotion moves traffic, and no template changes.
    """

    def __init__(self, app: Construct, environment: Environment, region: Region) -> None:
        super().__init__(app, environment, region)
        zone_id = self.shared("global/zone")
        zone = route53.PublicHostedZone.from_hosted_zone_attributes(
            self, "Zone", hosted_zone_id=zone_id, zone_name=environment.domain
        )
        rest, sockets = ServerOrigin(self, "origin-api", zone), ServerOrigin(self, "origin-ws", zone, sockets=True)
        own = ServerOrigin(self, f"{region.short}-api", zone)
        for origin in (rest, own):
            origin.map("Api", self.shared("api/id"), STAGE)
        if environment.features.fargate:
            stream = self.shared("fleet/stream-api")
            rest.map("Stream", stream, STAGE, "graphql/stream")
            own.map("Servers", stream, STAGE, SERVERS)
        sockets.map("Live", self.shared("live/id"), STAGE)
        own.record(zone_id)
        if region.primary and environment.features.fargate:
            self._watch_servers()
        if not environment.features.dr:
            rest.record(zone_id)
            sockets.record(zone_id)
            return
        check = self._check("Check", own.host, "/readyz")
        if region.primary:  # metrics of checks exist in us-east-1 alone
            self._watch("Sick", check, NOT_READY, urgency="page")
            for other in environment.regions[1:]:
                standby = self._check("Standby", self.names.host(f"{other.short}-api"), "/standbyz")
                self._watch("StandbySick", standby, NO_STANDBY, urgency="ticket")
        for origin in (rest, sockets):
            origin.record(
                zone_id, failover="PRIMARY" if region.primary else "SECONDARY", health=check.attr_health_check_id
            )

    def _watch_servers(self) -> None:
        """Try each region's servers by the link of API Gateway, which AWS makes inactive after 60 days without use."""
        for region in self.home.regions:
            path = f"/{SERVERS}/standbyz"  # which is well whether the database may be written to or not
            check = self._check(f"Servers {region.short}", self.names.host(f"{region.short}-api"), path, seconds=30)
            self._watch(f"Unserved {region.short}", check, NO_SERVERS.of(region.short), urgency="ticket")

    def _check(self, id: str, host: str, path: str, *, seconds: int = 10) -> route53.CfnHealthCheck:
        """Create a health check, every ten or thirty seconds from around the world; three failures are enough."""
        return route53.CfnHealthCheck(
            self,
            id,
            health_check_config=route53.CfnHealthCheck.HealthCheckConfigProperty(
                type="HTTPS",
                fully_qualified_domain_name=host,
                resource_path=path,
                port=443,
                request_interval=seconds,
                failure_threshold=3,
                enable_sni=True,
            ),
        )

    def _watch(self, id: str, check: route53.CfnHealthCheck, words: Words, *, urgency: Urgency) -> None:
        """Alarm while a health check fails, or says nothing."""
        healthy = cw.Metric(
            namespace="AWS/Route53",
            metric_name="HealthCheckStatus",
            dimensions_map={"HealthCheckId": check.attr_health_check_id},
            statistic="min",
            period=MINUTE,
        )
        sick = cw.MathExpression(expression="1 - healthy", using_metrics={"healthy": healthy}, period=MINUTE)
        missing = cw.TreatMissingData.BREACHING
        alarm(self, id, sick, 0, words.broken, words.section, urgency=urgency, minutes=1, missing=missing)
