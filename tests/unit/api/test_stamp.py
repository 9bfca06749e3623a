"""Whose word on the client's address is believed."""

import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from collector.api.stamp import (
    CLIENT_IP_HEADER,
    RECEIVED_AT_HEADER,
    SIGNATURE_HEADER,
    Stamp,
    is_signed,
    sign_stamp,
    verify_stamp,
)
from conversion_tracking_plugin.stamp import stamp_headers

SECRET, OLD = b"secret", b"the secret before it"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MILLISECONDS = str(int(NOW.timestamp() * 1000))
MAX_AGE = timedelta(seconds=300)


REQUEST_ID = "0123456789abcdef" * 2
OTHER_ID = "f" * 32


def headers(client_ip: str, received_at: str, signature: str) -> CIMultiDict[str]:
    return CIMultiDict(
        {"x-client-ip": client_ip, "x-received-at": received_at, "x-gateway-signature": signature}
    )


def signed(client_ip: str, received_at: str, secret: bytes = SECRET) -> CIMultiDict[str]:
    return headers(client_ip, received_at, sign_stamp(client_ip, received_at, secret))


@given(secret=st.binary(max_size=200), address=st.text(max_size=50))
def test_the_signature_is_the_standard_librarys_hmac(secret: bytes, address: str) -> None:
    message = f"{address}\n{MILLISECONDS}\n{REQUEST_ID}".encode("utf-8", "surrogateescape")
    expected = hmac.new(secret, message, "sha256").hexdigest()
    assert sign_stamp(address, MILLISECONDS, secret, REQUEST_ID) == expected


@pytest.mark.parametrize("client_ip", ["203.0.113.7", "2001:db8::1"])
@pytest.mark.parametrize("secret", [SECRET, OLD])
def test_a_fresh_stamp_signed_with_either_secret_is_believed(client_ip: str, secret: bytes) -> None:
    sent = signed(client_ip, MILLISECONDS, secret)
    assert verify_stamp(sent, (SECRET, OLD), NOW, MAX_AGE) == Stamp(client_ip, NOW)


def bound(signed_id: str, sent_id: str | None) -> CIMultiDict[str]:
    """A stamp signed with one request id, on a request with another, or with none."""
    sent = headers(
        "203.0.113.7",
        MILLISECONDS,
        sign_stamp("203.0.113.7", MILLISECONDS, SECRET, signed_id),
    )
    return sent if sent_id is None else CIMultiDict({**sent, "x-kong-request-id": sent_id})


@pytest.mark.parametrize(
    ("case", "sent", "request_id"),
    [
        ("bound to the request", bound(REQUEST_ID, REQUEST_ID), REQUEST_ID),
        ("bound by another gateway", bound("any text", "any text"), "any text"),
        ("an older plugin's", bound("", REQUEST_ID), ""),
        ("an older plugin's, and a Kong that sends no id", bound("", None), ""),
        ("an older plugin's, and an empty id", bound("", ""), ""),
    ],
)
def test_a_stamp_is_bound_to_the_request_whose_id_was_signed(
    case: str, sent: CIMultiDict[str], request_id: str
) -> None:
    assert verify_stamp(sent, (OLD, SECRET), NOW, MAX_AGE) == Stamp(
        "203.0.113.7", NOW, request_id
    ), case


@pytest.mark.parametrize(
    ("case", "sent"),
    [
        ("no headers", CIMultiDict[str]()),
        ("no signature", headers("203.0.113.7", MILLISECONDS, "")),
        ("another's signature", signed("203.0.113.7", MILLISECONDS, b"guessed")),
        ("the retired secret", signed("203.0.113.7", MILLISECONDS, OLD)),
        (
            "another address",
            headers("203.0.113.8", MILLISECONDS, sign_stamp("203.0.113.7", MILLISECONDS, SECRET)),
        ),
        (
            "another time",
            headers("203.0.113.7", "1", sign_stamp("203.0.113.7", MILLISECONDS, SECRET)),
        ),
        ("not ASCII", headers("203.0.113.7", MILLISECONDS, "é\udcff")),
        ("too old", signed("203.0.113.7", str(int(MILLISECONDS) - 300_001))),
        ("too far ahead", signed("203.0.113.7", str(int(MILLISECONDS) + 300_001))),
        ("no time", signed("203.0.113.7", "")),
        ("an absurd time", signed("203.0.113.7", "9" * 400)),
        ("a time in other digits", signed("203.0.113.7", "١٢٣")),
        ("another request's", bound(REQUEST_ID, OTHER_ID)),
        ("a bound one on a request without an id", bound(REQUEST_ID, None)),
        ("a bound one on a request with an empty id", bound(REQUEST_ID, "")),
        ("a bound one on a request with more than the id", bound(REQUEST_ID, REQUEST_ID + " ")),
        ("a bound one in capitals", bound(REQUEST_ID, REQUEST_ID.upper())),
        ("no address", signed("", MILLISECONDS)),
        ("a name for an address", signed("localhost", MILLISECONDS)),
    ],
)
def test_any_other_stamp_is_not_believed(case: str, sent: CIMultiDict[str]) -> None:
    assert verify_stamp(sent, (SECRET,), NOW, MAX_AGE) is None, case


def test_without_a_secret_nobody_is_believed() -> None:
    assert verify_stamp(signed("203.0.113.7", MILLISECONDS), (), NOW, MAX_AGE) is None
    assert verify_stamp(signed("203.0.113.7", MILLISECONDS, b""), (), NOW, MAX_AGE) is None


@given(
    st.ip_addresses().map(str),
    st.integers(min_value=0, max_value=10**13 - 1),
    st.binary(min_size=1),
    st.just("") | st.from_regex(r"[0-9a-f]{32}", fullmatch=True),
)
def test_the_plugin_and_the_collector_sign_alike(
    client_ip: str, received_at: int, secret: bytes, request_id: str
) -> None:
    secret_text = secret.decode("utf-8", "surrogateescape")
    sent = stamp_headers(client_ip, received_at, secret_text, request_id)
    signature = sign_stamp(client_ip, str(received_at), secret, request_id)
    assert sent[SIGNATURE_HEADER] == signature
    assert sent.keys() == {CLIENT_IP_HEADER, RECEIVED_AT_HEADER, SIGNATURE_HEADER}


# What a header may hold: any bytes but an end of line, as aiohttp decodes them.
HEADER = st.binary(max_size=20).map(
    lambda sent: sent.translate(None, b"\r\n\0").decode("utf-8", "surrogateescape")
)
PARTS = st.tuples(HEADER, HEADER, HEADER)


@given(PARTS, PARTS)
def test_no_two_stamps_have_the_same_text_to_sign(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    client_ip, received_at, request_id = one
    signature = sign_stamp(client_ip, received_at, SECRET, request_id)
    assert is_signed(other[0], other[1], signature, (SECRET,), other[2]) == (one == other)
