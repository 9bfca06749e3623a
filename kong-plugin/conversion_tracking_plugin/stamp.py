"""The three headers by which the collector knows a request's client address and time of receipt.

Their signature also holds the request's id, which Kong itself sends as X-Kong-Request-Id.
"""

import hmac
from functools import lru_cache
from ipaddress import ip_address

CLIENT_IP = "X-Client-IP"
RECEIVED_AT = "X-Received-At"
SIGNATURE = "X-Gateway-Signature"

# Without the last, which Kong sets, the collector knows no request to which the stamp is bound.
_NEEDED = tuple(name.lower() for name in (CLIENT_IP, RECEIVED_AT, SIGNATURE, "X-Kong-Request-Id"))


def stamp_headers(
    client_ip: str, received_at_ms: int, secret: str, request_id: str = ""
) -> dict[str, str]:
    """The headers to set on the request to the collector.

    `received_at_ms` is in epoch milliseconds. The signature is the lower-case hex HMAC-SHA256 over
    `client_ip`, `received_at_ms` and `request_id`, as they stand in their headers, with a line feed
    between them; without the last and its line feed where the request's id is not known: such a
    stamp is good for any request while it is fresh. Without a secret it is empty, which also
    overwrites a forged one; the collector then trusts nothing.

    Raises ValueError where `client_ip` is no IP address.
    """
    _refuse_other_text(client_ip)
    received_at = str(received_at_ms)
    message = f"{client_ip}\n{received_at}"
    if request_id:
        message = f"{message}\n{request_id}"
    return {
        CLIENT_IP: client_ip,
        RECEIVED_AT: received_at,
        SIGNATURE: _sign(message, secret) if secret else "",
    }


def empty_stamp() -> dict[str, str]:
    """Headers that overwrite whatever a client sent under the stamp's names."""
    return {CLIENT_IP: "", RECEIVED_AT: "", SIGNATURE: ""}


def is_stripped(connection: str) -> bool:
    """Whether a request's Connection header names a header of the stamp.

    Kong takes what stands there off the request after all plugins have run.
    """
    named = connection.lower().replace("_", "-")
    return any(name in named for name in _NEEDED)


# Visitors come back, and parsing an address costs as much as signing it.
@lru_cache(maxsize=4096)
def _refuse_other_text(client_ip: str) -> None:
    ip_address(str(client_ip))  # a number would be taken for an address


def _sign(message: str, secret: str) -> str:
    # Bytes of an environment variable that are no UTF-8 arrive as surrogates (PEP 383).
    key = secret.encode("utf-8", "surrogateescape")
    return hmac.digest(key, message.encode(), "sha256").hex()
