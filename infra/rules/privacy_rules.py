"""Rules about what others may see: in logs, and on the way to the database."""

import json
from collections.abc import Iterator
from typing import Final

from infra.rules.synthesized import Templates

ADDRESSED: Final = (  # types that tell a process where the database is
    "AWS::ECS::TaskDefinition",
    "AWS::Lambda::Function",
    "AWS::SSM::Parameter",
    "AWS::SecretsManager::Secret",
)
TOKENS: Final = {"authorization", "cookie", "sec-websocket-protocol"}  # headers that carry them


def database_logs_no_values(templates: Templates) -> Iterator[str]:
    """Yield parameters by which slow or failed statements are logged with the values of people.

    Source: PostgreSQL's page on error reporting and logging: `log_parameter_max_length` is -1, whole, unless it is set.
    """
    for group in templates.resources("AWS::RDS::DBClusterParameterGroup", "AWS::RDS::DBParameterGroup"):
        given = group.properties["Parameters"]
        for name in ("log_parameter_max_length", "log_parameter_max_length_on_error"):
            if given.get(name) != "0":
                yield f"{group} has {name} = {given.get(name)}"


def firewall_is_logged_without_tokens(templates: Templates) -> Iterator[str]:
    """Yield firewalls that log nothing, to a group that WAF cannot use, or with tokens.

    Source: WAF's page on logging to CloudWatch, for the group's name; AppSync's on handshakes, whose query has tokens.
    """
    for acl in templates.resources("AWS::WAFv2::WebACL"):
        logged = templates.beside(acl, "AWS::WAFv2::LoggingConfiguration")
        if not logged:
            yield f"{acl} logs nothing"
        for one in logged:
            fields = one.properties.get("RedactedFields", [])
            headers = {field["SingleHeader"]["Name"] for field in fields if "SingleHeader" in field}
            if TOKENS - headers or not any("QueryString" in field for field in fields):
                yield f"{one} logs tokens"
            if ":log-group:aws-waf-logs-" not in json.dumps(one.properties["LogDestinationConfigs"]):
                yield f"{one} goes to a group that WAF does not take"


def database_is_asked_who_it_is(templates: Templates) -> Iterator[str]:
    """Yield addresses of databases by which a token of IAM would go to whoever answers.

    Source: PostgreSQL's page on libpq's SSL support; RDS's and RDS Proxy's pages on TLS, for whose roots they are.
    """
    for one in templates.resources(*ADDRESSED):
        if "postgresql://" in one.text and "?sslmode=verify-full&sslrootcert=aws" not in one.text:
            yield f"{one} does not verify the server"
