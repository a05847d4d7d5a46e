"""The domain as a sender of mail: SES's identity with DKIM, the address that bounces go to, and DMARC's policy."""

from aws_cdk import aws_route53 as route53
from aws_cdk import aws_ses as ses
from constructs import Construct

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
