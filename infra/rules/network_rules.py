"""Rules about ways through the network."""

import json
from collections.abc import Iterator
from typing import Final

from infra.rules.synthesized import Resource, Templates

TLS: Final = 443
LACKING: Final = frozenset({"use1-az3"})  # without VPC links and VPC origins


def link_may_send_to_the_balancer(templates: Templates) -> Iterator[str]:
    """Yield links of API Gateway whose group lets nothing out to the load balancer.

    Source: aws-cdk#998, #987: a group with one rule for what goes out lets nothing else out.
    """
    ways = [
        (one.environment, one.region)
        for one in templates.resources("AWS::EC2::SecurityGroupEgress")
        if "Tierslink" in one.id
        and (one.properties["FromPort"], one.properties["ToPort"]) == (TLS, TLS)
        and "Tiersbalancer" in json.dumps(one.properties["DestinationSecurityGroupId"])
    ]
    for link in templates.resources("AWS::ApiGatewayV2::VpcLink"):
        groups = json.dumps(link.properties["SecurityGroupIds"])
        if "networklinkgroup" not in groups or (link.environment, link.region) not in ways:
            yield f"{link} may not send to the balancer"


def subnet_lies_in_a_zone_by_its_id(templates: Templates) -> Iterator[str]:
    """Yield subnets in zones by their names, which are others in each account, or in a zone that lacks services.

    Source: AWS's page on zone ids; API Gateway's on VPC links V2, with its zones; CloudFront's on VPC origins;
    terraform-provider-aws#17781, of proxies.
    """
    for subnet in templates.resources("AWS::EC2::Subnet"):
        zone = subnet.properties.get("AvailabilityZoneId")
        if zone is None or zone in LACKING or "AvailabilityZone" in subnet.properties:
            yield f"{subnet} lies in {zone or subnet.properties.get('AvailabilityZone')}"


def edge_may_reach_the_balancer(templates: Templates) -> Iterator[str]:
    """Yield load balancers that are no origin of CloudFront, or whose group does not admit its own list of addresses.

    Source: CloudFront's page on VPC origins.
    """
    for balancer in templates.resources("AWS::ElasticLoadBalancingV2::LoadBalancer"):
        admitted = [
            one
            for one in templates.resources("AWS::EC2::SecurityGroupIngress")
            if (one.environment, one.region) == (balancer.environment, balancer.region)
            and "Tiersbalancer" in json.dumps(one.properties["GroupId"])
        ]
        if not any("SourcePrefixListId" in one.properties for one in admitted):
            yield f"{balancer} may not be reached by the edge"
    for environment in {one.environment for one in templates.resources("AWS::CloudFront::Distribution")}:
        counted = [
            sum(one.environment == environment for one in templates.resources(type))
            for type in ("AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::CloudFront::VpcOrigin")
        ]
        if counted[0] != counted[1]:
            yield f"{environment} has {counted[0]} balancers, and {counted[1]} origins of the edge"


def group_of_origins_is_only_read_from(templates: Templates) -> Iterator[str]:
    """Yield paths of CloudFront that two origins answer and that take more than reads, and groups with one origin.

    Source: aws-cdk#32450, for CloudFront's refusal; its page on origin failover.
    """
    for distribution in templates.resources("AWS::CloudFront::Distribution"):
        config = distribution.properties["DistributionConfig"]
        groups = config.get("OriginGroups", {"Items": []})["Items"]
        ids = {one["Id"] for one in groups if len({each["OriginId"] for each in one["Members"]["Items"]}) == 2}
        yield from (f"{distribution} has a group without two origins" for one in groups if one["Id"] not in ids)
        for behavior in (config["DefaultCacheBehavior"], *config.get("CacheBehaviors", ())):
            more = set(behavior.get("AllowedMethods", ())) - {"GET", "HEAD", "OPTIONS"}
            if behavior["TargetOriginId"] in ids and more:
                yield f"{distribution} takes {sorted(more)} at {behavior.get('PathPattern', '*')}"


def endpoint_is_for_our_roles(templates: Templates) -> Iterator[str]:
    """Yield endpoints by which keys of another account could take data out.

    Source: AWS's page on endpoint policies, and ECR's on endpoints, for the bucket of layers.
    """
    for endpoint in templates.resources("AWS::EC2::VPCEndpoint"):
        statements = endpoint.properties.get("PolicyDocument", {}).get("Statement", [{"Resource": "*"}])
        for one in statements:
            whose = json.dumps(one.get("Condition", {}))
            if "aws:PrincipalAccount" not in whose and "-starport-layer-bucket/*" not in json.dumps(one["Resource"]):
                yield f"{endpoint} lets anybody through"


def link_is_used_by_a_health_check(templates: Templates) -> Iterator[str]:
    """Yield VPC links that nothing calls all the time: the one of a region that stands by has no other traffic.

    Source: API Gateway's page on VPC links V2: after 60 days without traffic a link is INACTIVE, and its network
    interfaces are deleted; requests then fail until they are there again.
    """
    for link in templates.resources("AWS::ApiGatewayV2::VpcLink"):
        area, side, number = link.region.split("-")
        asked = [
            str(check.properties["HealthCheckConfig"]["ResourcePath"])
            for check in templates.resources("AWS::Route53::HealthCheck")
            if check.environment == link.environment
            and str(check.properties["HealthCheckConfig"]["FullyQualifiedDomainName"]).startswith(
                f"{area}{side[0]}{number}-api."
            )
        ]
        paths = [f"/{part}" for part in _parts_behind(templates, link)]
        if not any(one.endswith(path) for one in asked for path in paths):
            yield f"{link} is called by no health check"


def _parts_behind(templates: Templates, link: Resource) -> Iterator[str]:
    """Yield the path parts that a link's API hands on by GET."""
    for method in templates.beside(link, "AWS::ApiGateway::Method"):
        given = method.properties
        if given["HttpMethod"] == "GET" and given["Integration"].get("ConnectionId") == {"Ref": link.id}:
            for one in templates.beside(link, "AWS::ApiGateway::Resource"):
                if given["ResourceId"] == {"Ref": one.id}:
                    yield str(one.properties["PathPart"])
