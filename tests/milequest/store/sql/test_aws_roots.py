"""The roots by which Amazon RDS and its proxies are verified, and how an address asks for them."""

import ssl
import time
from typing import Any

import pytest

from infra.config import ENVIRONMENTS
from milequest.setting_values import AWS_ROOTS
from milequest.settings import load

NAME = "MILEQUEST_DATABASE_URL"
ADDRESS = "postgresql://milequest@database:5433/milequest?sslmode=verify-full"


def roots() -> dict[str, dict[str, Any]]:
    """Return the roots by their names, as OpenSSL has loaded them."""
    loaded: list[dict[str, Any]] = list(ssl.create_default_context(cafile=str(AWS_ROOTS)).get_ca_certs())
    return {dict(pair for (pair,) in one["subject"])["commonName"]: one for one in loaded}


def test_roots_are_of_rds_in_each_region_and_of_the_proxies() -> None:
    regions = {region.name for environment in ENVIRONMENTS for region in environment.regions}
    kinds = ("RSA2048", "RSA4096", "ECC384")
    databases = {f"Amazon RDS {region} Root CA {kind} G1" for region in regions for kind in kinds}
    proxies = {f"Amazon Root CA {number}" for number in (1, 2, 3, 4)}
    assert databases | proxies <= roots().keys()


def test_roots_are_valid_for_years_and_nobody_elses() -> None:
    assert len(roots()) == AWS_ROOTS.read_text().count("BEGIN CERTIFICATE") > 50
    for name, root in roots().items():
        assert root["subject"] == root["issuer"], name
        assert ssl.cert_time_to_seconds(root["notAfter"]) > time.time() + 3 * 365 * 86_400, name
        assert name.startswith(("Amazon R", "Starfield Services Root")), name


@pytest.mark.parametrize("rest", ["", "&application_name=quest"])
def test_address_with_sslrootcert_aws_names_the_packaged_roots(rest: str) -> None:
    settings = load({NAME: f"{ADDRESS}&sslrootcert=aws{rest}"})
    assert settings.database_url == f"{ADDRESS}&sslrootcert={AWS_ROOTS}{rest}"


@pytest.mark.parametrize("address", [ADDRESS, f"{ADDRESS}&sslrootcert=/etc/aws", f"{ADDRESS}&sslrootcert=awsome"])
def test_address_with_other_roots_is_as_it_was_given(address: str) -> None:
    assert load({NAME: address}).database_url == address
