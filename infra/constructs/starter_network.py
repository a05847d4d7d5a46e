"""The network of the starter environment: a way out for its server, and none in but by CloudFront."""

from typing import Final, cast

from aws_cdk import aws_ec2 as ec2

from infra.constructs.function import log_group
from infra.constructs.permissions import acknowledge
from infra.constructs.stack import HomeStack
from infra.constructs.tiers import DATABASE_PORT, SERVER_PORT, TLS

FILES_PORT: Final = 2_049  # of NFS
TIERS: Final = {
    "balancer": "The load balancer, which CloudFront alone reaches",
    "server": "The server, which the load balancer alone reaches",
    "database": "PostgreSQL, which the server alone reaches",
    "files": "Pictures, which the server alone reaches",
}
WAYS: Final = (
    ("balancer", "server", SERVER_PORT),
    ("server", "database", DATABASE_PORT),
    ("server", "files", FILES_PORT),
)


class StarterNetwork:
    """A VPC without NAT. The server stands in public subnets, as NAT alone would cost more than half of all else."""

    def __init__(self, stack: HomeStack) -> None:
        self.vpc = ec2.Vpc(
            stack,
            "Vpc",
            vpc_name=stack.names.of("network"),
            ip_addresses=ec2.IpAddresses.cidr(stack.where.cidr),
            availability_zones=list(stack.where.zones),
            nat_gateways=0,
            restrict_default_security_group=False,  # it would need a custom resource; nothing of ours is in that group
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="public", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=20, map_public_ip_on_launch=False
                ),
                ec2.SubnetConfiguration(name="inner", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=20),
            ],
        )
        self.public, self.inner = self.vpc.public_subnets, self.vpc.isolated_subnets
        for subnet in (*self.public, *self.inner):
            place_by_id(cast(ec2.CfnSubnet, subnet.node.default_child))
        self.vpc.add_flow_log(
            "FlowLog",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(log_group(stack, "Flows", "network/flows")),
            traffic_type=ec2.FlowLogTrafficType.REJECT,  # what was let through, the load balancer tells
        )
        self.groups = self._groups(stack)

    def _groups(self, stack: HomeStack) -> dict[str, ec2.SecurityGroup]:
        groups = {
            tier: ec2.SecurityGroup(
                stack,
                f"Tiers{tier}",
                vpc=self.vpc,
                security_group_name=stack.names.of(tier),
                description=says,
                allow_all_outbound=tier == "server",
            )
            for tier, says in TIERS.items()
        }
        for source, target, port in WAYS:
            groups[target].add_ingress_rule(groups[source], ec2.Port.tcp(port), f"From the {source}")
            if source != "server":
                groups[source].add_egress_rule(groups[target], ec2.Port.tcp(port), f"To the {target}")
        # CloudFront's VPC origin has interfaces in our subnets; see the page on VPC origins.
        for edge in (ec2.Peer.ipv4(stack.where.cidr), ec2.Peer.prefix_list(stack.where.edge_prefixes)):
            groups["balancer"].add_ingress_rule(edge, ec2.Port.tcp(TLS), "From the edge")
        acknowledge(groups["server"], "CKV_AWS_382", "It calls AWS's services and pulls its image, without endpoints")
        return groups


def place_by_id(subnet: ec2.CfnSubnet) -> None:
    """Take what the library writes as the zone's name, and is its id, for the id."""
    subnet.availability_zone_id, subnet.availability_zone = subnet.availability_zone, None
