"""How much of a client's address is stored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.client_ip import ClientIpStorage, stored_ip, truncate_ip

STORED: list[tuple[ClientIpStorage, str | None, str | None]] = [
    ("full", "203.0.113.77", "203.0.113.77"),
    ("full", "2001:db8:1:2:3::4", "2001:db8:1:2:3::4"),
    ("full", None, None),
    ("truncated", "203.0.113.77", "203.0.113.0"),
    ("truncated", "2001:db8:1:2:3::4", "2001:db8:1::"),
    ("truncated", "::ffff:203.0.113.77", "203.0.113.0"),
    ("truncated", "fe80::1%eth0", "fe80::"),
    ("truncated", "no address", None),
    ("truncated", None, None),
    ("none", "203.0.113.77", None),
    ("none", "2001:db8:1:2:3::4", None),
    ("none", None, None),
]


@pytest.mark.parametrize(("storage", "address", "stored"), STORED)
def test_an_address_is_stored_as_the_setting_says(
    storage: ClientIpStorage, address: str | None, stored: str | None
) -> None:
    assert stored_ip(address, storage) == stored


@given(st.ip_addresses(v=4), st.ip_addresses(v=4))
def test_two_ipv4_addresses_are_one_when_truncated_only_where_their_first_three_bytes_are(
    one: object, other: object
) -> None:
    same = str(one).rpartition(".")[0] == str(other).rpartition(".")[0]
    assert (truncate_ip(str(one)) == truncate_ip(str(other))) == same


@given(st.ip_addresses(v=6))
def test_what_is_truncated_stays_as_it_is_when_truncated_again(address: object) -> None:
    once = truncate_ip(str(address))
    assert once is not None
    assert truncate_ip(once) == once
