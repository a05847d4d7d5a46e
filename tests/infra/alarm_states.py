"""What CloudWatch would say of the templates' alarms, worked out from series by the minute: expressions and rules."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from tests.infra.assembly import Assembly, Resource

Series: TypeAlias = Mapping[str, Sequence[float]]
"""Sums by the minute, by the metric's name. A metric that is not there has no data."""


@dataclass(frozen=True)
class AlarmStates:
    """The alarms of a stack, and what they would say of some series."""

    assembly: Assembly
    stack: str
    series: Series

    def is_ringing(self, name: str, minute: int) -> bool:
        """Return whether a combined alarm rings after so many minutes of the series."""
        (found,) = (
            one
            for one in self.assembly.of("watch", "AWS::CloudWatch::CompositeAlarm")
            if one.stack == self.stack and one.properties["AlarmName"].endswith(f"-{name}")
        )
        parts = found.properties["AlarmRule"]["Fn::Join"][1]
        text = "".join(one if isinstance(one, str) else one["Fn::GetAtt"][0] for one in parts)
        rule = re.sub(r"\b(AND|OR)\b", lambda word: word[0].lower(), text)
        states = {"ALARM": lambda id: self._part_is_ringing(id, minute)}
        return bool(eval(rule, {"__builtins__": {}}, states))  # a rule of our own templates

    def _part_is_ringing(self, id: str, minute: int) -> bool:
        (alarm,) = (one for one in self.assembly.beside(self._any(), "AWS::CloudWatch::Alarm") if one.id == id)
        value = self._value(alarm, minute)
        assert alarm.properties["ComparisonOperator"] == "GreaterThanThreshold"
        assert alarm.properties["EvaluationPeriods"] == 1
        assert alarm.properties["TreatMissingData"] == "notBreaching"
        return value is not None and value > alarm.properties["Threshold"]

    def _any(self) -> Resource:
        return next(one for one in self.assembly.of("watch", "AWS::CloudWatch::Alarm") if one.stack == self.stack)

    def _value(self, alarm: Resource, minute: int) -> float | None:
        """Return an alarm's expression over its window that ends now; None without data, as of a missing metric."""
        values: dict[str, float | None] = {}
        (expression,) = (one["Expression"] for one in alarm.properties["Metrics"] if "Expression" in one)
        for one in alarm.properties["Metrics"]:
            if "MetricStat" in one:
                values[one["Id"]] = self._sum(one["MetricStat"], minute)
        try:
            return float(eval(_python(expression), {"__builtins__": {}}, {**FUNCTIONS, **values}))
        except TypeError:  # of something and None
            return None

    def _sum(self, given: Mapping[str, Any], minute: int) -> float | None:
        assert given["Stat"] == "Sum", json.dumps(given)
        series = self.series.get(given["Metric"]["MetricName"])
        if series is None:
            return None
        window = series[max(0, minute - given["Period"] // 60) : minute]
        return sum(window) if window else None


def _fill(value: float | None, instead: float) -> float:
    return instead if value is None else value


FUNCTIONS = {"FILL": _fill}


def _python(expression: str) -> str:
    """Return CloudWatch's expression as one of Python: `IF(a, b, c)` chooses."""
    while "IF(" in expression:
        start = expression.rindex("IF(")
        depth, commas, end = 0, [], start
        for at in range(start + 2, len(expression)):
            depth += {"(": 1, ")": -1}.get(expression[at], 0)
            if expression[at] == "," and depth == 1:
                commas.append(at)
            if depth == 0:
                end = at
                break
        first, second = commas
        condition = expression[start + 3 : first]
        chosen, other = expression[first + 1 : second], expression[second + 1 : end]
        text = f"(({chosen}) if ({condition}) else ({other}))"
        expression = expression[:start] + text + expression[end + 1 :]
    return expression
