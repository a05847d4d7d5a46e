"""Claims of the last three diagrams: what is paid for, the second region, and what is watched."""

from collections.abc import Mapping, Sequence

from tests.infra.boxes import (
    ALARM,
    AURORA,
    CACHE,
    CHECKED_HOST,
    DASHBOARD,
    DATABASE_PORT,
    DOMAINS,
    EDGE,
    INSTANCE,
    LIVE,
    METHOD,
    PAGE,
    PICTURES,
    REST,
    REST_HOST,
    SLACK,
    SOCKETS_HOST,
    TEAM,
    TICKET,
    TOLD,
    USAGE,
    WORLD,
    ZONE,
)
from tests.infra.claims import ANYTHING, Claim, Those, box, joined, may, reaches, told
from tests.infra.drawn_service import API_STAGE, LEAD, PROXIES, called, uses_aurora

NAT = Those("network AWS::EC2::NatGateway")
BUDGET = Those("money AWS::Budgets::Budget")
ODD = Those("money AWS::CE::AnomalySubscription")
AURORA_RUNS = joined(INSTANCE, {"DBClusterIdentifier": AURORA}, DBInstanceClass="db.serverless")

PAID: Mapping[str, Sequence[Claim]] = {
    "R53": (box(ZONE),),
    "NAT": (joined(Those("network AWS::EC2::Route", "private"), {"NatGatewayId": NAT}),),
    "LAMBDA": (box(DOMAINS, Architectures=["arm64"]),),
    "APIG": (API_STAGE,),
    "S3": (box(PICTURES),),
    "CF": (box(EDGE, DistributionConfig__Enabled=True),),
    "AURORA": (AURORA_RUNS,),
    "REDIS": (box(CACHE, CacheUsageLimits=ANYTHING),),
    "DDB": (box(LIVE, BillingMode="PAY_PER_REQUEST"),),
    "BUDGET": (joined(BUDGET, {"NotificationsWithSubscribers.*.Subscribers": TICKET}),),
    "ALARM": (joined(ODD, {"Subscribers.*.Address": TICKET}),),
}

RECORD = Those("recovery AWS::Route53::RecordSet")
CHECK = Those("recovery AWS::Route53::HealthCheck", "^Check")
COPIED = "ReplicationConfiguration.Rules.*.Destination.Bucket"
FOLLOWING = (
    joined(AURORA, {"GlobalClusterIdentifier": WORLD}),
    joined(AURORA.there(), {"GlobalClusterIdentifier": WORLD}),
)


def leads(*, there: bool) -> Sequence[Claim]:
    """Claim that both host names lead to a region's APIs while its check is good."""
    ones = [one.there() if there else one for one in (RECORD, REST_HOST, SOCKETS_HOST, CHECK)]
    record, *hosts, check = ones
    role = "SECONDARY" if there else "PRIMARY"
    return [joined(record, {"AliasTarget.DNSName": host, "HealthCheckId": check}, Failover=role) for host in hosts]


def checks(*, there: bool) -> Claim:
    """Claim that a region's check asks that region's own host."""
    check, host = (one.there() if there else one for one in (CHECK, CHECKED_HOST))
    return joined(check, {"HealthCheckConfig.FullyQualifiedDomainName": host})


def uses_pictures(those: Those, pictures: Those) -> Sequence[Claim]:
    """Claim that functions may take pictures."""
    return (may(those, "s3:PutObject", pictures), told(those, "UPLOADS_BUCKET", pictures))


THERE = DOMAINS.there()
BOTH_METHODS = tuple(called(method, function) for method, function in LEAD.values())
ABROAD = joined(METHOD.there(), {"RestApiId": REST.there(), "Integration": THERE})

RECOVERY: Mapping[str, Sequence[Claim]] = {
    "P_CF": (box(EDGE, DistributionConfig__Enabled=True),),
    "P_API": leads(there=False),
    "D_API": leads(there=True),
    "P_LAMBDA": (box(DOMAINS),),
    "D_LAMBDA": (box(THERE),),
    "P_AURORA": FOLLOWING[:1],
    "D_AURORA": FOLLOWING[1:],
    "P_S3": (box(PICTURES),),
    "D_S3": (box(PICTURES.there()),),
    "R53HC": (checks(there=False), checks(there=True)),
    "R53F": (*leads(there=False), *leads(there=True)),
    "P_CF→P_API": (joined(EDGE, {"DistributionConfig.Origins.*.DomainName": REST_HOST}),),
    "P_API→P_LAMBDA": BOTH_METHODS,
    "D_API→D_LAMBDA": (ABROAD,),
    "P_LAMBDA→P_AURORA": (*uses_aurora(DOMAINS), *PROXIES),
    "D_LAMBDA→D_AURORA": (
        *uses_aurora(THERE),
        reaches(THERE, AURORA.there(), DATABASE_PORT),
    ),
    "P_LAMBDA→P_S3": uses_pictures(TEAM, PICTURES),
    "D_LAMBDA→D_S3": uses_pictures(TEAM.there(), PICTURES.there()),
    "P_AURORA→D_AURORA": FOLLOWING,
    "P_S3→D_S3": (joined(PICTURES, {COPIED: PICTURES.there()}),),
    "R53HC→P_API": (checks(there=False), *leads(there=False)),
    "R53HC→D_API": (checks(there=True), *leads(there=True)),
    "R53F→P_API": leads(there=False),
    "R53F→D_API": leads(there=True),
}

SAVED = Those("watch AWS::Logs::QueryDefinition")
GROUP = Those("watch AWS::XRay::Group")
FILTER = Those("lake AWS::Logs::MetricFilter")
ERRORS = (joined(ALARM, {"MetricName": FILTER, "AlarmActions": TICKET}, Namespace="MileQuest"),)
BILL = Those("money AWS::CUR::ReportDefinition")
BILLS = Those("money AWS::S3::Bucket", "-bills-")
BILL_TABLE = Those("money AWS::Glue::Table")
BILL_GROUP = Those("money AWS::Athena::WorkGroup")
ASKED = Those("money AWS::Athena::NamedQuery")
SOURCE = Those("insight AWS::QuickSight::DataSource")
SHOWN = (
    joined(SOURCE, {"DataSourceParameters.AthenaParameters.WorkGroup": BILL_GROUP}),
    joined(Those("insight AWS::QuickSight::DataSet"), {"PhysicalTableMap.costs.CustomSql.DataSourceArn": SOURCE}),
)
TRACED = (
    box(GROUP, FilterExpression=ANYTHING),
    box(DOMAINS, TracingConfig__Mode="Active"),
    may(DOMAINS, "xray:PutTraceSegments"),
)
PAGES = joined(TOLD, {"TopicArn": PAGE}, Protocol="https")
MAILS = joined(TOLD, {"TopicArn": TICKET}, Protocol="email")
CHATS = joined(SLACK, {"SnsTopicArns": PAGE})

WATCHED: Mapping[str, Sequence[Claim]] = {
    "CW": (joined(DASHBOARD, {"DashboardBody": REST}),),
    "XRAY": TRACED,
    "LOGS": (joined(FILTER, {"LogGroupName": Those("lake AWS::Logs::LogGroup")}),),
    "CWD": (box(DASHBOARD),),
    "CWI": (box(SAVED, QueryString=ANYTHING),),
    "CWA": (joined(ALARM, {"AlarmActions": PAGE}),),
    "SNS": (box(PAGE), box(TICKET)),
    "PD": (PAGES,),
    "EMAIL": (MAILS,),
    "SLACK": (CHATS,),
    "CUR": (joined(BILL, {"S3Bucket": BILLS}),),
    "ATHENA": (joined(ASKED, {"WorkGroup": BILL_GROUP}),),
    "QS": SHOWN[1:],
    "CW→CWD": (joined(DASHBOARD, {"DashboardBody": REST}),),
    "XRAY→CWD": (joined(DASHBOARD, {"DashboardBody": GROUP}),),
    "CWD→CWA": (joined(DASHBOARD, {"DashboardBody": ALARM}),),
    "LOGS→CWI": (box(SAVED, QueryString=ANYTHING),),
    "CWI→CWA": ERRORS,
    "CWA→SNS": (joined(ALARM, {"AlarmActions": PAGE}), joined(ALARM, {"AlarmActions": TICKET})),
    "SNS→PD": (PAGES,),
    "SNS→SLACK": (CHATS,),
    "SNS→EMAIL": (MAILS,),
    "CW→CUR": (
        may(USAGE, "cloudwatch:GetMetricData"),
        joined(ASKED, {"QueryString": Those("lake AWS::Glue::Table", "^usage$")}),
    ),
    "CUR→ATHENA": (
        joined(BILL, {"S3Bucket": BILLS}),
        joined(BILL_TABLE, {"TableInput.Parameters": BILLS}),
        joined(ASKED, {"WorkGroup": BILL_GROUP}),
    ),
    "ATHENA→QS": SHOWN,
}
