"""Origins as browsers and apps send them, in any notation."""

import pytest

from milequest.origins import is_same, origin, web_origin
from milequest.settings import load


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("capacitor://localhost", "capacitor://localhost"),
        ("ionic://localhost", "ionic://localhost"),
        ("tauri://localhost", "tauri://localhost"),
        ("app://.", "app://."),
        ("app://obsidian.md", "app://obsidian.md"),
        ("chrome-extension://abcdefghijklmnopabcdefghijklmnop", "chrome-extension://abcdefghijklmnopabcdefghijklmnop"),
        (
            "moz-extension://0F5D3C1A-0000-4000-8000-000000000000",
            "moz-extension://0f5d3c1a-0000-4000-8000-000000000000",
        ),
        ("https://App.Example:443", "https://app.example"),
        ("http://app.example:80/", "http://app.example"),
        ("https://app.example:80", "https://app.example:80"),
        ("https://app.example:0443", "https://app.example"),
        ("https://ünï.example", "https://xn--n-nga1b.example"),
        ("https://xn--n-xga0b.example", "https://xn--n-xga0b.example"),
        ("http://[0:0::1]:3000", "http://[::1]:3000"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("http://my_host:3000", "http://my_host:3000"),
    ],
)
def test_an_origin_is_read_as_browsers_send_it(given: str, sent: str) -> None:
    assert origin(given) == sent
    assert load({"MILEQUEST_ALLOWED_ORIGINS": given}).allowed_origins == (sent,)


@pytest.mark.parametrize(
    ("given", "instead"),
    [
        ("https://app.example/path", "such as https://app.example,"),
        ("https://app.example:443?x", "such as https://app.example,"),
        ("https://me:secret@app.example/", "such as https://app.example,"),
        ("app.example", "such as https://"),
        ("*", "such as https://"),
        ("null", "such as https://"),
        ("https://*.app.example", "such as https://"),
        ("https://", "such as https://"),
        ("https://app.example:65536", "a port up to 65535"),
        ("https://app.example:0", "a port up to 65535"),
        ("https://straße.example", "xn--"),
        ("http://127.1:3000", "as browsers write it"),
        ("http://0x7f.1", "as browsers write it"),
        ("http://[::g]", "such as https://"),
        ("https://" + "x" * 64 + ".example", "as browsers write it"),
        ("https://a..example", "as browsers write it"),
    ],
)
def test_an_origin_that_matches_none_is_refused(given: str, instead: str) -> None:
    with pytest.raises(ValueError, match="must be an origin") as refused:
        origin(given)
    assert instead in str(refused.value)


@pytest.mark.parametrize("given", ["capacitor://localhost", "ftp://quest.example"])
def test_the_public_address_is_a_web_page_of_ours(given: str) -> None:
    with pytest.raises(ValueError, match="must be an origin"):
        web_origin(given)


@pytest.mark.parametrize(
    ("sent", "host", "same"),
    [
        ("http://localhost:8102", "localhost:8102", True),
        ("http://LOCALHOST:8102", "Localhost:8102", True),
        ("http://[::1]:8102", "[::1]:8102", True),
        ("http://mymachine", "mymachine", True),
        ("http://mymachine", "mymachine:80", True),
        ("https://app.example", "app.example", True),
        ("https://app.example", "app.example:443", True),
        ("https://app.example", "app.example:80", False),
        ("http://localhost:8102", "localhost:8103", False),
        ("http://localhost:8102", "localhost", False),
        ("http://localhost", "127.0.0.1", False),
        ("http://localhost:8102", "", False),
        ("http://", "", False),
        ("null", "localhost", False),
        ("", "", False),
        ("capacitor://localhost", "localhost", False),
        ("https://app.example.evil.example", "app.example", False),
        ("https://evil.example/app.example", "app.example", False),
    ],
)
def test_an_origin_is_the_same_where_host_and_port_are(sent: str, host: str, same: bool) -> None:
    assert is_same(sent, host) is same
