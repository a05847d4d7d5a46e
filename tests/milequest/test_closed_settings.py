"""Settings that would give unintended access: each is refused, and its intended neighbours are not."""

import base64

import pytest

from milequest.settings import SettingsError, load

SERVERS = {
    "MILEQUEST_DATABASE_URL": "postgresql://db/quest",
    "MILEQUEST_REDIS_URL": "redis://cache",
}  # an operator's
ISSUER = {"MILEQUEST_JWT_ISSUER": "https://i.example", "MILEQUEST_JWT_CLIENT_ID": "quest"}
FROM_AFAR = "http://keys.example/x"


def fault(**environ: str) -> str:
    """Return the one fault of these settings, beside an operator's own servers."""
    with pytest.raises(SettingsError) as caught:
        load({**SERVERS, **environ})
    (only,) = caught.value.faults
    return only


@pytest.mark.parametrize(
    "url",
    [
        FROM_AFAR,
        "http://10.0.0.7/keys",
        "http://localhost.example/keys",
        "http://127.0.0.1.example/keys",
        "http://localhost@evil.example/keys",
        "http://0.0.0.0/keys",
        "http://[::]/keys",
    ],
)
def test_keys_of_an_issuer_over_plain_http_are_refused(url: str) -> None:
    assert fault(MILEQUEST_JWKS_URL=url, **ISSUER).startswith("MILEQUEST_JWKS_URL must be https://")


@pytest.mark.parametrize(
    "url", ["https://i.example/k", "http://localhost:1/k", "http://127.0.0.9/k", "http://[::1]:1/k"]
)
def test_keys_of_an_issuer_by_tls_or_of_this_host_are_taken(url: str) -> None:
    assert load({**SERVERS, **ISSUER, "MILEQUEST_JWKS_URL": url}).jwks_url == url


@pytest.mark.parametrize(
    "name", ["AWS_ENDPOINT_URL", "LIVE_SOCKETS_URL", "LIVE_NEWS_QUEUE", "LIVE_POSTS_QUEUE", "LIVE_LATER_QUEUE"]
)
def test_aws_over_plain_http_is_refused(name: str) -> None:
    assert fault(**{f"MILEQUEST_{name}": FROM_AFAR}).startswith(f"MILEQUEST_{name} must be https://")
    load({**SERVERS, f"MILEQUEST_{name}": "http://127.0.0.1:4566/x"})


@pytest.mark.parametrize(
    "proxies",
    [
        "0.0.0.0/0",
        "::/0",
        "10.0.0.1,::/0",
        "0.0.0.0/1,128.0.0.0/1",
        "8.0.0.0/7",
        "8.0.0.0/8, 9.0.0.0/8",
        "2000::/3",
        "::/1,8000::/1",
        "::ffff:0:0/96",
        "::ffff:0.0.0.0/97",
        "::/16",
    ],
)
def test_proxies_among_whom_are_strangers_are_refused(proxies: str) -> None:
    assert fault(MILEQUEST_TRUSTED_PROXIES=proxies).startswith("MILEQUEST_TRUSTED_PROXIES must not trust networks")


@pytest.mark.parametrize("proxies", ["10.0.0.0/8", "172.16.0.0/12,192.168.0.0/16", "fc00::/7", "2600:9000::/28", "::1"])
def test_networks_of_proxies_are_taken(proxies: str) -> None:
    assert ",".join(load({**SERVERS, "MILEQUEST_TRUSTED_PROXIES": proxies}).trusted_proxies) == proxies


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOST", "0.0.0.0"),
        ("HOST", "::"),
        ("HOST", "0"),
        ("HOST", "192.168.1.5"),
        ("HOST", "localhost.example"),
        ("PUBLIC_URL", "https://tunnel.example"),
        ("TRUSTED_PROXIES", "127.0.0.1"),
    ],
)
def test_embedded_servers_that_others_reach_need_a_consent(name: str, value: str) -> None:
    given = {f"MILEQUEST_{name}": value}
    with pytest.raises(SettingsError, match=rf"^MILEQUEST_{name} would let others reach the embedded servers"):
        load(given)
    assert load({**given, "MILEQUEST_DEMO_ON_NETWORK": "yes"}).demo_on_network
    load({**given, **SERVERS})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost", "::1"])
def test_embedded_servers_of_this_host_need_none(host: str) -> None:
    assert load({"MILEQUEST_HOST": host}).host == host


def test_a_consent_is_given_in_full_and_where_it_means_something() -> None:
    for half in ("1", "true", "no", "y"):
        with pytest.raises(SettingsError, match="MILEQUEST_DEMO_ON_NETWORK must be yes, or empty"):
            load({"MILEQUEST_DEMO_ON_NETWORK": half})
    assert fault(MILEQUEST_DEMO_ON_NETWORK="yes") == (
        "MILEQUEST_DEMO_ON_NETWORK is for the embedded servers, and there are none"
    )


def test_a_public_address_over_plain_http_is_refused() -> None:
    said = "MILEQUEST_PUBLIC_URL must be https://"
    assert fault(MILEQUEST_PUBLIC_URL="http://quest.example").startswith(said)
    assert fault(MILEQUEST_PUBLIC_URL="http://192.168.1.5:8000").startswith(said)
    for url in ("https://quest.example", "http://localhost:8000", "http://[::1]:8000"):
        assert load({**SERVERS, "MILEQUEST_PUBLIC_URL": url}).origin == url
    at_home = {"MILEQUEST_HOST": "0.0.0.0", "MILEQUEST_PUBLIC_URL": "http://192.168.1.5:8000"}
    assert load({**at_home, "MILEQUEST_DEMO_ON_NETWORK": "yes"}).origin == "http://192.168.1.5:8000"


@pytest.mark.parametrize("region", ["evil.example/", "us-east-1.evil.example", "us-east-1#", "@evil", "-"])
def test_a_region_cannot_name_another_host(region: str) -> None:
    assert fault(AWS_REGION=region) == f"MILEQUEST_AWS_REGION must be a region such as us-east-1, not {region!r}"


@pytest.mark.parametrize("name", ["JWT_CLIENT_ID", "JWT_ISSUER", "COGNITO_POOL", "AWS_SECRET_ACCESS_KEY", "HOST"])
def test_white_space_around_a_value_is_refused_and_the_value_not_shown(name: str) -> None:
    for value in (" ", "s3cret\n", " s3cret", "s3\x00cret"):
        with pytest.raises(SettingsError) as caught:
            load({**SERVERS, f"MILEQUEST_{name}": value})
        assert f"MILEQUEST_{name} must have no white space" in caught.value.faults[0]
        assert "s3" not in str(caught.value)


FROM = {"MILEQUEST_MAIL_FROM": "hello@quest.example"}


@pytest.mark.parametrize(
    "url",
    [
        "smtp://",
        "smtp://:587",
        "http://mail.example",
        "smtp://mail.example/path",
        "smtp://mail.example?starttls=no",
        "smtp://s3cret@mail.example",
        "smtp://:s3cret@mail.example",
        "smtp://u:s3cret@mail.example:port",
        "smtp+insecure://u:s3cret@mail.example",
    ],
)
def test_mail_server_url_without_tls_for_its_password_or_malformed_is_refused(url: str) -> None:
    said = fault(MILEQUEST_SMTP_URL=url, **FROM)
    assert said.startswith("MILEQUEST_SMTP_URL must ")
    assert "s3cret" not in said


@pytest.mark.parametrize(
    "url",
    [
        "smtp://u:p%40ss@mail.example",
        "smtps://mail.example:465",
        "smtp+insecure://mailpit:1025",
        "smtp+insecure://u:p@[::1]:25/",
    ],
)
def test_a_mail_server_is_taken_and_never_shown(url: str) -> None:
    settings = load({**SERVERS, **FROM, "MILEQUEST_SMTP_URL": url})
    assert settings.smtp_url == url
    assert url not in repr(settings)


@pytest.mark.parametrize(
    "sender",
    [
        "hello",
        "hello@",
        "@quest.example",
        "a@quest.example, b@quest.example",
        "a@quest.example\r\nBcc: eve@quest.example",
        "Mile Quest hello@quest.example",
        "grüße@quest.example",
        "hello@grüße.example",
    ],
)
def test_a_sender_that_is_not_one_plain_address_is_refused(sender: str) -> None:
    assert fault(MILEQUEST_SMTP_URL="smtp://m", MILEQUEST_MAIL_FROM=sender).startswith("MILEQUEST_MAIL_FROM must ")


def test_mail_settings_need_a_sender_and_one_transport() -> None:
    assert fault(MILEQUEST_SMTP_URL="smtp://m") == "MILEQUEST_SMTP_URL needs MILEQUEST_MAIL_FROM too"
    assert fault(MILEQUEST_SES_CONFIGURATION_SET="m").endswith("needs MILEQUEST_MAIL_FROM too")
    assert "two ways" in fault(MILEQUEST_SMTP_URL="smtp://m", MILEQUEST_SES_CONFIGURATION_SET="m", **FROM)
    load({**SERVERS, "MILEQUEST_SMTP_URL": "smtp://m", "MILEQUEST_MAIL_FROM": "Grüße <hello@quest.example>"})


RANDOM, OTHER = (base64.b64encode(bytes(range(n, n + 32))).decode() for n in (0, 32))


@pytest.mark.parametrize(
    "secret",
    ["s3cret", base64.b64encode(b"s3cret").decode(), RANDOM[:-5], "A" * 44, f"{RANDOM},", f"{RANDOM},s3cret", "*" * 44],
)
def test_a_key_secret_that_is_short_or_not_random_is_refused_and_not_shown(secret: str) -> None:
    said = fault(MILEQUEST_KEY_SECRET=secret)
    assert said.startswith("MILEQUEST_KEY_SECRET must be 32 or more random bytes in base64")
    assert secret not in said


def test_key_secrets_are_read_in_their_order_and_not_shown() -> None:
    settings = load({**SERVERS, "MILEQUEST_KEY_SECRET": f"{RANDOM}, {OTHER}"})
    assert settings.key_secret == (bytes(range(32)), bytes(range(32, 64)))
    assert "key_secret" not in repr(settings)
