"""A function with our defaults: arm64, tracing, a role of its own, logs that end, alarms, the alias `live`."""

from collections.abc import Mapping
from typing import Any, Final, cast

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cw
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.alarm_words import FAILING
from infra.constructs.alarms import MINUTE, NAMESPACE, Urgency, alarm, share_of
from infra.constructs.packages import package
from infra.constructs.permissions import acknowledge, allow, service_role
from infra.constructs.queue import dead_letters
from infra.constructs.stack import Stack, stack_of
from infra.constructs.telemetry_export import SPANS, goes_to_cloudwatch, of_telemetry

RUNTIME: Final = lambda_.Runtime.PYTHON_3_14
RETENTION: Final = {days: getattr(logs.RetentionDays, name) for days, name in {
    7: "ONE_WEEK", 14: "TWO_WEEKS", 30: "ONE_MONTH", 60: "TWO_MONTHS", 90: "THREE_MONTHS", 180: "SIX_MONTHS",
    365: "ONE_YEAR"}.items()}  # fmt: skip
ENI = (
    "ec2:CreateNetworkInterface ec2:DeleteNetworkInterface ec2:DescribeNetworkInterfaces ec2:DescribeSubnets "
    "ec2:AssignPrivateIpAddresses ec2:UnassignPrivateIpAddresses"
)
SYNCHRONOUS = "It is called for an answer, or by what has a queue of its own for what failed"


class Function(Construct):
    """A function of Lambda. `handler` is `module.function` of a package.

    `in_network` is for functions that use Aurora or Valkey, `asynchronous` for those called without an answer
    (schedules, rules, topics): their failed events are put into a queue.
    Grant with `allow(function.role, …)`, and call the `alias`.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        handler: str,
        says: str,
        *,
        seconds: int = 28,  # API Gateway waits for 29
        memory: int = 512,
        variables: Mapping[str, str] | None = None,
        in_network: bool = False,
        asynchronous: bool = False,
        urgency: Urgency = "ticket",
        code: lambda_.Code | None = None,
    ) -> None:
        super().__init__(scope, name)
        self.name = name
        stack = stack_of(self)
        self.logs = log_group(self, "Logs", f"function/{name}")
        self.role = service_role(self, "Role", "lambda")
        usual = self._allow_the_usual(stack, in_network=in_network)
        self.dead = dead_letters(self, "Dead", f"{name}-failed") if asynchronous else None
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=stack.names.of(name),
            description=says,
            runtime=RUNTIME,
            architecture=lambda_.Architecture.ARM_64,
            code=code or package("service"),
            handler=handler,
            timeout=cdk.Duration.seconds(seconds),
            memory_size=memory,
            environment={
                **(of_telemetry(stack) if in_network or goes_to_cloudwatch(stack) else {}),
                **(variables or {}),
            },
            tracing=lambda_.Tracing.ACTIVE,
            log_group=self.logs,
            logging_format=lambda_.LoggingFormat.JSON,
            role=self.role.without_policy_updates(),  # only `allow` grants permissions
            reserved_concurrent_executions=stack.home.limits.reserved.get(name) or None,
            **self._failures(self.dead),
        )
        self.function.node.add_dependency(usual)  # Lambda makes its network interface at once, with these permissions
        self._acknowledge(stack, in_network=in_network)
        if in_network:
            self._move_into(stack)
        self.alias = lambda_.Alias(self, "Live", alias_name="live", version=self.function.current_version)
        self._watch(urgency)

    def _allow_the_usual(self, stack: Stack, *, in_network: bool) -> iam.Policy:
        """Allow logs, traces and, in the VPC, its network interface."""
        allow(self.role, "logs:CreateLogStream logs:PutLogEvents", self.logs.log_group_arn)
        traces = ["xray:PutTraceSegments", "xray:PutTelemetryRecords", *(SPANS if goes_to_cloudwatch(stack) else ())]
        usual = [iam.PolicyStatement(actions=traces, resources=["*"])]
        if in_network:
            usual.append(iam.PolicyStatement(actions=ENI.split(), resources=["*"]))
        policy = iam.Policy(self, "Usual", statements=usual, roles=[self.role])
        for rule in ("AwsSolutions-IAM5[Resource::*]", *(("CKV_AWS_111",) if in_network else ())):
            acknowledge(policy, rule, "Traces and network interfaces know no resource")
        return policy

    def _failures(self, dead: sqs.Queue | None) -> dict[str, Any]:
        """Return the destination of an asynchronous function's events that failed three times."""
        if dead is None:
            acknowledge(self, "Serverless-LambdaDLQ", SYNCHRONOUS)
            return {}
        allow(self.role, "sqs:SendMessage", dead.queue_arn)
        return {"dead_letter_queue": dead}

    def _acknowledge(self, stack: Stack, *, in_network: bool) -> None:
        """Acknowledge checkov's findings about the function itself."""
        acknowledge(self.function, "CKV_AWS_173", "Its variables are names and addresses; what is secret it asks for")
        if not self.dead:
            acknowledge(self.function, "CKV_AWS_116", SYNCHRONOUS)
        if not in_network:
            acknowledge(
                self.function, "CKV_AWS_117", "It needs neither Aurora nor Valkey, and reaches AWS without a NAT"
            )
        if not stack.home.limits.reserved.get(self.name):
            acknowledge(self.function, "CKV_AWS_115", "The account's share is for all; an alarm says when it runs out")

    def _move_into(self, stack: Stack) -> None:
        """Place it in the private subnets. Their ids are parameters, which the library's own VPC cannot use."""
        resource = cast(lambda_.CfnFunction, self.function.node.default_child)
        resource.vpc_config = lambda_.CfnFunction.VpcConfigProperty(
            subnet_ids=stack.private_subnets(), security_group_ids=[stack.shared("network/functions-group")]
        )

    def _watch(self, urgency: Urgency) -> None:
        """Alarm on failures and throttling. The share of failures counts, so that the threshold fits any load."""
        logs.MetricFilter(  # one metric of all functions; the stack with the dashboards has the alarm on it
            self,
            "Unexpected",
            log_group=self.logs,
            filter_pattern=logs.FilterPattern.string_value("$.level", "=", "ERROR"),
            metric_namespace=NAMESPACE,
            metric_name="UnexpectedErrors",
        )
        calls: cw.IMetric = self.function.metric_invocations(period=MINUTE)
        failed = share_of(self.function.metric_errors(period=MINUTE), calls, "failed")
        words = FAILING[self.name]
        says = f"{words.broken}: more than 1 % of the calls of {self.name} fail"
        alarm(self, "Failing", failed, 1, says, words.section, urgency=urgency, of=10)
        throttled = share_of(self.function.metric_throttles(period=MINUTE), calls, "throttled")
        says = f"{words.broken}: more than 1 % of the calls of {self.name} are throttled"
        alarm(self, "Throttled", throttled, 1, says, "a-function-is-throttled")


def log_group(scope: Construct, id: str, name: str) -> logs.LogGroup:
    """Create a log group, with the environment's retention."""
    stack = stack_of(scope)
    group = logs.LogGroup(
        scope,
        id,
        log_group_name=f"/milequest/{stack.home.name}/{name}",
        retention=RETENTION[stack.home.log_days],
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    acknowledge(group, "CKV_AWS_158", "No secret or place is logged; CloudWatch encrypts with a key of its own")
    return group
