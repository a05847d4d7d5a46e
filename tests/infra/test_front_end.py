"""The front end: names, CloudFront, the firewall, the pages, the servers, and the choice of the region."""

import json
from typing import Any

import pytest

from tests.infra.assembly import Assembly


def test_names_lead_to_the_edge(assembly: Assembly) -> None:
    records = assembly.of("edge", "AWS::Route53::RecordSet")
    names = {(record.properties["Name"], record.properties["Type"]) for record in records}
    assert {(f"{host}.mile-quest.com.", type) for host in ("api", "ws") for type in ("A", "AAAA")} <= names
    assert all("Distribution" in record.text for record in records)


def test_the_edge_keeps_nothing_and_asks_the_firewall(assembly: Assembly) -> None:
    caching_disabled, all_but_host = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "b689b0a8-53d0-40ab-baf2-68738e2966ac"
    for distribution in assembly.of("edge", "AWS::CloudFront::Distribution"):
        config = distribution.properties["DistributionConfig"]
        assert "Firewall" in str(config["WebACLId"])
        behaviors = [one for one in config["CacheBehaviors"] if one["PathPattern"] != "/avatars/*"]
        for behavior in (config["DefaultCacheBehavior"], *behaviors):
            assert behavior["CachePolicyId"] == caching_disabled
            assert behavior["OriginRequestPolicyId"] == all_but_host
            assert behavior["FunctionAssociations"][0]["EventType"] == "viewer-request"


def test_paths_lead_to_the_apis(assembly: Assembly) -> None:
    for distribution in assembly.of("edge", "AWS::CloudFront::Distribution"):
        config = distribution.properties["DistributionConfig"]
        hosts = {origin["Id"]: _host(origin) for origin in config["Origins"]}
        paths = {behavior["PathPattern"]: behavior["TargetOriginId"] for behavior in config["CacheBehaviors"]}
        groups = {
            one["Id"]: [each["OriginId"] for each in one["Members"]["Items"]]
            for one in config.get("OriginGroups", {"Items": []})["Items"]
        }
        led = {path: {hosts[one] for one in groups.get(id, [id])} for path, id in paths.items()}
        assert led.pop("/avatars/*") <= {_host(one) for one in config["Origins"] if "S3OriginConfig" in one}
        assert led == {"/graphql/realtime": {"origin-ws"}, "/graphql/live": {"origin-live"}}
        assert hosts[config["DefaultCacheBehavior"]["TargetOriginId"]] == "origin-api"
    mapped = {
        str(mapping.properties.get("ApiMappingKey"))
        for mapping in assembly.of("recovery", "AWS::ApiGatewayV2::ApiMapping")
    }
    assert mapped == {"None", "graphql/stream", "servers"}


ASKED = ("FullyQualifiedDomainName", "ResourcePath")
ENTRANCES = {"api": "AWS::Lambda::Function", "fleet": "AWS::ECS::TaskDefinition"}


def _host(origin: dict[str, Any]) -> str:
    """Return the first part of an origin's name."""
    name = origin["DomainName"]
    return (name if isinstance(name, str) else json.dumps(name)).split(".")[0]


def test_pictures_are_kept_at_the_edge_and_come_from_the_buckets_alone(assembly: Assembly) -> None:
    for distribution in assembly.of("edge", "AWS::CloudFront::Distribution"):
        config = distribution.properties["DistributionConfig"]
        (behavior,) = [one for one in config["CacheBehaviors"] if one["PathPattern"] == "/avatars/*"]
        assert behavior["AllowedMethods"] == ["GET", "HEAD"]
        assert "OriginRequestPolicyId" not in behavior, "no header or cookie of a viewer gets there"
        buckets = [one for one in config["Origins"] if "S3OriginConfig" in one]
        assert all(one["OriginAccessControlId"] and "OriginCustomHeaders" not in one for one in buckets)
        regions = {"staging": 1, "production": 2}[distribution.environment]
        assert len(buckets) == regions
        groups = config.get("OriginGroups", {"Items": []})["Items"]
        codes = [
            one["FailoverCriteria"]["StatusCodes"]["Items"] for one in groups if one["Id"] == behavior["TargetOriginId"]
        ]
        assert codes == [[403, 404, 500, 502, 503, 504]] * (regions - 1)
    policies = [one for one in assembly.of("state", "AWS::S3::BucketPolicy") if "userdata" in one.id]
    assert len(policies) == 3
    for policy in policies:
        (statement,) = [one for one in policy.properties["PolicyDocument"]["Statement"] if one["Effect"] == "Allow"]
        assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
        assert statement["Action"] == "s3:GetObject"
        assert "/avatars/*" in json.dumps(statement["Resource"])
        assert ":distribution/*" in json.dumps(statement["Condition"])


def test_the_origins_secret_is_a_reference(assembly: Assembly) -> None:
    for distribution in assembly.of("edge", "AWS::CloudFront::Distribution"):
        assert "{{resolve:secretsmanager:" in distribution.text


def test_pages_are_rendered_by_amplify_behind_the_firewall(assembly: Assembly) -> None:
    apps = assembly.of("web", "AWS::Amplify::App")
    assert {app.properties["Name"] for app in apps if app.environment == "production"} == {
        "milequest-production-site",
        "milequest-production-admin",
    }
    guarded = {
        (one.stack, one.properties["ResourceArn"]["Fn::GetAtt"][0])
        for one in assembly.of("web", "AWS::WAFv2::WebACLAssociation")
    }
    for app in apps:
        assert app.properties["Platform"] == "WEB_COMPUTE"
        assert app.properties["AccessToken"].startswith("{{resolve:secretsmanager:")
        assert "https://api." in app.text
        assert (app.stack, app.id) in guarded
    domains = {domain.properties["DomainName"] for domain in assembly.of("web", "AWS::Amplify::Domain")}
    assert {"mile-quest.com", "staging.mile-quest.com"} <= domains


def test_previews_are_stagings_alone(assembly: Assembly) -> None:
    branches = assembly.of("web", "AWS::Amplify::Branch")
    previews = [branch for branch in branches if branch.properties.get("EnablePullRequestPreview")]
    assert [(branch.environment, branch.properties["BranchName"]) for branch in previews] == [("staging", "main")]
    built = {(one.environment, one.properties["BranchName"]) for one in branches if one.properties["EnableAutoBuild"]}
    assert built == {("production", "main"), ("staging", "staging")}


def test_the_balancer_is_internal_and_speaks_tls(assembly: Assembly) -> None:
    for balancer in assembly.of("fleet", "AWS::ElasticLoadBalancingV2::LoadBalancer"):
        assert balancer.properties["Scheme"] == "internal"
    for listener in assembly.of("fleet", "AWS::ElasticLoadBalancingV2::Listener"):
        assert listener.properties["Protocol"] == "HTTPS"
    for service in assembly.of("fleet", "AWS::ECS::Service"):
        assert service.properties["LoadBalancers"][0]["ContainerName"] == "server"
        assert service.properties["DeploymentConfiguration"]["DeploymentCircuitBreaker"]["Rollback"]
    for target in assembly.of("fleet", "AWS::ApplicationAutoScaling::ScalableTarget"):
        assert target.properties["MinCapacity"] >= 2


def test_a_server_is_not_replaced_for_what_is_wrong_elsewhere(assembly: Assembly) -> None:
    """In a standby region the database is read-only, so /readyz is 503 while all is well."""
    for group in assembly.of("fleet", "AWS::ElasticLoadBalancingV2::TargetGroup"):
        assert group.properties["HealthCheckPath"] == "/livez"


def test_streams_go_through_api_gateway_to_the_balancer(assembly: Assembly) -> None:
    for method in assembly.of("fleet", "AWS::ApiGateway::Method"):
        integration = method.properties["Integration"]
        assert integration["Type"] == "HTTP_PROXY"
        assert integration["ConnectionType"] == "VPC_LINK"
        assert integration["ResponseTransferMode"] == "STREAM"
        assert integration["IntegrationTarget"] == {"Ref": "Balancer"}
        assert integration["TimeoutInMillis"] == 15 * 60 * 1_000


def test_traffic_goes_where_the_region_is_ready(assembly: Assembly) -> None:
    checks = assembly.of("recovery", "AWS::Route53::HealthCheck")
    asked = [(check.stack[-9:], *map(check.properties["HealthCheckConfig"].get, ASKED)) for check in checks]
    assert sorted(asked) == [
        ("us-east-1", "use1-api.mile-quest.com", "/readyz"),
        ("us-east-1", "use1-api.mile-quest.com", "/servers/standbyz"),
        ("us-east-1", "use1-api.staging.mile-quest.com", "/servers/standbyz"),
        ("us-east-1", "usw2-api.mile-quest.com", "/servers/standbyz"),
        ("us-east-1", "usw2-api.mile-quest.com", "/standbyz"),
        ("us-west-2", "usw2-api.mile-quest.com", "/readyz"),
    ]
    records = [
        one.properties for one in assembly.of("recovery", "AWS::Route53::RecordSet") if one.environment == "production"
    ]
    answered = {(record["Name"].split(".")[0], record.get("Failover")) for record in records}
    assert answered == {
        *((host, order) for host in ("origin-api", "origin-ws") for order in ("PRIMARY", "SECONDARY")),
        ("use1-api", None),
        ("usw2-api", None),
    }
    assert all("HealthCheckId" in record for record in records if "Failover" in record)


def test_both_apis_are_named_logged_and_limited(assembly: Assembly) -> None:
    rest, sockets = assembly.of("api", "AWS::ApiGateway::RestApi"), assembly.of("live", "AWS::ApiGatewayV2::Api")
    assert {api.properties["Name"] for api in rest} == {"milequest-staging-api", "milequest-production-api"}
    assert {api.properties["ProtocolType"] for api in sockets} == {"WEBSOCKET"}
    assert len(rest) == len(sockets) == 3
    for stage in assembly.of("api", "AWS::ApiGateway::Stage"):
        assert stage.properties["TracingEnabled"]
        assert stage.properties["AccessLogSetting"]
        assert stage.properties["MethodSettings"][0]["ThrottlingRateLimit"] > 0
    for stage in assembly.of("live", "AWS::ApiGatewayV2::Stage"):
        assert stage.properties["AccessLogSettings"]
        assert stage.properties["DefaultRouteSettings"]["ThrottlingRateLimit"] > 0


def test_every_method_asks_the_authorizer_but_what_is_for_everybody(assembly: Assembly) -> None:
    paths = {(one.stack, one.id): one.properties["PathPart"] for one in assembly.of("api", "AWS::ApiGateway::Resource")}
    opened = {
        paths[method.stack, method.properties["ResourceId"]["Ref"]]
        for method in assembly.of("api", "AWS::ApiGateway::Method")
        if method.properties["AuthorizationType"] != "CUSTOM" and method.properties["HttpMethod"] != "OPTIONS"
    }
    assert opened == {"jwks.json", "livez", "readyz", "standbyz", "iam"}
    for authorizer in assembly.of("api", "AWS::ApiGateway::Authorizer"):
        assert authorizer.properties["Type"] == "REQUEST"
        assert authorizer.properties["AuthorizerResultTtlInSeconds"] == 0
        assert not authorizer.properties.get("IdentitySource"), "who brings no token would get a 401 before our code"


def test_machines_sign_their_requests_and_have_a_policy_for_nothing_else(assembly: Assembly) -> None:
    signed = [
        one
        for one in assembly.of("api", "AWS::ApiGateway::Method")
        if one.properties["AuthorizationType"] == "AWS_IAM" and one.properties["HttpMethod"] != "OPTIONS"
    ]
    policies = assembly.of("api", "AWS::IAM::ManagedPolicy")
    assert len(signed) == len(policies) == 3, "in each region of each environment"
    assert {one.properties["HttpMethod"] for one in signed} == {"POST"}
    for policy in policies:
        (statement,) = policy.properties["PolicyDocument"]["Statement"]
        assert (statement["Effect"], statement["Action"]) == ("Allow", "execute-api:Invoke")
        resource = "".join(part if isinstance(part, str) else "#" for part in statement["Resource"]["Fn::Join"][1])
        assert resource.endswith("/POST/graphql/iam")
        assert "*" not in resource
        assert not policy.properties.get("Roles"), "the operator gives it to whom he wants"


def test_every_origin_of_the_edge_is_sent_the_secret(assembly: Assembly) -> None:
    for distribution in assembly.of("edge", "AWS::CloudFront::Distribution"):
        all_origins = distribution.properties["DistributionConfig"]["Origins"]
        origins = [one for one in all_origins if "S3OriginConfig" not in one]
        assert len(origins) == {"staging": 3, "production": 4}[distribution.environment]
        secret = f"{{{{resolve:secretsmanager:milequest-{distribution.environment}-origin:SecretString:first::}}}}"
        expected = [{"HeaderName": "x-origin-secret", "HeaderValue": secret}]
        assert [one["OriginCustomHeaders"] for one in origins] == [expected] * len(origins)


@pytest.mark.parametrize("stack", ["api", "fleet"])
def test_every_entrance_knows_the_origins_secret_and_may_read_it(assembly: Assembly, stack: str) -> None:
    named = {one.stack for one in assembly.of(stack, ENTRANCES[stack]) if "MILEQUEST_EDGE_SECRET" in one.text}
    allowed = {
        one.stack
        for one in assembly.of(stack, "AWS::IAM::Policy")
        for statement in one.properties["PolicyDocument"]["Statement"]
        if statement["Action"] == "secretsmanager:GetSecretValue" and "-origin-??????" in json.dumps(statement)
    }
    assert named == allowed == {one.stack for one in assembly.of(stack, ENTRANCES[stack])} != set()


def test_refusals_of_api_gateway_can_be_read_by_pages(assembly: Assembly) -> None:
    for environment in ("staging", "production"):
        refusals = [
            one for one in assembly.of("api", "AWS::ApiGateway::GatewayResponse") if one.environment == environment
        ]
        readable = {
            one.properties["ResponseType"]
            for one in refusals
            if one.properties["ResponseParameters"]["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'"
        }
        assert readable == {"ACCESS_DENIED", "DEFAULT_4XX", "DEFAULT_5XX"}


def test_every_path_for_pages_answers_a_preflight(assembly: Assembly) -> None:
    methods = assembly.of("api", "AWS::ApiGateway::Method")
    for environment in ("staging", "production"):
        verbs: dict[str, set[str]] = {}
        for method in methods:
            if method.environment == environment and method.properties["AuthorizationType"] == "CUSTOM":
                verbs.setdefault(str(method.properties["ResourceId"]), set()).add(method.properties["HttpMethod"])
        assert len(verbs) > 10
        assert all("ANY" in found or "OPTIONS" in found for found in verbs.values()), verbs
    assert {one.properties["MinimumCompressionSize"] for one in assembly.of("api", "AWS::ApiGateway::RestApi")} == {
        1024
    }


def test_tokens_of_every_client_of_the_pool_are_accepted(assembly: Assembly) -> None:
    for identity in assembly.of("identity", "AWS::SSM::Parameter"):
        if identity.properties["Name"].endswith("/identity/clients"):
            named = identity.properties["Value"]["Fn::Join"][1]
            clients = [
                one.id for one in assembly.resources("AWS::Cognito::UserPoolClient") if one.stack == identity.stack
            ]
            assert {part["Ref"] for part in named if isinstance(part, dict)} == set(clients)
            assert named[0]["Ref"].startswith("Poolserver"), "the first one signs people in"
    for function in assembly.resources("AWS::Lambda::Function"):
        given = function.properties.get("Environment", {}).get("Variables", {})
        if "MILEQUEST_JWT_CLIENT_ID" in given:
            assert "identityclients" in json.dumps(given["MILEQUEST_JWT_CLIENT_ID"]), function


def test_role_of_a_signed_in_user_may_do_nothing_by_itself(assembly: Assembly) -> None:
    roles = [one for one in assembly.of("identity", "AWS::IAM::Role") if one.id.startswith("UserRole")]
    assert len(roles) == 2
    policies = assembly.of("identity", "AWS::IAM::Policy")
    assert not [one for one in policies if any(role.id in json.dumps(one.properties["Roles"]) for role in roles)]
    assert not [one for one in roles if "Policies" in one.properties or "ManagedPolicyArns" in one.properties]
