"""The WAF: its rules, and which of them block."""

from tests.infra.assembly import Assembly, Resource

MANAGED_RULES = {
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesSQLiRuleSet",
}


def blocked(acl: Resource) -> set[str]:
    """Return the rules of a firewall that block; those of a group do as AWS says."""
    rules = acl.properties["Rules"]
    return {
        rule["Name"] for rule in rules if "Block" in rule.get("Action", ()) or "None" in rule.get("OverrideAction", ())
    }


def test_the_firewall_has_the_rules_that_are_drawn(assembly: Assembly) -> None:
    for acl in assembly.of("edge", "AWS::WAFv2::WebACL"):
        statements = [rule["Statement"] for rule in acl.properties["Rules"]]
        kinds = {kind for statement in statements for kind in statement}
        assert {"RateBasedStatement", "GeoMatchStatement", "XssMatchStatement"} <= kinds
        groups = {
            statement["ManagedRuleGroupStatement"]["Name"]
            for statement in statements
            if "ManagedRuleGroupStatement" in statement
        }
        assert groups == MANAGED_RULES
        assert blocked(acl) == {"rate", "geo", "xss", "KnownBadInputsRuleSet"}, "the others count first"
        body = acl.properties["AssociationConfig"]["RequestBody"]["CLOUDFRONT"]
        assert body == {"DefaultSizeInspectionLimit": "KB_64"}
