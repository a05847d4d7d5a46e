"""RDS Proxy: many functions, few connections. With an endpoint for the writer and one for readers."""

import aws_cdk as cdk
from aws_cdk import aws_rds as rds
from constructs import Construct

from infra.constructs.database import USER, Database
from infra.constructs.permissions import allow, service_role
from infra.constructs.stack import stack_of

IDLE = 1_800  # seconds until an idle client connection is closed


class Proxy(Construct):
    """The proxy. Clients present a token of IAM, and it another one to the database: there is no password anywhere."""

    def __init__(self, scope: Construct, database: Database) -> None:
        super().__init__(scope, "Proxy")
        stack = stack_of(self)
        role = service_role(self, "Role", "rds")
        user = f"dbuser:{database.cluster.attr_db_cluster_resource_id}/{USER}"
        allow(role, "rds-db:connect", stack.arn_of("rds-db", user))
        subnets, groups = stack.private_subnets(), [stack.shared("network/proxy-group")]
        self.proxy = rds.CfnDBProxy(
            self,
            "Proxy",
            db_proxy_name=stack.names.of("proxy"),
            engine_family="POSTGRESQL",
            default_auth_scheme="IAM_AUTH",
            require_tls=True,
            idle_client_timeout=IDLE,
            role_arn=role.role_arn,
            vpc_subnet_ids=subnets,
            vpc_security_group_ids=groups,
        )
        target = rds.CfnDBProxyTargetGroup(
            self,
            "Target",
            db_proxy_name=self.proxy.ref,
            target_group_name="default",
            db_cluster_identifiers=[database.cluster.ref],
            connection_pool_configuration_info=rds.CfnDBProxyTargetGroup.ConnectionPoolConfigurationInfoFormatProperty(
                max_connections_percent=90, max_idle_connections_percent=50, connection_borrow_timeout=5
            ),
        )
        for instance in database.instances:  # RDS refuses a target without an instance that is available
            target.add_dependency(instance)
        self.reader = rds.CfnDBProxyEndpoint(
            self,
            "Reader",
            db_proxy_endpoint_name=stack.names.of("proxy-reader"),
            db_proxy_name=self.proxy.ref,
            target_role="READ_ONLY",
            vpc_subnet_ids=subnets,
            vpc_security_group_ids=groups,
        )

    @property
    def id(self) -> str:
        """Id in the ARN of its users' permission to connect: prx-…"""
        return str(cdk.Fn.select(6, cdk.Fn.split(":", self.proxy.attr_db_proxy_arn)))
