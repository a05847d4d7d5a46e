"""Values that could not be deployed are refused when they are written, not at deployment."""

from dataclasses import replace
from typing import Any

import pytest

from infra.config import ENVIRONMENTS, PRODUCTION, STAGING, Telemetry
from infra.environments_file import ConfigError
from infra.names import Names


def test_there_are_two_environments_with_accounts_of_their_own() -> None:
    assert [environment.name for environment in ENVIRONMENTS] == ["staging", "production"]
    assert STAGING.account != PRODUCTION.account


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Production"},
        {"account": "123"},
        {"authorizer": "arn:aws:lambda:us-east-1:222222222222:function:machines"},
        {"repository": "git@github.com:mile-quest/mile-quest-web"},
        {"regions": ()},
        {"regions": PRODUCTION.regions[::-1]},
        {"regions": PRODUCTION.regions[:1]},  # disaster recovery without a second region
        {"regions": (PRODUCTION.regions[0], replace(PRODUCTION.regions[1], cidr="10.10.0.0/16"))},
    ],
)
def test_an_environment_that_cannot_be_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        replace(PRODUCTION, **change)


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("sizes", {"acu_min": 0.0}),
        ("sizes", {"acu_max": 0.5}),
        ("sizes", {"tasks_min": 1}),
        ("sizes", {"log_days": 15}),
        ("sizes", {"api_memory": 64}),
        ("limits", {"api_rate": 20_000}),
        ("limits", {"blocked_countries": ("North Korea",)}),
        ("limits", {"blocking": ("AnonymousIpList",)}),
        ("limits", {"reserved": {"poster": -1}}),
        ("alerts", {"email": "nobody"}),
        ("alerts", {"budget": 0}),
    ],
)
def test_a_part_that_cannot_be_is_refused(part: str, change: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        replace(getattr(PRODUCTION, part), **change)


@pytest.mark.parametrize(
    "given",
    [
        {"endpoint": "collector:4318"},
        {"endpoint": "https://user:password@collector.internal"},
        {"endpoint": "https://collector.internal", "share": 0},
        {"endpoint": "https://collector.internal", "share": 5},
    ],
)
def test_a_collector_that_cannot_be_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Telemetry(**given)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "virginia"},
        {"cidr": "10.0.0.0/24"},
        {"zones": ("use1-az1",)},
        {"zones": ("us-east-1a", "us-east-1b")},
        {"zones": ("use1-az1", "use1-az3")},  # which has no VPC links
        {"edge_prefixes": "10.0.0.0/8"},
    ],
)
def test_a_region_that_cannot_be_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        replace(PRODUCTION.primary, **change)


def test_names_say_whose_they_are() -> None:
    names = Names(STAGING, STAGING.primary)
    assert names.parameter("data/writer-host") == "/milequest/staging/data/writer-host"
    assert names.queue("news", fifo=True) == "milequest-staging-news.fifo"
    assert names.bucket("lake") == "milequest-staging-lake-111111111111-us-east-1"
    assert [region.short for region in PRODUCTION.regions] == ["use1", "usw2"]
