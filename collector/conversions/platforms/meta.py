"""Meta's Conversions API: what its pixel may have missed, under the same names and ids.

https://developers.facebook.com/documentation/ads-commerce/conversions-api
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, SecretStr

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
    Destination,
    SecretReference,
    read_secret,
)
from collector.conversions.platform import Platform
from collector.conversions.platforms.fields import Digits, Name
from collector.conversions.platforms.normalize import (
    as_sent,
    country,
    email,
    hashed,
    meta_name,
    meta_place,
    meta_postal_code,
    meta_region,
    phone_digits,
)
from collector.conversions.platforms.wire import (
    JSON_HEADERS,
    SERVER_FAULT,
    decode_object,
    encode_json,
    known,
    list_in,
    not_later,
    number_in,
    object_in,
    retry_after,
    short,
    text_in,
)

HOST = "https://graph.facebook.com"

# By one of them Meta can know a person. It refuses what has too little; that a name or a place
# alone is too little is not written where we could read it, and assumed.
IDENTIFYING = ("em", "ph", "external_id", "fbc", "fbp", "client_ip_address")

# Codes of Graph API's errors. Texts come in the language of the token's owner: they decide nothing.
RATE_LIMITS = {4, 17, 613, 80003}  # of 613 we know only that others take it for one
TRANSIENT = {1, 2, 341, 368, 5000, 21009}
TOKEN = 190
PERMISSION = {3, 10, 200}
UNKNOWN_OBJECT = (100, 33)
OLD_VERSION = 2635  # as Graph API's other edges answer; of this one it is not confirmed


class MetaDestination(Destination):
    """A pixel (data set) of Meta's."""

    # The names of the tracker's pixels, since Meta counts a name with an id once. Without page
    # views, which would be most of what is sent. Without subscription_created: a checkout that
    # tells of it and of a purchase would count as two purchases.
    default_events: ClassVar[dict[str, str]] = {
        "form_submit": "Lead",
        "checkout_start": "InitiateCheckout",
        "signup": "CompleteRegistration",
        "purchase": "Purchase",
    }

    platform: Literal["meta"]
    events: dict[str, Name] = Field(default_factory=dict)
    pixel_id: Digits
    access_token: SecretReference
    api_version: Annotated[str, Field(pattern=r"^v[0-9]{1,3}\.[0-9]$")] = "v25.0"
    # Its events are shown in Test Events, and may be counted all the same.
    test_event_code: Annotated[str, Field(min_length=1, max_length=50)] | None = None
    limited_data_use: bool = False

    def open(self) -> Meta:
        """Raises DestinationError where the token is not to be had."""
        return Meta(self, read_secret(self.access_token))


class Meta(Platform):
    """Sends to a pixel."""

    most_conversions = 1000
    # One that is older than seven days fails its whole request; some minutes for the way there.
    max_age = timedelta(days=7) - timedelta(minutes=10)

    def __init__(self, destination: MetaDestination, token: SecretStr) -> None:
        self._destination = destination
        self._token = token

    def fault_of(self, conversion: Conversion) -> str | None:
        """A purchase without value, and an event that nobody could be known by."""
        if conversion.name == "Purchase" and conversion.value is None:
            return "Meta takes no Purchase without a value"
        if not any(name in user_data(conversion) for name in IDENTIFYING):
            return "nothing in it that Meta could know a person by"
        return None

    async def authorize(self) -> Mapping[str, str]:
        """The token, in a header: it stands in no address that a proxy might log."""
        return {"Authorization": f"Bearer {self._token.get_secret_value()}"}

    def request(
        self, conversions: Sequence[Conversion], headers: Mapping[str, str], now: datetime
    ) -> Request:
        """All in one list."""
        destination = self._destination
        body = known(
            data=[self._event(conversion, now) for conversion in conversions],
            test_event_code=destination.test_event_code,
        )
        base = destination.test_base or HOST
        url = f"{base}/{destination.api_version}/{destination.pixel_id}/events"
        return Request(url, {**JSON_HEADERS, **headers}, encode_json(body))

    def read(self, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
        """By the code of its error alone."""
        answer = decode_object(body)
        if status >= SERVER_FAULT or answer is None:  # or the page of a proxy
            return Later(f"HTTP {status}", retry_after(headers))
        if "events_received" in answer:
            messages = tuple(short(message) for message in list_in(answer, "messages"))
            return Taken(text_in(answer, "fbtrace_id"), messages)
        return read_error(object_in(answer, "error"), status, headers)

    def _event(self, conversion: Conversion, now: datetime) -> dict[str, Any]:
        return known(
            event_name=conversion.name,
            event_time=int(not_later(conversion.happened_at, now).timestamp()),
            event_id=str(conversion.event_id),
            # What happened on a website must say on which page. What has none was told of by a
            # server, of itself.
            action_source="website" if conversion.page_url else "system_generated",
            event_source_url=conversion.page_url,
            referrer_url=conversion.referrer,
            user_data=user_data(conversion),
            # Counted, but learnt nothing from: what is nearest to Google's signal.
            opt_out=True if conversion.consent.get(AD_PERSONALIZATION) == "denied" else None,
            custom_data=known(
                value=conversion.value,
                currency=None if conversion.value is None else conversion.currency,
                order_id=conversion.order,
            ),
            **self._limits(conversion),
        )

    def _limits(self, conversion: Conversion) -> dict[str, Any]:
        """Limited Data Use: Meta finds the state by the address, or takes it for California."""
        if not self._destination.limited_data_use:
            return {}
        here, state = (0, 0) if conversion.ip_address else (1, 1000)
        return {
            "data_processing_options": ["LDU"],
            "data_processing_options_country": here,
            "data_processing_options_state": state,
        }


def user_data(conversion: Conversion) -> dict[str, Any]:
    """What Meta may know the person by: hashed, but for what it has set itself."""
    sent = conversion.user_data
    where = country(sent.get("country", ""))
    ids = [hashed(sent_id, as_sent) for sent_id in (conversion.user_id, conversion.visitor_id)]
    return known(
        em=hashed(sent.get("email"), email),
        ph=hashed(sent.get("phone"), phone_digits),
        fn=hashed(sent.get("first_name"), meta_name),
        ln=hashed(sent.get("last_name"), meta_name),
        ct=hashed(sent.get("city"), meta_place),
        st=hashed(sent.get("region"), lambda region: meta_region(region, where)),
        zp=hashed(sent.get("postal_code"), lambda code: meta_postal_code(code, where)),
        country=hashed(sent.get("country"), country),
        external_id=list(dict.fromkeys(one for one in ids if one)),
        fbc=fbc_of(conversion),
        fbp=conversion.fbp,
        client_ip_address=conversion.ip_address,
        client_user_agent=conversion.user_agent,
    )


def fbc_of(conversion: Conversion) -> str | None:
    """The cookie as it is, else one of the click id: whose letters' case counts.

    The time in it should be that of the landing; the event's own is the nearest that is known.
    """
    click = conversion.click_ids.get("fbclid")
    if conversion.fbc or not click:
        return conversion.fbc
    return f"fb.1.{int(conversion.happened_at.timestamp() * 1000)}.{click}"


def read_error(error: Mapping[str, Any], status: int, headers: Mapping[str, str]) -> Answer:
    """What an error of Graph API's means."""
    code, subcode = number_in(error, "code"), number_in(error, "error_subcode")
    reason = (
        f"HTTP {status}, code {code}, subcode {subcode}: {short(error.get('message', ''))} "
        f"{short(error.get('error_user_title', ''))} (fbtrace_id {text_in(error, 'fbtrace_id')})"
    )
    if error.get("is_transient") is True or code in RATE_LIMITS | TRANSIENT:
        return Later(reason, retry_after(headers))
    if code == TOKEN:
        return Broken(reason, "make a new access token in Events Manager, Settings")
    if code in PERMISSION:
        return Broken(reason, "let the token's owner manage the pixel, in Business settings")
    if (code, subcode) == UNKNOWN_OBJECT:
        return Broken(reason, "look at pixel_id, and whether the token's owner may use that pixel")
    if code == OLD_VERSION:
        return Broken(reason, "Meta no longer answers this version: raise api_version")
    return Unclear(reason)
