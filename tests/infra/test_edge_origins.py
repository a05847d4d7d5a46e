"""The servers of both regions as origins of the edge."""

from typing import Any

from tests.infra.assembly import Assembly
from tests.infra.references import References


def test_sockets_are_led_to_the_region_whose_servers_do_not_refuse_them(assembly: Assembly) -> None:
    """The primary's first, and where they answer 503 (tests/app/test_edge_guard.py) or not at all the other's."""
    (distribution,) = [
        one for one in assembly.of("edge", "AWS::CloudFront::Distribution") if one.environment == "production"
    ]
    config = distribution.properties["DistributionConfig"]
    (behavior,) = [one for one in config["CacheBehaviors"] if one["PathPattern"] == "/graphql/live"]
    (group,) = [one for one in config["OriginGroups"]["Items"] if one["Id"] == behavior["TargetOriginId"]]
    assert group["FailoverCriteria"]["StatusCodes"]["Items"] == [502, 503, 504]
    ids = [one["OriginId"] for one in group["Members"]["Items"]]
    assert [_balancer(assembly, distribution.stack, config, id) for id in ids] == [
        "milequest-production-fleet-us-east-1",
        "milequest-production-fleet-us-west-2",
    ]
    for origin in (one for one in config["Origins"] if "VpcOriginConfig" in one):
        assert origin["ConnectionAttempts"] * origin["ConnectionTimeout"] <= 6, "seconds a lost region costs"
        assert [one["HeaderName"] for one in origin["OriginCustomHeaders"]] == ["x-origin-secret"]


def _balancer(assembly: Assembly, stack: str, config: dict[str, Any], origin: str) -> str:
    """Return the stack of the load balancer that an origin leads to."""
    (found,) = [one for one in config["Origins"] if one["Id"] == origin]
    id, _ = found["VpcOriginConfig"]["VpcOriginId"]["Fn::GetAtt"]
    told = assembly.templates[stack]["Resources"][id]["Properties"]["VpcOriginEndpointConfig"]["Arn"]
    led = References(assembly).of(stack, told)
    return next(home for home, one in led if one == "Balancer")
