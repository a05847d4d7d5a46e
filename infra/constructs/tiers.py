"""Network access within the VPC: a security group for each tier, and a network ACL for each kind of subnet."""

from collections.abc import Sequence

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from infra.constructs.stack import stack_of

DATABASE_PORT = 5_433  # not PostgreSQL's own, which an intruder tries first
CACHE_PORTS = (6_379, 6_380)  # the writer's and the reader's
SERVER_PORT = 8_000
TLS = 443

TIERS = {
    "functions": "Functions that touch Aurora or Valkey",
    "servers": "Servers on Fargate",
    "link": "The link of API Gateway to the load balancer",
    "balancer": "The load balancer before the servers",
    "endpoints": "Endpoints of AWS services",
    "proxy": "The proxy of the database",
    "database": "Aurora",
    "cache": "Valkey",
}
WAYS: Sequence[tuple[str, str, int]] = (  # from, to, port
    *((client, "endpoints", TLS) for client in ("functions", "servers")),
    *((client, tier, DATABASE_PORT) for client in ("functions", "servers") for tier in ("proxy", "database")),
    *((client, "cache", port) for client in ("functions", "servers") for port in CACHE_PORTS),
    ("proxy", "database", DATABASE_PORT),
    ("link", "balancer", TLS),
    ("balancer", "servers", SERVER_PORT),
)
CALLERS = ("functions", "servers")  # also call hosts outside


class Tiers(Construct):
    """The security groups. They admit only the ways above, and the edge to the balancer."""

    def __init__(self, scope: Construct, vpc: ec2.IVpc) -> None:
        super().__init__(scope, "Tiers")
        stack = stack_of(self)
        self.groups = {
            tier: ec2.SecurityGroup(
                self,
                tier,
                vpc=vpc,
                security_group_name=stack.names.of(tier),
                description=says,
                allow_all_outbound=tier in CALLERS,
            )
            for tier, says in TIERS.items()
        }
        for source, target, port in WAYS:
            self.groups[target].add_ingress_rule(self.groups[source], ec2.Port.tcp(port), f"From the {source}")
            if source not in CALLERS:
                self.groups[source].add_egress_rule(self.groups[target], ec2.Port.tcp(port), f"To the {target}")
        # CloudFront's VPC origin has interfaces in our subnets; its prefix list counts as 55 of a group's 60 rules.
        for edge in (ec2.Peer.ipv4(stack.where.cidr), ec2.Peer.prefix_list(stack.where.edge_prefixes)):
            self.groups["balancer"].add_ingress_rule(edge, ec2.Port.tcp(TLS), "From the edge")
        for tier, group in self.groups.items():
            stack.share(f"network/{tier}-group", group.security_group_id)


class Acls(Construct):
    """Network ACLs: a second barrier, by addresses alone. Data subnets reach our VPC only."""

    def __init__(self, scope: Construct, vpc: ec2.IVpc) -> None:
        super().__init__(scope, "Acls")
        inside = ec2.AclCidr.ipv4(stack_of(self).where.cidr)
        data = self._acl("data", vpc, ec2.SubnetSelection(subnet_group_name="data"))
        for port in (DATABASE_PORT, *CACHE_PORTS):
            self._entry(data, ec2.TrafficDirection.INGRESS, inside, ec2.AclTraffic.tcp_port(port))
        answers = ec2.AclTraffic.tcp_port_range(1_024, 65_535)
        self._entry(data, ec2.TrafficDirection.EGRESS, inside, answers)
        private = self._acl("private", vpc, ec2.SubnetSelection(subnet_group_name="private"))
        anyone = ec2.AclCidr.any_ipv4()
        self._entry(private, ec2.TrafficDirection.INGRESS, inside, ec2.AclTraffic.all_traffic())
        self._entry(private, ec2.TrafficDirection.INGRESS, anyone, answers)
        self._entry(private, ec2.TrafficDirection.EGRESS, inside, ec2.AclTraffic.all_traffic())
        self._entry(private, ec2.TrafficDirection.EGRESS, anyone, ec2.AclTraffic.tcp_port(TLS))

    def _acl(self, name: str, vpc: ec2.IVpc, subnets: ec2.SubnetSelection) -> ec2.NetworkAcl:
        return ec2.NetworkAcl(self, name, vpc=vpc, subnet_selection=subnets)

    def _entry(
        self, acl: ec2.NetworkAcl, direction: ec2.TrafficDirection, cidr: ec2.AclCidr, traffic: ec2.AclTraffic
    ) -> None:
        """Allow traffic. Rules are numbered in the order in which they are written."""
        number = 100 + 10 * len([child for child in acl.node.children if child.node.id.startswith("rule")])
        acl.add_entry(f"rule {number}", cidr=cidr, rule_number=number, traffic=traffic, direction=direction)
