"""The WAF: rate limits by address and source, and rules against attacks."""

from collections.abc import Iterator
from typing import Any, cast

from aws_cdk import aws_logs as logs
from aws_cdk import aws_wafv2 as waf
from constructs import Construct

from infra.constructs.function import log_group
from infra.constructs.stack import stack_of

Rule = waf.CfnWebACL.RuleProperty
Statement = waf.CfnWebACL.StatementProperty
TOO_STRICT = (  # for this API, whatever its group does
    "SizeRestrictions_BODY",  # documents of GraphQL are longer than its 8 KB; our own limits apply
    "SizeRestrictions_QUERYSTRING",  # AppSync's handshakes come near its 2 KB
    "NoUserAgent_HEADER",  # programs may send none
)
REDACTED = ("authorization", "cookie", "sec-websocket-protocol")  # which carry tokens, as a query string does
MANAGED = ("AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesSQLiRuleSet")


class Firewall(Construct):
    """The WAF of CloudFront, ours and Amplify's. Bodies are inspected up to 64 KB.

    A group of AWS's rules counts until its name is among `blocking` of the environment; the log says what it would do.
    """

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

        self._log()

    def _log(self) -> None:
        """Log what was blocked or counted, without what carries tokens."""
        group = log_group(self, "Logs", "edge/firewall")
        resource = cast(logs.CfnLogGroup, group.node.default_child)
        resource.log_group_name = f"aws-waf-logs-{stack_of(self).names.of('edge')}"  # WAF takes no other name
        waf.CfnLoggingConfiguration(
            self,
            "Log",
            resource_arn=self.acl.attr_arn,
            log_destination_configs=[stack_of(self).arn_of("logs", f"log-group:{resource.log_group_name}")],
            logging_filter={
                "DefaultBehavior": "DROP",
                "Filters": [
                    {
                        "Behavior": "KEEP",
                        "Requirement": "MEETS_ANY",
                        "Conditions": [
                            {"ActionCondition": {"Action": action}}
                            for action in ("BLOCK", "COUNT", "EXCLUDED_AS_COUNT")
                        ],
                    }
                ],
            },
            redacted_fields=[
                waf.CfnLoggingConfiguration.FieldToMatchProperty(query_string={}),
                *(waf.CfnLoggingConfiguration.FieldToMatchProperty(single_header={"Name": name}) for name in REDACTED),
            ],
        ).node.add_dependency(group)

    def _rules(self) -> Iterator[dict[str, Any]]:
        limits = stack_of(self).home.limits
        block = waf.CfnWebACL.RuleActionProperty(block={})
        rate = waf.CfnWebACL.RateBasedStatementProperty(limit=limits.requests_per_address, aggregate_key_type="IP")
        yield {"name": "rate", "action": block, "statement": Statement(rate_based_statement=rate)}
        geo = waf.CfnWebACL.GeoMatchStatementProperty(country_codes=list(limits.blocked_countries))
        yield {"name": "geo", "action": block, "statement": Statement(geo_match_statement=geo)}
        yield {"name": "xss", "action": block, "statement": Statement(xss_match_statement=_xss())}
        for name in MANAGED:
            counted = list(TOO_STRICT) if "Common" in name else []
            group = name.removeprefix("AWSManagedRules")
            override = waf.CfnWebACL.OverrideActionProperty
            yield {
                "name": group,
                "override_action": override(none={}) if group in limits.blocking else override(count={}),
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
