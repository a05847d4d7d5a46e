"""Draw the templates: `python -m infra.analysis.drawing cdk.out` prints docs/aws-drawn.md. Standard library only.

An arrow is a grant, an event source, a target or a subscription, found in the templates themselves, so the drawing
shows nothing that does not exist.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

DRAWN: Final = {  # types that are boxes, by the property that has their name
    "AWS::Lambda::Function": "FunctionName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::Events::EventBus": "Name",
    "AWS::DynamoDB::GlobalTable": "TableName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::KinesisFirehose::DeliveryStream": "DeliveryStreamName",
    "AWS::Cognito::UserPool": "UserPoolName",
    "AWS::ECS::Service": "ServiceName",
    "AWS::RDS::DBCluster": "DBClusterIdentifier",
    "AWS::ElastiCache::ServerlessCache": "ServerlessCacheName",
    "AWS::ApiGateway::RestApi": "Name",
    "AWS::ApiGatewayV2::Api": "Name",
}
SILENT: Final = ("-dead", "-failed", "-logs", "-access", "undelivered")  # common to all
SERVICES: Final = {
    "sqs": "SQS",
    "sns": "SNS",
    "events": "Events",
    "dynamodb": "DynamoDB",
    "s3": "S3",
    "lambda": "Lambda",
}
PARAMETERS: Final = {  # whose values are the ARNs of boxes
    "data/connect-arn": "database<br/>RDS",
    "data/cache-arn": "cache<br/>ElastiCache",
    "identity/pool-arn": "users<br/>Cognito",
    "state/live-stream": "live<br/>DynamoDB",
}
ENVIRONMENT: Final = "production"
REGION: Final = "us-east-1"


class Drawing:
    """The templates of one environment in its primary region."""

    def __init__(self, folder: Path) -> None:
        files = sorted(folder.glob(f"milequest-{ENVIRONMENT}-*-{REGION}.template.json"))
        self.templates = {file.name.split("-")[2]: json.loads(file.read_text()) for file in files}
        self.boxes: dict[str, str] = {}  # by label: its stack
        self._names: dict[tuple[str, str], str] = {}  # by stack and logical id: the label
        for stack, id, body in self._resources():
            if label := self._label(body):
                self.boxes[label] = stack
                self._names[stack, id] = label

    def _resources(self) -> Iterator[tuple[str, str, Any]]:
        for stack, template in self.templates.items():
            for id, body in template["Resources"].items():
                yield stack, id, body

    def _label(self, body: Any) -> str | None:
        """Return a box's label, its name and its service: `news<br/>SQS`; None if the resource is no box."""
        name = body.get("Properties", {}).get(DRAWN.get(body["Type"], ""))
        return _label(body["Type"].split("::")[1], name) if isinstance(name, str) else None

    def arrows(self) -> set[tuple[str, str]]:
        """Return the arrows from callers to callees, and from triggers to the triggered."""
        found: set[tuple[str, str]] = set()
        for stack, _, body in self._resources():
            given = body.get("Properties", {})
            match body["Type"]:
                case "AWS::IAM::Policy":
                    for who in self._owners(stack, given["Roles"]):
                        statements = [one for one in given["PolicyDocument"]["Statement"] if not _receives(one)]
                        found |= {(who, what) for what in self._mentioned(stack, statements)}
                case "AWS::Lambda::EventSourceMapping":
                    found |= self._pairs(stack, given["EventSourceArn"], given["FunctionName"])
                case "AWS::SNS::Subscription":
                    found |= self._pairs(stack, given["TopicArn"], given["Endpoint"])
                case "AWS::Events::Rule" if "EventPattern" in given:
                    found |= self._pairs(stack, _told_by(given), given["Targets"])
                case "AWS::ApiGateway::Method":
                    found |= self._pairs(stack, given["RestApiId"], given["Integration"])
                case "AWS::ApiGatewayV2::Integration":
                    found |= self._pairs(stack, given["ApiId"], given["IntegrationUri"])
        return {(source, target) for source, target in found if source != target}

    def _pairs(self, stack: str, source: Any, target: Any) -> set[tuple[str, str]]:
        return {(one, two) for one in self._mentioned(stack, source) for two in self._mentioned(stack, target)}

    def _owners(self, stack: str, roles: Any) -> set[str]:
        """Return the owners of roles: the functions and servers of the stack that refer to them."""
        ids = {role["Ref"] for role in roles}
        owners = set()
        for (place, id), name in self._names.items():
            body = self.templates[stack]["Resources"].get(id) if place == stack else None
            if body and ids & _references(body["Properties"].get("Role", {})):
                owners.add(name)
            if body and body["Type"] == "AWS::ECS::Service":
                task = self.templates[stack]["Resources"][body["Properties"]["TaskDefinition"]["Ref"]]
                owners |= {name} if ids & _references(task["Properties"]["TaskRoleArn"]) else set()
        return owners

    def _mentioned(self, stack: str, value: Any) -> set[str]:
        """Return the boxes a value refers to: by reference, by an alias' reference, by their ARN or by a parameter."""
        named = {label for text in _texts(value) if (label := _of_arn(text)) in self.boxes}
        for id in _references(value):
            body = self.templates[stack]["Resources"].get(id, {})
            if (stack, id) in self._names:
                named.add(self._names[stack, id])
            elif body.get("Type") == "AWS::Lambda::Alias":
                named |= self._mentioned(stack, body["Properties"]["FunctionName"])
            default = str(self.templates[stack].get("Parameters", {}).get(id, {}).get("Default", ""))
            named |= {box for key, box in PARAMETERS.items() if default.endswith(key)}
        return named


def _label(service: str, name: str) -> str | None:
    short = re.sub(rf"^milequest-{ENVIRONMENT}-|-\d{{12}}-{REGION}$|\.fifo$", "", name)
    return None if short.endswith(SILENT) else f"{short}<br/>{service}"


def _told_by(rule: Any) -> list[str]:
    """Return the ARNs of a rule's sources: our bus, or the buckets whose events the account's own one has."""
    if "EventBusName" in rule:
        return [f"arn:aws:events:::event-bus/{rule['EventBusName']}"]
    return [f"arn:aws:s3:::{text}" for text in _texts(rule["EventPattern"])]


def _of_arn(text: str) -> str:
    """Return the label for an ARN with a fixed name."""
    service = SERVICES.get((text.split(":") + [""] * 3)[2], "")
    found = re.search(rf"milequest-{ENVIRONMENT}-[\w.-]+", text)
    return (found and _label(service, found[0])) or ""


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def _receives(statement: Any) -> bool:
    """Return whether a statement lets a role receive from a queue or a stream, whose own arrow that is."""
    return any(action in statement["Action"] for action in ("sqs:ReceiveMessage", "dynamodb:GetRecords"))


def _references(value: Any) -> set[str]:
    """Return the logical ids of a value."""
    if isinstance(value, dict):
        own = {value["Ref"]} if "Ref" in value else {value["Fn::GetAtt"][0]} if "Fn::GetAtt" in value else set()
        return own.union(*(_references(part) for part in value.values()))
    return set().union(*(_references(part) for part in value)) if isinstance(value, list) else set()


def markdown(folder: Path) -> str:
    """Return the whole file."""
    drawing = Drawing(folder)
    lines = [
        "# As the templates say",
        "",
        f"Drawn from {ENVIRONMENT}'s templates by `make drawing`, to read beside [the design](diagrams.md). An arrow",
        "is a grant, an event source, a target or a subscription. Dead-letter queues and logs are left out.",
        "",
        "```mermaid",
        "graph LR",
    ]
    arrows = sorted(drawing.arrows())
    drawn = {label for arrow in arrows for label in arrow}
    for stack in sorted({drawing.boxes[label] for label in drawn}):
        lines.append(f'    subgraph "{stack}"')
        lines += [f"        {_id(label)}[{label}]" for label in sorted(drawn) if drawing.boxes[label] == stack]
        lines.append("    end")
    lines += [f"    {_id(source)} --> {_id(target)}" for source, target in arrows]
    return "\n".join([*lines, "```", ""])


def _id(label: str) -> str:
    return re.sub(r"\W+", "_", label.replace("<br/>", "_"))


if __name__ == "__main__":
    sys.stdout.write(markdown(Path(sys.argv[1])))
