"""The back end: the network, the databases, tables, events, users, the lake."""

import json

import pytest

from infra.names import COMING, SHOWN
from infra.queues import LINES
from milequest.rules import avatars
from milequest.settings import PROJECT
from tests.infra.assembly import Assembly

DATA_KEY = "globaldatakey"


def test_subnets_have_no_public_addresses_and_data_subnets_no_routes(assembly: Assembly) -> None:
    subnets = assembly.of("network", "AWS::EC2::Subnet")
    assert subnets
    assert not [str(subnet) for subnet in subnets if subnet.properties.get("MapPublicIpOnLaunch")]
    gateways = assembly.of("network", "AWS::EC2::NatGateway")
    assert {gateway.environment for gateway in gateways} == {"staging", "production"}
    routes = [one for one in assembly.of("network", "AWS::EC2::Route") if one.id.startswith("Vpcdata")]
    assert routes == [], "data subnets have a way out"
    assert len(assembly.of("network", "AWS::EC2::FlowLog")) == len(assembly.of("network", "AWS::EC2::VPC")) == 3


def test_functions_outside_the_network_are_the_named_ones_and_the_rest_have_a_way_out(assembly: Assembly) -> None:
    """As docs/aws.md says: the members of the network, and a way out of it to services without an endpoint there."""
    functions = [
        one for one in assembly.resources("AWS::Lambda::Function") if one.stack.startswith("milequest-production-")
    ]
    outside = {
        one.properties["FunctionName"].removeprefix("milequest-production-")
        for one in functions
        if "VpcConfig" not in one.properties
    }
    rehearsals = {"rehearsal-api", "rehearsal-live", "rehearsal-identity"}
    assert outside == {"authorizer", "poster", "later", "to-lake", "probe", *rehearsals}
    networks = {one.stack for one in assembly.of("network", "AWS::EC2::VPC")}
    for stack in networks:
        ways = [
            one
            for one in assembly.of("network", "AWS::EC2::Route")
            if one.stack == stack and one.id.startswith("Vpcprivate")
        ]
        private = [
            one
            for one in assembly.of("network", "AWS::EC2::Subnet")
            if one.stack == stack and one.id.startswith("Vpcprivate")
        ]
        assert len(ways) == len(private) > 1
        assert all(one.properties["DestinationCidrBlock"] == "0.0.0.0/0" for one in ways)
        gateways = {one.properties["NatGatewayId"]["Ref"] for one in ways}
        assert len(gateways) == (len(ways) if "-production-" in stack else 1), "each zone has a gateway of its own"
    endpoints = assembly.of("network", "AWS::EC2::VPCEndpoint")
    names = sorted(json.dumps(one.properties["ServiceName"]).rstrip('"]}').rpartition(".")[2] for one in endpoints)
    assert names == sorted(["sqs", "s3", "dynamodb"] * len(networks))


def test_data_subnets_speak_to_our_network_alone(assembly: Assembly) -> None:
    entries = [one for one in assembly.of("network", "AWS::EC2::NetworkAclEntry") if one.id.startswith("Aclsdata")]
    assert len(entries) == 3 * 4
    assert all(entry.properties["CidrBlock"].startswith("10.") for entry in entries)
    assert {entry.properties["RuleAction"] for entry in entries} == {"allow"}
    bound = {
        (one.stack, one.properties["SubnetId"]["Ref"])
        for one in assembly.of("network", "AWS::EC2::SubnetNetworkAclAssociation")
    }
    inner = {(one.stack, one.id) for one in assembly.of("network", "AWS::EC2::Subnet") if "public" not in one.id}
    assert bound == inner


def test_aurora_is_encrypted_private_and_restorable(assembly: Assembly) -> None:
    for cluster in assembly.of("data", "AWS::RDS::DBCluster"):
        properties = cluster.properties
        assert properties["StorageEncrypted"]
        assert properties["EnableIAMDatabaseAuthentication"]
        assert properties["DeletionProtection"]
        assert properties["BackupRetentionPeriod"] >= 7
        assert "{{resolve:secretsmanager:" in json.dumps(
            properties.get("MasterUserPassword", "{{resolve:secretsmanager:")
        )
    instances = assembly.of("data", "AWS::RDS::DBInstance")
    assert {instance.properties["DBInstanceClass"] for instance in instances} == {"db.serverless"}
    assert not any(instance.properties["PubliclyAccessible"] for instance in instances)


def test_slow_statements_are_shown_by_database_insights(assembly: Assembly) -> None:
    """Performance Insights, which RDS still calls the switch by, has ended as a service."""
    modes = {cluster.properties["DatabaseInsightsMode"] for cluster in assembly.of("data", "AWS::RDS::DBCluster")}
    assert modes == {"standard"}
    instances = assembly.of("data", "AWS::RDS::DBInstance")
    assert all(instance.properties["EnablePerformanceInsights"] for instance in instances)
    runbook = (PROJECT / "docs" / "runbook.md").read_text()
    assert "Database Insights" in runbook
    assert "Performance Insights" not in runbook


def test_functions_connect_through_the_proxy(assembly: Assembly) -> None:
    proxies = assembly.of("data", "AWS::RDS::DBProxy")
    assert [proxy.stack for proxy in proxies] == ["milequest-production-data-us-east-1"]
    assert proxies[0].properties["RequireTLS"]
    assert proxies[0].properties["DefaultAuthScheme"] == "IAM_AUTH"
    readers = assembly.of("data", "AWS::RDS::DBProxyEndpoint")
    assert [reader.properties["TargetRole"] for reader in readers] == ["READ_ONLY"]
    told = {
        one.properties["Name"]: one.text
        for one in assembly.of("data", "AWS::SSM::Parameter")
        if one.stack == proxies[0].stack
    }
    assert proxies[0].id in told["/milequest/production/data/writer-url"]
    assert readers[0].id in told["/milequest/production/data/reader-url"]


def test_the_masters_secret_rotates(assembly: Assembly) -> None:
    schedules = assembly.of("data", "AWS::SecretsManager::RotationSchedule")
    assert {schedule.environment for schedule in schedules} == {"staging", "production"}
    assert all("rotatesecret" in schedule.text for schedule in schedules)
    assert not any("Transform" in template for template in assembly.templates.values())


def test_valkey_is_serverless_with_users_of_iam(assembly: Assembly) -> None:
    for cache in assembly.of("data", "AWS::ElastiCache::ServerlessCache"):
        assert cache.properties["Engine"] == "valkey"
        assert DATA_KEY in json.dumps(cache.properties["KmsKeyId"])
        assert cache.properties["UserGroupId"]
    for user in assembly.of("data", "AWS::ElastiCache::User"):
        assert user.properties["AuthenticationMode"] == {"Type": "iam"}


def test_tables_have_the_keys_that_the_code_writes(assembly: Assembly) -> None:
    tables = assembly.of("state", "AWS::DynamoDB::GlobalTable")
    for table in tables:
        keys = [key["AttributeName"] for key in table.properties["KeySchema"]]
        assert keys == ["pk", "sk"]
        assert table.properties["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    replicated = {
        table.properties["TableName"]: {replica["Region"] for replica in table.properties["Replicas"]}
        for table in tables
        if table.stack == "milequest-production-state-us-east-1"
    }
    assert replicated == {"milequest-production-live": {"us-east-1"}}


def test_files_and_databases_are_encrypted_with_the_data_key(assembly: Assembly) -> None:
    for cluster in assembly.of("data", "AWS::RDS::DBCluster"):
        assert DATA_KEY in json.dumps(cluster.properties["KmsKeyId"])
    uploads = [one for one in assembly.of("state", "AWS::S3::Bucket") if "user-data" in one.properties["BucketName"]]
    assert len(uploads) == 3
    for bucket in uploads:
        assert DATA_KEY in json.dumps(bucket.properties["BucketEncryption"])
    keys = [*assembly.of("global", "AWS::KMS::Key")]
    assert all(key.properties["EnableKeyRotation"] and key.properties["MultiRegion"] for key in keys)


def test_pictures_that_came_in_are_told_of_and_soon_gone(assembly: Assembly) -> None:
    assert (COMING, SHOWN) == (avatars.COMING, avatars.SHOWN)
    for bucket in (
        one for one in assembly.of("state", "AWS::S3::Bucket") if "user-data" in one.properties["BucketName"]
    ):
        assert bucket.properties["NotificationConfiguration"] == {
            "EventBridgeConfiguration": {"EventBridgeEnabled": True}
        }
        (rule,) = [one for one in bucket.properties["LifecycleConfiguration"]["Rules"] if "Prefix" in one]
        assert (rule["Prefix"], rule["ExpirationInDays"]) == ("uploads/", 1)
        assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
    rules = [one for one in assembly.of("jobs", "AWS::Events::Rule") if "EventPattern" in one.properties]
    assert len(rules) == 3
    for one in rules:
        assert one.properties["EventPattern"]["detail"]["object"] == {"key": [{"prefix": "uploads/"}]}
        assert "undelivered" in json.dumps(one.properties["Targets"][0]["DeadLetterConfig"])


def test_the_second_region_follows_the_first(assembly: Assembly) -> None:
    clusters = [one for one in assembly.of("data", "AWS::RDS::DBCluster") if one.environment == "production"]
    assert {one.properties["GlobalClusterIdentifier"] for one in clusters} == {"milequest-production-global"}
    assert [one.stack[-9:] for one in clusters if "MasterUsername" in one.properties] == ["us-east-1"]


def test_pictures_and_their_deletions_are_copied_both_ways(assembly: Assembly) -> None:
    """One deleted after a failover is deleted in the other region too, and the edge shows it nowhere."""
    buckets = [one for one in assembly.of("state", "AWS::S3::Bucket") if "ReplicationConfiguration" in one.properties]
    led = {}
    for bucket in buckets:
        given = bucket.properties["ReplicationConfiguration"]
        waits = given.get("Fn::If")  # until the other region's bucket is there
        (rule,) = (waits[1] if waits else given)["Rules"]
        assert rule["Status"] == rule["DeleteMarkerReplication"]["Status"] == "Enabled"
        assert rule["Filter"] == {"Prefix": "avatars/"}, "what came in is of nobody's concern there"
        assert "EncryptionConfiguration" not in rule["Destination"], "CloudFront cannot read what our key encrypts"
        led[bucket.region] = (rule["Destination"]["Bucket"].removeprefix("arn:aws:s3:::"), bool(waits))
    at = "milequest-production-user-data-222222222222-{}"
    assert led == {"us-east-1": (at.format("us-west-2"), False), "us-west-2": (at.format("us-east-1"), True)}
    watched = [
        one for one in assembly.of("watch", "AWS::CloudWatch::Alarm") if "OperationsPendingReplication" in one.text
    ]
    assert sorted(one.region for one in watched) == ["us-east-1", "us-west-2"]


def test_queues_hide_a_message_for_six_times_its_functions_patience(assembly: Assembly) -> None:
    queues = {queue.properties["QueueName"]: queue.properties for queue in assembly.of("events", "AWS::SQS::Queue")}
    for name, line in LINES.items():
        queue = queues[f"milequest-staging-{name}{'.fifo' if line.fifo else ''}"]
        assert queue["VisibilityTimeout"] == 6 * line.seconds
        assert queue.get("FifoQueue", False) == line.fifo
        assert (queue.get("FifoThroughputLimit") == "perMessageGroupId") == line.fifo


def test_services_may_publish_to_topics(assembly: Assembly) -> None:
    topics = assembly.of("events", "AWS::SNS::Topic")
    assert {topic.properties["TopicName"].split("-")[2] for topic in topics} == {"page", "ticket", "bounces"}
    assert all(topic.properties["KmsMasterKeyId"] for topic in topics)
    for key in assembly.of("events", "AWS::KMS::Key"):
        (statement,) = [one for one in key.properties["KeyPolicy"]["Statement"] if "Service" in one["Principal"]]
        assert {"cloudwatch.amazonaws.com", "ses.amazonaws.com"} <= set(statement["Principal"]["Service"])
        assert set(statement["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey*"}
        assert "Condition" not in statement, "events to an encrypted topic would be dropped without a word"


def test_events_are_kept_to_be_played_again(assembly: Assembly) -> None:
    archives = assembly.of("events", "AWS::Events::Archive")
    assert len(archives) == len(assembly.of("events", "AWS::Events::EventBus")) == 3
    assert {archive.properties["RetentionDays"] for archive in archives} == {30}


def test_the_user_pool_is_what_the_design_says(assembly: Assembly) -> None:
    for pool in assembly.of("identity", "AWS::Cognito::UserPool"):
        assert pool.properties["UserPoolTier"] == "ESSENTIALS"
        assert pool.properties["EmailConfiguration"]["EmailSendingAccount"] == "DEVELOPER"
        assert pool.properties["MfaConfiguration"] == "OFF", "who had set a second factor up could not sign in here"
        assert pool.properties["AliasAttributes"] == ["email"]
        assert "UsernameAttributes" not in pool.properties, "strangers' sign-ups would keep the owner's out"
        assert pool.properties["UsernameConfiguration"] == {"CaseSensitive": False}
        assert pool.properties["UserAttributeUpdateSettings"] == {
            "AttributesRequireVerificationBeforeUpdate": ["email"]
        }
        assert set(pool.properties["LambdaConfig"]) >= {"PostConfirmation", "PreTokenGenerationConfig"}
    clients = assembly.of("identity", "AWS::Cognito::UserPoolClient")
    secret = {client.properties["ClientName"]: client.properties["GenerateSecret"] for client in clients}
    assert secret == {"server": True, "pages": False}
    assert all(client.properties["PreventUserExistenceErrors"] == "ENABLED" for client in clients)
    writes = {client.properties["ClientName"]: client.properties.get("WriteAttributes") for client in clients}
    assert writes == {"server": None, "pages": ["locale", "name", "zoneinfo"]}, "sign-ups come through our API"


@pytest.mark.parametrize(("when", "job"), [("EventPattern", "tolake"), ("ScheduleExpression", "usage")])
def test_jobs_take_to_the_lake_what_happened_and_what_was_used(assembly: Assembly, when: str, job: str) -> None:
    rules = [one for one in assembly.of("lake", "AWS::Events::Rule") if when in one.properties]
    assert len(rules) == 2
    for rule in rules:
        (target,) = rule.properties["Targets"]
        assert job in json.dumps(target["Arn"])
        assert "undelivered" in json.dumps(target["DeadLetterConfig"])


def test_the_lake_is_parquet_that_athena_reads(assembly: Assembly) -> None:
    for stream in assembly.of("lake", "AWS::KinesisFirehose::DeliveryStream"):
        target = stream.properties["ExtendedS3DestinationConfiguration"]
        conversion = target["DataFormatConversionConfiguration"]
        assert "ParquetSerDe" in conversion["OutputFormatConfiguration"]["Serializer"]
        assert target["Prefix"].startswith("events/day=")
    tables = [one.properties["TableInput"] for one in assembly.of("lake", "AWS::Glue::Table")]
    assert {table["Name"] for table in tables} == {"events", "usage"}
    for table in (one for one in tables if one["Name"] == "events"):
        parameters = table["Parameters"]
        assert parameters["projection.enabled"] == "true"
        assert "events/day=${day}/" in json.dumps(parameters["storage.location.template"])
    names = {query.properties["Name"] for query in assembly.of("lake", "AWS::Athena::NamedQuery")}
    assert names == {"events-by-day", "teams-by-day", "events-of-a-team", "usage-by-day"}
