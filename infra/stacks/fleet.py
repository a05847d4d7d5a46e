"""Servers for sockets without API Gateway: in the diagram the load balancer before the WebSockets."""

from typing import Final

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as gateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_route53 as route53
from constructs import Construct

from infra.config import Environment, Region
from infra.constructs.bucket import log_bucket
from infra.constructs.permissions import acknowledge
from infra.constructs.servers import Servers
from infra.constructs.stack import Stack
from infra.constructs.stage import stage_options
from infra.constructs.tiers import SERVER_PORT

TLS_POLICY: Final = "ELBSecurityPolicy-TLS13-1-2-2021-06"
LONGEST: Final = 15 * 60 * 1_000  # milliseconds API Gateway streams an answer
IDLE: Final = 300  # seconds


class Fleet(Stack):
    """An internal load balancer with servers behind it.

    CloudFront reaches it for WebSockets, and API Gateway, by a VPC link, for event streams. A load balancer cannot hand
    WebSockets to functions.
    """

    def __init__(self, app: Construct, environment: Environment, region: Region) -> None:
        super().__init__(app, environment, region)
        self._host = self.names.host("origin-live")
        balancer = self._balancer()
        group = self._target_group()
        listener = self._listener(balancer, group)
        servers = Servers(self, group.ref)
        servers.service.node.add_dependency(listener)
        self.share("fleet/balancer", balancer.ref)
        self._stream(balancer)

    def _balancer(self) -> elb.CfnLoadBalancer:
        logs = log_bucket(self, "fleet-logs", logs=log_bucket(self, "fleet-access"))
        sender = iam.ServicePrincipal("logdelivery.elasticloadbalancing.amazonaws.com")
        own = f"{logs.bucket_arn}/balancer/AWSLogs/{self.account}/*"
        logs.add_to_resource_policy(iam.PolicyStatement(actions=["s3:PutObject"], resources=[own], principals=[sender]))
        attributes = {
            "access_logs.s3.enabled": "true",
            "access_logs.s3.bucket": logs.bucket_name,
            "access_logs.s3.prefix": "balancer",
            "deletion_protection.enabled": "true",
            "idle_timeout.timeout_seconds": str(IDLE),
            "routing.http.drop_invalid_header_fields.enabled": "true",
        }
        made = elb.CfnLoadBalancer(
            self,
            "Balancer",
            name=self.names.of("servers"),
            type="application",
            scheme="internal",
            subnets=self.private_subnets(),
            security_groups=[self.shared("network/balancer-group")],
            load_balancer_attributes=[
                elb.CfnLoadBalancer.LoadBalancerAttributeProperty(key=key, value=value)
                for key, value in attributes.items()
            ],
        )
        made.node.add_dependency(logs)
        return made

    def _target_group(self) -> elb.CfnTargetGroup:
        """Create the target group. Sockets end with their server, so a connection need not find its way back to it."""
        return elb.CfnTargetGroup(
            self,
            "Targets",
            vpc_id=self.shared("network/vpc"),
            target_type="ip",
            protocol="HTTP",
            port=SERVER_PORT,
            health_check_path="/livez",  # a server is not replaced because its database is away, or read-only
            health_check_interval_seconds=10,
            healthy_threshold_count=2,
            unhealthy_threshold_count=3,
            target_group_attributes=[
                elb.CfnTargetGroup.TargetGroupAttributeProperty(
                    key="deregistration_delay.timeout_seconds", value="120"
                ),
                elb.CfnTargetGroup.TargetGroupAttributeProperty(
                    key="load_balancing.algorithm.type", value="least_outstanding_requests"
                ),
            ],
        )

    def _listener(self, balancer: elb.CfnLoadBalancer, group: elb.CfnTargetGroup) -> elb.CfnListener:
        zone = route53.PublicHostedZone.from_hosted_zone_attributes(
            self, "Zone", hosted_zone_id=self.shared("global/zone"), zone_name=self.home.domain
        )
        certificate = acm.Certificate(
            self, "Certificate", domain_name=self._host, validation=acm.CertificateValidation.from_dns(zone)
        )
        return elb.CfnListener(
            self,
            "Listener",
            load_balancer_arn=balancer.ref,
            port=443,
            protocol="HTTPS",
            ssl_policy=TLS_POLICY,
            certificates=[elb.CfnListener.CertificateProperty(certificate_arn=certificate.certificate_arn)],
            default_actions=[elb.CfnListener.ActionProperty(type="forward", target_group_arn=group.ref)],
        )

    def _stream(self, balancer: elb.CfnLoadBalancer) -> None:
        """Route event streams through API Gateway, which streams an answer."""
        link = gateway.CfnVpcLink(
            self,
            "Link",
            name=self.names.of("servers"),
            subnet_ids=self.private_subnets(),
            security_group_ids=[self.shared("network/link-group")],
        )
        api = apigateway.RestApi(
            self,
            "Stream",
            rest_api_name=self.names.of("stream"),
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            cloud_watch_role=False,
            disable_execute_api_endpoint=True,
            deploy_options=stage_options(self, "StreamLogs", "fleet/stream"),
        )
        validator = api.add_request_validator("Validator", validate_request_body=True, validate_request_parameters=True)
        self._through(link, balancer, api.root, "ANY", "/graphql/stream", validator)
        # Asked by a health check, which tries the link, the balancer and the servers, and keeps the link in use.
        self._through(link, balancer, api.root.add_resource("standbyz"), "GET", "/standbyz", validator)
        acknowledge(api.deployment_stage, "CKV_AWS_120", "A stream is of whoever asks, and never the same twice")
        acknowledge(api, "AwsSolutions-APIG3", "The WAF stands before CloudFront, the only way in")
        self.share("fleet/stream-api", api.rest_api_id)

    def _through(
        self,
        link: gateway.CfnVpcLink,
        balancer: elb.CfnLoadBalancer,
        at: apigateway.IResource,
        verb: str,
        path: str,
        validator: apigateway.RequestValidator,
    ) -> None:
        """Lead a resource of the API through the link to a path of the servers."""
        integration = apigateway.Integration(
            type=apigateway.IntegrationType.HTTP_PROXY,
            integration_http_method=verb,
            uri=f"https://{self._host}{path}",
        )
        method = at.add_method(verb, integration, request_validator=validator)
        resource = method.node.default_child
        assert isinstance(resource, apigateway.CfnMethod)
        for name, value in {  # the library's own integration supports only links to network load balancers
            "ConnectionType": "VPC_LINK",
            "ConnectionId": link.ref,
            "IntegrationTarget": balancer.ref,
            "ResponseTransferMode": "STREAM",
            "TimeoutInMillis": LONGEST,
        }.items():
            resource.add_property_override(f"Integration.{name}", value)
        for rule in ("AwsSolutions-APIG4", "AwsSolutions-COG4", "CKV_AWS_59"):
            acknowledge(method, rule, "The servers ask for the token, and let anybody read what is public")
