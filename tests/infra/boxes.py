"""Resources of the templates by the names that the claims use."""

from tests.infra.claims import Those

ZONE = Those("global AWS::Route53::HostedZone")
NAMES = Those("edge AWS::Route53::RecordSet")
EDGE = Those("edge AWS::CloudFront::Distribution")
FIREWALL = Those("edge AWS::WAFv2::WebACL")
ORIGIN_SECRET = Those("global AWS::SecretsManager::Secret", "-origin$")
REST_HOST = Those("recovery AWS::ApiGateway::DomainName", "^origin-api")
SOCKETS_HOST = Those("recovery AWS::ApiGatewayV2::DomainName", "^origin-ws")
CHECKED_HOST = Those("recovery AWS::ApiGateway::DomainName", "^us..-api")
MAPPING = Those("recovery AWS::ApiGatewayV2::ApiMapping")

REST = Those("api AWS::ApiGateway::RestApi")
METHOD = Those("api AWS::ApiGateway::Method")
AUTHORIZER = Those("api AWS::ApiGateway::Authorizer")
PERMISSION = Those("api AWS::Lambda::Permission")
AUTHORIZING = Those("api AWS::Lambda::Function", "-authorizer$")
AUTH = Those("api AWS::Lambda::Function", "-auth$")
TEAM = Those("api AWS::Lambda::Function", "-team$")
ACTIVITY = Those("api AWS::Lambda::Function", "-activity$")
MAP = Those("api AWS::Lambda::Function", "-map$")
DOMAINS = Those("api AWS::Lambda::Function", "-(auth|team|activity|map|production-api)$")

SOCKETS = Those("live AWS::ApiGatewayV2::Api")
ON_SOCKETS = Those("live AWS::Lambda::Function", "-(connect|disconnect|message)$")
MESSAGE = Those("live AWS::Lambda::Function", "-message$")
RELAY = Those("live AWS::Lambda::Function", "-relay$")
PLANNER = Those("live AWS::Lambda::Function", "-planner$")
INTEREST = Those("live AWS::Lambda::Function", "-interest$")
FEED = Those("live AWS::Lambda::EventSourceMapping")

BALANCER = Those("fleet AWS::ElasticLoadBalancingV2::LoadBalancer")
LISTENER = Those("fleet AWS::ElasticLoadBalancingV2::Listener")
TARGETS = Those("fleet AWS::ElasticLoadBalancingV2::TargetGroup")
LINK = Those("fleet AWS::ApiGatewayV2::VpcLink")
SERVERS = Those("fleet AWS::ECS::Service")
TASK = Those("fleet AWS::ECS::TaskDefinition")

PROXY = Those("data AWS::RDS::DBProxy")
READER = Those("data AWS::RDS::DBProxyEndpoint")
PROXIED = Those("data AWS::RDS::DBProxyTargetGroup")
AURORA = Those("data AWS::RDS::DBCluster")
INSTANCE = Those("data AWS::RDS::DBInstance")
CACHE = Those("data AWS::ElastiCache::ServerlessCache")
CACHE_USER = Those("data AWS::ElastiCache::User")
MASTER = Those("data AWS::SecretsManager::Secret")
WORLD = Those("global AWS::RDS::GlobalCluster")
KEY = Those("global AWS::KMS::Key")
LIVE = Those("state AWS::DynamoDB::GlobalTable", "-live$")
PICTURES = Those("state AWS::S3::Bucket", "user-data")

BUS = Those("events AWS::Events::EventBus")
KICKS = Those("events AWS::SQS::Queue", "-kicks$")
NEWS = Those("events AWS::SQS::Queue", "-news.fifo$")
POSTS = Those("events AWS::SQS::Queue", "-posts.fifo$")
PAGE = Those("events AWS::SNS::Topic", "-page$")
TICKET = Those("events AWS::SNS::Topic", "-ticket$")
POOL = Those("identity AWS::Cognito::UserPool")

AT_TIMES = Those("jobs AWS::Lambda::Function", "-(finalize|prune)$")
PICTURE_JOB = Those("jobs AWS::Lambda::Function", "-pictures$")
TO_LAKE = Those("lake AWS::Lambda::Function", "-to-lake$")
USAGE = Those("lake AWS::Lambda::Function", "-usage$")
DELIVERY = Those("lake AWS::KinesisFirehose::DeliveryStream")
LAKE = Those("lake AWS::S3::Bucket", r"-lake-\d")
EVENTS_TABLE = Those("lake AWS::Glue::Table", "^events$")

SITE = Those("web AWS::Amplify::App", "site")
ADMIN = Those("web AWS::Amplify::App", "admin")
BRANCH = Those("web AWS::Amplify::Branch", "site")
PAGES_HOST = Those("web AWS::Amplify::Domain", "site")
PAGES_FIREWALL = Those("web AWS::WAFv2::WebACLAssociation")

PIPELINE = Those("pipeline AWS::CodePipeline::Pipeline")
STAGING = PIPELINE.on_staging()

DASHBOARD = Those("watch AWS::CloudWatch::Dashboard")
ALARM = Those("watch AWS::CloudWatch::Alarm")
TOLD = Those("watch AWS::SNS::Subscription")
SLACK = Those("chat AWS::Chatbot::SlackChannelConfiguration")

DATABASE_PORT, CACHE_PORT, TLS, SERVER_PORT = 5_433, 6_379, 443, 8_000


def built(name: str) -> Those:
    """Return a build of staging's pipeline."""
    return Those("pipeline AWS::CodeBuild::Project", f"-{name}$", environment="staging")
