"""Rules about what has to be there once in an account: senders of mail, pools of users, monitors of cost."""

import json
from collections.abc import Iterator

from infra.rules.synthesized import Resource, Templates


def pool_sends_mail_by_an_identity_of_ours(templates: Templates) -> Iterator[str]:
    """Yield pools whose sender no stack verifies, with the records that mailboxes ask for, or whose bounces go nowhere.

    Source: Cognito's page on email settings, and SES's on identities, custom MAIL FROM domains and DMARC.
    """
    for pool in templates.resources("AWS::Cognito::UserPool"):
        mail = pool.properties.get("EmailConfiguration", {})
        sender = json.dumps(mail.get("SourceArn", "")).rpartition("identity/")[2].rstrip('"]}')
        identities = [
            one
            for one in templates.resources("AWS::SES::EmailIdentity")
            if (one.environment, one.region, one.properties["EmailIdentity"]) == (pool.environment, pool.region, sender)
        ]
        if not identities:
            yield f"{pool} sends as {sender or 'nobody'}, which no stack makes"
        for identity in identities:
            missing = {"CNAME", "MX", "_dmarc"} - _records(templates, identity)
            if missing or "MailFromAttributes" not in identity.properties:
                yield f"{identity} lacks records: {sorted(missing)}"
        heard = templates.beside(pool, "AWS::SES::ConfigurationSetEventDestination")
        if "ConfigurationSet" not in mail or not any("SnsDestination" in one.text for one in heard):
            yield f"{pool} sends mail whose bounces nobody hears of"


def _records(templates: Templates, identity: Resource) -> set[str]:
    """Return the kinds of records beside an identity, and `_dmarc`."""
    records = templates.beside(identity, "AWS::Route53::RecordSet")
    kinds = {one.properties["Type"] for one in records}
    dmarc = [one for one in records if str(one.properties["Name"]).startswith("_dmarc.") and "v=DMARC1" in one.text]
    return kinds | ({"_dmarc"} if dmarc else set())


def replica_is_of_a_pool_that_can_have_one(templates: Templates) -> Iterator[str]:
    """Yield replicas of pools without a customer's key, or whose issuer is of one region.

    Source: Cognito's page on multi-Region replication. The issuer cannot be changed without signing everybody out.
    """
    for replica in templates.resources("AWS::Cognito::UserPoolReplica"):
        pools = [one for one in templates.resources("AWS::Cognito::UserPool") if one.environment == replica.environment]
        if not all({"KeyConfiguration", "IssuerConfiguration"} <= pool.properties.keys() for pool in pools):
            yield f"{replica} is of a pool without KeyConfiguration or IssuerConfiguration"


def monitor_of_services_is_left_to_the_account(templates: Templates) -> Iterator[str]:
    """Yield monitors of cost by service: an account has one, which AWS makes itself.

    Source: aws-cloudformation/cloudformation-coverage-roadmap#2515.
    """
    for monitor in templates.resources("AWS::CE::AnomalyMonitor"):
        if monitor.properties.get("MonitorDimension") == "SERVICE":
            yield f"{monitor} would be a second one"
