"""PostgreSQL of the starter environment: one small instance of RDS, any moment of some days restorable."""

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager

from infra.constructs.database import MASTER, PARAMETERS, USER
from infra.constructs.permissions import acknowledge
from infra.constructs.stack import HomeStack
from infra.constructs.starter_network import StarterNetwork
from infra.constructs.tiers import DATABASE_PORT
from infra.constructs.versions import POSTGRES, POSTGRES_FAMILY
from infra.starter_environment import StarterEnvironment

VERIFIED: Final = "sslmode=verify-full&sslrootcert=aws"
SMALL_SITE: Final = "One instance for a club: a second one would double its price, and a restore takes an hour"


class StarterDatabase:
    """The instance; the secret with the master's address; and `url`, by which the service signs in with a token."""

    def __init__(self, stack: HomeStack, environment: StarterEnvironment, network: StarterNetwork) -> None:
        secret = self._master(stack)
        password = secret.secret_value_from_json("password").unsafe_unwrap()
        self.instance = self._instance(stack, environment, network, password)
        host = f"{self.instance.attr_endpoint_address}:{DATABASE_PORT}/{USER}?{VERIFIED}"
        self.url = f"postgresql://{USER}@{host}"
        self.master_url = secretsmanager.CfnSecret(
            stack,
            "MasterUrl",
            name=stack.names.of("master-url"),
            description="Address of the database, as its master, who makes the service's role",
            secret_string=f"postgresql://{MASTER}:{password}@{host}",  # a reference, which CloudFormation reads
        )
        self.master_url.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        self.who = stack.arn_of("rds-db", f"dbuser:{self.instance.attr_dbi_resource_id}/{USER}")
        for one in (secret, self.master_url):
            acknowledge(one, "CKV_AWS_149", "Secrets Manager's own key does, and costs nothing")
            acknowledge(one, "AwsSolutions-SMG4", "It is used by the task that makes the role, behind the network")

    def _master(self, stack: HomeStack) -> secretsmanager.Secret:
        secret = secretsmanager.Secret(
            stack,
            "Master",
            secret_name=stack.names.of("database-master"),
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=f'{{"username":"{MASTER}"}}',
                generate_string_key="password",
                password_length=40,
                exclude_punctuation=True,
            ),
        )
        secret.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        return secret

    def _instance(
        self, stack: HomeStack, environment: StarterEnvironment, network: StarterNetwork, password: str
    ) -> rds.CfnDBInstance:
        parameters = rds.CfnDBParameterGroup(
            stack, "Parameters", family=POSTGRES_FAMILY, description="TLS only; slow statements", parameters=PARAMETERS
        )
        subnets = rds.CfnDBSubnetGroup(
            stack,
            "Subnets",
            db_subnet_group_description="Inner subnets",
            subnet_ids=[one.subnet_id for one in network.inner],
        )
        group: ec2.SecurityGroup = network.groups["database"]
        made = rds.CfnDBInstance(
            stack,
            "Database",
            db_instance_identifier=stack.names.of("database"),
            db_instance_class=environment.database_class,
            engine="postgres",
            engine_version=POSTGRES,
            db_name=USER,
            master_username=MASTER,
            master_user_password=password,
            port=str(DATABASE_PORT),
            allocated_storage=str(environment.storage_gb),
            max_allocated_storage=5 * environment.storage_gb,
            storage_type="gp3",
            storage_encrypted=True,
            db_subnet_group_name=subnets.ref,
            vpc_security_groups=[group.security_group_id],
            db_parameter_group_name=parameters.ref,
            enable_iam_database_authentication=True,
            backup_retention_period=environment.backup_days,
            copy_tags_to_snapshot=True,
            deletion_protection=True,
            publicly_accessible=False,
            auto_minor_version_upgrade=True,
            enable_cloudwatch_logs_exports=["postgresql"],
        )
        made.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        for rule in ("AwsSolutions-RDS3", "CKV_AWS_157"):
            acknowledge(made, rule, SMALL_SITE)
        for rule in ("CKV_AWS_118", "CKV_AWS_353"):
            acknowledge(made, rule, "Slow statements are logged; the machine below is AWS's")
        return made
