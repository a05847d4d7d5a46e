"""Resources that span the regions of an environment."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.config import Environment, Region
from infra.constructs.mail_domain import MailDomain
from infra.constructs.permissions import acknowledge
from infra.constructs.stack import Stack
from infra.constructs.versions import AURORA

WAITING = 30  # days until a deleted key is gone


class Global(Stack):
    """The zone, the sender of mail, the global database and keys in the primary region; their replicas elsewhere."""

    def __init__(self, app: Construct, environment: Environment, region: Region) -> None:
        super().__init__(app, environment, region, stateful=True)
        alias = f"alias/{self.names.of('data')}"
        if region.primary:
            self._zone()
            self._origin_secret()
            if environment.features.dr:
                self._database()
            key = kms.Key(
                self,
                "DataKey",
                alias=alias,
                description="Encrypts databases, caches, files and their secrets",
                multi_region=True,
                enable_key_rotation=True,
                pending_window=cdk.Duration.days(WAITING),
                removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
            )
            self.share("global/data-key", key.key_arn)
        else:
            self._replica(alias)

    def _zone(self) -> None:
        zone = route53.PublicHostedZone(self, "Zone", zone_name=self.home.domain)
        zone.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        self.share("global/zone", zone.hosted_zone_id)
        MailDomain(self, zone)

    def _origin_secret(self) -> None:
        """Create the secret that CloudFront sends with each request, so that nobody comes around the WAF.

        Both its values are valid: one is sent, the other one is replaced, and then sent in its place.
        """
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
            replica_regions=[
                secretsmanager.ReplicaRegion(region=region.name) for region in self.home.regions if not region.primary
            ],
        )
        secret.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        acknowledge(secret, "CKV_AWS_149", "It keeps callers from coming around the WAF, and opens no data")
        acknowledge(secret, "AwsSolutions-SMG4", "A deployment tells CloudFront a new value: the runbook has the steps")

    def _database(self) -> None:
        cluster = rds.CfnGlobalCluster(
            self,
            "Database",
            global_cluster_identifier=self.names.of("global"),
            engine="aurora-postgresql",
            engine_version=AURORA,
            storage_encrypted=True,
            deletion_protection=True,
        )
        cluster.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)

    def _replica(self, alias: str) -> None:
        """Create a replica of the primary's key, whose name is unknown before: it is carried over once by hand."""
        replica = kms.CfnReplicaKey(
            self,
            "DataKey",
            primary_key_arn=self.shared("carried/data-key"),
            key_policy=self._by_policies_of_the_account(),
            description="The primary region's key in this one",
            pending_window_in_days=WAITING,
        )
        replica.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        kms.CfnAlias(self, "DataAlias", alias_name=alias, target_key_id=replica.attr_key_id)
        self.share("global/data-key", replica.attr_arn)
        self.share("global/zone", self.shared("carried/zone"))

    def _by_policies_of_the_account(self) -> Any:
        statement = iam.PolicyStatement(
            actions=["kms:*"], resources=["*"], principals=[iam.AccountRootPrincipal()], sid="ByPoliciesOfTheAccount"
        )
        return iam.PolicyDocument(statements=[statement])
