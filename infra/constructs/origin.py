"""A host name of an API in this region, and the record by which Route 53 resolves it to a healthy region."""

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as gateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_route53 as route53
from constructs import Construct

from infra.constructs.stack import stack_of


class ServerOrigin(Construct):
    """A host name with a certificate of its own. `host` is the same in both regions, or this region's alone."""

    def __init__(self, scope: Construct, host: str, zone: route53.IHostedZone, *, sockets: bool = False) -> None:
        super().__init__(scope, host)
        self.host = stack_of(self).names.host(host)
        self._sockets = sockets
        certificate = acm.Certificate(
            self, "Certificate", domain_name=self.host, validation=acm.CertificateValidation.from_dns(zone)
        )
        if sockets:
            domain = gateway.CfnDomainName(
                self,
                "Domain",
                domain_name=self.host,
                domain_name_configurations=[
                    gateway.CfnDomainName.DomainNameConfigurationProperty(
                        certificate_arn=certificate.certificate_arn,
                        endpoint_type="REGIONAL",
                        security_policy="TLS_1_2",
                    )
                ],
            )
            self.target, self.zone = domain.attr_regional_domain_name, domain.attr_regional_hosted_zone_id
        else:
            rest = apigateway.CfnDomainName(
                self,
                "Domain",
                domain_name=self.host,
                regional_certificate_arn=certificate.certificate_arn,
                endpoint_configuration=apigateway.CfnDomainName.EndpointConfigurationProperty(types=["REGIONAL"]),
                security_policy="TLS_1_2",
            )
            self.target, self.zone = rest.attr_regional_domain_name, rest.attr_regional_hosted_zone_id
        self._domain = self.node.find_child("Domain")

    def map(self, id: str, api: str, stage: str, path: str | None = None) -> None:
        """Map a path to a stage of an API."""
        mapping = gateway.CfnApiMapping(self, id, api_id=api, stage=stage, domain_name=self.host, api_mapping_key=path)
        mapping.node.add_dependency(self._domain)

    def record(self, zone: str, *, failover: str | None = None, health: str | None = None) -> None:
        """Add the host's record: unconditional, or as the primary or the secondary of two regions."""
        route53.CfnRecordSet(
            self,
            "Record",
            hosted_zone_id=zone,
            name=self.host,
            type="A",
            failover=failover,
            set_identifier=stack_of(self).where.name if failover else None,
            health_check_id=health,
            alias_target=route53.CfnRecordSet.AliasTargetProperty(
                dns_name=self.target, hosted_zone_id=self.zone, evaluate_target_health=False
            ),
        )
