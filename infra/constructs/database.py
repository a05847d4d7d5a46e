"""Aurora Serverless v2: a cluster with its instances, the primary or a secondary of the global database."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.config import STANDBY_ACU
from infra.constructs.permissions import acknowledge
from infra.constructs.stack import stack_of
from infra.constructs.tiers import DATABASE_PORT
from infra.constructs.versions import AURORA, AURORA_FAMILY

ENGINE = "aurora-postgresql"
MASTER = "postgres"
USER = "milequest"  # the service's role in the database: no password, a token of IAM
PARAMETERS = {
    "rds.force_ssl": "1",
    "log_min_duration_statement": "500",
    "log_parameter_max_length": "0",  # else each slow statement is logged with its values: addresses, places
    "log_parameter_max_length_on_error": "0",
    "idle_in_transaction_session_timeout": "60000",
}


class Database(Construct):
    """The cluster, of plain resources: the library has no construct for a secondary."""

    def __init__(self, scope: Construct, key: kms.IKey) -> None:
        super().__init__(scope, "Database")
        stack = stack_of(self)
        primary = stack.where.primary
        self.secret = self._secret(key) if primary else None
        parameters = rds.CfnDBClusterParameterGroup(
            self, "Parameters", family=AURORA_FAMILY, description="TLS only; slow statements", parameters=PARAMETERS
        )
        sizes, dr = stack.home.sizes, stack.home.features.dr
        self.cluster = rds.CfnDBCluster(
            self,
            "Cluster",
            db_cluster_identifier=stack.names.of("database"),
            global_cluster_identifier=stack.names.of("global") if dr else None,
            engine=ENGINE,
            engine_version=AURORA,
            database_name=USER if primary else None,
            master_username=MASTER if primary else None,
            master_user_password=self._password(),
            port=DATABASE_PORT,
            db_subnet_group_name=self._subnets(stack.data_subnets()),
            vpc_security_group_ids=[stack.shared("network/database-group")],
            db_cluster_parameter_group_name=parameters.ref,
            storage_encrypted=True,
            kms_key_id=key.key_arn,
            enable_iam_database_authentication=True,
            backup_retention_period=35 if stack.home.production else 7,  # any moment of these days can be restored
            copy_tags_to_snapshot=True,
            deletion_protection=True,
            enable_cloudwatch_logs_exports=["postgresql"],
            database_insights_mode="standard",
            serverless_v2_scaling_configuration=rds.CfnDBCluster.ServerlessV2ScalingConfigurationProperty(
                min_capacity=sizes.acu_min if primary else STANDBY_ACU, max_capacity=sizes.acu_max
            ),
        )
        self.cluster.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        self.instances = [self._instance(number, key) for number in range(1 + (sizes.readers if primary else 0))]

    def _secret(self, key: kms.IKey) -> secretsmanager.Secret:
        """Return the secret of the master, who creates extensions and roles; the service itself has no password."""
        secret = secretsmanager.Secret(
            self,
            "Master",
            secret_name=stack_of(self).names.of("database-master"),
            encryption_key=key,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=f'{{"username":"{MASTER}"}}',
                generate_string_key="password",
                password_length=40,
                exclude_punctuation=True,
            ),
            replica_regions=[
                secretsmanager.ReplicaRegion(region=region.name)
                for region in stack_of(self).home.regions
                if not region.primary
            ],
        )
        secret.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        return secret

    def _password(self) -> str | None:
        """Return the password, which CloudFormation reads from the secret; no template contains it."""
        return self.secret.secret_value_from_json("password").unsafe_unwrap() if self.secret else None

    def _subnets(self, subnets: list[str]) -> str:
        group = rds.CfnDBSubnetGroup(self, "Subnets", db_subnet_group_description="Data subnets", subnet_ids=subnets)
        return str(group.ref)

    def _instance(self, number: int, key: kms.IKey) -> rds.CfnDBInstance:
        """Return an instance.

        The first is the writer, or becomes it after a promotion; the others read, and take over.
        """
        instance = rds.CfnDBInstance(
            self,
            f"Instance{number}",
            db_instance_identifier=stack_of(self).names.of(f"database-{number}"),
            db_cluster_identifier=self.cluster.ref,
            db_instance_class="db.serverless",
            engine=ENGINE,
            promotion_tier=min(number, 1),
            publicly_accessible=False,
            auto_minor_version_upgrade=True,
            enable_performance_insights=True,
            performance_insights_kms_key_id=key.key_arn,
        )
        instance.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        acknowledge(instance, "CKV_AWS_118", "Database Insights says which statement; the machine below is AWS's")
        return instance
