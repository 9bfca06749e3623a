"""Google Ads and Google Analytics by the Data Manager API, which says what is wrong with an event.

https://developers.google.com/data-manager/api
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from collector.conversions.conversion import Answer, Conversion, Request, Taken
from collector.conversions.destination import (
    AD_PERSONALIZATION,
    AD_USER_DATA,
    ANALYTICS_STORAGE,
    Destination,
    DestinationError,
    SecretReference,
)
from collector.conversions.platform import Platform
from collector.conversions.platforms.fields import Digits
from collector.conversions.platforms.ga4 import (
    DEFAULT_EVENTS,
    EventName,
    analytics_fault_of,
    session_id_of,
)
from collector.conversions.platforms.google_errors import read_error, told_by
from collector.conversions.platforms.normalize import (
    as_sent,
    country,
    google_email,
    google_name,
    hashed,
    phone_e164,
)
from collector.conversions.platforms.wire import (
    JSON_HEADERS,
    decode_object,
    encode_json,
    known,
    not_later,
    object_in,
    objects_in,
    text_in,
)

if TYPE_CHECKING:
    from collector.conversions.platforms.google_token import GoogleToken

HOST = "https://datamanager.googleapis.com"
PATH = "/v1/events:ingest"
MOST_DESTINATIONS = 10  # in one request
CLICK_IDS = ("gclid", "gbraid", "wbraid")  # the first that is known goes: Google wants one
CONSENT = {"granted": "CONSENT_GRANTED", "denied": "CONSENT_DENIED"}
CURRENCY = re.compile(r"[A-Z]{3}")


def without_hyphens(value: object) -> str:
    """An id as Google Ads shows it, 123-456-7890, or as a number of the file."""
    return str(value).replace("-", "")


CustomerId = Annotated[str, BeforeValidator(without_hyphens), Field(pattern="^[0-9]{10}$")]


def fits_a_request(events: dict[str, str]) -> dict[str, str]:
    """Raises ValueError where a request could not name all conversion actions."""
    if len(set(events.values())) > MOST_DESTINATIONS:
        raise ValueError(f"at most {MOST_DESTINATIONS} conversion actions in a destination")
    return events


class GoogleDestination(Destination):
    """Conversion actions of a Google Ads account, by the type of event that each counts."""

    platform: Literal["google"]
    events: Annotated[dict[str, Digits], Field(min_length=1), AfterValidator(fits_a_request)]
    customer_id: CustomerId
    # The manager account by which the credentials reach the customer's.
    login_customer_id: CustomerId | None = None
    credentials: SecretReference
    # Google places no click that is younger than six hours, and says so to nobody who waits.
    click_wait_seconds: Annotated[int, Field(ge=0, le=86_400)] = 21_600

    def open(self) -> DataManager:
        """Raises DestinationError where the credentials cannot be used."""
        return GoogleAds(self, token_of(self))


class GoogleAnalyticsDestination(Destination):
    """A web data stream of a Google Analytics property, told of by the Data Manager API."""

    signal: ClassVar[str] = ANALYTICS_STORAGE
    default_events: ClassVar[dict[str, str]] = DEFAULT_EVENTS

    platform: Literal["google_analytics"]
    events: dict[str, EventName] = Field(default_factory=dict)
    property_id: Digits
    measurement_id: Annotated[str, Field(pattern="^G-[A-Z0-9]{4,20}$")]
    credentials: SecretReference

    def open(self) -> DataManager:
        """Raises DestinationError where the credentials cannot be used."""
        return GoogleAnalytics(self, token_of(self))


def token_of(destination: GoogleDestination | GoogleAnalyticsDestination) -> GoogleToken:
    """Its tokens, by google-auth, which only these destinations need. Raises DestinationError."""
    try:
        from collector.conversions.platforms.google_token import GoogleToken  # noqa: PLC0415
    except ImportError as error:
        raise DestinationError(
            f"Google needs google-auth ({error}): pip install 'conversion-tracking[google]'"
        ) from None
    return GoogleToken(destination.credentials, destination.test_base)


class DataManager(Platform):
    """What Google Ads and Google Analytics share there."""

    most_conversions = 2000  # some of Google's pages say 10,000

    def __init__(self, base: str | None, token: GoogleToken) -> None:
        self._url = (base or HOST) + PATH
        self._token = token

    @abstractmethod
    def destinations(self, conversions: Sequence[Conversion]) -> list[dict[str, Any]]:
        """Where they go."""

    @abstractmethod
    def event(self, conversion: Conversion) -> dict[str, Any]:
        """What is told of one, beside what is told to both."""

    async def authorize(self) -> Mapping[str, str]:
        """A token that is fresh. Raises NotAuthorized."""
        return await self._token.headers()

    def request(
        self, conversions: Sequence[Conversion], headers: Mapping[str, str], now: datetime
    ) -> Request:
        """All in one list, each with its own consent.

        Without IP address and device: Google asks for no address of the European Economic Area,
        the United Kingdom and Switzerland, and we do not know where a visitor is.
        """
        body = {
            "destinations": self.destinations(conversions),
            "encoding": "HEX",
            "events": [
                {**told_to_both(conversion, now), **self.event(conversion)}
                for conversion in conversions
            ],
        }
        return Request(self._url, {**JSON_HEADERS, **headers}, encode_json(body))

    def read(self, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
        """All or none are taken, and those that are wrong are named."""
        answer = decode_object(body)
        if status // 100 == 2 and answer is not None:  # noqa: PLR2004  # 2xx
            warnings = tuple(told_by(one) for one in objects_in(answer, "fieldWarnings"))
            return Taken(text_in(answer, "requestId"), warnings)
        return read_error(status, object_in(answer or {}, "error"), headers)


class GoogleAds(DataManager):
    """Sends to conversion actions."""

    # The window after a click is at most 90 days, for matching by personal data it may be 63.
    max_age = timedelta(days=63)

    def __init__(self, destination: GoogleDestination, token: GoogleToken) -> None:
        super().__init__(destination.test_base, token)
        self._destination = destination
        self.min_age = timedelta(seconds=destination.click_wait_seconds)

    def fault_of(self, conversion: Conversion) -> str | None:
        """One that belongs to no click and to no person."""
        if not ad_identifiers(conversion) and not user_identifiers(conversion):
            return "neither gclid, gbraid or wbraid, nor user_data that Google could match"
        return currency_fault_of(conversion)

    def destinations(self, conversions: Sequence[Conversion]) -> list[dict[str, Any]]:
        """One for each conversion action that they name."""
        destination = self._destination
        login = destination.login_customer_id
        return [
            known(
                reference=action,
                operatingAccount=account("GOOGLE_ADS", destination.customer_id),
                loginAccount=account("GOOGLE_ADS", login) if login else None,
                productDestinationId=action,
            )
            for action in sorted({conversion.name for conversion in conversions})
        ]

    def event(self, conversion: Conversion) -> dict[str, Any]:
        """By its click, and by the person."""
        return known(
            destinationReferences=[conversion.name],
            adIdentifiers=ad_identifiers(conversion),
            userData=known(userIdentifiers=user_identifiers(conversion)),
        )


class GoogleAnalytics(DataManager):
    """Sends to a stream."""

    # As by the Measurement Protocol; that it is the same here is not written.
    max_age = timedelta(hours=72) - timedelta(minutes=10)

    def __init__(self, destination: GoogleAnalyticsDestination, token: GoogleToken) -> None:
        super().__init__(destination.test_base, token)
        self._destination = destination

    def fault_of(self, conversion: Conversion) -> str | None:
        """What Google Analytics could not count, or not for whom it is."""
        return analytics_fault_of(conversion) or currency_fault_of(conversion)

    def destinations(self, conversions: Sequence[Conversion]) -> list[dict[str, Any]]:
        """The one stream."""
        destination = self._destination
        return [
            {
                "operatingAccount": account("GOOGLE_ANALYTICS_PROPERTY", destination.property_id),
                "productDestinationId": destination.measurement_id,
            }
        ]

    def event(self, conversion: Conversion) -> dict[str, Any]:
        """By Google's cookies; personal data only where the visitor has agreed to that too."""
        agreed = conversion.consent.get(AD_USER_DATA) == "granted"
        parameters = known(session_id=session_id_of(conversion), engagement_time_msec="1")
        return known(
            eventName=conversion.name,
            clientId=conversion.ga_client_id,
            userData=known(userIdentifiers=user_identifiers(conversion)) if agreed else None,
            additionalEventParameters=[
                {"parameterName": name, "value": value} for name, value in parameters.items()
            ],
        )


def told_to_both(conversion: Conversion, now: datetime) -> dict[str, Any]:
    """What happened, when, and what the visitor has agreed to."""
    happened_at = not_later(conversion.happened_at, now).astimezone(UTC)
    consent = conversion.consent
    return known(
        transactionId=conversion.transaction_id,
        eventTimestamp=happened_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        eventSource="WEB",
        conversionValue=conversion.value,
        currency=None if conversion.value is None else conversion.currency,
        consent=known(
            adUserData=CONSENT.get(consent.get(AD_USER_DATA, "")),
            adPersonalization=CONSENT.get(consent.get(AD_PERSONALIZATION, "")),
        ),
    )


def account(kind: str, account_id: str) -> dict[str, str]:
    """An account of Google's."""
    return {"accountType": kind, "accountId": account_id}


def ad_identifiers(conversion: Conversion) -> dict[str, str]:
    """The click that it belongs to, as it came: its letters' case counts."""
    clicks = conversion.click_ids
    return next(({name: clicks[name]} for name in CLICK_IDS if clicks.get(name)), {})


def user_identifiers(conversion: Conversion) -> list[dict[str, Any]]:
    """The person, by each of what is known and usable."""
    sent = conversion.user_data
    address = known(
        givenName=hashed(sent.get("first_name"), google_name),
        familyName=hashed(sent.get("last_name"), google_name),
        regionCode=(country(sent.get("country", "")) or "").upper(),
        postalCode=as_sent(sent.get("postal_code", "")),
    )
    whole = len(address) == 4  # noqa: PLR2004  # Google takes all four, or no address
    return [
        {name: value}
        for name, value in {
            "emailAddress": hashed(sent.get("email"), google_email),
            "phoneNumber": hashed(sent.get("phone"), phone_e164),
            "address": address if whole else None,
        }.items()
        if value
    ]


def currency_fault_of(conversion: Conversion) -> str | None:
    """One that Google would refuse the whole request for."""
    if conversion.value is not None and not CURRENCY.fullmatch(conversion.currency):
        return "the currency is not of three letters"
    return None
