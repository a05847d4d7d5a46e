"""Alarms in Slack."""

from aws_cdk import aws_chatbot as chatbot
from constructs import Construct

from infra.config import Environment, Region
from infra.constructs.permissions import allow, service_role
from infra.constructs.stack import Stack


class Chat(Stack):
    """A channel that receives alarms. Deployed once it is authorized in Slack, and its ids are parameters."""

    def __init__(self, app: Construct, environment: Environment, region: Region) -> None:
        super().__init__(app, environment, region)
        role = service_role(self, "Role", "chatbot")
        allow(
            role,
            "cloudwatch:DescribeAlarms cloudwatch:GetMetricData cloudwatch:GetMetricStatistics cloudwatch:ListMetrics",
            "*",
            because="Metrics know no resource; reading them is all the channel may do",
        )
        chatbot.CfnSlackChannelConfiguration(
            self,
            "Channel",
            configuration_name=self.names.of("alarms"),
            slack_workspace_id=self.shared("by-hand/slack-workspace"),
            slack_channel_id=self.shared("by-hand/slack-channel"),
            iam_role_arn=role.role_arn,
            logging_level="ERROR",
            sns_topic_arns=[self.arn_of("sns", self.names.of(name)) for name in ("page", "ticket")],
        )
