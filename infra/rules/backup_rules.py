"""Rules about backups: what is backed up, and what a locked vault takes."""

import json
from collections.abc import Iterator
from typing import Final

from infra.rules.synthesized import Body, Resource, Templates

COOLING: Final = 3  # days that a lock waits at least before nobody can take it off


def database_is_backed_up_apart(templates: Templates) -> Iterator[str]:
    """Yield clusters that were born primary and whose backups are not copied to a locked vault.

    Source: the Aurora page on global databases: every write, a wrong one too, is in each region within a second.
    """
    for cluster in templates.resources("AWS::RDS::DBCluster"):
        if "MasterUsername" not in cluster.properties:
            continue
        name = f'cluster:{cluster.properties["DBClusterIdentifier"]}"'
        chosen = [
            one
            for one in templates.resources("AWS::Backup::BackupSelection")
            if (one.environment, one.region) == (cluster.environment, cluster.region) and name in one.text
        ]
        copies = [copy for one in chosen for plan in _plans(templates, one) for _, copy in _copies(plan)]
        if not any("LockConfiguration" in vault for copy in copies for vault in _targets(templates, cluster, copy)):
            yield f"{cluster} is in no plan whose copies go to a locked vault"


def copy_is_kept_as_long_as_its_vault_takes(templates: Templates) -> Iterator[str]:
    """Yield copies that their vault would refuse, for it is not there or keeps for other numbers of days.

    Source: AWS Backup's API, PutBackupVaultLockConfiguration: a job with another retention fails; and its page on
    copies: those of continuous backups are snapshots, and a copy is kept no longer than its source.
    """
    for plan in templates.resources("AWS::Backup::BackupPlan"):
        for rule, copy in _copies(plan):
            if rule.get("EnableContinuousBackup"):
                yield f"{plan} copies a continuous backup, which has no moments"
            days = copy.get("Lifecycle", {}).get("DeleteAfterDays")
            if days != rule.get("Lifecycle", {}).get("DeleteAfterDays"):
                yield f"{plan}: copies are kept for {days} days, and their sources for others"
            vaults = list(_targets(templates, plan, copy))
            if not vaults:
                yield f"{plan} copies to a vault that there is not"
            for lock in (vault.get("LockConfiguration", {}) for vault in vaults):
                if not lock.get("MinRetentionDays", 0) <= (days or 0) <= lock.get("MaxRetentionDays", days or 0):
                    yield f"{plan}: the vault takes no copies that are kept for {days} days"


def lock_can_be_taken_off_at_first(templates: Templates) -> Iterator[str]:
    """Yield locks that never close, or that CloudFormation refuses.

    Source: CloudFormation's page on AWS::Backup::BackupVault LockConfigurationType: without ChangeableForDays the lock
    can be deleted at any time, and it is three days at least.
    """
    for vault in templates.resources("AWS::Backup::BackupVault"):
        lock = vault.properties.get("LockConfiguration")
        if lock is not None and lock.get("ChangeableForDays", 0) < COOLING:
            yield f"{vault} has a lock that closes after {lock.get('ChangeableForDays', 'no')} days"


def _plans(templates: Templates, selection: Resource) -> Iterator[Resource]:
    for plan in templates.beside(selection, "AWS::Backup::BackupPlan"):
        if plan.id in json.dumps(selection.properties["BackupPlanId"]):
            yield plan


def _copies(plan: Resource) -> Iterator[tuple[Body, Body]]:
    """Yield each copy that a plan makes, with the rule of its source."""
    for rule in plan.properties["BackupPlan"]["BackupPlanRule"]:
        for copy in rule.get("CopyActions", ()):
            yield rule, copy


def _targets(templates: Templates, of: Resource, copy: Body) -> Iterator[Body]:
    """Yield the properties of the vault that a copy goes to."""
    _, _, _, region, _, _, name = str(copy["DestinationBackupVaultArn"]).split(":")
    for vault in templates.resources("AWS::Backup::BackupVault"):
        if (vault.environment, vault.region, vault.properties["BackupVaultName"]) == (of.environment, region, name):
            yield vault.properties
