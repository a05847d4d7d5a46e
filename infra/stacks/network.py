"""The VPC."""

from typing import cast

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.config import Environment, Region
from infra.constructs.function import log_group
from infra.constructs.permissions import acknowledge
from infra.constructs.stack import Stack
from infra.constructs.starter_network import place_by_id
from infra.constructs.tiers import Acls, Tiers


class Network(Stack):
    """Subnets for the public side of NAT, for functions and servers, and for data; access between them."""

    def __init__(self, app: Construct, environment: Environment, region: Region) -> None:
        super().__init__(app, environment, region, stateful=True)
        vpc = self._vpc()
        tiers = Tiers(self, vpc)
        Acls(self, vpc)
        acknowledge(self.node.find_child("Acls"), "AwsSolutions-VPC3", "The network ACLs are the user's own design")
        vpc.add_flow_log(
            "FlowLog", destination=ec2.FlowLogDestination.to_cloud_watch_logs(log_group(self, "Flows", "network/flows"))
        )
        s3 = vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)
        dynamodb = vpc.add_gateway_endpoint("DynamoDb", service=ec2.GatewayVpcEndpointAwsService.DYNAMODB)
        sqs = vpc.add_interface_endpoint(
            "sqs-endpoint",  # each commit's notification: cheaper and nearer than through NAT
            service=ec2.InterfaceVpcEndpointAwsService.SQS,
            open=False,  # our own group restricts access
            security_groups=[tiers.groups["endpoints"]],
            subnets=ec2.SubnetSelection(subnet_group_name="private"),
        )
        for endpoint in (s3, dynamodb, sqs):
            endpoint.add_to_policy(self._ours())
        # Layers of images lie in a bucket of ECR's, which tasks read by addresses that it has signed.
        layers = f"arn:aws:s3:::prod-{self.region}-starport-layer-bucket/*"
        s3.add_to_policy(
            iam.PolicyStatement(actions=["s3:GetObject"], resources=[layers], principals=[iam.AnyPrincipal()])
        )
        self._hand_over(vpc)

    def _ours(self) -> iam.PolicyStatement:
        """Return the permission of this account's roles: with keys of others nobody takes data out by an endpoint."""
        return iam.PolicyStatement(
            actions=["*"],
            resources=["*"],
            principals=[iam.AnyPrincipal()],
            conditions={"StringEquals": {"aws:PrincipalAccount": self.account}},
        )

    def _vpc(self) -> ec2.Vpc:
        """Create the VPC. Functions in it also call out: `@connections` and tokens' keys have no endpoint in a VPC."""
        kinds = (
            ("public", ec2.SubnetType.PUBLIC),
            ("private", ec2.SubnetType.PRIVATE_WITH_EGRESS),
            ("data", ec2.SubnetType.PRIVATE_ISOLATED),
        )
        vpc = ec2.Vpc(
            self,
            "Vpc",
            vpc_name=self.names.of("network"),
            ip_addresses=ec2.IpAddresses.cidr(self.where.cidr),
            availability_zones=list(self.where.zones),
            nat_gateways=len(self.where.zones) if self.home.features.nat_per_zone else 1,
            restrict_default_security_group=False,  # it would need a custom resource; nothing of ours is in that group
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name=name,
                    subnet_type=kind,
                    cidr_mask=20,
                    map_public_ip_on_launch=False if kind == ec2.SubnetType.PUBLIC else None,
                )
                for name, kind in kinds
            ],
        )
        for subnet in (*vpc.public_subnets, *vpc.private_subnets, *vpc.isolated_subnets):
            place_by_id(cast(ec2.CfnSubnet, subnet.node.default_child))
        return vpc

    def _hand_over(self, vpc: ec2.Vpc) -> None:
        self.share("network/vpc", vpc.vpc_id)
        for kind in ("private", "data"):
            subnets = vpc.select_subnets(subnet_group_name=kind).subnet_ids
            for number, subnet in enumerate(subnets, 1):
                self.share(f"network/{kind}-subnet-{number}", subnet)
