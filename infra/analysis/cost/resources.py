"""Quantities of the templates' resources, by what is sold. A type that is neither here nor in `free` is an error."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from infra.analysis.cost.coefficients import ACUS_PER_100
from infra.analysis.cost.free import FREE
from infra.analysis.cost.usage_profile import GB, HOURS, MILLION, Usage, billed_gb_seconds

Body: TypeAlias = Mapping[str, Any]
Lines: TypeAlias = Iterator[tuple[str, float]]

DEPLOYMENTS: Final = 20  # a month, assumed; each builds and deploys for half an hour
DEPLOYMENT_MINUTES: Final = 30
LOG_KB: Final = 0.5  # written to logs for each call, assumed
TRACED: Final = 0.05  # of all calls, X-Ray's own default beyond one a second
IO_PER_WALK: Final = 20  # of Aurora, assumed
KB_PER_WALK: Final = 3  # of Aurora's storage with its indexes, assumed; a year of them is kept
DAYS: Final = 30  # of a month, with a copy of the database each
CACHED_KB: Final = 2  # of Valkey for each active person, assumed
ECPU_PER_REQUEST: Final = 4  # assumed
LISTENING_KB: Final = 0.3  # of Valkey for each socket and each subscription, assumed
ECPU_PER_CHANGE: Final = 4  # of them, assumed: what a script does three times, and its text
METRICS: Final = 20  # of ours, as docs/aws.md has them, with five kinds of subscriptions; a standby region has fewer
MICROS: Final = {"db.t4g.micro": 1, "db.t4g.small": 2, "db.t4g.medium": 4}
PICTURE_KB: Final = 100  # of each person, assumed
INSIGHTS: Final = 30  # metrics that Container Insights writes of a cluster with one service, assumed


class UnpricedError(LookupError):
    """A type of resource without a known price."""


@dataclass(frozen=True, slots=True)
class PricedStack:
    """A stack's template, and the usage in its region: none in one that stands by."""

    name: str
    resources: Mapping[str, Body]
    usage: Usage

    def named(self, body: Body, key: str) -> str:
        """Return the name in a resource, without the common prefix: milequest-production-."""
        return str(body[key]).split("-", 2)[2].removesuffix(".fifo")

    def of(self, type: str) -> list[Body]:
        """Return the properties of all resources of a type."""
        return [body.get("Properties", {}) for body in self.resources.values() if body["Type"] == type]


def lines(stack: PricedStack) -> Lines:
    """Yield the quantities of a stack in a month, by what is sold."""
    for body in stack.resources.values():
        kind = body["Type"]
        if kind in PRICED:
            yield from PRICED[kind](stack, body.get("Properties", {}))
        elif kind not in FREE:
            raise UnpricedError(f"{kind} of {stack.name}: say in infra/analysis/cost what it costs, or why it is free")


def _function(stack: PricedStack, body: Body) -> Lines:
    name, usage = stack.named(body, "FunctionName"), stack.usage
    calls, memory = usage.calls()[name], body.get("MemorySize", 128)
    yield "lambda.requests", calls / MILLION
    yield "lambda.arm", billed_gb_seconds(usage, name, memory)
    yield "cloudwatch.logs", calls * LOG_KB / MILLION
    yield "xray.traces", calls * TRACED / MILLION


def _rest(stack: PricedStack, body: Body) -> Lines:
    if stack.named(body, "Name") == "api":
        yield "api-gateway.rest", stack.usage.requests / MILLION


def _sockets(stack: PricedStack, body: Body) -> Lines:
    usage = stack.usage
    yield "api-gateway.messages", (usage.messages + usage.posts) / MILLION
    yield "api-gateway.minutes", usage.socket_minutes / MILLION
    yield "transfer.out", usage.posts * 645 / GB


def _table(stack: PricedStack, body: Body) -> Lines:
    if stack.named(body, "TableName") == "live":
        asked = stack.usage.asked()
        yield "dynamodb.reads", asked["reads"] / MILLION
        yield "dynamodb.writes", asked["writes"] / MILLION
        yield "dynamodb.storage", stack.usage.sockets * 4e3 / GB


def _queue(stack: PricedStack, body: Body) -> Lines:
    name = str(body["QueueName"]).split("-", 2)[2]
    kind = "sqs.fifo" if name.endswith(".fifo") else "sqs.standard"
    yield kind, stack.usage.queue_calls(name.removesuffix(".fifo")) / MILLION


def _bus(stack: PricedStack, body: Body) -> Lines:
    yield "eventbridge.events", stack.usage.walks / MILLION


def _archive(stack: PricedStack, body: Body) -> Lines:
    yield "eventbridge.archive", stack.usage.walks * 1e3 / GB


def _acus(stack: PricedStack) -> tuple[float, float]:
    """Return the ACUs of all instances without usage, and of the writer on average."""
    (cluster,) = stack.of("AWS::RDS::DBCluster")
    least = cluster["ServerlessV2ScalingConfiguration"]["MinCapacity"]
    return least, max(least, stack.usage.requests / HOURS / 3600 / 100 * ACUS_PER_100.value)


def _instance(stack: PricedStack, body: Body) -> Lines:
    if "PromotionTier" not in body:  # of no cluster, but one that stands alone
        yield "rds.t4g", MICROS[body["DBInstanceClass"]] * HOURS
        yield "rds.storage", int(body["AllocatedStorage"])
        return
    least, load = _acus(stack)
    yield "aurora.acu", (load if body["PromotionTier"] == 0 else least) * HOURS


def _cluster(stack: PricedStack, body: Body) -> Lines:
    walks = stack.usage.walks
    yield "aurora.storage", max(10.0, walks * KB_PER_WALK * 12 / MILLION)  # the minimum, by AWS
    yield "aurora.io", walks * IO_PER_WALK / MILLION
    if "GlobalClusterIdentifier" in body:
        yield "aurora.replicated", walks * IO_PER_WALK / 2 / MILLION


def _backups(stack: PricedStack, body: Body) -> Lines:
    """Yield what the copies of the database take; backups beside it are free while its own log is kept as long."""
    (rule,) = body["BackupPlan"]["BackupPlanRule"]
    size = max(1.0, stack.usage.walks * KB_PER_WALK * 12 / MILLION)
    yield "aurora.backup", size * rule["Lifecycle"]["DeleteAfterDays"]  # each copy is a whole one, assumed
    yield "transfer.regions", size * DAYS


def _proxy(stack: PricedStack, body: Body) -> Lines:
    yield "rds.proxy", max(8.0, sum(_acus(stack))) * HOURS


def _cache(stack: PricedStack, body: Body) -> Lines:
    usage = stack.usage
    listening = usage.sockets * (1 + usage.habits.topics) * LISTENING_KB
    yield "valkey.storage", max(0.1, (usage.people * CACHED_KB + listening) / MILLION) * HOURS
    yield "valkey.ecpu", (usage.requests * ECPU_PER_REQUEST + usage.interest * ECPU_PER_CHANGE) / MILLION


def _service(stack: PricedStack, body: Body) -> Lines:
    (task,) = stack.of("AWS::ECS::TaskDefinition")
    scaled = stack.of("AWS::ApplicationAutoScaling::ScalableTarget")
    tasks = scaled[0]["MinCapacity"] if scaled else body["DesiredCount"]
    yield "fargate.cpu", tasks * int(task["Cpu"]) / 1024 * HOURS
    yield "fargate.memory", tasks * int(task["Memory"]) / 1024 * HOURS
    if body["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"] == "ENABLED":
        yield "address.hours", tasks * HOURS


def _insights(stack: PricedStack, body: Body) -> Lines:
    if any(one["Value"] == "enabled" for one in body["ClusterSettings"]):
        yield "cloudwatch.metric", INSIGHTS


def _files(stack: PricedStack, body: Body) -> Lines:
    yield "efs.storage", 1 + stack.usage.people * PICTURE_KB / MILLION  # and what AWS Backup keeps of it is less


def _balancer(stack: PricedStack, body: Body) -> Lines:
    yield "alb.hours", HOURS


def _nat(stack: PricedStack, body: Body) -> Lines:
    yield "nat.hours", HOURS
    yield "nat.gb", stack.usage.walks * 0.01 * 20e3 / GB  # the map's answers


def _endpoint(stack: PricedStack, body: Body) -> Lines:
    if body["VpcEndpointType"] == "Interface":
        yield "endpoint.hours", len(body["SubnetIds"]) * HOURS


def _distribution(stack: PricedStack, body: Body) -> Lines:
    yield "cloudfront.requests", (stack.usage.requests + stack.usage.visits) / MILLION
    yield "cloudfront.gb", stack.usage.requests * stack.usage.habits.response_kb / MILLION
    yield "cloudfront.function", (stack.usage.requests + stack.usage.visits) / MILLION


def _firewall(stack: PricedStack, body: Body) -> Lines:
    asked = (stack.usage.requests + stack.usage.visits + stack.usage.people * stack.usage.habits.pages) / MILLION
    yield "waf.acl", 1
    yield "waf.rule", len(body["Rules"])
    yield "waf.requests", asked


def _app(stack: PricedStack, body: Body) -> Lines:
    usage = stack.usage
    pages = usage.people * usage.habits.pages / len(stack.of("AWS::Amplify::App"))
    yield "amplify.build", DEPLOYMENTS * 5
    yield "amplify.requests", pages / MILLION
    yield "amplify.gb", pages * usage.habits.page_kb / MILLION
    yield "amplify.gb-hour", pages * 0.1 / 3600 / 2  # a tenth of a second of half a GB


def _pool(stack: PricedStack, body: Body) -> Lines:
    yield "cognito.user", stack.usage.people
    yield "ses.mails", stack.usage.people * 0.1 / 1e3


def _alarm(stack: PricedStack, body: Body) -> Lines:
    yield "cloudwatch.alarm", max(1, sum("MetricStat" in one for one in body.get("Metrics", ())))


def _dashboard(stack: PricedStack, body: Body) -> Lines:
    yield "cloudwatch.dashboard", 1
    yield "cloudwatch.metric", METRICS


def _bucket(stack: PricedStack, body: Body) -> Lines:
    yield "s3.storage", 1 + stack.usage.walks / MILLION  # assumed: mostly logs
    yield "s3.puts", stack.usage.people * 0.01 / 1e3


def _firehose(stack: PricedStack, body: Body) -> Lines:
    yield "firehose.gb", stack.usage.walks * 5e3 / GB


def _check(stack: PricedStack, body: Body) -> Lines:
    given = body["HealthCheckConfig"]
    yield "route53.check", 1
    yield "route53.option", (given["Type"] == "HTTPS") + (given.get("RequestInterval") == 10)


def _each(sku: str, quantity: float = 1) -> Callable[[PricedStack, Body], Lines]:
    """Return a resource type of constant cost: one unit each."""

    def same(stack: PricedStack, body: Body) -> Lines:
        yield sku, quantity

    return same


PRICED: Final[Mapping[str, Callable[[PricedStack, Body], Lines]]] = {
    "AWS::Amplify::App": _app,
    "AWS::ApiGateway::RestApi": _rest,
    "AWS::ApiGatewayV2::Api": _sockets,
    "AWS::Athena::WorkGroup": _each("athena.scanned", 0.01),
    "AWS::Backup::BackupPlan": _backups,
    "AWS::CloudFront::Distribution": _distribution,
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::CompositeAlarm": _each("cloudwatch.composite"),
    "AWS::CloudWatch::Dashboard": _dashboard,
    "AWS::CodeBuild::Project": _each("codebuild.minutes", DEPLOYMENTS * DEPLOYMENT_MINUTES / 4),
    "AWS::CodePipeline::Pipeline": _each("codepipeline.minutes", DEPLOYMENTS * DEPLOYMENT_MINUTES),
    "AWS::Cognito::UserPool": _pool,
    "AWS::DynamoDB::GlobalTable": _table,
    "AWS::EC2::EIP": _each("address.hours", HOURS),
    "AWS::EC2::NatGateway": _nat,
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::ECR::Repository": _each("ecr.storage", 5),
    "AWS::ECS::Cluster": _insights,
    "AWS::ECS::Service": _service,
    "AWS::EFS::FileSystem": _files,
    "AWS::ElastiCache::ServerlessCache": _cache,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _balancer,
    "AWS::Events::Archive": _archive,
    "AWS::Events::EventBus": _bus,
    "AWS::Glue::Table": _each("glue.requests", 0.01),
    "AWS::KMS::Key": _each("kms.key"),
    "AWS::KMS::ReplicaKey": _each("kms.key"),
    "AWS::KinesisFirehose::DeliveryStream": _firehose,
    "AWS::Lambda::Function": _function,
    "AWS::QuickSight::DataSet": _each("quicksight.author"),
    "AWS::RDS::DBCluster": _cluster,
    "AWS::RDS::DBInstance": _instance,
    "AWS::RDS::DBProxy": _proxy,
    "AWS::Route53::HealthCheck": _check,
    "AWS::Route53::HostedZone": _each("route53.zone"),
    "AWS::S3::Bucket": _bucket,
    "AWS::SNS::Topic": _each("sns.requests", 0.001),
    "AWS::SQS::Queue": _queue,
    "AWS::SecretsManager::Secret": _each("secret.month"),
    "AWS::WAFv2::WebACL": _firewall,
}
