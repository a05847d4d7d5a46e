"""The domain as a sender of mail: SES's identity with its records, and what the service needs to send by it."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_ses as ses
from constructs import Construct

from infra.constructs.permissions import allow
from infra.constructs.stack import HomeStack


class MailDomain(Construct):
    """SES's identity of the zone, with its records: verified once the registrar names the zone's servers."""

    def __init__(self, stack: HomeStack, zone: route53.IPublicHostedZone) -> None:
        super().__init__(stack, "MailDomain")
        ses.EmailIdentity(
            self,
            "Identity",
            identity=ses.Identity.public_hosted_zone(zone),  # with the three records of DKIM
            mail_from_domain=stack.names.host("mail"),
            mail_from_behavior_on_mx_failure=ses.MailFromBehaviorOnMxFailure.USE_DEFAULT_VALUE,
            feedback_forwarding=False,  # a topic hears of bounces
        )
        route53.TxtRecord(
            self,
            "Dmarc",
            zone=zone,
            record_name="_dmarc",
            values=[f"v=DMARC1; p=quarantine; adkim=s; aspf=r; rua=mailto:{stack.home.alerts.email}"],
        )


def of_mail(stack: HomeStack) -> dict[str, str]:
    """Return the settings by which the service sends mail: none outside of the primary region, as the domain is there.

    A region that took over makes invites without a mail, whose links their makers send themselves.
    """
    if not stack.where.primary:
        return {}
    return {
        "MILEQUEST_SES_CONFIGURATION_SET": stack.names.of("mail"),
        "MILEQUEST_MAIL_FROM": f"Mile Quest <no-reply@{stack.home.domain}>",
    }


def let_mail(role: iam.IRole, stack: HomeStack) -> None:
    """Let a role send mail of the domain, where `of_mail` has a region do so."""
    if stack.where.primary:
        domain = stack.arn_of("ses", f"identity/{stack.home.domain}")
        reported = stack.arn_of("ses", f"configuration-set/{stack.names.of('mail')}")
        allow(role, "ses:SendEmail ses:SendRawEmail", domain, reported)
