"""Releases that shift slowly: a version is rehearsed, gets a tenth of the calls, and all of them if none fails."""

from collections.abc import Sequence
from typing import Final, cast

from aws_cdk import aws_cloudwatch as cw
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.alarm_words import FAILING
from infra.constructs.alarms import MINUTE, alarm
from infra.constructs.function import Function
from infra.constructs.permissions import allow, service_role
from infra.constructs.stack import Stack

SHIFT: Final = codedeploy.LambdaDeploymentConfig.CANARY_10_PERCENT_10_MINUTES
FAILING_MINUTES: Final = 2  # of the last three, so that one odd call ends no release
VERSIONS: Final = "MileQuest/Versions"  # namespace of the metrics of unexpected errors, by function and version


class Canaries(Construct):
    """Canaries of all functions of a stack, with the function that rehearses their new versions.

    An alarm on the new version alone ends a release: by exceptions, and by unexpected errors that clients are told.
    """

    def __init__(self, stack: Stack) -> None:
        functions = [child for child in stack.node.children if isinstance(child, Function)]
        super().__init__(stack, "Canaries")
        self._application = codedeploy.LambdaApplication(self, "Application", application_name=stack.stack_name)
        self._hook = self._rehearsal(stack, functions)
        self._role = service_role(self, "Shifter", "codedeploy")
        for function in functions:
            arn = function.function.function_arn
            steps = "lambda:GetAlias lambda:UpdateAlias lambda:GetProvisionedConcurrencyConfig"
            allow(self._role, steps, arn, f"{arn}:live")
        allow(self._role, "lambda:InvokeFunction", self._hook.function.function_arn)
        allow(self._role, "cloudwatch:DescribeAlarms", "*", because="As in AWS's own policy for CodeDeploy and Lambda")
        for function in functions:
            self._shift(function)

    def _rehearsal(self, stack: Stack, functions: Sequence[Function]) -> Function:
        name = f"rehearsal-{type(stack).__name__.lower()}"
        versions = [function.function.current_version.function_arn for function in functions]
        hook = Function(
            self,
            name,
            "app.aws.rehearsal.handler",
            "Tries new versions of functions before calls go to them",
            seconds=300,
            asynchronous=True,
            variables={"MILEQUEST_REHEARSED": ",".join(versions)},
        )
        every = [f"{function.function.function_arn}:*" for function in functions]
        allow(hook.role, "lambda:InvokeFunction", *every, because="Each release has versions of its own")
        groups = stack.arn_of("codedeploy", f"deploymentgroup:{stack.stack_name}/*")
        allow(hook.role, "codedeploy:PutLifecycleEventHookExecutionStatus", groups, because="Groups of this stack")
        return hook

    def _shift(self, function: Function) -> None:
        """Shift a function to its new version: ten minutes are more than its alarm needs to breach."""
        failing = self._failing(function)
        codedeploy.LambdaDeploymentGroup(
            self,
            f"{function.name}-group",
            application=self._application,
            deployment_group_name=function.name,
            alias=function.alias,
            role=self._role.without_policy_updates(),
            deployment_config=SHIFT,
            alarms=[failing],
            pre_hook=self._hook.function,
        )
        alias = cast(lambda_.CfnAlias, function.alias.node.default_child)
        alias.node.add_dependency(failing, self._hook.function)  # they are of the new version before the alias is

    def _failing(self, function: Function) -> cw.Alarm:
        """Create the alarm on the version's failures, in percent of the calls that it gets by the alias."""
        version = function.function.current_version.version
        logs.MetricFilter(
            function,
            "UnexpectedOfVersion",
            log_group=function.logs,
            filter_pattern=logs.FilterPattern.string_value("$.level", "=", "ERROR"),
            metric_namespace=VERSIONS,
            metric_name=function.name,
            dimensions={"Version": "$.version"},
        )
        name = function.function.function_name
        dimensions = {"FunctionName": name, "Resource": f"{name}:live", "ExecutedVersion": version}
        unexpected = cw.Metric(
            namespace=VERSIONS,
            metric_name=function.name,
            dimensions_map={"Version": version},
            statistic="sum",
            period=MINUTE,
        )
        failed = cw.MathExpression(
            expression="IF(calls > 0, 100 * (FILL(errors, 0) + FILL(unexpected, 0)) / calls, 0)",
            using_metrics={
                "calls": function.function.metric_invocations(period=MINUTE).with_(dimensions_map=dimensions),
                "errors": function.function.metric_errors(period=MINUTE).with_(dimensions_map=dimensions),
                "unexpected": unexpected,
            },
            period=MINUTE,
            label="failed",
        )
        says = f"{FAILING[function.name].broken}, for a tenth of the calls since a release, which goes back"
        section = "a-release-goes-back"
        return alarm(function, "NewFailing", failed, 1, says, section, minutes=FAILING_MINUTES, of=FAILING_MINUTES + 1)
