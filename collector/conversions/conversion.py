"""What a destination is told of, and what becomes of it there. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Conversion:
    """An event as destinations are told of it. A field is None where it is not known.

    Times are aware and in UTC. `name` is the platform's name for the event, or for what counts it
    there. `user_data` is as the site sent it: each platform normalises and hashes it for itself.
    """

    event_id: UUID
    session_id: str
    event_type: str
    name: str
    happened_at: datetime
    currency: str
    value: Decimal | None = None
    order: str | None = None  # order_id, else the Stripe session
    page_url: str | None = None
    referrer: str | None = None
    user_agent: str | None = None
    ip_address: str | None = None  # whole, or None: a truncated one would match somebody else
    user_id: str | None = None  # as the site sent it
    visitor_id: str | None = None
    ga_client_id: str | None = None
    ga_session_id: str | None = None
    fbp: str | None = None
    fbc: str | None = None
    click_ids: Mapping[str, str] = field(default_factory=dict)
    consent: Mapping[str, str] = field(default_factory=dict)  # signal to granted or denied
    user_data: Mapping[str, str] = field(default_factory=dict)

    @property
    def transaction_id(self) -> str:
        """The id by which it counts once at Google: the tracker's pixels say the same."""
        return self.order or str(self.event_id)


@dataclass(frozen=True, slots=True)
class Request:
    """A POST to a platform. The body and the address may hold secrets: neither is logged."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Taken:
    """The platform has taken all of them. `remote_id` finds the request in its support."""

    remote_id: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """The platform names those that it will never take, by their places in the request.

    The others were taken with `others_taken`, else they are to be sent again without these.
    """

    reasons: Mapping[int, str]
    others_taken: bool = False
    remote_id: str | None = None


@dataclass(frozen=True, slots=True)
class Unclear:
    """The platform takes none, since one of them is wrong, and does not say which."""

    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing is wrong with them: the platform is away, or asks for a pause of so many seconds."""

    reason: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Broken:
    """The destination takes nothing until somebody mends it, as `advice` says."""

    reason: str
    advice: str


Answer: TypeAlias = Taken | Refused | Unclear | Later | Broken
