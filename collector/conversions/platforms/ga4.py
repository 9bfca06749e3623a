"""Google Analytics 4 by the Measurement Protocol, which answers whatever it is sent with 2xx.

So there is no proof that it counts anything: what is checked, is checked here.
https://developers.google.com/analytics/devguides/collection/protocol/ga4
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlencode

from pydantic import AfterValidator, Field, SecretStr

from collector.conversions.conversion import (
    Answer,
    Broken,
    Conversion,
    Later,
    Request,
    Taken,
    Unclear,
)
from collector.conversions.destination import (
    AD_PERSONALIZATION,
    AD_USER_DATA,
    ANALYTICS_STORAGE,
    Destination,
    SecretReference,
    read_secret,
)
from collector.conversions.platform import Platform
from collector.conversions.platforms.wire import (
    JSON_HEADERS,
    encode_json,
    is_away,
    known,
    not_later,
    retry_after,
)

HOSTS = {"global": "https://www.google-analytics.com", "eu": "https://region1.google-analytics.com"}

MOST_CHARACTERS = 100  # of a parameter's value
TOO_LARGE = 413
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
# The page of the reference has more; these are the ones that we could read.
RESERVED_NAMES = {
    "ad_click",
    "app_remove",
    "first_visit",
    "session_start",
    "user_engagement",
}
RESERVED_PREFIXES = ("_", "firebase_", "ga_", "google_", "gtag.")

# What counts money back, which only means something for an order that was counted.
REFUND = "refund"


def is_event_name(value: str) -> str:
    """Raises ValueError where Google Analytics would drop an event of that name, without a word."""
    if not NAME.fullmatch(value):
        raise ValueError("must be a letter, then at most 39 letters, digits and underscores")
    if value in RESERVED_NAMES or value.startswith(RESERVED_PREFIXES):
        raise ValueError("is a name that Google Analytics keeps for itself")
    return value


EventName = Annotated[str, AfterValidator(is_event_name)]
# Of those that the tracker tells gtag of, only a purchase is counted once, by its transaction_id:
# any other would count twice. gtag is not told of refunds.
DEFAULT_EVENTS = {"purchase": "purchase", "refund": REFUND}


class Ga4Destination(Destination):
    """A web data stream of Google Analytics."""

    signal: ClassVar[str] = ANALYTICS_STORAGE
    default_events: ClassVar[dict[str, str]] = DEFAULT_EVENTS

    platform: Literal["ga4"]
    events: dict[str, EventName] = Field(default_factory=dict)
    measurement_id: Annotated[str, Field(pattern="^G-[A-Z0-9]{4,20}$")]
    api_secret: SecretReference
    region: Literal["eu", "global"] = "global"

    def open(self) -> Ga4:
        """Raises DestinationError where the secret is not to be had."""
        return Ga4(self, read_secret(self.api_secret))


class Ga4(Platform):
    """Sends to a stream."""

    most_conversions = 25
    # One that is older than 72 hours is given another time there, without a word.
    max_age = timedelta(hours=72) - timedelta(minutes=10)

    def __init__(self, destination: Ga4Destination, secret: SecretStr) -> None:
        self._destination = destination
        self._secret = secret

    def group_of(self, conversion: Conversion) -> Hashable:
        """A request is of one browser and one consent."""
        return conversion.ga_client_id, tuple(sorted(consent_of(conversion).items()))

    def fault_of(self, conversion: Conversion) -> str | None:
        """What Google Analytics would take and then not count, or count for somebody else."""
        return analytics_fault_of(conversion)

    async def authorize(self) -> Mapping[str, str]:
        """Nothing: the secret stands in the address, as the protocol wants it."""
        return {}

    def request(
        self, conversions: Sequence[Conversion], headers: Mapping[str, str], now: datetime
    ) -> Request:
        """All of one browser. Its answer says nothing of what is in it.

        Without user_id: gtag is not told of one, and to tell it here would part a visitor in two.
        """
        destination = self._destination
        secrets = {
            "measurement_id": destination.measurement_id,
            "api_secret": self._secret.get_secret_value(),
        }
        body = known(
            client_id=conversions[0].ga_client_id,
            consent=consent_of(conversions[0]),
            events=[event_of(conversion, now) for conversion in conversions],
        )
        base = destination.test_base or HOSTS[destination.region]
        url = f"{base}/mp/collect?{urlencode(secrets)}"
        return Request(url, {**JSON_HEADERS, **headers}, encode_json(body))

    def read(self, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
        """Taken only means that it has arrived: a wrong secret is answered in the same way."""
        if status // 100 == 2:  # noqa: PLR2004  # 2xx
            return Taken()
        if is_away(status):
            return Later(f"HTTP {status}", retry_after(headers))
        if status == TOO_LARGE:
            return Unclear("HTTP 413: the request is too large")
        advice = "Google answers so to no event: look for a proxy between it and us"
        return Broken(f"HTTP {status}", advice)


def consent_of(conversion: Conversion) -> dict[str, str]:
    """The two signals that the protocol knows, where the visitor's are known."""
    return {
        signal: conversion.consent[signal].upper()
        for signal in (AD_USER_DATA, AD_PERSONALIZATION)
        if conversion.consent.get(signal) in ("granted", "denied")
    }


def event_of(conversion: Conversion, now: datetime) -> dict[str, Any]:
    """The event with its parameters."""
    happened_at = not_later(conversion.happened_at, now)
    return {
        "name": conversion.name,
        "timestamp_micros": int(happened_at.timestamp() * 1000) * 1000,
        "params": parameters_of(conversion),
    }


def parameters_of(conversion: Conversion) -> dict[str, Any]:
    """Without a session's id it would open a session of its own; one is never made up."""
    return known(
        transaction_id=conversion.transaction_id,
        value=conversion.value,
        currency=None if conversion.value is None else conversion.currency,
        session_id=session_id_of(conversion),
        engagement_time_msec=1,
        page_location=page_of(conversion),
    )


def session_id_of(conversion: Conversion) -> str | None:
    """The id of the session in Google's cookie, which is a time: digits alone."""
    session_id = conversion.ga_session_id or ""
    return session_id if session_id.isascii() and session_id.isdigit() else None


def page_of(conversion: Conversion) -> str | None:
    """The page without query and hash, where a parameter may be so long.

    gtag may send longer ones; whether the protocol takes them is not written.
    """
    if not conversion.page_url:
        return None
    page = conversion.page_url.partition("#")[0].partition("?")[0]
    return page if len(page) <= MOST_CHARACTERS else None


def analytics_fault_of(conversion: Conversion) -> str | None:
    """Why Google Analytics could not count it, or not to whom it belongs."""
    if not conversion.ga_client_id:
        return "no ga_client_id: Google Analytics could not know whose it is"
    if conversion.name == REFUND and not conversion.order:
        return "a refund without the order that it is of"
    # Cut, it would be another order's or count again.
    if len(conversion.transaction_id) > MOST_CHARACTERS:
        return f"the order's id is longer than {MOST_CHARACTERS} characters"
    return None
