"""Settings: which are read, which refused, and the messages."""

import re
from dataclasses import Field, fields
from pathlib import Path

import pytest

from milequest.settings import PROJECT, Settings, SettingsError, describe, load

SECRET = "s3cret-horse"
RIDDLES = {"what", "who", "whom", "where", "how", "it", "its", "the", "a", "an"}
SERVERS = {
    "MILEQUEST_DATABASE_URL": "postgresql://db/quest",
    "MILEQUEST_REDIS_URL": "redis://cache",
}  # an operator's


def faults(**environ: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(environ)
    return caught.value.faults


def test_defaults_without_any_variable() -> None:
    assert load({"HOME": "/root", "PATH": "/bin"}) == Settings()
    assert Settings().data_dir == PROJECT / ".milequest"
    assert Settings().origin == "http://127.0.0.1:8000"


def test_empty_variables_count_as_absent() -> None:
    assert load({"MILEQUEST_PORT": "", "PORT": "", "MILEQUEST_DATABASE_URL": ""}) == Settings()


def test_every_kind_of_value_is_read() -> None:
    settings = load(
        {
            "MILEQUEST_DATABASE_URL": "postgresql://milequest@/milequest?host=/run/pg",
            "MILEQUEST_REDIS_URL": "unix:///run/valkey.sock",
            "MILEQUEST_DATABASE_POOL": "25",
            "MILEQUEST_ALLOWED_ORIGINS": "https://Quest.example, http://localhost:3000/",
            "MILEQUEST_DATA_DIR": "/tmp/../tmp/quest",
            "MILEQUEST_LOG_LEVEL": "debug",
            "MILEQUEST_PUBLIC_URL": "https://api.quest.example/",
        }
    )
    assert settings.database_pool == 25
    assert settings.allowed_origins == ("https://quest.example", "http://localhost:3000")
    assert settings.data_dir == Path("/tmp/quest").resolve()
    assert settings.log_level == "DEBUG"
    assert settings.origin == "https://api.quest.example"


def test_client_and_app_links_are_read_as_addresses() -> None:
    apps = "https://apps.apple.com/app/id1, https://play.google.com/store/apps/details?id=x"
    settings = load({"MILEQUEST_CLIENT_URL": "https://Walk.example/", "MILEQUEST_APP_LINKS": apps})
    assert settings.client_url == "https://walk.example"
    assert settings.app_links == tuple(apps.split(", "))
    assert load({"MILEQUEST_CLIENT_URL": "http://localhost:3000"}).client_url == "http://localhost:3000"


@pytest.mark.parametrize("url", ["http://walk.example", "https://walk.example/app", "walk.example", "myapp://x"])
def test_client_whose_links_would_reveal_codes_or_that_is_no_origin_is_a_fault(url: str) -> None:
    assert faults(MILEQUEST_CLIENT_URL=url)[0].startswith("MILEQUEST_CLIENT_URL must be")


@pytest.mark.parametrize(
    "links", ["javascript:alert(1)", "http://apps.example", "https://a.example,,https://b.example"]
)
def test_app_link_that_is_no_address_by_tls_is_a_fault(links: str) -> None:
    assert faults(MILEQUEST_APP_LINKS=links)[0].startswith("MILEQUEST_APP_LINKS must be")


def test_port_is_read_from_port_unless_ours_is_given() -> None:
    assert load({"PORT": "9000"}).port == 9000
    assert load({"PORT": "9000", "MILEQUEST_PORT": "9001"}).port == 9001
    assert load({"MILEQUEST_HOST": "::1", "PORT": "1"}).origin == "http://[::1]:1"


@pytest.mark.parametrize("text", ["-1", "65536", "80a", "8e3", "٣", " 80", "1.0"])
def test_port_out_of_range_or_no_number_is_a_fault(text: str) -> None:
    assert faults(PORT=text) == [f"MILEQUEST_PORT must be a whole number from 0 to 65535, not {text!r}"]


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://u:{SECRET}@h/d",
        f"postgresql:{SECRET}",
        f"//u:{SECRET}@h",
        f"postgresql://u:{SECRET}@h:port/d",
        "postgresql://",
        "postgresql://a b",
    ],
)
def test_a_malformed_url_is_refused_and_never_shown(url: str) -> None:
    fault = " ".join(faults(MILEQUEST_DATABASE_URL=url))
    assert fault.startswith("MILEQUEST_DATABASE_URL must be a URL such as postgresql://")
    assert SECRET not in fault


@pytest.mark.parametrize(
    ("text", "address"),
    [("127.0.0.1:9100", ("127.0.0.1", 9100)), ("[::1]:9100", ("::1", 9100)), ("metrics.local:1", ("metrics.local", 1))],
)
def test_metrics_address_is_a_host_and_a_port(text: str, address: tuple[str, int]) -> None:
    assert load({"MILEQUEST_METRICS_ADDRESS": text}).metrics_address == address


@pytest.mark.parametrize("text", ["9100", ":9100", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:-1"])
def test_metrics_address_without_a_host_or_a_port_is_a_fault(text: str) -> None:
    with pytest.raises(SettingsError, match="HOST:PORT"):
        load({"MILEQUEST_METRICS_ADDRESS": text})


def test_proxies_are_trusted_by_address_or_network() -> None:
    assert load({"MILEQUEST_TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8,::1", **SERVERS}).trusted_proxies == (
        "127.0.0.1",
        "10.0.0.0/8",
        "::1",
    )
    assert faults(MILEQUEST_TRUSTED_PROXIES="*") == [
        "MILEQUEST_TRUSTED_PROXIES must be addresses or networks such as 10.0.0.0/8, not '*'"
    ]


@pytest.mark.parametrize(
    "origin",
    [
        "quest.example",
        "https://quest.example/path",
        "https://u:p@quest.example",
        "*",
        "http://a b",
    ],
)
def test_an_origin_has_scheme_and_host_only(origin: str) -> None:
    assert "must be an origin" in faults(MILEQUEST_ALLOWED_ORIGINS=f"https://fine.example,{origin}")[0]


def test_unknown_names_are_faults_with_the_nearest_name() -> None:
    assert faults(MILEQUEST_DATABSE_URL="postgresql://h/d") == [
        "MILEQUEST_DATABSE_URL is not a setting: did you mean MILEQUEST_DATABASE_URL?"
    ]
    assert faults(MILEQUEST_EMBEDDED="1") == ["MILEQUEST_EMBEDDED is not a setting"]
    assert faults(MILEQUEST_Port="1")[0].startswith("MILEQUEST_Port is not a setting")


def test_every_fault_is_reported_at_once() -> None:
    found = faults(
        MILEQUEST_LOG_LEVEL="LOUD", MILEQUEST_DATABASE_POOL="0", PORT="x", MILEQUEST_JWKS_URL="https://i.example/k"
    )
    assert [fault.split()[0] for fault in found] == [
        "MILEQUEST_DATABASE_POOL",
        "MILEQUEST_LOG_LEVEL",
        "MILEQUEST_PORT",
        "MILEQUEST_JWKS_URL",
        "MILEQUEST_JWKS_URL",
    ]


def test_an_outside_issuer_needs_all_three_settings() -> None:
    complete = {
        "MILEQUEST_JWKS_URL": "https://i.example/k",
        "MILEQUEST_JWT_ISSUER": "https://i.example",
        "MILEQUEST_JWT_CLIENT_ID": "c",
    }
    assert load(complete).jwks_url == "https://i.example/k"
    for name in complete:
        rest = {other: value for other, value in complete.items() if other != name}
        assert [fault.split(" needs ")[1] for fault in faults(**rest)] == [f"{name} too"]


def test_a_reader_needs_a_writer() -> None:
    assert faults(MILEQUEST_DATABASE_READER_URL="postgresql://r/d") == [
        "MILEQUEST_DATABASE_READER_URL needs MILEQUEST_DATABASE_URL too"
    ]


def test_the_description_has_every_variable_and_no_machine_path() -> None:
    rows = {row.name: row for row in describe()}
    assert rows["MILEQUEST_DATA_DIR"].default == ".milequest"
    assert rows["MILEQUEST_PORT"].default == "8000"
    assert all(row.meaning for row in rows.values())


@pytest.mark.parametrize("setting", [one for one in fields(Settings) if one.metadata], ids=lambda one: one.name)
def test_the_meaning_of_a_setting_is_a_phrase_with_its_range(setting: Field[object]) -> None:
    meaning = setting.metadata["meaning"]
    assert meaning.split()[0].rstrip(",:").lower() not in RIDDLES
    if isinstance(setting.default, int) and not isinstance(setting.default, bool):
        with pytest.raises(ValueError, match="must be") as refused:
            setting.metadata["parse"]("none")
        allowed = re.findall(r"\d+", str(refused.value))
        assert allowed
        assert set(allowed) <= set(re.findall(r"\d+", meaning.replace(",", "")))
