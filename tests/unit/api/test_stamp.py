"""Whose word on the client's address is believed."""

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
    sign_stamp,
    verify_stamp,
)
from conversion_tracking_plugin.stamp import stamp_headers

SECRET, OLD = b"secret", b"the secret before it"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MILLISECONDS = str(int(NOW.timestamp() * 1000))
MAX_AGE = timedelta(seconds=300)


def headers(client_ip: str, received_at: str, signature: str) -> CIMultiDict[str]:
    return CIMultiDict(
        {"x-client-ip": client_ip, "x-received-at": received_at, "x-gateway-signature": signature}
    )


def signed(client_ip: str, received_at: str, secret: bytes = SECRET) -> CIMultiDict[str]:
    return headers(client_ip, received_at, sign_stamp(client_ip, received_at, secret))


@pytest.mark.parametrize("client_ip", ["203.0.113.7", "2001:db8::1"])
@pytest.mark.parametrize("secret", [SECRET, OLD])
def test_a_fresh_stamp_signed_with_either_secret_is_believed(client_ip: str, secret: bytes) -> None:
    sent = signed(client_ip, MILLISECONDS, secret)
    assert verify_stamp(sent, (SECRET, OLD), NOW, MAX_AGE) == Stamp(client_ip, NOW)


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
    st.text(st.characters(codec="utf-8"), min_size=1),
)
def test_the_plugin_and_the_collector_sign_alike(
    client_ip: str, received_at: int, secret: str
) -> None:
    sent = stamp_headers(client_ip, received_at, secret)
    assert sent[SIGNATURE_HEADER] == sign_stamp(client_ip, str(received_at), secret.encode())
    assert sent.keys() == {CLIENT_IP_HEADER, RECEIVED_AT_HEADER, SIGNATURE_HEADER}
