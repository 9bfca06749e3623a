"""Which client address is believed: the one that the gateway signed (docs/design.md#trust)."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from multidict import istr

# As istr they are found in aiohttp's headers in half the time.
CLIENT_IP_HEADER = istr("X-Client-IP")
RECEIVED_AT_HEADER = istr("X-Received-At")
SIGNATURE_HEADER = istr("X-Gateway-Signature")
REQUEST_ID_HEADER = istr("X-Kong-Request-Id")

# Epoch milliseconds up to the year 2286: longer digits are no time of receipt.
MAX_TIMESTAMP_DIGITS = 13


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the gateway saw: the client's address, when the request came, and its id.

    The id is "" where the gateway did not sign it: the stamp is then good for any request.
    """

    client_ip: str
    received_at: datetime
    request_id: str = ""


def verify_stamp(
    headers: Mapping[str, str], secrets: tuple[bytes, ...], now: datetime, max_age: timedelta
) -> Stamp | None:
    """The gateway's stamp, if one of the secrets signed it and it is fresh; otherwise None.

    `headers` must find names in any case. Without a secret, nobody's stamp is believed.
    """
    client_ip = headers.get(CLIENT_IP_HEADER, "")
    received_at = headers.get(RECEIVED_AT_HEADER, "")
    signature = headers.get(SIGNATURE_HEADER, "")
    request_id = headers.get(REQUEST_ID_HEADER, "")
    if not is_signed(client_ip, received_at, signature, secrets, request_id):
        # An older plugin, or a Kong whose settings do not tell the plugin of the id.
        request_id = ""
        if not is_signed(client_ip, received_at, signature, secrets):
            return None
    time = parse_epoch_milliseconds(received_at)
    if time is None or abs(now - time) > max_age or not is_address(client_ip):
        return None
    return Stamp(client_ip, time, request_id)


def is_signed(
    client_ip: str,
    received_at: str,
    signature: str,
    secrets: tuple[bytes, ...],
    request_id: str = "",
) -> bool:
    """Whether one of the secrets made this signature. Takes the same time for any signature."""
    sent = signature.encode("utf-8", "surrogateescape")
    for secret in secrets:  # a plain loop: this is on the path of every event
        made = sign_stamp(client_ip, received_at, secret, request_id)
        if hmac.compare_digest(made.encode(), sent):
            return True
    return False


def sign_stamp(client_ip: str, received_at: str, secret: bytes, request_id: str = "") -> str:
    """HMAC-SHA256 over the address, the epoch milliseconds and the request's id, as hex digits.

    Newlines stand between them, which no header holds. The plugin's stamp.py makes the same; a
    test holds the two equal.
    """
    message = f"{client_ip}\n{received_at}"
    if request_id:
        message = f"{message}\n{request_id}"
    signature = keyed(secret).copy()
    signature.update(message.encode("utf-8", "surrogateescape"))
    return signature.hexdigest()


@lru_cache(maxsize=16)
def keyed(secret: bytes) -> hmac.HMAC:
    """HMAC-SHA256 that has read the secret: a copy signs in less time than a new one."""
    return hmac.new(secret, digestmod="sha256")


def parse_epoch_milliseconds(text: str) -> datetime | None:
    """A count of milliseconds since 1970 as a time, or None for any other text."""
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_TIMESTAMP_DIGITS):
        return None
    return datetime.fromtimestamp(int(text) / 1000, UTC)


# Visitors come back; parsing an address costs as much as checking its signature.
@lru_cache(maxsize=8_192)
def is_address(text: str) -> bool:
    """Whether this is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
