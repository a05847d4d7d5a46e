"""Rules about queues, and the services that send to them or read them."""

import json
from collections.abc import Iterator

from infra.rules.synthesized import Resource, Templates


def queue_takes_the_undelivered_of_each_service(templates: Templates) -> Iterator[str]:
    """Yield rules and subscriptions whose undelivered messages their queue refuses.

    Source: EventBridge's and SNS's pages on dead-letter queues: the queue's policy has to allow the service.
    """
    for service, sender, text in _senders(templates):
        queues = [
            queue
            for queue in templates.resources("AWS::SQS::Queue")
            if (queue.environment, queue.region) == (sender.environment, sender.region)
            and f'{queue.properties["QueueName"]}"' in text
        ]
        if not any(service in _allowed(templates, queue) for queue in queues):
            yield f"{sender}: {service} may not send to its queue"


def _senders(templates: Templates) -> Iterator[tuple[str, Resource, str]]:
    """Yield who sends what it cannot deliver to a queue: the service, the resource that says so, and its text."""
    for rule in templates.resources("AWS::Events::Rule"):
        for target in rule.properties.get("Targets", ()):
            if "DeadLetterConfig" in target:
                yield "events.amazonaws.com", rule, json.dumps(target["DeadLetterConfig"])
    for subscription in templates.resources("AWS::SNS::Subscription"):
        if "RedrivePolicy" in subscription.properties:
            yield "sns.amazonaws.com", subscription, json.dumps(subscription.properties["RedrivePolicy"])


def _allowed(templates: Templates, queue: Resource) -> list[str]:
    """Return the services that a queue's policy lets send to it."""
    return [
        statement["Principal"].get("Service")
        for policy in templates.beside(queue, "AWS::SQS::QueuePolicy")
        if {"Ref": queue.id} in policy.properties["Queues"]
        for statement in policy.properties["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow" and statement["Action"] == "sqs:SendMessage"
    ]


def queue_feeds_no_more_places_than_are_reserved(templates: Templates) -> Iterator[str]:
    """Yield mappings of queues that call a function more often at once than its reserved concurrency.

    Source: AWS Knowledge Center, lambda-sqs-scaling: throttled receives count as tries, and messages die of them.
    """
    for mapping in templates.resources("AWS::Lambda::EventSourceMapping"):
        if ":sqs:" not in json.dumps(mapping.properties["EventSourceArn"]):
            continue
        for function in templates.beside(mapping, "AWS::Lambda::Function"):
            reserved = function.properties.get("ReservedConcurrentExecutions")
            if reserved and function.id.startswith(mapping.id.partition("Feed")[0]):
                most = mapping.properties.get("ScalingConfig", {}).get("MaximumConcurrency")
                if most is None or not 2 <= most <= reserved:
                    yield f"{mapping} feeds {most or 'any number of'} places, {reserved} are reserved"
