"""TikTok's Events API, which answers with 200 and says in the body what went wrong.

https://business-api.tiktok.com/portal/docs?id=1771100865818625
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, SecretStr

from collector.conversions.conversion import (
    Answer,
    Broken,
    Conversion,
    Later,
    Refused,
    Request,
    Taken,
    Unclear,
)
from collector.conversions.destination import Destination, SecretReference, read_secret
from collector.conversions.platform import Platform
from collector.conversions.platforms.fields import Name
from collector.conversions.platforms.normalize import as_sent, email, hashed, phone_e164
from collector.conversions.platforms.wire import (
    JSON_HEADERS,
    decode_object,
    encode_json,
    is_away,
    known,
    not_later,
    number_in,
    retry_after,
    short,
    text_in,
)

HOST = "https://business-api.tiktok.com"
PATH = "/open_api/v1.3/event/track/"

# Codes of its answers. That 40105 is a wrong token is only inferred.
OK, PARTLY, NO_PERMISSION, BAD_PARAMETER, WRONG_TOKEN = 0, 20001, 40001, 40002, 40105
PLACE = re.compile(r"Batch\.(\d{1,9})\.")
ADVICE = {
    NO_PERMISSION: "make the access token in Events Manager, at the pixel of pixel_code",
    WRONG_TOKEN: "make a new access token in Events Manager",
}


class TikTokDestination(Destination):
    """A pixel of TikTok's."""

    # Its names since 2025. The tracker knows no pixel of TikTok's: one that the page loads itself
    # must say the same names and ids.
    default_events: ClassVar[dict[str, str]] = {
        "form_submit": "Lead",
        "checkout_start": "InitiateCheckout",
        "signup": "CompleteRegistration",
        "purchase": "Purchase",
    }

    platform: Literal["tiktok"]
    events: dict[str, Name] = Field(default_factory=dict)
    pixel_code: Annotated[str, Field(pattern="^[A-Z0-9]{10,40}$")]
    access_token: SecretReference
    test_event_code: Annotated[str, Field(min_length=1, max_length=50)] | None = None
    limited_data_use: bool = False

    def open(self) -> TikTok:
        """Raises DestinationError where the token is not to be had."""
        return TikTok(self, read_secret(self.access_token))


class TikTok(Platform):
    """Sends to a pixel."""

    most_conversions = 1000
    # That it is seven days for the web too is not confirmed.
    max_age = timedelta(days=7) - timedelta(minutes=10)

    def __init__(self, destination: TikTokDestination, token: SecretStr) -> None:
        self._destination = destination
        self._token = token

    def fault_of(self, conversion: Conversion) -> str | None:
        """An event that nobody could be known by."""
        if not user(conversion).keys() - {"user_agent"}:
            return "nothing in it that TikTok could know a person by"
        return None

    async def authorize(self) -> Mapping[str, str]:
        """The token, in a header of TikTok's own."""
        return {"Access-Token": self._token.get_secret_value()}

    def request(
        self, conversions: Sequence[Conversion], headers: Mapping[str, str], now: datetime
    ) -> Request:
        """All in one list."""
        destination = self._destination
        body = known(
            event_source="web",
            event_source_id=destination.pixel_code,
            test_event_code=destination.test_event_code,
            data=[self._event(conversion, now) for conversion in conversions],
        )
        url = (destination.test_base or HOST) + PATH
        return Request(url, {**JSON_HEADERS, **headers}, encode_json(body))

    def read(self, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
        """By the code in the body. Codes that we do not know are waited for, not refused."""
        answer = decode_object(body)
        if is_away(status) or answer is None:
            return Later(f"HTTP {status}", retry_after(headers))
        code, message = number_in(answer, "code"), str(answer.get("message", ""))
        reason = f"code {code}: {short(message)} (request_id {text_in(answer, 'request_id')})"
        if code == OK:
            return Taken(text_in(answer, "request_id"))
        if code in ADVICE:
            return Broken(reason, ADVICE[code])
        # Of those that were taken in part it knows what it has: by event and event_id.
        if code not in (PARTLY, BAD_PARAMETER):
            return Later(reason, retry_after(headers))
        places = {int(place): short(message) for place in PLACE.findall(message)}
        return Refused(places) if places else Unclear(reason)

    def _event(self, conversion: Conversion, now: datetime) -> dict[str, Any]:
        return known(
            event=conversion.name,
            event_time=int(not_later(conversion.happened_at, now).timestamp()),
            event_id=str(conversion.event_id),
            user=user(conversion),
            page=known(url=conversion.page_url, referrer=conversion.referrer),
            properties=known(
                value=conversion.value,
                currency=None if conversion.value is None else conversion.currency,
                order_id=conversion.order,
            ),
            limited_data_use=True if self._destination.limited_data_use else None,
        )


def user(conversion: Conversion) -> dict[str, Any]:
    """What TikTok may know the person by."""
    sent = conversion.user_data
    hashes = {
        "email": hashed(sent.get("email"), email),
        "phone": hashed(sent.get("phone"), phone_e164),
        "external_id": hashed(conversion.user_id, as_sent),
    }
    return known(
        **{name: [value] for name, value in hashes.items() if value},
        ttclid=conversion.click_ids.get("ttclid"),
        ip=conversion.ip_address,
        user_agent=conversion.user_agent,
    )
