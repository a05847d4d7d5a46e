"""Claims of the fourth and the fifth diagram: how data flows, and what secures it."""

from collections.abc import Mapping, Sequence

from tests.infra.boxes import (
    AURORA,
    BUS,
    CACHE,
    CACHE_PORT,
    DATABASE_PORT,
    DELIVERY,
    DOMAINS,
    EVENTS_TABLE,
    FEED,
    FIREWALL,
    INSTANCE,
    INTEREST,
    KEY,
    KICKS,
    LAKE,
    LIVE,
    MASTER,
    MESSAGE,
    PICTURES,
    POOL,
    PROXY,
    READER,
    RELAY,
    TO_LAKE,
)
from tests.infra.claims import ANYTHING, Claim, Those, box, joined, may, reaches, told
from tests.infra.drawn_service import (
    API_STAGE,
    INVOKED,
    LEAD,
    PROXIES,
    ROUTED,
    ROWS,
    SOCKETS_STAGE,
    TO_THE_LAKE,
    called,
    fed,
    uses_aurora,
    uses_valkey,
)

READS = (
    told(DOMAINS, "DATABASE_READER_URL", READER),
    joined(READER, {"DBProxyName": PROXY}, TargetRole="READ_ONLY"),
    reaches(DOMAINS, READER, DATABASE_PORT),
)
CALLED = (INVOKED, *(called(method, function) for method, function in LEAD.values()))
COUNTED = (
    joined(FEED, {"EventSourceArn": LIVE, "FunctionName": INTEREST}),
    may(INTEREST, "dynamodb:GetRecords dynamodb:GetShardIterator", LIVE),
    *uses_valkey(INTEREST),
)
QUERIED = (
    joined(EVENTS_TABLE, {"TableInput.StorageDescriptor.Location": LAKE}),
    joined(Those("lake AWS::Athena::NamedQuery"), {"WorkGroup": Those("lake AWS::Athena::WorkGroup")}),
)

FLOW: Mapping[str, Sequence[Claim]] = {
    "API": (API_STAGE,),
    "API2": (API_STAGE,),
    "LAMBDA": (box(DOMAINS),),
    "LAMBDA2": (box(DOMAINS),),
    "AURORA": (joined(INSTANCE, {"DBClusterIdentifier": AURORA}), *PROXIES),
    "AURORA_R": READS[1:],
    "SQS": (box(KICKS, RedrivePolicy=ANYTHING),),
    "CACHE": (box(CACHE, Engine="valkey"),),
    "REDIS": (box(CACHE, Engine="valkey"),),
    "WS": (SOCKETS_STAGE,),
    "DDB": (box(LIVE, StreamSpecification=ANYTHING),),
    "EB": (box(BUS), joined(Those("events AWS::Events::Archive"), {"SourceArn": BUS})),
    "LJOB": (box(TO_LAKE, Handler="app.aws.lake.handler"),),
    "S3": (box(LAKE),),
    "ATHENA": QUERIED[1:],
    "API→LAMBDA": CALLED,
    "API2→LAMBDA2": CALLED,
    "LAMBDA→AURORA": (*uses_aurora(DOMAINS), *PROXIES),
    "LAMBDA→SQS": (may(DOMAINS, "sqs:SendMessage", KICKS), told(DOMAINS, "LIVE_KICKS_QUEUE", KICKS)),
    "LAMBDA→EB": (*fed(KICKS, RELAY), may(RELAY, "events:PutEvents", BUS), told(RELAY, "EVENT_BUS", BUS)),
    "WS→DDB": (*ROUTED, may(MESSAGE, ROWS, LIVE)),
    "DDB→REDIS": COUNTED,
    "EB→LJOB": TO_THE_LAKE,
    "LJOB→S3": (
        may(TO_LAKE, "firehose:PutRecord", DELIVERY),
        joined(DELIVERY, {"ExtendedS3DestinationConfiguration.BucketARN": LAKE}),
    ),
    "S3→ATHENA": QUERIED,
}

TIER = Those("network AWS::EC2::SecurityGroup", "database")
VPC = Those("network AWS::EC2::VPC")
ACL = Those("network AWS::EC2::NetworkAcl", "data")
PRIVATE_ACL = Those("network AWS::EC2::NetworkAcl", "private")
PRIVATE = Those("network AWS::EC2::Subnet", "private")
ACL_OF_SUBNET = Those("network AWS::EC2::SubnetNetworkAclAssociation")
ENTRY = Those("network AWS::EC2::NetworkAclEntry")
ROTATING = Those("data AWS::Lambda::Function", "-rotate-secret$")
ENCRYPTED = "BucketEncryption.ServerSideEncryptionConfiguration.*.ServerSideEncryptionByDefault.KMSMasterKeyID"
RULES = box(
    FIREWALL,
    Rules__ANY__Statement__RateBasedStatement=ANYTHING,
    Rules__ANY__Statement__GeoMatchStatement=ANYTHING,
    Rules__ANY__Statement__XssMatchStatement=ANYTHING,
    Rules__ANY__Statement__ManagedRuleGroupStatement__Name="AWSManagedRulesSQLiRuleSet",
)
GUARDED = joined(Those("edge AWS::CloudFront::Distribution"), {"DistributionConfig.WebACLId": FIREWALL})
ROTATED = joined(
    Those("data AWS::SecretsManager::RotationSchedule"), {"SecretId": MASTER, "RotationLambdaARN": ROTATING}
)

SECURITY: Mapping[str, Sequence[Claim]] = {
    "WAF": (GUARDED,),
    "RULES": (RULES,),
    "COG": (box(POOL, Policies__PasswordPolicy__MinimumLength=12),),
    "SECRETS": (ROTATED,),
    "IAM": (box(Those("identity AWS::IAM::Role", "UserRole")),),
    "VPC": (box(VPC), joined(Those("network AWS::EC2::FlowLog"), {"ResourceId": VPC})),
    "SG": (joined(TIER, {"VpcId": VPC}),),
    "NACL": (joined(ENTRY, {"NetworkAclId": ACL}, RuleAction="allow"),),
    "PRIV": (joined(PRIVATE, {"VpcId": VPC}, MapPublicIpOnLaunch=False),),
    "KMS": (
        box(KEY, MultiRegion=True, EnableKeyRotation=True),
        joined(Those("global AWS::KMS::ReplicaKey").there(), {"PrimaryKeyArn": KEY}),
    ),
    "S3E": (joined(PICTURES, {ENCRYPTED: KEY}),),
    "AURORA_E": (box(AURORA, StorageEncrypted=True),),
    "SHIELD→WAF": (GUARDED,),
    "WAF→RULES": (RULES,),
    "COG→IAM": (
        joined(
            Those("identity AWS::Cognito::IdentityPoolRoleAttachment"),
            {
                "IdentityPoolId": Those("identity AWS::Cognito::IdentityPool"),
                "Roles": Those("identity AWS::IAM::Role", "UserRole"),
            },
        ),
        joined(Those("identity AWS::Cognito::IdentityPool"), {"CognitoIdentityProviders.*.ProviderName": POOL}),
    ),
    "SECRETS→IAM": (ROTATED, may(ROTATING, "secretsmanager:GetSecretValue secretsmanager:PutSecretValue", MASTER)),
    "VPC→SG": (joined(TIER, {"VpcId": VPC}), reaches(PROXY, AURORA, DATABASE_PORT)),
    "SG→NACL": (
        joined(ENTRY, {"NetworkAclId": ACL}, RuleAction="allow", **{"PortRange.From": DATABASE_PORT}),
        joined(ENTRY, {"NetworkAclId": ACL}, RuleAction="allow", **{"PortRange.From": CACHE_PORT}),
    ),
    "NACL→PRIV": (joined(ACL_OF_SUBNET, {"NetworkAclId": PRIVATE_ACL, "SubnetId": PRIVATE}),),
    "KMS→S3E": (joined(PICTURES, {ENCRYPTED: KEY}),),
    "KMS→AURORA_E": (joined(AURORA, {"KmsKeyId": KEY}, StorageEncrypted=True),),
}
