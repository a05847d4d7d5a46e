"""An operator's own values: they change what they name alone, and a mistake in them is told with its place."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.config import PRODUCTION, STAGING, Telemetry
from infra.environments_file import VARIABLE, ConfigError, OwnValueError, own_values, with_own
from milequest.settings import PROJECT

PRINT = (
    "from infra.config import PRODUCTION as p; print(p.account, p.domain, p.sizes.acu_max, p.sizes.acu_min, p.regions)"
)


def test_values_change_what_they_name_alone() -> None:
    given = {"account": "333333333333", "sizes": {"acu_max": 8, "acu_min": 2.5}, "limits": {"reserved": {"relay": 7}}}
    made = with_own(PRODUCTION, given, "production")
    assert (made.account, made.sizes.acu_max, made.sizes.acu_min) == ("333333333333", 8, 2.5)
    assert made.limits.reserved == {"relay": 7}
    endpoint = "http://collector.internal:4318"
    traced = with_own(STAGING, {"telemetry": {"endpoint": endpoint}}, "staging")
    assert traced.telemetry == Telemetry(endpoint=endpoint)
    assert (made.domain, made.sizes.readers, made.regions) == (
        PRODUCTION.domain,
        PRODUCTION.sizes.readers,
        PRODUCTION.regions,
    )


def test_region_is_changed_by_its_place_and_left_out_where_none_is_given() -> None:
    given = {"regions": [{"cidr": "10.99.0.0/16"}], "features": {"dr": False}}
    made = with_own(PRODUCTION, given, "production")
    assert [(one.name, one.cidr) for one in made.regions] == [("us-east-1", "10.99.0.0/16")]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"acount": "1"}, "staging has no acount: there are name, account"),
        ({"account": 1}, "staging.account must be a text, not 1"),
        ({"sizes": {"acu_max": "8"}}, "staging.sizes.acu_max must be a number, not '8'"),
        ({"sizes": {"acu_min": True}}, "staging.sizes.acu_min must be a number, not True"),
        ({"sizes": 8}, "staging.sizes must be a table, not 8"),
        ({"features": {"dr": "yes"}}, "staging.features.dr must be true or false, not 'yes'"),
        ({"limits": {"blocked_countries": "KP"}}, "staging.limits.blocked_countries must be a list, not 'KP'"),
        ({"limits": {"blocked_countries": [1]}}, "staging.limits.blocked_countries[0] must be a text, not 1"),
        ({"telemetry": {"endpont": "x"}}, "staging.telemetry: got an unexpected keyword argument 'endpont'"),
        ({"regions": [{}, {}]}, "staging.regions has 1 at most"),
    ],
)
def test_mistake_is_told_with_its_place(given: dict[str, Any], says: str) -> None:
    with pytest.raises(OwnValueError) as caught:
        with_own(STAGING, given, "staging")
    assert str(caught.value).startswith(says)


def test_value_that_cannot_be_deployed_is_refused() -> None:
    with pytest.raises(ConfigError, match="no account"):
        with_own(STAGING, {"account": "12"}, "staging")


def test_file_is_read_by_what_deploys(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text((PROJECT / "environments.example.toml").read_text())

    def printed() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", PRINT]
        return subprocess.run(
            command, cwd=PROJECT, env={VARIABLE: str(file)}, text=True, capture_output=True, check=False
        )

    assert printed().stdout.startswith("222222222222 example.org 16 1")
    file.write_text("[prodution]\naccount = '1'")
    assert "'prodution' is no environment: there are staging, production" in printed().stderr
    file.write_text("[production")
    assert str(file) in printed().stderr


def test_no_file_is_no_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    assert own_values() == {}
