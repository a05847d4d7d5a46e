"""Resources that exist once in an account and region."""

import json
from typing import Final

from aws_cdk import aws_accessanalyzer as accessanalyzer
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_codeconnections as codeconnections
from aws_cdk import aws_logs as logs
from aws_cdk import aws_xray as xray
from constructs import Construct

from infra.config import Environment, Region
from infra.constructs.permissions import allow, service_role
from infra.constructs.stack import Stack
from infra.constructs.telemetry_export import goes_to_cloudwatch

INDEXED: Final = 1  # percent of traces, which cost nothing; all are found by their ids in the group aws/spans


class Account(Stack):
    """API Gateway's role for its logs, the analyzer of access, the connection to the repository, where traces go."""

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
        if goes_to_cloudwatch(self):
            self._search_traces()

    def _search_traces(self) -> None:
        """Switch Transaction Search on, without which X-Ray refuses traces by OTLP.

        Source: AWS's page CloudWatch-Transaction-Search-Cloudformation, which names both resources.
        """
        groups = [self.arn_of("logs", f"log-group:{name}:*") for name in ("aws/spans", "/aws/application-signals/data")]
        ours = {
            "ArnLike": {"aws:SourceArn": self.arn_of("xray", "*")},
            "StringEquals": {"aws:SourceAccount": self.account},
        }
        statement = {
            "Sid": "TransactionSearchXRayAccess",
            "Effect": "Allow",
            "Principal": {"Service": "xray.amazonaws.com"},
            "Action": "logs:PutLogEvents",
            "Resource": groups,
            "Condition": ours,
        }
        policy = logs.CfnResourcePolicy(
            self,
            "SpansPolicy",
            policy_name=self.names.of("spans"),
            policy_document=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )
        search = xray.CfnTransactionSearchConfig(self, "TransactionSearch", indexing_percentage=INDEXED)
        search.node.add_dependency(policy)
