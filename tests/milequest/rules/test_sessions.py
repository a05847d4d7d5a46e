"""The origin that a session keeps of the request that began it: never a whole address."""

import pytest

from milequest.rules.sessions import MAX_DEVICE, SessionOrigin, coarse_network, origin


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("203.0.113.77%eth0", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("nowhere", None),
        ("", None),
    ],
)
def test_session_network_is_coarse(address: str, network: str | None) -> None:
    assert coarse_network(address) == network


def test_a_device_is_what_its_program_calls_itself_as_far_as_it_is_kept() -> None:
    assert origin("Browser\n 1.0", "203.0.113.77") == SessionOrigin("Browser 1.0", "203.0.113.0/24")
    assert origin("x" * (MAX_DEVICE + 1), "") == SessionOrigin("x" * MAX_DEVICE, None)
    assert origin("", "") == origin(None, "") == SessionOrigin(None, None)
