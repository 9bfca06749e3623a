"""The types of the contract's fields: what each accepts, and what becomes of the rest.

Identifiers, money and currency are refused when they do not fit. Every other text
is cut to its column, and its name is added to the list in the validation context
under `cut` (design: What is stored).
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, ValidationInfo
from pydantic_core import PydanticCustomError

from collector.wire import WireNumber

MAX_MONEY = Decimal("99999999.99")  # NUMERIC(10,2)
CENT = Decimal("0.01")
# 400 digits are more than any amount has, and few enough to be parsed at once.
DECIMAL = re.compile(r"[+-]?[0-9]{1,400}(?:\.[0-9]{1,400})?(?:[eE][+-]?[0-9]{1,4})?")

MAX_CLICK_IDS = 32
MAX_CLICK_ID_NAME = 50
MAX_CLICK_ID = 1024
MAX_SEQUENCE = 2**31 - 1  # INTEGER


def fault(message: str) -> PydanticCustomError:
    """What is wrong with a field, as the answer says it."""
    return PydanticCustomError("contract", "{message}", {"message": message})


def as_text(value: object) -> object:
    """A number as text, an empty text as none. Trackers send GA's ids as numbers."""
    if isinstance(value, WireNumber):
        return value.digits
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value or None if isinstance(value, str) else value


def note_cut(info: ValidationInfo, name: str) -> None:
    """Remember that a field was cut, where the caller asked for it."""
    if info.context is not None:
        info.context["cut"].append(name)


def cut_to(length: int) -> AfterValidator:
    """Cut a text to its column's length, in characters, and note the field's name."""

    def cut(value: str | None, info: ValidationInfo) -> str | None:
        if value is None or len(value) <= length:
            return value
        note_cut(info, str(info.field_name))
        return value[:length]

    return AfterValidator(cut)


def refuse_over(length: int) -> AfterValidator:
    """Refuse a text that is longer than its column."""

    def check(value: str | None) -> str | None:
        if value is not None and len(value) > length:
            raise fault(f"is {len(value)} characters long; at most {length} are allowed")
        return value

    return AfterValidator(check)


def refuse_empty(value: str) -> str:
    """Refuse a text of nothing but white space."""
    if not value.strip():
        raise fault("must not be empty")
    return value


def parse_money(value: object) -> Decimal | None:
    """An amount, as number or text, rounded half up to cents.

    Raises where it is not a plain finite number, negative, or over NUMERIC(10,2).
    """
    if value is None:
        return None
    digits = as_text(value)
    if not isinstance(digits, str) or not DECIMAL.fullmatch(digits.strip()):
        raise fault("must be an amount such as 29.99")
    amount = Decimal(digits.strip())
    if amount < 0:
        raise fault("must not be negative")
    if amount > MAX_MONEY + 1:  # before rounding, which fails on very large exponents
        raise fault(f"must not be over {MAX_MONEY}")
    cents = amount.quantize(CENT, ROUND_HALF_UP).copy_abs()  # -0 is 0
    if cents > MAX_MONEY:
        raise fault(f"must not be over {MAX_MONEY}")
    return cents


def parse_currency(value: object) -> str | None:
    """Three letters, in capitals."""
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z]{3}", value):
        raise fault("must be the three letters of a currency, such as USD")
    return value.upper()


def parse_time(value: object) -> datetime | None:
    """ISO 8601 (UTC where it names no zone) or epoch milliseconds, as number or text."""
    if value is None or value == "":
        return None
    digits = as_text(value)
    if not isinstance(digits, str):
        raise fault("must be an ISO 8601 time or epoch milliseconds")
    try:
        if re.fullmatch(r"-?[0-9]{1,15}(?:\.[0-9]{1,9})?", digits):
            return datetime.fromtimestamp(float(digits) / 1000, UTC)
        time = datetime.fromisoformat(digits)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise fault("must be an ISO 8601 time or epoch milliseconds") from None


def parse_event_id(value: object) -> UUID | None:
    """A UUID in its usual form, in either case."""
    if value is None or value == "":
        return None
    uuid = parse_uuid(value) if isinstance(value, str) else None
    if uuid is None:
        raise fault("must be a UUID such as 018f4d3e-7c1a-7b2e-9a51-2f3c4d5e6f70")
    return uuid


def parse_uuid(value: str) -> UUID | None:
    """The UUID that a text is, in its usual form of 36 characters; otherwise None."""
    if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value):
        return None
    return UUID(value)


def parse_sequence(value: object) -> int | None:
    """A whole number from 1 that fits the column."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_SEQUENCE:
        raise fault("must be a whole number from 1")
    return value


def parse_object_field(value: object) -> dict[str, Any] | None:
    """A JSON object, or none. What is in it is the site's own affair, but must be storable."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise fault("must be a JSON object")
    refuse_infinite(value)
    return value


def refuse_infinite(value: Any) -> None:
    """Refuse what JSON in Postgres cannot hold: NaN, Infinity and 1e400. Depth is bounded."""
    if isinstance(value, float) and not math.isfinite(value):
        raise fault("holds a number that is not finite")
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            refuse_infinite(item)


def parse_click_ids(value: object, info: ValidationInfo) -> dict[str, str] | None:
    """An object of click id parameter to value; a value that is too long is cut."""
    if value is None:
        return None
    if not isinstance(value, dict) or len(value) > MAX_CLICK_IDS:
        raise fault(f"must be an object of at most {MAX_CLICK_IDS} click ids")
    ids = {name: as_text(click_id) for name, click_id in value.items()}
    return {name: parse_click_id(name, i, info) for name, i in ids.items() if i is not None}


def parse_click_id(name: str, click_id: object, info: ValidationInfo) -> str:
    """One click id."""
    if not isinstance(click_id, str) or not 0 < len(name) <= MAX_CLICK_ID_NAME:
        raise fault("must have texts as names and values")
    if len(click_id) > MAX_CLICK_ID:
        note_cut(info, f"click_ids.{name}")
    return click_id[:MAX_CLICK_ID]


# An optional text, cut to its column.
Text50 = Annotated[str | None, BeforeValidator(as_text), cut_to(50)]
Text100 = Annotated[str | None, BeforeValidator(as_text), cut_to(100)]
Text255 = Annotated[str | None, BeforeValidator(as_text), cut_to(255)]
Text500 = Annotated[str | None, BeforeValidator(as_text), cut_to(500)]
# A text whose column has no limit of its own: the body's is enough.
LongText = Annotated[str | None, BeforeValidator(as_text)]
# An optional identifier. One that is too long is refused, since half of it names another.
Id255 = Annotated[str | None, BeforeValidator(as_text), refuse_over(255)]
# A text that must be there, and fit.
Required100 = Annotated[str, AfterValidator(refuse_empty), refuse_over(100)]
Required255 = Annotated[str, AfterValidator(refuse_empty), refuse_over(255)]

Money = Annotated[Decimal | None, BeforeValidator(parse_money)]
Currency = Annotated[str | None, BeforeValidator(parse_currency)]
Time = Annotated[datetime | None, BeforeValidator(parse_time)]
EventId = Annotated[UUID | None, BeforeValidator(parse_event_id)]
Sequence = Annotated[int | None, BeforeValidator(parse_sequence)]
JsonObject = Annotated[dict[str, Any] | None, BeforeValidator(parse_object_field)]
ClickIds = Annotated[dict[str, str] | None, BeforeValidator(parse_click_ids)]
