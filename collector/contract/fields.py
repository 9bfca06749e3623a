"""The types of the contract's fields: what each accepts, and what becomes of the rest.

A parser takes a field's JSON value, which is not null, and gives what is stored, or raises
Fault. Identifiers, money and currency are refused when they do not fit. Every other text is
cut to its column, and its name added to `cut` (design: What is stored).

Beside its parser each field says which JSON needs none, as a type that msgspec checks while
it reads (plain_payload.py): nearly all that trackers send.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from types import GenericAlias
from typing import Annotated, Any, NamedTuple, TypeAlias
from uuid import UUID

from msgspec import Meta, Raw

from collector.contract.wire import CONTAINERS, WireNumber
from collector.event import FunnelStage

MAX_MONEY = Decimal("99999999.99")  # NUMERIC(10,2)
CENT = Decimal("0.01")
# 400 digits are more than any amount has, and few enough to be parsed at once.
DECIMAL = re.compile(r"[+-]?[0-9]{1,400}(?:\.[0-9]{1,400})?(?:[eE][+-]?[0-9]{1,4})?")
EPOCH_MILLISECONDS = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,9})?")
MAX_EPOCH_MILLISECONDS = 10**14  # the year 5138
UUID_FORM = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
BARE_UUID_FORM = re.compile(r"[0-9a-fA-F]{32}")
CURRENCY = re.compile(r"[A-Za-z]{3}")

MAX_CLICK_IDS = 32
MAX_CLICK_ID_NAME = 50
MAX_CLICK_ID = 1024
MAX_SEQUENCE = 2**31 - 1  # INTEGER

# Objects and lists within an object field that need no look of ours; deeper ones get it.
PLAIN_LEVELS = 3

# A field's value, its name, and the list of the fields that were cut.
Parser: TypeAlias = Callable[[Any, str, list[str]], Any]


class Field(NamedTuple):
    """A field of the contract: its parser, and the type of the JSON that needs none.

    What msgspec reads as the plain type is what the parser would give, or what
    plain_payload.py makes that of; the parser takes more.
    """

    parse: Parser
    plain: Any


class Fault(Exception):
    """What is wrong with a field, as the answer says it."""


NO_TEXT = "must be a text"
NO_TIME = "must be an ISO 8601 time or epoch milliseconds"


def as_text(value: object) -> str | None:
    """A number as text, an empty text as none. Trackers send GA's ids as numbers."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, WireNumber):
        return value.digits
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Fault(NO_TEXT)


def plain_text(length: int | None = None) -> Any:
    """A text that fits its column."""
    return Annotated[str, Meta(min_length=1, max_length=length)]


def text(length: int) -> Field:
    """An optional text, cut to its column."""

    def parse_text(value: Any, name: str, cut: list[str]) -> str | None:
        if type(value) is str and 0 < len(value) <= length:  # nearly always
            return value
        content = as_text(value)
        if content is None or len(content) <= length:
            return content
        cut.append(name)
        return content[:length]

    return Field(parse_text, plain_text(length))


def parse_long_text(value: Any, _name: str, _cut: list[str]) -> str | None:
    """A text whose column has no limit of its own: the body's is enough."""
    return as_text(value)


def identifier(length: int) -> Field:
    """An optional identifier. One that is too long is refused, since half of it names another."""

    def parse_identifier(value: Any, _name: str, _cut: list[str]) -> str | None:
        content = as_text(value)
        refuse_over(length, content or "")
        return content

    return Field(parse_identifier, plain_text(length))


def required_text(length: int) -> Field:
    """A text that must be one, not empty, and fit."""

    def parse_required(value: Any, _name: str, _cut: list[str]) -> str:
        if not isinstance(value, str):
            raise Fault(NO_TEXT)
        if not value or value.isspace():
            raise Fault("must not be empty")
        refuse_over(length, value)
        return value

    return Field(parse_required, plain_text(length))


def refuse_over(length: int, value: str) -> None:
    """Refuse a text that is longer than its column."""
    if len(value) > length:
        raise Fault(f"is {len(value)} characters long; at most {length} are allowed")


def parse_money(value: Any, _name: str, _cut: list[str]) -> Decimal:
    """An amount, as number or text, rounded half up to cents.

    Refused where it is not a plain finite number, negative, or over NUMERIC(10,2).
    """
    digits = digits_of(value, "must be an amount such as 29.99").strip()
    if not DECIMAL.fullmatch(digits):
        raise Fault("must be an amount such as 29.99")
    amount = Decimal(digits)
    if amount < 0:
        raise Fault("must not be negative")
    if amount > MAX_MONEY + 1:  # before rounding, which fails on very large exponents
        raise Fault(f"must not be over {MAX_MONEY}")
    cents = amount.quantize(CENT, ROUND_HALF_UP).copy_abs()  # -0 is 0
    if cents > MAX_MONEY:
        raise Fault(f"must not be over {MAX_MONEY}")
    return cents


def digits_of(value: object, fault: str) -> str:
    """A number or a text as text, empty or not."""
    try:
        return as_text(value) or ""
    except Fault:
        raise Fault(fault) from None


def parse_currency(value: Any, _name: str, _cut: list[str]) -> str | None:
    """Three letters, in capitals."""
    if value == "":
        return None
    if not isinstance(value, str) or not CURRENCY.fullmatch(value):
        raise Fault("must be the three letters of a currency, such as USD")
    return value.upper()


def parse_time(value: Any, _name: str, _cut: list[str]) -> datetime | None:
    """ISO 8601 (UTC where it names no zone) or epoch milliseconds, as number or text."""
    if type(value) is int and 0 <= value < MAX_EPOCH_MILLISECONDS:  # what trackers send
        return time_of(value)
    digits = digits_of(value, NO_TIME)
    if not digits:
        return None
    try:
        if EPOCH_MILLISECONDS.fullmatch(digits):
            return time_of(float(digits))
        time = datetime.fromisoformat(digits)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise Fault(NO_TIME) from None


def time_of(epoch_milliseconds: float) -> datetime:
    """The time; beyond the years of the calendar it raises ValueError, OverflowError or OSError."""
    return datetime.fromtimestamp(epoch_milliseconds / 1000, UTC)


def parse_event_id(value: Any, _name: str, _cut: list[str]) -> UUID | None:
    """A UUID, in either case, with its hyphens or without."""
    if value == "":
        return None
    if isinstance(value, str) and BARE_UUID_FORM.fullmatch(value):
        return UUID(value)
    uuid = parse_uuid(value) if isinstance(value, str) else None
    if uuid is None:
        raise Fault("must be a UUID such as 018f4d3e-7c1a-7b2e-9a51-2f3c4d5e6f70")
    return uuid


def parse_uuid(value: str) -> UUID | None:
    """The UUID that a text is, in its usual form of 36 characters; otherwise None."""
    if not UUID_FORM.fullmatch(value):
        return None
    return UUID(int=int(value.replace("-", ""), 16))


def parse_sequence(value: Any, _name: str, _cut: list[str]) -> int:
    """A whole number from 1 that fits the column."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_SEQUENCE:
        raise Fault("must be a whole number from 1")
    return value


def parse_object_field(value: Any, _name: str, _cut: list[str]) -> dict[str, Any]:
    """A JSON object. What is in it is the site's own affair, but must be storable."""
    if not isinstance(value, dict):
        raise Fault("must be a JSON object")
    refuse_infinite(value)
    return value


def refuse_infinite(value: Any) -> None:
    """Refuse what JSON in Postgres cannot hold: NaN, Infinity and 1e400. Depth is bounded."""
    if isinstance(value, float) and not math.isfinite(value):
        raise Fault("holds a number that is not finite")
    if isinstance(value, CONTAINERS):
        for item in value.values() if isinstance(value, dict) else value:
            if not isinstance(item, str):  # what most of it is
                refuse_infinite(item)


def parse_click_ids(value: Any, name: str, cut: list[str]) -> dict[str, str]:
    """An object of click id parameter to value; a value that is too long is cut."""
    if not isinstance(value, dict) or len(value) > MAX_CLICK_IDS:
        raise Fault(f"must be an object of at most {MAX_CLICK_IDS} click ids")
    return {
        param: parse_click_id(param, click_id, f"{name}.{param}", cut)
        for param, click_id in value.items()
        if click_id is not None and click_id != ""
    }


def parse_click_id(param: str, value: object, name: str, cut: list[str]) -> str:
    """One click id."""
    fault = "must have texts as names and values"
    click_id = digits_of(value, fault)
    if not 0 < len(param) <= MAX_CLICK_ID_NAME:
        raise Fault(fault)
    if len(click_id) > MAX_CLICK_ID:
        cut.append(name)
    return click_id[:MAX_CLICK_ID]


def parse_stage(value: Any, _name: str, _cut: list[str]) -> FunnelStage:
    """One of the eight stages of the funnel, by its name."""
    try:
        return FunnelStage(value)
    except ValueError:
        raise Fault(f"must be one of {', '.join(FunnelStage)}") from None


def plain_json(levels: int) -> Any:
    """JSON nested so many levels deep; msgspec takes no number that is not finite."""
    scalar: Any = str | int | float | bool | None
    if levels == 0:
        return scalar
    inner = plain_json(levels - 1)
    return scalar | GenericAlias(dict, (str, inner)) | GenericAlias(list, inner)


LONG_TEXT = Field(parse_long_text, plain_text())
# Read as the text that it is in the JSON, so that no float comes between.
MONEY = Field(parse_money, Raw)
CURRENCY_CODE = Field(parse_currency, Annotated[str, Meta(pattern=r"\A[A-Z]{3}\Z")])
# Read as a whole number, which time_of makes a time of.
TIME = Field(parse_time, Annotated[int, Meta(ge=0, lt=MAX_EPOCH_MILLISECONDS)])
EVENT_ID = Field(parse_event_id, UUID)
SEQUENCE = Field(parse_sequence, Annotated[int, Meta(ge=1, le=MAX_SEQUENCE)])
OBJECT = Field(parse_object_field, GenericAlias(dict, (str, plain_json(PLAIN_LEVELS))))
CLICK_IDS = Field(
    parse_click_ids,
    Annotated[
        GenericAlias(dict, (plain_text(MAX_CLICK_ID_NAME), plain_text(MAX_CLICK_ID))),
        Meta(max_length=MAX_CLICK_IDS),
    ],
)
STAGE = Field(parse_stage, FunnelStage)
