"""Alarms: those that page, and those that open a ticket."""

from typing import Literal, TypeAlias

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cw
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.constructs.stack import stack_of

Urgency: TypeAlias = Literal["page", "ticket"]
NAMESPACE = "MileQuest"  # of our own metrics
MINUTE = cdk.Duration.minutes(1)


def alarm(
    scope: Construct,
    id: str,
    metric: cw.IMetric,
    above: float,
    says: str,
    section: str,
    *,
    urgency: Urgency = "ticket",
    minutes: int = 5,
    of: int | None = None,
    missing: cw.TreatMissingData = cw.TreatMissingData.NOT_BREACHING,
) -> cw.Alarm:
    """Alarm when a metric is above a number in `minutes` of the last `of` minutes.

    `says` is what is broken for whom, and `section` the anchor of the runbook's section about it.
    """
    made = cw.Alarm(
        scope,
        id,
        metric=metric,
        threshold=above,
        comparison_operator=cw.ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluation_periods=of or minutes,
        datapoints_to_alarm=minutes,
        treat_missing_data=missing,
        alarm_description=described(scope, says, section),
    )
    _tell(scope, made, id, urgency)
    return made


def silent(scope: Construct, id: str, metric: cw.IMetric, above: float, says: str, section: str) -> cw.Alarm:
    """Create an alarm on one period of a metric that tells nobody: part of a combined one."""
    return cw.Alarm(
        scope,
        id,
        alarm_name=f"{stack_of(scope).names.of(id)}",
        metric=metric,
        threshold=above,
        comparison_operator=cw.ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluation_periods=1,
        treat_missing_data=cw.TreatMissingData.NOT_BREACHING,
        alarm_description=described(scope, says, section),
    )


def combined(
    scope: Construct, id: str, rule: cw.IAlarmRule, says: str, section: str, *, urgency: Urgency
) -> cw.CompositeAlarm:
    """Alarm by the states of other alarms."""
    made = cw.CompositeAlarm(
        scope,
        id,
        composite_alarm_name=stack_of(scope).names.of(id),
        alarm_rule=rule,
        alarm_description=described(scope, says, section),
    )
    _tell(scope, made, id, urgency)
    return made


def described(scope: Construct, says: str, section: str) -> str:
    """Return an alarm's description: its text, and the address of its section in the runbook."""
    return f"{says}. {stack_of(scope).home.runbook}#{section}"


def _tell(scope: Construct, made: cw.AlarmBase, id: str, urgency: Urgency) -> None:
    tell = actions.SnsAction(topic(scope, f"{id} {urgency}", urgency))
    made.add_alarm_action(tell)
    made.add_ok_action(tell)  # else what it opened stays open


def topic(scope: Construct, id: str, name: str) -> sns.ITopic:
    """Return a topic by its fixed name."""
    stack = stack_of(scope)
    return sns.Topic.from_topic_arn(scope, id, stack.arn_of("sns", stack.names.of(name)))


def share_of(part: cw.IMetric, whole: cw.IMetric, label: str) -> cw.MathExpression:
    """Return the percentage that a metric is of another; nothing is 0 % of nothing."""
    return cw.MathExpression(
        expression="IF(whole > 0, 100 * part / whole, 0)",
        using_metrics={"part": part, "whole": whole},
        period=MINUTE,
        label=label,
    )
