"""Backups of the database that nobody can delete, apart from it: a mistake is copied to every other copy of it."""

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_backup as backup
from aws_cdk import aws_cloudwatch as cw
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.config import Environment, Region
from infra.constructs.alarms import alarm
from infra.constructs.failure_rule import tell_of
from infra.constructs.permissions import allow, service_role
from infra.constructs.stack import Stack
from infra.names import Names

DAILY: Final = "cron(0 9 * * ? *)"  # apart from Aurora's own window, in UTC
SHORTEST: Final = 7  # days that a locked backup is kept at least
GRACE: Final = 14  # days after its creation in which the lock may still be taken off; then nobody can, nor can AWS
NO_COPY: Final = "Nobody notices, but what is destroyed now could not be restored: no backup was copied for two days"
FAILED: Final = "A backup of <resource>, or its copy to the locked vault, is <state>."


class Backup(Stack):
    """A plan with its vault in the primary region; the locked vault of its copies, in the other region if there is one.

    Aurora alone: sockets' rows live for two hours, and a copy of the bucket would keep what people uploaded, with its
    places, for longer than the day that is promised.
    """

    def __init__(self, app: Construct, environment: Environment, region: Region) -> None:
        super().__init__(app, environment, region, stateful=True)
        locked = Names(environment, environment.regions[-1])
        if locked.region == region:
            self._vault("locked", lock=self._lock())
        if region.primary:
            self._plan(self._vault("backups"), locked)
            self._tell(locked.of("locked"))

    @property
    def days(self) -> int:
        """Days for which each backup and each copy is kept: no longer than the database's own log."""
        return 35 if self.home.production else SHORTEST

    def _lock(self) -> backup.CfnBackupVault.LockConfigurationTypeProperty:
        return backup.CfnBackupVault.LockConfigurationTypeProperty(
            min_retention_days=SHORTEST, max_retention_days=self.days, changeable_for_days=GRACE
        )

    def _vault(
        self, name: str, lock: backup.CfnBackupVault.LockConfigurationTypeProperty | None = None
    ) -> backup.CfnBackupVault:
        """Create a vault with a key of its own, so that the loss of the data's key is none of its backups."""
        key = kms.Key(
            self,
            f"{name}-key",
            alias=f"alias/{self.names.of(name)}",
            description=f"Encrypts the vault {name}",
            enable_key_rotation=True,
            pending_window=cdk.Duration.days(30),
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        vault = backup.CfnBackupVault(
            self,
            f"{name}-vault",
            backup_vault_name=self.names.of(name),
            encryption_key_arn=key.key_arn,
            lock_configuration=lock,
        )
        vault.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        return vault

    def _plan(self, vault: backup.CfnBackupVault, locked: Names) -> None:
        """Back the cluster up each day, and copy that. The log that any moment is restored by is Aurora's own."""
        of = backup.CfnBackupPlan
        kept = of.LifecycleResourceTypeProperty(delete_after_days=self.days)
        target = self._vault_arn(locked, "locked")
        rule = of.BackupRuleResourceTypeProperty(
            rule_name="daily",
            target_backup_vault=vault.ref,
            schedule_expression=DAILY,
            start_window_minutes=60,
            completion_window_minutes=12 * 60,
            lifecycle=kept,
            copy_actions=[of.CopyActionResourceTypeProperty(destination_backup_vault_arn=target, lifecycle=kept)],
        )
        plan = backup.CfnBackupPlan(
            self,
            "Plan",
            backup_plan=of.BackupPlanResourceTypeProperty(
                backup_plan_name=self.names.of("daily"), backup_plan_rule=[rule]
            ),
        )
        for one in self.node.find_all():
            if isinstance(one, backup.CfnBackupVault):
                plan.node.add_dependency(one)
        backup.CfnBackupSelection(
            self,
            "Selection",
            backup_plan_id=plan.attr_backup_plan_id,
            backup_selection=backup.CfnBackupSelection.BackupSelectionResourceTypeProperty(
                selection_name=self.names.of("database"),
                iam_role_arn=self._role(locked).role_arn,
                resources=[self.arn_of("rds", f"cluster:{self.names.of('database')}")],
            ),
        )

    def _role(self, locked: Names) -> iam.Role:
        """Create the role, by the part of AWS's own AWSBackupServiceRolePolicyForBackup that is about Aurora."""
        role = service_role(self, "Role", "backup")
        snapshots = f"arn:aws:rds:*:{self.account}:cluster-snapshot:"
        because = "AWS Backup names the snapshots itself, and copies them to the region of the locked vault"
        does = "AddTagsToResource ListTagsForResource CreateDBClusterSnapshot CopyDBClusterSnapshot DescribeDBClusters"
        allow(
            role,
            " ".join(f"rds:{one}" for one in f"{does} DescribeDBClusterSnapshots".split()),
            self.arn_of("rds", f"cluster:{self.names.of('database')}"),
            f"{snapshots}*",
            because=because,
        )
        ends = "rds:DeleteDBClusterSnapshot rds:ModifyDBClusterSnapshotAttribute"
        allow(role, ends, f"{snapshots}awsbackup:*", because=because)
        vaults = [self._vault_arn(self.names, "backups"), self._vault_arn(locked, "locked")]
        allow(role, "backup:DescribeBackupVault backup:CopyIntoBackupVault backup:CopyFromBackupVault", *vaults)
        keys = f"arn:aws:kms:*:{self.account}:key/*"
        because = "The key of the vault in the other region is known there alone, and the database's before this stack"
        uses = "kms:DescribeKey kms:Decrypt kms:Encrypt kms:GenerateDataKey kms:GenerateDataKeyWithoutPlaintext"
        allow(role, f"{uses} kms:ReEncryptFrom kms:ReEncryptTo", keys, because=because)
        role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["kms:CreateGrant"],
                resources=[keys],
                conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}},
            )
        )
        return role

    def _vault_arn(self, names: Names, name: str) -> str:
        return f"arn:aws:backup:{names.region.name}:{self.account}:backup-vault:{names.of(name)}"

    def _tell(self, locked: str) -> None:
        """Tell of each job that failed, and alarm where none is done, which no failed job would tell."""
        states = ["FAILED", "ABORTED", "EXPIRED"]
        paths = {"resource": "$.resources[0]", "state": "$.detail.state"}
        for kind in ("Backup", "Copy"):
            pattern = {
                "source": ["aws.backup"],
                "detail-type": [f"{kind} Job State Change"],
                "detail": {"state": states},
            }
            tell_of(self, f"{kind.lower()}-failed", pattern, paths, FAILED)
        day = cdk.Duration.days(1)
        copied = cw.Metric(
            namespace="AWS/Backup",
            metric_name="NumberOfCopyJobsCompleted",
            dimensions_map={"BackupVaultName": locked, "ResourceType": "Aurora"},
            statistic="sum",
            period=day,
        )
        none = cw.MathExpression(expression="1 - copied", using_metrics={"copied": copied}, period=day)
        alarm(
            self, "NoCopy", none, 0, NO_COPY, "no-backup-was-copied", minutes=2, missing=cw.TreatMissingData.BREACHING
        )
