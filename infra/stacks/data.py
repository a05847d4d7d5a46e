"""The databases: Aurora and Valkey."""

import aws_cdk as cdk
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.config import Environment, Region
from infra.constructs.database import USER, Database
from infra.constructs.function import Function
from infra.constructs.permissions import allow
from infra.constructs.proxy import Proxy
from infra.constructs.stack import Stack
from infra.constructs.tiers import DATABASE_PORT
from infra.constructs.versions import VALKEY

ROTATION = "rate(30 days)"
VERIFIED = "sslmode=verify-full&sslrootcert=aws"  # by the roots of RDS and of its proxies, which are packaged


class Data(Stack):
    """Aurora with its proxy and reader, the rotation of its master's secret, and the cache."""

    def __init__(self, app: Construct, environment: Environment, region: Region) -> None:
        super().__init__(app, environment, region, stateful=True)
        self.key = kms.Key.from_key_arn(self, "Key", self.shared("global/data-key"))
        database = Database(self, self.key)
        if database.secret:
            self._rotate(database.secret, database)
            self._create_roles(database.secret, database)
        self._hand_over(database)
        self._cache()

    def _rotate(self, secret: secretsmanager.Secret, database: Database) -> None:
        """Rotate the secret by our own function: the library's is an application of a repository, by a transform."""
        host = database.cluster.attr_endpoint_address
        function = Function(
            self,
            "rotate-secret",
            "app.aws.rotation.handler",
            "Gives the database's master a new password",
            seconds=60,
            in_network=True,
            urgency="page",
            variables={"MILEQUEST_DATABASE_URL": f"postgresql://{host}:{DATABASE_PORT}/{USER}?{VERIFIED}"},
        )
        steps = "secretsmanager:DescribeSecret secretsmanager:GetSecretValue secretsmanager:PutSecretValue"
        allow(function.role, f"{steps} secretsmanager:UpdateSecretVersionStage", secret.secret_arn)
        allow(function.role, "kms:Decrypt kms:GenerateDataKey", self.key.key_arn)
        function.alias.add_permission(
            "Rotation",
            principal=iam.ServicePrincipal("secretsmanager.amazonaws.com"),
            source_account=self.account,
        )
        schedule = secretsmanager.CfnRotationSchedule(
            self,
            "Rotation",
            secret_id=secret.secret_arn,
            rotation_lambda_arn=function.alias.function_arn,
            rotation_rules=secretsmanager.CfnRotationSchedule.RotationRulesProperty(schedule_expression=ROTATION),
            rotate_immediately_on_update=False,
        )
        schedule.node.add_dependency(function.alias)

    def _create_roles(self, secret: secretsmanager.Secret, database: Database) -> None:
        """Create the function by which the deploy command makes the service's role, as the master."""
        host = database.cluster.attr_endpoint_address
        function = Function(
            self,
            "database-roles",
            "app.aws.database_roles.handler",
            "Creates the service's role in a new database",
            seconds=60,
            in_network=True,
            variables={"MILEQUEST_DATABASE_URL": f"postgresql://{host}:{DATABASE_PORT}/{USER}?{VERIFIED}"},
        )
        allow(function.role, "secretsmanager:GetSecretValue", secret.secret_arn)
        allow(function.role, "kms:Decrypt", self.key.key_arn)
        function.node.add_dependency(*database.instances)

    def _hand_over(self, database: Database) -> None:
        """Share the address and the user of the database: through the proxy if there is one."""
        reader = database.cluster.attr_read_endpoint_address
        # A secondary has no writer's endpoint until it is promoted, but will have it under this name.
        secondary = cdk.Fn.join("cluster-", cdk.Fn.split("cluster-ro-", reader))
        writer = database.cluster.attr_endpoint_address if self.where.primary else secondary
        who = database.cluster.attr_db_cluster_resource_id
        if self.home.features.proxy and self.where.primary:
            proxy = Proxy(self, database)
            writer, reader, who = proxy.proxy.attr_endpoint, proxy.reader.attr_endpoint, proxy.id
        self.share("data/writer-host", writer)
        self.share("data/reader-host", reader)
        self.share("data/port", str(DATABASE_PORT))
        for name, host in (("writer", writer), ("reader", reader)):
            self.share(f"data/{name}-url", f"postgresql://{USER}@{host}:{DATABASE_PORT}/{USER}?{VERIFIED}")
        self.share("data/user", USER)
        self.share("data/connect-arn", self.arn_of("rds-db", f"dbuser:{who}/{USER}"))
        if database.secret:
            self.share("data/master-secret", database.secret.secret_arn)

    def _cache(self) -> None:
        """Create Valkey of this region; all its content can be rebuilt."""
        user = elasticache.CfnUser(
            self,
            "CacheUser",
            engine="valkey",
            user_id=self.names.of("service"),
            user_name=self.names.of("service"),
            access_string="on ~* &* +@all -@dangerous",  # without &* no channel, so no wake-up
            authentication_mode={"Type": "iam"},
        )
        users = elasticache.CfnUserGroup(
            self, "CacheUsers", engine="valkey", user_group_id=self.names.of("cache"), user_ids=[user.ref]
        )
        sizes = self.home.sizes
        limits = elasticache.CfnServerlessCache.CacheUsageLimitsProperty(
            data_storage=elasticache.CfnServerlessCache.DataStorageProperty(unit="GB", maximum=sizes.cache_gb),
            ecpu_per_second=elasticache.CfnServerlessCache.ECPUPerSecondProperty(maximum=sizes.cache_ecpu * 1_000),
        )
        cache = elasticache.CfnServerlessCache(
            self,
            "Cache",
            serverless_cache_name=self.names.of("cache"),
            engine="valkey",
            major_engine_version=VALKEY,
            description="Caches, counters of limits, interest in topics",
            kms_key_id=self.key.key_arn,
            subnet_ids=self.data_subnets(),
            security_group_ids=[self.shared("network/cache-group")],
            user_group_id=users.ref,
            cache_usage_limits=limits,
        )
        cache.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        self.share("data/cache-host", cache.attr_endpoint_address)
        self.share("data/cache-port", cache.attr_endpoint_port)
        address = f"{cache.attr_endpoint_address}:{cache.attr_endpoint_port}"
        self.share("data/cache-url", f"rediss+cluster://{user.ref}@{address}")
        self.share("data/cache-arn", cache.attr_arn)
        self.share("data/cache-user", user.ref)
        self.share("data/cache-user-arn", user.attr_arn)
