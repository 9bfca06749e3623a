"""The types of the contract's fields: what each accepts, and what becomes of the rest.

A field takes the JSON that pydantic finds to be of its native type as it is: nearly all that
trackers send. Everything else goes to the field's parser, which takes more forms, and raises
Fault for what is wrong. Identifiers, money and currency are refused when they do not fit.
Every other text is cut to its column, and its name added to the list that is the
validation's context (docs/data.md).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from types import NoneType
from typing import Any, TypeAlias, get_args
from uuid import UUID

import msgspec
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core import core_schema as core

from collector.contract.wire import WireNumber
from collector.event import FunnelStage

MAX_MONEY = Decimal("99999999.99")  # NUMERIC(10,2)
CENT = Decimal("0.01")
# 400 digits are more than any amount has, and few enough to be parsed at once.
DECIMAL = re.compile(r"[+-]?[0-9]{1,400}(?:\.[0-9]{1,400})?(?:[eE][+-]?[0-9]{1,4})?")
EPOCH_MILLISECONDS = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,9})?")
MAX_EPOCH_MILLISECONDS = 10**14  # the year 5138
UUID_LENGTH = 36
UUID_PATTERN = r"^(?:[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32})?$"
CURRENCY = re.compile(r"[A-Za-z]{3}")
# A text of more than whitespace, which Python counts U+001C to U+001F to, and Rust does not.
NOT_EMPTY = r"[^\s\x1c-\x1f]"

MAX_CLICK_IDS = 32
MAX_CLICK_ID_NAME = 50
MAX_CLICK_ID = 1024
MAX_SEQUENCE = 2**31 - 1  # INTEGER

TEXT_OR_NUMBER = ("string", "number")

# A field's JSON value to what is stored. Only that of a required field is given null.
Parser: TypeAlias = Callable[[Any], Any]
# The same for what may be cut; the context of the validation is the list of what was.
Info: TypeAlias = ValidationInfo[Any]
CuttingParser: TypeAlias = Callable[[Any, Info], Any]


class DigitsNeeded(Exception):
    """A field asks for the digits of a number that was read without them (wire.with_digits)."""


class Fault(PydanticCustomError):
    """What is wrong with a field, as the answer says it."""

    def __new__(cls, message: str) -> Fault:
        """An error of validation, of a type of our own."""
        return super().__new__(cls, "fault", message)


@dataclass(frozen=True, slots=True)
class FieldType:
    """What a field accepts: the metadata of its annotation."""

    parse: Parser | CuttingParser
    takes: Mapping[str, Any]  # JSON schema of all that is accepted, but for null
    native: CoreSchema | None = None  # what needs no parser
    plain: CoreSchema | None = None  # the same in plain JSON, where every number is finite
    cuts: bool = False  # the parser is a CuttingParser

    def __get_pydantic_core_schema__(
        self, source: object, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """How pydantic validates the field; where its type has None, null is none."""
        schema = self.parsed()
        if self.native is not None:
            schema = core.union_schema([self.native, schema], mode="left_to_right")
        return core.nullable_schema(schema) if takes_none(source) else schema

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """What the field accepts, for readers of the contract."""
        if schema["type"] != "nullable":
            return dict(self.takes)
        kinds = self.takes["type"]
        return {**self.takes, "type": [*([kinds] if isinstance(kinds, str) else kinds), "null"]}

    def parsed(self) -> CoreSchema:
        """What takes all that is not of the native type."""
        parse: Any = self.parse
        if self.cuts:
            return core.with_info_plain_validator_function(parse)
        return core.no_info_plain_validator_function(parse)


NO_TEXT = "must be a text"
NO_TIME = "must be an ISO 8601 time or epoch milliseconds"
MISSING = "must be there"


def takes_none(source: object) -> bool:
    """Whether None is among the values of a field's type."""
    return NoneType in get_args(source)


def as_text(value: object) -> str | None:
    """A number as text, an empty text as none. Trackers send GA's ids as numbers.

    Raises Fault where it is neither, and DigitsNeeded where it would be one.
    """
    if isinstance(value, str):
        return value or None
    if isinstance(value, WireNumber):
        return value.digits
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        raise DigitsNeeded
    raise Fault(NO_TEXT)


def native_text(length: int | None = None, pattern: str | None = None) -> CoreSchema:
    """A text that fits its column."""
    return core.str_schema(strict=True, min_length=1, max_length=length, pattern=pattern)


def text(length: int) -> FieldType:
    """An optional text, cut to its column."""

    def parse_text(value: Any, info: Info) -> str | None:
        content = as_text(value)
        if content is None or len(content) <= length:
            return content
        info.context.append(info.field_name)
        return content[:length]

    return FieldType(parse_text, {"type": TEXT_OR_NUMBER}, native_text(length), cuts=True)


def identifier(length: int) -> FieldType:
    """An optional identifier. One that is too long is refused, since half of it names another."""

    def parse_identifier(value: Any) -> str | None:
        content = as_text(value)
        refuse_over(length, content or "")
        return content

    takes = {"type": TEXT_OR_NUMBER, "maxLength": length}
    return FieldType(parse_identifier, takes, native_text(length))


def required_text(length: int) -> FieldType:
    """A text that must be one, not empty, and fit."""

    def parse_required(value: Any) -> str:
        """Raises Fault where it is missing, no text, empty or too long."""
        refuse_missing(value)
        if not isinstance(value, str):
            raise Fault(NO_TEXT)
        if not value or value.isspace():
            raise Fault("must not be empty")
        refuse_over(length, value)
        return value

    takes = {"type": "string", "maxLength": length, "pattern": NOT_EMPTY}
    return FieldType(parse_required, takes, native_text(length, NOT_EMPTY))


def refuse_missing(value: object) -> None:
    """Refuse null in a field that must be there. Raises Fault."""
    if value is None:
        raise Fault(MISSING)


def refuse_over(length: int, value: str) -> None:
    """Refuse a text that is longer than its column. Raises Fault."""
    if len(value) > length:
        raise Fault(f"is {len(value)} characters long; at most {length} are allowed")


def parse_money(value: Any) -> Decimal:
    """An amount, as number or text, rounded half up to cents.

    Raises Fault where it is not a plain finite number, negative, or over NUMERIC(10,2).
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
    """A number or a text as text, empty or not. Raises Fault, with these words."""
    try:
        return as_text(value) or ""
    except Fault:
        raise Fault(fault) from None


def parse_currency(value: Any) -> str | None:
    """Three letters, in capitals. Raises Fault where it is none."""
    if value == "":
        return None
    if not isinstance(value, str) or not CURRENCY.fullmatch(value):
        raise Fault("must be the three letters of a currency, such as USD")
    return value.upper()


def parse_time(value: Any) -> datetime | None:
    """ISO 8601 (UTC where it names no zone) or epoch milliseconds, as number or text.

    Raises Fault where it is neither, or beyond the years of the calendar.
    """
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
    """The time.

    Raises ValueError, OverflowError or OSError beyond the years of the calendar.
    """
    return datetime.fromtimestamp(epoch_milliseconds / 1000, UTC)


def parse_event_id(value: Any) -> UUID | None:
    """A UUID, in either case, with its hyphens or without. Raises Fault where it is none."""
    if value == "":
        return None
    uuid = uuid_of(value)
    if uuid is None:
        raise Fault("must be a UUID such as 018f4d3e-7c1a-7b2e-9a51-2f3c4d5e6f70")
    return uuid


def parse_uuid(value: str) -> UUID | None:
    """The UUID that a text is, in its usual form of 36 characters; otherwise None."""
    return uuid_of(value) if len(value) == UUID_LENGTH else None


def uuid_of(value: object) -> UUID | None:
    """The UUID that a JSON value is, with its hyphens or without; otherwise None."""
    try:
        return msgspec.convert(value, UUID)
    except (msgspec.ValidationError, UnicodeEncodeError):  # the latter: a lone surrogate
        return None


def parse_sequence(value: Any) -> int:
    """The place of an event in its session. Raises Fault where it is none."""
    if type(value) is not int or not 1 <= value <= MAX_SEQUENCE:
        raise Fault("must be a whole number from 1")
    return value


def parse_object(value: Any) -> dict[str, Any]:
    """A JSON object. What is in it is the site's own affair, but must be storable.

    Raises Fault where it is none, or holds what JSON in Postgres cannot.
    """
    if type(value) is not dict:
        raise Fault("must be a JSON object")
    if holds_infinite(value.values()):
        raise Fault("holds a number that is not finite")
    return value


def holds_infinite(items: Iterable[Any]) -> bool:
    """Whether NaN, Infinity or a number such as 1e400 is in them. Their depth is bounded."""
    for item in items:
        kind = type(item)
        if kind is str or kind is int:  # what most of it is
            continue
        if isinstance(item, float) and not math.isfinite(item):
            return True
        if kind is dict and holds_infinite(item.values()):
            return True
        if kind is list and holds_infinite(item):
            return True
    return False


def parse_click_ids(value: Any, info: Info) -> dict[str, str]:
    """An object of click id parameter to value; a value that is too long is cut.

    Raises Fault where it is none, has too many, or one of another form.
    """
    if not isinstance(value, dict) or len(value) > MAX_CLICK_IDS:
        raise Fault(f"must be an object of at most {MAX_CLICK_IDS} click ids")
    click_ids = {
        param: parse_click_id(param, click_id)
        for param, click_id in value.items()
        if click_id is not None and click_id != ""
    }
    long = [param for param, click_id in click_ids.items() if len(click_id) > MAX_CLICK_ID]
    info.context.extend(f"{info.field_name}.{param}" for param in long)
    return {param: click_id[:MAX_CLICK_ID] for param, click_id in click_ids.items()}


def parse_click_id(param: str, value: object) -> str:
    """One click id, of any length. Raises Fault where it is none."""
    fault = "must have texts as names and values"
    click_id = digits_of(value, fault)
    if not 0 < len(param) <= MAX_CLICK_ID_NAME:
        raise Fault(fault)
    return click_id


def parse_stage(value: Any) -> FunnelStage:
    """One of the eight stages of the funnel, by its name. Raises Fault where it is none."""
    refuse_missing(value)
    try:
        return FunnelStage(value)
    except ValueError:
        raise Fault(f"must be one of {', '.join(FunnelStage)}") from None


LONG_TEXT = FieldType(as_text, {"type": TEXT_OR_NUMBER}, native_text())
MONEY = FieldType(
    parse_money,
    {
        "type": TEXT_OR_NUMBER,
        "minimum": 0,
        "exclusiveMaximum": 99999999.995,
        "pattern": rf"^\s*{DECIMAL.pattern}\s*$",
    },
)
CURRENCY_CODE = FieldType(
    parse_currency,
    {"type": "string", "maxLength": 3, "pattern": rf"^(?:{CURRENCY.pattern})?$"},
    native_text(pattern="^[A-Z]{3}$"),
)
TIME = FieldType(
    parse_time,
    {"type": TEXT_OR_NUMBER, "minimum": -62135596800000, "exclusiveMaximum": 253402300800000},
    core.no_info_after_validator_function(
        time_of, core.int_schema(strict=True, ge=0, lt=MAX_EPOCH_MILLISECONDS)
    ),
)
EVENT_ID = FieldType(
    parse_event_id,
    {"type": "string", "pattern": UUID_PATTERN},
    core.chain_schema(
        [
            core.str_schema(strict=True, min_length=UUID_LENGTH, max_length=UUID_LENGTH),
            core.uuid_schema(),
        ]
    ),
)
SEQUENCE = FieldType(
    parse_sequence,
    {"type": "integer", "minimum": 1, "maximum": MAX_SEQUENCE},
    core.int_schema(strict=True, ge=1, le=MAX_SEQUENCE),
)
OBJECT = FieldType(parse_object, {"type": "object"}, plain=core.is_instance_schema(dict))
CLICK_IDS = FieldType(
    parse_click_ids,
    {
        "type": "object",
        "maxProperties": MAX_CLICK_IDS,
        "patternProperties": {
            rf"^[\s\S]{{1,{MAX_CLICK_ID_NAME}}}$": {"type": [*TEXT_OR_NUMBER, "null"]}
        },
        "additionalProperties": {"enum": ["", None]},  # which is none
    },
    core.dict_schema(
        native_text(MAX_CLICK_ID_NAME),
        native_text(MAX_CLICK_ID),
        max_length=MAX_CLICK_IDS,
        strict=True,
    ),
    cuts=True,
)
STAGE = FieldType(parse_stage, {"type": "string", "enum": list(FunnelStage)})
