"""Alarms of the starter environment: a handful, all to one mail address."""

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cw
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_ses as ses
from aws_cdk import aws_sns as sns

from infra.constructs.alarms import MINUTE, NAMESPACE, alarm
from infra.constructs.metric_names import metric
from infra.constructs.permissions import acknowledge
from infra.constructs.stack import HomeStack
from infra.constructs.starter_database import StarterDatabase
from infra.constructs.starter_server import StarterServer
from infra.stacks.identity import REPUTATION
from infra.starter_environment import StarterEnvironment

GB: Final = 1024**3  # bytes


class StarterAlarms:
    """The topic with its one recipient, and the alarms."""

    def __init__(
        self,
        stack: HomeStack,
        environment: StarterEnvironment,
        server: StarterServer,
        database: StarterDatabase,
        balancer: elb.CfnLoadBalancer,
        group: elb.CfnTargetGroup,
        mail: ses.ConfigurationSet,
    ) -> None:
        self._stack = stack
        self._tell(environment)
        self._of_server(server, balancer, group)
        self._of_database(environment, database)
        for id, name, above, says in REPUTATION:
            reputation = metric("AWS/SES", f"Reputation.{name}", "avg").with_(period=cdk.Duration.hours(1))
            made = alarm(stack, id, reputation, above, says, "mail-is-returned", minutes=1)
            made.node.add_dependency(mail)

    def _tell(self, environment: StarterEnvironment) -> None:
        topic = sns.Topic(self._stack, "ticket-topic", topic_name=self._stack.names.of("ticket"), enforce_ssl=True)
        alarms = iam.ServicePrincipal("cloudwatch.amazonaws.com")
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["sns:Publish"],
                principals=[alarms],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": environment.account}},
            )
        )
        acknowledge(topic, "CKV_AWS_26", "Alarms hold nothing of people, and CloudWatch cannot use SNS's own key")
        mail = sns.CfnSubscription(
            self._stack, "MailTicket", topic_arn=topic.topic_arn, protocol="email", endpoint=environment.alerts.email
        )
        acknowledge(
            mail, "Serverless-SNSRedrivePolicy", "A mail that did not arrive is followed by that of the alarm's end"
        )

    def _of_server(self, server: StarterServer, balancer: elb.CfnLoadBalancer, group: elb.CfnTargetGroup) -> None:
        behind = {"LoadBalancer": balancer.attr_load_balancer_full_name}
        healthy = metric(
            "AWS/ApplicationELB", "HealthyHostCount", "max", **behind, TargetGroup=group.attr_target_group_full_name
        )
        away = cw.MathExpression(
            expression="1 - FILL(healthy, 0)", using_metrics={"healthy": healthy}, period=MINUTE, label="away"
        )
        failed = metric("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "sum", **behind)
        memory = metric(
            "AWS/ECS",
            "MemoryUtilization",
            "max",
            ClusterName=server.cluster.ref,
            ServiceName=server.service.attr_name,
        )
        logs.MetricFilter(
            self._stack,
            "Unexpected lines",
            log_group=server.logs,
            filter_pattern=logs.FilterPattern.string_value("$.level", "=", "ERROR"),
            metric_namespace=NAMESPACE,
            metric_name="UnexpectedErrors",
        )
        unexpected = metric(NAMESPACE, "UnexpectedErrors", "sum")
        alarm(self._stack, "Away", away, 0, "Nobody is served: no server is healthy", "the-starters-server-is-away")
        says = "People see errors: the server fails more than five requests a minute"
        alarm(self._stack, "Failing", failed, 5, says, "the-starters-server-fails", of=10)
        says = "Soon nobody is served for a minute: the server's memory is nearly full"
        alarm(self._stack, "Memory", memory, 90, says, "the-starters-memory-is-full", minutes=15)
        says = "Somebody saw an error that nobody expected: the logs have it"
        alarm(self._stack, "Unexpected", unexpected, 0, says, "the-starters-server-fails", minutes=1)

    def _of_database(self, environment: StarterEnvironment, database: StarterDatabase) -> None:
        of = {"DBInstanceIdentifier": database.instance.ref}
        free = metric("AWS/RDS", "FreeStorageSpace", "max", **of)
        full = cw.MathExpression(
            expression=f"100 - 100 * free / {environment.storage_gb * GB}",
            using_metrics={"free": free},
            period=MINUTE,
            label="full, %",
        )
        busy = metric("AWS/RDS", "CPUUtilization", "avg", **of)
        says = "Soon nobody can log a walk: the database's storage is nearly full"
        alarm(self._stack, "Full", full, 90, says, "the-starters-storage-is-full", minutes=15)
        says = "People wait for answers: the database is busy without a pause"
        alarm(self._stack, "Busy", busy, 90, says, "the-starters-database-is-busy", minutes=30)
