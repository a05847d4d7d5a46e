"""The environment for a club or a firm, whole in one stack."""

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as targets
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ses as ses
from constructs import Construct

from infra.constructs.mail_domain import MailDomain
from infra.constructs.permissions import acknowledge
from infra.constructs.stack import HomeStack
from infra.constructs.starter_alarms import StarterAlarms
from infra.constructs.starter_database import StarterDatabase
from infra.constructs.starter_network import StarterNetwork
from infra.constructs.starter_server import StarterServer
from infra.constructs.tiers import SERVER_PORT, TLS
from infra.stacks.edge import IDLE, SECRET_HEADER, VIEWER
from infra.stacks.fleet import TLS_POLICY
from infra.starter_environment import StarterEnvironment

SMALL_LOGS = "The server's own lines tell each operation; logs of the edge would be a second place with addresses"


class Starter(HomeStack):
    """A server with its database, mail and files behind CloudFront. The zone is made by the deploy command before."""

    def __init__(self, app: Construct, environment: StarterEnvironment) -> None:
        super().__init__(app, environment, environment.region, stateful=True)
        self.zone = route53.PublicHostedZone.from_public_hosted_zone_attributes(
            self, "Zone", hosted_zone_id=self.shared("global/zone"), zone_name=environment.domain
        )
        MailDomain(self, self.zone)
        mail = self._mail()
        self._proof = self._origin_secret()
        network = StarterNetwork(self)
        database = StarterDatabase(self, environment, network)
        server = StarterServer(self, environment, network, database)
        balancer = self._balancer(network)
        group = self._target_group(network)
        server.serve(group.ref, self._listener(balancer, group))
        self._lead_here(self._distribution(environment, balancer, network))
        StarterAlarms(self, environment, server, database, balancer, group, mail)

    def _mail(self) -> ses.ConfigurationSet:
        """Create the configuration set: who bounced or complained gets no more mail."""
        return ses.ConfigurationSet(
            self,
            "Mail",
            configuration_set_name=self.names.of("mail"),
            reputation_metrics=True,
            suppression_reasons=ses.SuppressionReasons.BOUNCES_AND_COMPLAINTS,
        )

    def _origin_secret(self) -> str:
        """Create the secret that CloudFront sends, so that a request is known to have come through it."""
        secret = secretsmanager.Secret(
            self,
            "Origin",
            secret_name=self.names.of("origin"),
            description="Values that show a request came through CloudFront: `first` and `second`, both valid",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template='{"second":""}',
                generate_string_key="first",
                password_length=40,
                exclude_punctuation=True,
            ),
        )
        secret.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        acknowledge(secret, "CKV_AWS_149", "It keeps callers from coming around the edge, and opens no data")
        acknowledge(secret, "AwsSolutions-SMG4", "A deployment tells CloudFront a new value: the runbook has the steps")
        return secret.secret_value_from_json("first").unsafe_unwrap()

    def _balancer(self, network: StarterNetwork) -> elb.CfnLoadBalancer:
        attributes = {
            "deletion_protection.enabled": "true",
            "idle_timeout.timeout_seconds": "300",
            "routing.http.drop_invalid_header_fields.enabled": "true",
        }
        made = elb.CfnLoadBalancer(
            self,
            "Balancer",
            name=self.names.of("server"),
            type="application",
            scheme="internal",
            subnets=[one.subnet_id for one in network.inner],
            security_groups=[network.groups["balancer"].security_group_id],
            load_balancer_attributes=[
                elb.CfnLoadBalancer.LoadBalancerAttributeProperty(key=key, value=value)
                for key, value in attributes.items()
            ],
        )
        for rule in ("AwsSolutions-ELB2", "CKV_AWS_91"):
            acknowledge(made, rule, SMALL_LOGS)
        return made

    def _target_group(self, network: StarterNetwork) -> elb.CfnTargetGroup:
        return elb.CfnTargetGroup(
            self,
            "Targets",
            vpc_id=network.vpc.vpc_id,
            target_type="ip",
            protocol="HTTP",
            port=SERVER_PORT,
            health_check_path="/livez",
            health_check_interval_seconds=10,
            healthy_threshold_count=2,
            unhealthy_threshold_count=3,
            target_group_attributes=[
                elb.CfnTargetGroup.TargetGroupAttributeProperty(key="deregistration_delay.timeout_seconds", value="120")
            ],
        )

    def _listener(self, balancer: elb.CfnLoadBalancer, group: elb.CfnTargetGroup) -> elb.CfnListener:
        return elb.CfnListener(
            self,
            "Listener",
            load_balancer_arn=balancer.ref,
            port=TLS,
            protocol="HTTPS",
            ssl_policy=TLS_POLICY,
            certificates=[elb.CfnListener.CertificateProperty(certificate_arn=self._certificate("origin"))],
            default_actions=[elb.CfnListener.ActionProperty(type="forward", target_group_arn=group.ref)],
        )

    def _certificate(self, host: str) -> str:
        made = acm.Certificate(
            self,
            f"{host}-certificate",
            domain_name=self.names.host(host),
            validation=acm.CertificateValidation.from_dns(self.zone),
        )
        return made.certificate_arn

    def _distribution(
        self, environment: StarterEnvironment, balancer: elb.CfnLoadBalancer, network: StarterNetwork
    ) -> cloudfront.Distribution:
        certificate = acm.Certificate.from_certificate_arn(self, "Shown", self._certificate("api"))
        viewer = cloudfront.Function(
            self,
            "Viewer",
            function_name=self.names.of("viewer"),
            code=cloudfront.FunctionCode.from_inline(VIEWER.read_text()),
            runtime=cloudfront.FunctionRuntime.JS_2_0,
        )
        asked = cloudfront.FunctionAssociation(function=viewer, event_type=cloudfront.FunctionEventType.VIEWER_REQUEST)
        made = cloudfront.Distribution(
            self,
            "Distribution",
            comment=f"Mile Quest, {self.home.name}",
            domain_names=[self.names.host("api")],
            certificate=certificate,
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            geo_restriction=cloudfront.GeoRestriction.denylist(*environment.blocked_countries),
            default_behavior=cloudfront.BehaviorOptions(
                origin=self._origin(balancer, network),
                allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
                cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
                origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
                response_headers_policy=cloudfront.ResponseHeadersPolicy.SECURITY_HEADERS,
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
                function_associations=[asked],
            ),
        )
        for rule in ("AwsSolutions-CFR3", "CKV_AWS_86"):
            acknowledge(made, rule, SMALL_LOGS)
        for rule in ("AwsSolutions-CFR2", "CKV_AWS_68", "CKV2_AWS_47"):
            acknowledge(
                made, rule, "A firewall would cost a tenth of the whole; the server's own limits are by address"
            )
        return made

    def _origin(self, balancer: elb.CfnLoadBalancer, network: StarterNetwork) -> cloudfront.IOrigin:
        """Return the load balancer as an origin, which has no other way in from outside."""
        origin = cloudfront.CfnVpcOrigin(
            self,
            "Server",
            vpc_origin_endpoint_config=cloudfront.CfnVpcOrigin.VpcOriginEndpointConfigProperty(
                name=self.names.of("server"),
                arn=balancer.ref,
                https_port=TLS,
                origin_protocol_policy="https-only",
                origin_ssl_protocols=["TLSv1.2"],
            ),
        )
        gateway = network.vpc.node.find_child("IGW")  # a VPC of origins has to have one: CloudFront's page on them
        origin.node.add_dependency(gateway)
        known = cloudfront.VpcOrigin.from_vpc_origin_attributes(
            self, "KnownServer", vpc_origin_id=origin.attr_id, domain_name=self.names.host("origin")
        )
        return origins.VpcOrigin.with_vpc_origin(known, read_timeout=IDLE, custom_headers={SECRET_HEADER: self._proof})

    def _lead_here(self, distribution: cloudfront.Distribution) -> None:
        target = route53.RecordTarget.from_alias(targets.CloudFrontTarget(distribution))
        route53.ARecord(self, "api 4", zone=self.zone, record_name="api", target=target)
        route53.AaaaRecord(self, "api 6", zone=self.zone, record_name="api", target=target)
