"""The edge: one distribution before everything of the API."""

from pathlib import Path
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as targets
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.config import Environment, Region
from infra.constructs.bucket import log_bucket
from infra.constructs.firewall import Firewall
from infra.constructs.stack import Stack
from infra.names import SHOWN, Names

VIEWER: Final = Path(__file__).parent.parent / "edge" / "viewer.js"
SECRET_HEADER: Final = "x-origin-secret"  # of milequest/rules/edge_headers.py
IDLE: Final = cdk.Duration.seconds(60)  # the maximum without asking AWS; the servers' keep-alives are more frequent
REFUSED: Final = (502, 503, 504)  # of a region without servers, or whose database takes no writes (app/edge_guard.py)
ATTEMPTS: Final = 2  # to connect to a region's servers, so that a lost one costs a handshake six seconds, not thirty
CONNECTING: Final = cdk.Duration.seconds(3)
HOSTS: Final = ("api", "ws")


class Edge(Stack):
    """CloudFront with its WAF, its function and its certificate; `api.` and `ws.` lead to it."""

    def __init__(self, app: Construct, environment: Environment, region: Region) -> None:
        super().__init__(app, environment, region)
        self.zone = route53.PublicHostedZone.from_hosted_zone_attributes(
            self, "Zone", hosted_zone_id=self.shared("global/zone"), zone_name=environment.domain
        )
        firewall = Firewall(self)
        self.share("edge/firewall", firewall.acl.attr_arn)
        self._viewer = cloudfront.Function(
            self,
            "Viewer",
            function_name=self.names.of("viewer"),
            code=cloudfront.FunctionCode.from_inline(VIEWER.read_text()),
            runtime=cloudfront.FunctionRuntime.JS_2_0,
        )
        self._lead_here(self._distribution(firewall))

    def _distribution(self, firewall: Firewall) -> cloudfront.Distribution:
        rest = self._host("origin-api")
        servers = self._servers() if self.home.features.fargate else None
        paths = {"/graphql/realtime": self._behavior(self._host("origin-ws"))}
        if servers:
            # Handshakes are GETs, and CloudFront lets a behaviour of two origins have nothing else than reads.
            paths["/graphql/live"] = self._behavior(servers, cloudfront.AllowedMethods.ALLOW_GET_HEAD_OPTIONS)
        logs = log_bucket(self, "edge-logs", logs=log_bucket(self, "edge-access"))
        resource = logs.node.default_child
        assert isinstance(resource, s3.CfnBucket)
        # CloudFront writes its logs by an ACL, which the other buckets have disabled.
        resource.add_property_override("OwnershipControls.Rules.0.ObjectOwnership", "BucketOwnerPreferred")
        return cloudfront.Distribution(
            self,
            "Distribution",
            comment=f"Mile Quest's API, {self.home.name}",
            domain_names=[self.names.host(name) for name in HOSTS],
            certificate=self._certificate(),
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            web_acl_id=firewall.acl.attr_arn,
            log_bucket=logs,
            geo_restriction=cloudfront.GeoRestriction.denylist(*self.home.limits.blocked_countries),
            default_behavior=self._behavior(rest),
            additional_behaviors={**paths, f"/{SHOWN}/*": self._pictures()},
        )

    def _host(self, name: str) -> cloudfront.IOrigin:
        """Return an origin by the name that Route 53 resolves to a healthy region."""
        return origins.HttpOrigin(
            self.names.host(name),
            protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
            origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
            read_timeout=IDLE,
            custom_headers=self._proof(),
        )

    def _proof(self) -> dict[str, str]:
        """Return the header that proves to an origin that a request came through here.

        Its value is a reference, which CloudFormation reads anew only when the reference itself changes: hence a new
        secret stands under the name that is not in use, and that name is sent from then on.
        """
        secret = cdk.SecretValue.secrets_manager(self.names.of("origin"), json_field=self.home.origin_value)
        return {SECRET_HEADER: secret.unsafe_unwrap()}

    def _servers(self) -> cloudfront.IOrigin:
        """Return the servers as an origin: those of the region whose database takes writes.

        The primary's are asked first, by each handshake, and the other's where they answer 503 or not at all. So
        sockets follow the database there and back, and no person has a part in it, nor a call of CloudFront's API.
        Source: CloudFront's pages on origin failover (of GET, HEAD and OPTIONS), on WebSockets (a handshake is a
        regular HTTP request) and on VPC origins. That it fails over for handshakes too is to be seen at the first
        deployment.
        """
        first, *others = (self._balancer(region) for region in self.home.regions)
        if not others:
            return first
        return origins.OriginGroup(primary_origin=first, fallback_origin=others[0], fallback_status_codes=list(REFUSED))

    def _balancer(self, region: Region) -> cloudfront.IOrigin:
        """Return a region's load balancer in its VPC as an origin, which has no other way in from outside."""
        suffix = "" if region.primary else f" {region.name}"
        origin = cloudfront.CfnVpcOrigin(
            self,
            f"Servers{suffix}",
            vpc_origin_endpoint_config=cloudfront.CfnVpcOrigin.VpcOriginEndpointConfigProperty(
                name=self.names.of("servers" if region.primary else f"servers-{region.short}"),
                arn=self.shared("fleet/balancer" if region.primary else "carried/balancer-there"),
                https_port=443,
                origin_protocol_policy="https-only",
                origin_ssl_protocols=["TLSv1.2"],
            ),
        )
        known = cloudfront.VpcOrigin.from_vpc_origin_attributes(
            self, f"KnownServers{suffix}", vpc_origin_id=origin.attr_id, domain_name=self.names.host("origin-live")
        )
        return origins.VpcOrigin.with_vpc_origin(
            known,
            read_timeout=IDLE,
            connection_attempts=ATTEMPTS,
            connection_timeout=CONNECTING,
            custom_headers=self._proof(),
        )

    def _behavior(
        self,
        origin: cloudfront.IOrigin,
        methods: cloudfront.AllowedMethods = cloudfront.AllowedMethods.ALLOW_ALL,
    ) -> cloudfront.BehaviorOptions:
        """Return a behaviour without cache, which passes on everything but the host's name, by which origins choose."""
        return cloudfront.BehaviorOptions(
            origin=origin,
            allowed_methods=methods,
            cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
            origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
            response_headers_policy=cloudfront.ResponseHeadersPolicy.SECURITY_HEADERS,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
            function_associations=[
                cloudfront.FunctionAssociation(
                    function=self._viewer, event_type=cloudfront.FunctionEventType.VIEWER_REQUEST
                )
            ],
        )

    def _pictures(self) -> cloudfront.BehaviorOptions:
        """Return the behaviour of pictures of users and teams, cached as long as they declare.

        Pictures that one region's bucket lacks are fetched from the other's. What is deleted in one soon is in both.
        """
        first, *others = (self._bucket(region) for region in self.home.regions)
        origin: cloudfront.IOrigin = first
        if others:
            missing = [403, 404, 500, 502, 503, 504]  # without the right to list, a missing object gives 403
            origin = origins.OriginGroup(primary_origin=first, fallback_origin=others[0], fallback_status_codes=missing)
        return cloudfront.BehaviorOptions(
            origin=origin,
            allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD,
            cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
            response_headers_policy=cloudfront.ResponseHeadersPolicy.SECURITY_HEADERS,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
        )

    def _bucket(self, region: Region) -> cloudfront.IOrigin:
        """Return a region's pictures as an origin, by CloudFront's own signature; the policy in State permits it."""
        name = Names(self.home, region).bucket("user-data")
        known = s3.Bucket.from_bucket_attributes(self, f"Pictures {region.name}", bucket_name=name, region=region.name)
        return origins.S3BucketOrigin.with_origin_access_control(known)

    def _certificate(self) -> acm.Certificate:
        first, *others = (self.names.host(name) for name in HOSTS)
        return acm.Certificate(
            self,
            "Certificate",
            domain_name=first,
            subject_alternative_names=others,
            validation=acm.CertificateValidation.from_dns(self.zone),
        )

    def _lead_here(self, distribution: cloudfront.Distribution) -> None:
        target = route53.RecordTarget.from_alias(targets.CloudFrontTarget(distribution))
        for name in HOSTS:
            route53.ARecord(self, f"{name} 4", zone=self.zone, record_name=name, target=target)
            route53.AaaaRecord(self, f"{name} 6", zone=self.zone, record_name=name, target=target)
