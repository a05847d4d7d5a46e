"""The WAF: rate limits by address and source, and rules against attacks."""

from collections.abc import Iterator
from typing import Any

from aws_cdk import aws_wafv2 as waf
from constructs import Construct

from infra.constructs.stack import stack_of

Rule = waf.CfnWebACL.RuleProperty
Statement = waf.CfnWebACL.StatementProperty
TOO_LARGE = "SizeRestrictions_BODY"  # documents of GraphQL are longer than its 8 KB; our own limits apply
MANAGED = ("AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesSQLiRuleSet")


class Firewall(Construct):
    """The WAF of CloudFront, ours and Amplify's. Bodies are inspected up to 64 KB."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "Firewall")
        rules = list(self._rules())
        self.acl = waf.CfnWebACL(
            self,
            "Acl",
            name=stack_of(self).names.of("firewall"),
            scope="CLOUDFRONT",
            default_action=waf.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_visible("firewall"),
            rules=[_numbered(rule, number) for number, rule in enumerate(rules)],
            association_config=waf.CfnWebACL.AssociationConfigProperty(
                request_body={
                    "CLOUDFRONT": waf.CfnWebACL.RequestBodyAssociatedResourceTypeConfigProperty(
                        default_size_inspection_limit="KB_64"
                    )
                }
            ),
        )

    def _rules(self) -> Iterator[dict[str, Any]]:
        limits = stack_of(self).home.limits
        block = waf.CfnWebACL.RuleActionProperty(block={})
        rate = waf.CfnWebACL.RateBasedStatementProperty(limit=limits.requests_per_address, aggregate_key_type="IP")
        yield {"name": "rate", "action": block, "statement": Statement(rate_based_statement=rate)}
        geo = waf.CfnWebACL.GeoMatchStatementProperty(country_codes=list(limits.blocked_countries))
        yield {"name": "geo", "action": block, "statement": Statement(geo_match_statement=geo)}
        yield {"name": "xss", "action": block, "statement": Statement(xss_match_statement=_xss())}
        for name in MANAGED:
            counted = [TOO_LARGE] if "Common" in name else []
            yield {
                "name": name.removeprefix("AWSManagedRules"),
                "override_action": waf.CfnWebACL.OverrideActionProperty(none={}),
                "statement": Statement(managed_rule_group_statement=_managed(name, counted)),
            }


def _numbered(rule: dict[str, Any], number: int) -> waf.CfnWebACL.RuleProperty:
    return Rule(priority=number, visibility_config=_visible(str(rule["name"])), **rule)


def _visible(name: str) -> waf.CfnWebACL.VisibilityConfigProperty:
    return waf.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=True
    )


def _xss() -> waf.CfnWebACL.XssMatchStatementProperty:
    return waf.CfnWebACL.XssMatchStatementProperty(
        field_to_match=waf.CfnWebACL.FieldToMatchProperty(query_string={}),
        text_transformations=[waf.CfnWebACL.TextTransformationProperty(priority=0, type="URL_DECODE")],
    )


def _managed(name: str, counted: list[str]) -> waf.CfnWebACL.ManagedRuleGroupStatementProperty:
    """Return a group of AWS's rules, of which some only count."""
    count = waf.CfnWebACL.RuleActionProperty(count={})
    return waf.CfnWebACL.ManagedRuleGroupStatementProperty(
        vendor_name="AWS",
        name=name,
        rule_action_overrides=[
            waf.CfnWebACL.RuleActionOverrideProperty(name=rule, action_to_use=count) for rule in counted
        ]
        or None,
    )
