"""Our own calls of AWS are worth their lines: each costs a fraction of the same call by the SDK."""

import asyncio

from tests.performance.aws_calls import answering, measured, report

MOST = 0.5  # of the SDK's; when a call costs more, it is time for the SDK


def test_call_made_for_each_message_costs_half_of_the_sdk_at_most() -> None:
    with answering() as url:
        costs = asyncio.run(measured(url, rounds=5, calls=60))
    print(report(costs))
    assert [cost.name for cost in costs if cost.share > MOST] == []
