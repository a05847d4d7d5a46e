"""Claims of the first and the third diagram: the service, and its functions by domain."""

from collections.abc import Mapping, Sequence

from tests.infra.boxes import (
    ACTIVITY,
    ADMIN,
    AT_TIMES,
    AURORA,
    AUTH,
    AUTHORIZER,
    AUTHORIZING,
    BALANCER,
    BUS,
    CACHE,
    CACHE_PORT,
    CACHE_USER,
    DATABASE_PORT,
    DOMAINS,
    EDGE,
    FEED,
    FIREWALL,
    INSTANCE,
    KICKS,
    LINK,
    LISTENER,
    LIVE,
    MAP,
    MAPPING,
    MESSAGE,
    METHOD,
    NAMES,
    NEWS,
    ON_SOCKETS,
    ORIGIN_SECRET,
    PAGE,
    PAGES_FIREWALL,
    PERMISSION,
    PICTURE_JOB,
    PICTURES,
    PLANNER,
    POOL,
    PROXIED,
    PROXY,
    RELAY,
    REST,
    REST_HOST,
    SERVER_PORT,
    SERVERS,
    SITE,
    SOCKETS,
    SOCKETS_HOST,
    TARGETS,
    TEAM,
    TLS,
    TO_LAKE,
    ZONE,
)
from tests.infra.claims import ANYTHING, Claim, Those, box, joined, may, reaches, told

CONNECT = "rds-db:connect"
RECEIVE = "sqs:ReceiveMessage sqs:DeleteMessage sqs:GetQueueAttributes"
ROWS = "dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:UpdateItem dynamodb:DeleteItem"


def uses_aurora(those: Those) -> Sequence[Claim]:
    """Claim that each of those functions may get to the writer: by its role, its setting and the network."""
    return (
        may(those, CONNECT, PROXY_OF[those.region]),
        told(those, "DATABASE_URL", PROXY_OF[those.region]),
        reaches(those, PROXY_OF[those.region], DATABASE_PORT),
    )


PROXY_OF = {"us-east-1": PROXY, "us-west-2": AURORA.there()}  # the second region, which reads alone, has no proxy
PROXIES = (
    joined(PROXIED, {"DBProxyName": PROXY, "DBClusterIdentifiers": AURORA}),
    reaches(PROXY, AURORA, DATABASE_PORT),
)


def uses_valkey(those: Those) -> Sequence[Claim]:
    """Claim the same of the cache, whose user has a role too."""
    return (
        may(those, "elasticache:Connect", CACHE),
        may(those, "elasticache:Connect", CACHE_USER),
        told(those, "REDIS_URL", CACHE),
        reaches(those, CACHE, CACHE_PORT),
    )


def called(method: str, function: Those, *, asked: bool = False) -> Claim:
    """Claim that a method calls a function, and asks the authorizer if it should be asked."""
    ways = {"ResourceId": Those("api AWS::ApiGateway::Resource", f"{method}\\w{{8}}$"), "Integration": function}
    return joined(METHOD, ways | ({"AuthorizerId": AUTHORIZER} if asked else {}) | {"RestApiId": REST})


def fed(queue: Those, function: Those) -> Sequence[Claim]:
    """Claim that a function is fed by a queue."""
    return (
        joined(FEED, {"EventSourceArn": queue, "FunctionName": function}),
        may(function, RECEIVE, queue),
    )


def mapped(mapping: Those, api: Those, host: Those) -> Claim:
    """Claim that an API has a host name."""
    return joined(mapping, {"ApiId": api, "DomainName": host})


NAMED = joined(NAMES, {"HostedZoneId": ZONE, "AliasTarget.DNSName": EDGE})
API_STAGE = joined(
    Those("api AWS::ApiGateway::Stage"),
    {"RestApiId": REST, "DeploymentId": Those("api AWS::ApiGateway::Deployment")},
)
SOCKETS_STAGE = joined(Those("live AWS::ApiGatewayV2::Stage"), {"ApiId": SOCKETS})
INVOKED = joined(PERMISSION, {"FunctionName": DOMAINS, "SourceArn": REST}, Principal="apigateway.amazonaws.com")
AUTHORIZED = (
    joined(AUTHORIZER, {"AuthorizerUri": AUTHORIZING, "RestApiId": REST}),
    joined(PERMISSION, {"FunctionName": AUTHORIZING, "SourceArn": REST}),
)
BEHIND_THE_EDGE = (
    joined(EDGE, {"DistributionConfig.WebACLId": FIREWALL, "DistributionConfig.Origins.*.DomainName": REST_HOST}),
    joined(EDGE, {"DistributionConfig.Origins.*.DomainName": SOCKETS_HOST}),
    joined(EDGE, {"DistributionConfig.Origins.*.OriginCustomHeaders": ORIGIN_SECRET}),
    told(AUTHORIZING, "EDGE_SECRET", ORIGIN_SECRET),
    may(AUTHORIZING, "secretsmanager:GetSecretValue", ORIGIN_SECRET),
    mapped(MAPPING, REST, REST_HOST),
    mapped(MAPPING, SOCKETS, SOCKETS_HOST),
)
BALANCED = (
    joined(LISTENER, {"LoadBalancerArn": BALANCER, "DefaultActions.*.TargetGroupArn": TARGETS}, Port=TLS),
    joined(SERVERS, {"LoadBalancers.*.TargetGroupArn": TARGETS}),
    reaches(BALANCER, SERVERS, SERVER_PORT),
)
ROUTED = (
    joined(Those("live AWS::ApiGatewayV2::Integration"), {"ApiId": SOCKETS, "IntegrationUri": MESSAGE}),
    joined(Those("live AWS::ApiGatewayV2::Route"), {"Target": Those("live AWS::ApiGatewayV2::Integration")}),
    joined(Those("live AWS::Lambda::Permission"), {"FunctionName": MESSAGE, "SourceArn": SOCKETS}),
)
TO_THE_LAKE = (
    joined(Those("lake AWS::Events::Rule"), {"EventBusName": BUS, "Targets.*.Arn": TO_LAKE}),
    joined(Those("lake AWS::Lambda::Permission"), {"FunctionName": TO_LAKE}, Principal="events.amazonaws.com"),
)
LEAD = {  # the method of each function that is drawn, and the function of its domain
    "L_LOGIN": ("login", AUTH),
    "L_REGISTER": ("register", AUTH),
    "L_REFRESH": ("refresh", AUTH),
    "L_TEAM_CREATE": ("createTeam", TEAM),
    "L_TEAM_UPDATE": ("updateTeam", TEAM),
    "L_TEAM_INVITE": ("inviteMembers", TEAM),
    "L_ACT_LOG": ("logActivity", ACTIVITY),
    "L_ACT_AGG": ("aggregateProgress", ACTIVITY),
    "L_MAP_CALC": ("calculateRoute", MAP),
    "L_MAP_GEO": ("geocodeAddress", MAP),
}

HIGH_LEVEL: Mapping[str, Sequence[Claim]] = {
    "R53": (box(ZONE, Name="mile-quest.com."), joined(NAMES, {"HostedZoneId": ZONE})),
    "CF": (box(EDGE, DistributionConfig__Enabled=True),),
    "WAF": (box(FIREWALL, Scope="CLOUDFRONT"),),
    "AMP": (box(SITE, Platform="WEB_COMPUTE"),),
    "AMPA": (box(ADMIN, Platform="WEB_COMPUTE"),),
    "APIG": (API_STAGE, SOCKETS_STAGE, box(SOCKETS, ProtocolType="WEBSOCKET")),
    "ALB": (box(BALANCER, Type="application", Scheme="internal"), BALANCED[0]),
    "LAPI": (box(AUTH, Handler="app.aws.domains.auth"), box(TEAM), box(ACTIVITY), box(MAP)),
    "LWS": (box(MESSAGE, Handler="app.aws.live.default"), box(SERVERS, LaunchType="FARGATE")),
    "LJOB": (box(AT_TIMES), box(TO_LAKE, Handler="app.aws.lake.handler")),
    "AURORA": (
        box(AURORA, Engine="aurora-postgresql", ServerlessV2ScalingConfiguration=ANYTHING),
        joined(INSTANCE, {"DBClusterIdentifier": AURORA}, DBInstanceClass="db.serverless"),
    ),
    "REDIS": (box(CACHE, Engine="valkey"),),
    "DDB": (box(LIVE, BillingMode="PAY_PER_REQUEST"),),
    "S3D": (box(PICTURES),),
    "SQS": (box(KICKS), box(NEWS, FifoQueue=True)),
    "SNS": (box(PAGE),),
    "EB": (box(BUS), joined(Those("events AWS::Events::Archive"), {"SourceArn": BUS})),
    "COG": (box(POOL, DeletionProtection="ACTIVE"),),
    "U→R53": (NAMED,),
    "A→R53": (NAMED,),
    "R53→CF": (NAMED,),
    "CF→WAF": (joined(EDGE, {"DistributionConfig.WebACLId": FIREWALL}),),
    "WAF→AMP": (joined(PAGES_FIREWALL, {"WebACLArn": FIREWALL, "ResourceArn": SITE}),),
    "WAF→AMPA": (joined(PAGES_FIREWALL, {"WebACLArn": FIREWALL, "ResourceArn": ADMIN}),),
    "WAF→APIG": BEHIND_THE_EDGE,
    "AMP→APIG": (joined(SITE, {"EnvironmentVariables.*.Value": NAMES}),),
    "APIG→ALB": (
        joined(Those("fleet AWS::ApiGateway::Method"), {"Integration.ConnectionId": LINK}),
        joined(Those("fleet AWS::ApiGateway::Method"), {"Integration": BALANCER}),
        reaches(LINK, BALANCER, TLS),
    ),
    "APIG→LAPI": (INVOKED, *(called(method, function) for method, function in LEAD.values())),
    "ALB→LWS": (*BALANCED, *ROUTED),
    "LAPI→COG": (
        may(AUTH, "cognito-idp:AdminInitiateAuth cognito-idp:DescribeUserPoolClient", POOL),
        told(AUTH, "COGNITO_POOL", POOL),
    ),
    "LAPI→AURORA": (*uses_aurora(DOMAINS), *PROXIES),
    "LAPI→REDIS": uses_valkey(DOMAINS),
    "LAPI→SQS": (may(DOMAINS, "sqs:SendMessage", KICKS), told(DOMAINS, "LIVE_KICKS_QUEUE", KICKS)),
    "LAPI→S3D": (
        may(TEAM, "s3:PutObject", PICTURES),
        told(TEAM, "UPLOADS_BUCKET", PICTURES),
        joined(Those("jobs AWS::Events::Rule"), {"EventPattern": PICTURES, "Targets.*.Arn": PICTURE_JOB}),
    ),
    "LWS→DDB": (may(ON_SOCKETS, ROWS, LIVE), told(ON_SOCKETS, "LIVE_TABLE", LIVE)),
    "LWS→REDIS": uses_valkey(MESSAGE),
    "SQS→LJOB": (*fed(KICKS, RELAY), *fed(NEWS, PLANNER)),
    "EB→LJOB": TO_THE_LAKE,
    "LJOB→AURORA": uses_aurora(AT_TIMES),
}

API: Mapping[str, Sequence[Claim]] = {
    "REST": (API_STAGE, mapped(MAPPING, REST, REST_HOST)),
    "WS": (SOCKETS_STAGE, mapped(MAPPING, SOCKETS, SOCKETS_HOST)),
    **{key: (called(method, function),) for key, (method, function) in LEAD.items()},
    "AUTH": AUTHORIZED,
    "REST→AUTH": (*AUTHORIZED, joined(METHOD, {"AuthorizerId": AUTHORIZER})),
    **{
        f"AUTH→{key}": (called(*LEAD[key], asked=True),)
        for key in ("L_LOGIN", "L_REGISTER", "L_TEAM_CREATE", "L_ACT_LOG", "L_MAP_CALC")
    },
    "WS→L_ACT_AGG": (*ROUTED, *fed(NEWS, PLANNER), may(MESSAGE, "sqs:SendMessage", NEWS)),
}
