"""The one event that the doctor stores, marked so that reports leave it out. Pure.

Its User-Agent has a crawler's form (collector/classify/bots.py): so it counts as a bot's, which
funnels, orders and nearly all reports leave out (docs/doctor.md). Its type says what it is to who
looks at rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from typing import Any
from uuid import UUID

VERSION = metadata.version("conversion-tracking")
USER_AGENT = f"conversion-tracking-doctor/{VERSION} (bot)"
EVENT_TYPE = "doctor"
SESSION_PREFIX = "doctor-"

# Of the addresses that are for documentation alone: nobody has it.
FORGED_ADDRESS = "203.0.113.66"
FORGED_REQUEST_ID = "0" * 32


@dataclass(frozen=True, slots=True)
class MarkedEvent:
    """The event; sent again with its id it changes nothing."""

    id: UUID

    @property
    def session_id(self) -> str:
        """A session of its own."""
        return f"{SESSION_PREFIX}{self.id}"

    @property
    def fields(self) -> dict[str, Any]:
        """As it is sent."""
        return {
            "event_id": str(self.id),
            "session_id": self.session_id,
            "event_type": EVENT_TYPE,
            "event_name": "Doctor",
        }


def forged_stamp(received_at_ms: int) -> dict[str, str]:
    """A stamp as somebody sends it who does not have the secret."""
    return {
        "X-Client-IP": FORGED_ADDRESS,
        "X-Received-At": str(received_at_ms),
        "X-Gateway-Signature": "0" * 64,
        "X-Kong-Request-Id": FORGED_REQUEST_ID,
    }
