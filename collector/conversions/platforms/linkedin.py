"""LinkedIn's Conversions API: a rule for each kind of conversion, made for this API.

https://learn.microsoft.com/linkedin/marketing/integrations/ads-reporting/conversions-api
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

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
from collector.conversions.platforms.fields import Digits
from collector.conversions.platforms.normalize import HASH, country, email, hashed
from collector.conversions.platforms.wire import (
    JSON_HEADERS,
    decode_object,
    encode_json,
    is_away,
    known,
    list_in,
    not_later,
    number_in,
    retry_after,
    short,
)

HOST = "https://api.linkedin.com"
PATH = "/rest/conversionEvents"

# LinkedIn answers a version for about a year (202511 until November 16, 2026).
OLD_MONTHS = 10
LIFE_MONTHS = 12
CURRENCY = re.compile(r"[A-Z]{3}")

UNAUTHORIZED, FORBIDDEN, UPGRADE_REQUIRED = 401, 403, 426
# 422 is a list of faults, 400 one for some places.
FAULT = re.compile(r"Index: (\d{1,9}), ERROR :: (.*?)(?=Index: \d+, ERROR :: |\Z)", re.DOTALL)
PLACES = re.compile(r"indices \[([\d, ]+)\]")
# A rule that the Insight Tag counts for. Nothing is wrong with the events.
WRONG_RULE = "method should be CONVERSIONS_API"
# What LinkedIn says of a rule that it does not know, as of one that the token may not use.
NO_RULE = "No ad accounts found"

ADVICE = {
    UNAUTHORIZED: "make a new access token with the scope rw_conversions",
    FORBIDDEN: "the token needs the scope rw_conversions, and its member a role in the ad account",
    UPGRADE_REQUIRED: "LinkedIn no longer answers this version: raise api_version",
}


class LinkedInDestination(Destination):
    """Conversion rules of LinkedIn's, by the type of event that each counts."""

    platform: Literal["linkedin"]
    events: Annotated[dict[str, Digits], Field(min_length=1)]
    access_token: SecretReference
    api_version: Annotated[str, Field(pattern="^20[0-9]{2}(0[1-9]|1[0-2])$")] = "202603"

    def open(self) -> LinkedIn:
        """Raises DestinationError where the token is not to be had."""
        return LinkedIn(self, read_secret(self.access_token))


class LinkedIn(Platform):
    """Sends to conversion rules."""

    most_conversions = 5000
    max_age = timedelta(days=90) - timedelta(minutes=10)

    def __init__(self, destination: LinkedInDestination, token: SecretStr) -> None:
        self._destination = destination
        self._token = token

    def fault_of(self, conversion: Conversion) -> str | None:
        """LinkedIn takes an unknown currency, and counts it: so it is looked at here."""
        if conversion.value is not None and not CURRENCY.fullmatch(conversion.currency):
            return "the currency is not of three letters"
        person = user(conversion)
        if not person["userIds"] and "userInfo" not in person:
            return "neither an e-mail address nor li_fat_id, nor a first and last name"
        return None

    async def authorize(self) -> Mapping[str, str]:
        """The token."""
        return {"Authorization": f"Bearer {self._token.get_secret_value()}"}

    def request(
        self, conversions: Sequence[Conversion], headers: Mapping[str, str], now: datetime
    ) -> Request:
        """A batch, be it of one."""
        elements = [element(conversion, now) for conversion in conversions]
        restli = {
            "LinkedIn-Version": self._destination.api_version,
            "X-Restli-Protocol-Version": "2.0.0",
            "X-RestLi-Method": "BATCH_CREATE",
        }
        url = (self._destination.test_base or HOST) + PATH
        body = encode_json({"elements": elements})
        return Request(url, {**JSON_HEADERS, **restli, **headers}, body)

    def read(self, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
        """By its status; which of them are wrong stands in the text alone."""
        answer = decode_object(body)
        if is_away(status):
            return Later(f"HTTP {status}", retry_after(headers))
        if status // 100 == 2:  # noqa: PLR2004  # 2xx
            return read_elements(list_in(answer or {}, "elements"))
        message = str((answer or {}).get("message", ""))
        reason = f"HTTP {status}: {short(message)}"
        if status in ADVICE:
            return Broken(reason, advice_of(status, message))
        if WRONG_RULE in message:
            return Broken(reason, "give events the ids of rules whose method is CONVERSIONS_API")
        places = {int(n): short(text) for n, text in FAULT.findall(message)} | {
            int(n): short(message)
            for n in re.findall(r"\d{1,9}", " ".join(PLACES.findall(message)))
        }
        return Refused(places) if places else Unclear(reason)

    def version_warning(self, now: datetime) -> str | None:
        """From ten months on: a version is answered for about twelve."""
        version = self._destination.api_version
        months = (now.year - int(version[:4])) * 12 + now.month - int(version[4:])
        if months < OLD_MONTHS:
            return None
        return (
            f"LinkedIn's version {version} is {months} months old, and is answered for about "
            f"{LIFE_MONTHS}: raise api_version"
        )


def element(conversion: Conversion, now: datetime) -> dict[str, Any]:
    """A conversion as LinkedIn wants it; a field that it does not know fails the whole batch."""
    happened_at = not_later(conversion.happened_at, now)
    return known(
        conversion=f"urn:lla:llaPartnerConversion:{conversion.name}",
        conversionHappenedAt=int(happened_at.timestamp() * 1000),
        conversionValue=value_of(conversion),
        eventId=str(conversion.event_id),
        user=user(conversion),
    )


def value_of(conversion: Conversion) -> dict[str, str]:
    """The amount is text there."""
    if conversion.value is None:
        return {}
    return {"currencyCode": conversion.currency, "amount": format(conversion.value, "f")}


def user(conversion: Conversion) -> dict[str, Any]:
    """`userIds` must be there, even empty. Names go in clear, and only both together."""
    sent = conversion.user_data
    ids = {
        "SHA256_EMAIL": hashed(sent.get("email"), email),
        "LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID": conversion.click_ids.get("li_fat_id"),
    }
    first, last = clear(sent.get("first_name")), clear(sent.get("last_name"))
    where = country(sent.get("country", ""))
    info = known(firstName=first, lastName=last, countryCode=where.upper() if where else None)
    return {
        "userIds": [{"idType": kind, "idValue": value} for kind, value in ids.items() if value],
        **({"userInfo": info} if first and last else {}),
    }


def clear(name: str | None) -> str | None:
    """A name; None where there is none, or only its hash, which means nothing to LinkedIn."""
    trimmed = (name or "").strip()
    return None if HASH.fullmatch(trimmed.lower()) else trimmed or None


def read_elements(elements: Sequence[Any]) -> Answer:
    """Each element has a status of its own. That one may fail alone is not written anywhere."""
    statuses = [number_in(one, "status") if isinstance(one, dict) else None for one in elements]
    wrong = {
        place: f"HTTP {status}: {short(elements[place])}"
        for place, status in enumerate(statuses)
        if status is not None and status // 100 != 2  # noqa: PLR2004  # 2xx
    }
    if any(status is not None and is_away(status) for status in statuses):
        # To send those again that were taken is harmless: LinkedIn knows them by eventId.
        return Later("some of the elements failed: " + next(iter(wrong.values())))
    return Refused(wrong, others_taken=True) if wrong else Taken()


def advice_of(status: int, message: str) -> str:
    """What to do about it."""
    if NO_RULE in message:
        return "look at the rules' ids in events: one is unknown, or the token may not use it"
    return ADVICE[status]
