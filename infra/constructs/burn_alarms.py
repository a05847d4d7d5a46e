"""Alarms on objectives: how fast the budget of failures is used, over two windows at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cw

from infra.constructs.alarms import Urgency, combined, silent
from infra.constructs.metric_names import Metrics
from infra.constructs.stack import Stack
from infra.objectives import FAST, FAST_BURNS, HEARD, LEAST, SERVED, SLOW_BURNS, Burn, Objective

URGENCIES: Final[Mapping[Urgency, Sequence[Burn]]] = {"page": FAST_BURNS, "ticket": SLOW_BURNS}


@dataclass(frozen=True, slots=True)
class Cases:
    """How an objective is counted: expressions of bad cases and of all, with `{name}` for each of the metrics."""

    bad: str
    all: str
    metrics: Mapping[str, cw.Metric]


def cases(of: Metrics, objective: Objective) -> Cases:
    """Return how an objective is counted.

    Where a request ends without its operation (a function that crashed or was throttled) only the gateway knows of it;
    it knows as well of those that were refused as a whole, so the larger of both numbers is taken.
    """
    operations = of.own("Operations", "sum")
    if objective is SERVED:
        failed, gateway = "FILL({failed}, 0)", "FILL({gateway}, 0)"
        bad = f"IF({gateway} > {failed}, {gateway}, {failed})"
        metrics = {
            "operations": operations,
            "failed": of.own("OperationsFailed", "sum"),
            "gateway": of.api("5XXError", "sum"),
        }
        return Cases(bad, f"(FILL({{operations}}, 0) + {bad} - {failed})", metrics)
    if objective is FAST:
        return Cases("{slow}", "{operations}", {"operations": operations, "slow": of.own("OperationsSlow", "sum")})
    assert objective is HEARD
    return Cases("{late}", "{news}", {"news": of.own("News", "sum"), "late": of.own("NewsLate", "sum")})


def speed(of: Metrics, objective: Objective, minutes: int, least: int = 1) -> cw.MathExpression:
    """Return how fast a budget was used over some minutes; 0 with fewer than `least` bad cases."""
    window = cdk.Duration.minutes(minutes)
    counted = cases(of, objective)
    ids = {name: f"{name}_{minutes}m" for name in counted.metrics}  # which one graph may have of several windows
    bad, all_ = counted.bad.format(**ids), counted.all.format(**ids)
    return cw.MathExpression(
        expression=f"IF({bad} >= {least}, {bad} / {all_} / {objective.budget:g}, 0)",
        using_metrics={ids[name]: metric.with_(period=window) for name, metric in counted.metrics.items()},
        period=window,
        label=f"{objective.name}, {minutes} minutes",
    )


def watch(stack: Stack, of: Metrics, objective: Objective) -> list[cw.AlarmBase]:
    """Create an objective's alarms: one that pages and one that opens a ticket, of two pairs of windows each."""
    return [_combined(stack, of, objective, urgency) for urgency in URGENCIES]


def _combined(stack: Stack, of: Metrics, objective: Objective, urgency: Urgency) -> cw.AlarmBase:
    section = f"objective-{objective.name}"
    pairs = []
    for burn in URGENCIES[urgency]:
        windows = []
        for minutes, least in ((burn.long, LEAST), (burn.short, 1)):
            says = f"{objective.broken}: their budget of {minutes} minutes is used {burn.speed:g} times too fast"
            id = f"{objective.name}-{burn.speed:g}x-{minutes}m"
            made = silent(stack, id, speed(of, objective, minutes, least), burn.speed, says, section)
            windows.append(cw.AlarmRule.from_alarm(made, cw.AlarmState.ALARM))
        pairs.append(cw.AlarmRule.all_of(*windows))
    says = (
        f"{objective.broken}: the promise that {objective.promise}, {objective.share:.1%} of the time, will be broken"
    )
    return combined(stack, f"{objective.name}-{urgency}", cw.AlarmRule.any_of(*pairs), says, section, urgency=urgency)
