"""Resources that exist once in an account and region."""

from aws_cdk import aws_accessanalyzer as accessanalyzer
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_codeconnections as codeconnections
from constructs import Construct

from infra.config import Environment, Region
from infra.constructs.permissions import allow, service_role
from infra.constructs.stack import Stack


class Account(Stack):
    """API Gateway's role for its logs, the analyzer of access, and the connection to the repository."""

    def __init__(self, app: Construct, environment: Environment, region: Region) -> None:
        super().__init__(app, environment, region)
        role = service_role(self, "GatewayLogs", "apigateway")
        allow(
            role,
            "logs:CreateLogGroup logs:CreateLogStream logs:DescribeLogGroups logs:DescribeLogStreams "
            "logs:PutLogEvents logs:GetLogEvents logs:FilterLogEvents",
            self.arn_of("logs", "log-group:*"),
            because="API Gateway names the log groups of its executions itself, and asks for these",
        )
        gateway = apigateway.CfnAccount(self, "Gateway", cloud_watch_role_arn=role.role_arn)
        gateway.node.add_dependency(role)
        accessanalyzer.CfnAnalyzer(self, "Analyzer", type="ACCOUNT", analyzer_name=self.names.of("access"))
        if region.primary:
            # Confirmed once by hand at GitHub; until then the pipelines have no source.
            connection = codeconnections.CfnConnection(
                self, "Repository", connection_name=self.names.of("github"), provider_type="GitHub"
            )
            self.share("account/connection", connection.attr_connection_arn)
