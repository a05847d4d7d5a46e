"""Rules about ways through the network."""

import json
from collections.abc import Iterator

from infra.rules.synthesized import Templates

TLS = 443


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
