"""Checks before a deployment that no local AWS shows: its answers are prepared here."""

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.config import PRODUCTION, STAGING, Environment, Telemetry
from infra.deploy.deploy_checks import findings
from tests.infra.operators_account import Answering


@pytest.mark.parametrize(
    ("preferences", "amiss"), [({"Aurora": True}, 0), ({"Aurora": False, "RDS": True}, 2), ({}, 2)]
)
def test_backups_are_made_where_the_region_says_so(preferences: dict[str, bool], amiss: int) -> None:
    """Amiss in each region otherwise. The local AWS knows the question, and always the same answer."""
    assert amiss_in(PRODUCTION, backed_up=preferences) == [
        f"AWS Backup leaves databases alone in {region.name}" for region in PRODUCTION.regions[:amiss]
    ]


@pytest.mark.parametrize(
    ("destination", "stack", "amiss"),
    [
        ("XRay", "ValidationError", False),
        ("CloudWatchLogs", "ValidationError", True),
        ("CloudWatchLogs", "", False),
    ],
)
def test_traces_are_searched_by_our_stack_or_nobody(destination: str, stack: str, amiss: bool) -> None:
    """Where somebody switched Transaction Search on by hand, CloudFormation cannot make it."""
    traced = replace(STAGING, telemetry=Telemetry())
    says = "Transaction Search is on in us-east-1 already, and the stack account makes it"
    assert amiss_in(traced, destination=destination, account_stack=stack) == [says] * amiss
    assert amiss_in(STAGING, destination=destination, account_stack=stack) == []


def test_missing_right_to_read_the_destination_of_traces_is_raised() -> None:
    traced = replace(STAGING, telemetry=Telemetry())
    with pytest.raises(ClientError):
        amiss_in(traced, destination="CloudWatchLogs", account_stack="AccessDenied")


@pytest.mark.parametrize(("error", "amiss"), [("ResourceNotFoundException", True), ("", False)])
def test_pages_need_a_token_for_their_repository(error: str, amiss: bool) -> None:
    paged = replace(STAGING, repository="https://github.com/a/b")
    says = "there is no secret milequest-github-token, by which Amplify reads https://github.com/a/b"
    assert amiss_in(paged, token=error) == [says] * amiss
    assert amiss_in(STAGING, token="ResourceNotFoundException") == []


def amiss_in(
    environment: Environment,
    backed_up: dict[str, bool] | None = None,
    destination: str = "XRay",
    account_stack: str = "",
    token: str = "",
) -> list[str]:
    """Return what would end a deployment to an account that has all else.

    `account_stack` and `token` are the codes of AWS's errors about them; empty where they are there.
    """
    settings = {
        "ResourceTypeOptInPreference": backed_up if backed_up is not None else {"Aurora": True},
        "ResourceTypeManagementPreference": {},
    }

    def there(code: str) -> list[Any]:
        return [ClientError({"Error": {"Code": code, "Message": ""}}, "Describe") if code else {}]

    def clients(service: str, region: str) -> Any:
        answers: dict[str, dict[str, list[Any]]] = {
            "sts": {"get_caller_identity": [{"Account": environment.account}]},
            "ssm": {
                "get_parameter": [{"Parameter": {"Value": "30"}}],
                "get_paginator": [Answering({"paginate": [[]]})],
            },
            "lambda": {"get_account_settings": [{"AccountLimit": {"ConcurrentExecutions": 1_000}}]},
            "sesv2": {"get_account": [{"ProductionAccessEnabled": True}]},
            "iam": {"get_role": [{}] * 3},
            "backup": {"describe_region_settings": [settings]},
            "xray": {"get_trace_segment_destination": [{"Destination": destination, "Status": "ACTIVE"}]},
            "cloudformation": {"describe_stack_resource": there(account_stack)},
            "secretsmanager": {"describe_secret": there(token)},
        }
        return Answering(answers[service])

    return [one.says for one in findings(environment, clients) if one.fatal]
