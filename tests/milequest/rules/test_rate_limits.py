"""The network of an IP address, by which limits count."""

import pytest

from milequest.rules.rate_limits import all_limits, network


@pytest.mark.parametrize(
    ("address", "counts_as"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002::/64"),
        ("2001:db8:1:2::9", "2001:0db8:0001:0002::/64"),
        ("fe80::1%eth0", "fe80:0000:0000:0000::/64"),
        ("", "unknown"),
        ("no address", "unknown"),
    ],
)
def test_a_network_is_an_address_or_a_customers_64(address: str, counts_as: str) -> None:
    assert network(address) == counts_as


def test_rate_limits_share_no_window() -> None:
    keys = [limit.key for limit in all_limits()]
    assert keys
    assert len(set(keys)) == len(keys)
