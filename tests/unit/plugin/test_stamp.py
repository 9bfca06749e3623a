"""The three headers that carry the client's address to the collector."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversion_tracking_plugin.stamp import empty_stamp, stamp_headers


def test_a_stamp_is_signed_as_the_design_says() -> None:
    # printf '203.0.113.7\n1766000000000' | openssl dgst -sha256 -hmac secret
    signature = "1b126a87fd7e71af47f1a4753c6d2acea9e595bc5087b7c8244fceba89fe9736"

    assert stamp_headers("203.0.113.7", 1766000000000, "secret") == {
        "X-Client-IP": "203.0.113.7",
        "X-Received-At": "1766000000000",
        "X-Gateway-Signature": signature,
    }


def test_a_signature_holds_the_requests_id_where_it_is_known() -> None:
    # printf '203.0.113.7\n1766000000000\n0123...' | openssl dgst -sha256 -hmac secret
    signature = "fea5942ebc55eabad72d91e08e348d1b0cea0332300d8af75fd584ba5a691927"

    stamp = stamp_headers("203.0.113.7", 1766000000000, "secret", "0123456789abcdef" * 2)

    assert stamp == {
        "X-Client-IP": "203.0.113.7",
        "X-Received-At": "1766000000000",
        "X-Gateway-Signature": signature,
    }


def test_without_a_secret_the_signature_is_empty_and_overwrites_a_forged_one() -> None:
    stamp = stamp_headers("2001:db8::1", 1, "")

    assert stamp["X-Client-IP"] == "2001:db8::1"
    assert stamp["X-Gateway-Signature"] == ""


@pytest.mark.parametrize("client_ip", ["", "unix:", "1.2.3", "1.2.3.4\n5", "a, b", None])
def test_what_is_no_address_is_never_signed(client_ip: str) -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        stamp_headers(client_ip, 1, "secret")


def test_a_secret_of_any_bytes_can_sign() -> None:
    secret = b"\xff\xfe\x00".decode("utf-8", "surrogateescape")

    assert len(stamp_headers("127.0.0.1", 1, secret)["X-Gateway-Signature"]) == 64


Stamped = tuple[str, int, str, str]
STAMPED: st.SearchStrategy[Stamped] = st.tuples(
    st.ip_addresses().map(str),
    st.integers(min_value=0, max_value=2**53),
    st.sampled_from(["secret", "another"]),
    st.just("") | st.from_regex(r"[0-9a-f]{32}", fullmatch=True),
)


def mix(one: Stamped, other: Stamped, keep: int) -> Stamped:
    """The one with those values of the other whose bit in `keep` is not set."""
    at = [(one if keep & bit else other) for bit in (1, 2, 4, 8)]
    return at[0][0], at[1][1], at[2][2], at[3][3]


@given(stamped=STAMPED, other=STAMPED, keep=st.integers(0, 15))
def test_a_signature_holds_for_one_address_one_time_one_secret_and_one_request_only(
    stamped: Stamped, other: Stamped, keep: int
) -> None:
    mixed = mix(stamped, other, keep)
    signature = stamp_headers(*stamped)["X-Gateway-Signature"]

    assert signature == stamp_headers(*stamped)["X-Gateway-Signature"]
    assert (signature == stamp_headers(*mixed)["X-Gateway-Signature"]) == (mixed == stamped)


def test_the_empty_stamp_covers_every_header_of_a_stamp() -> None:
    stamped = stamp_headers("127.0.0.1", 1, "secret")

    assert empty_stamp() == dict.fromkeys(stamped, "")
