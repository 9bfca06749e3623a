"""The types of the contract's fields: what each accepts, and what becomes of the rest.

A field takes the JSON that pydantic finds to be of its native type as it is: nearly all that
trackers send. Everything else goes to the field's parser, which takes more forms, and raises
Fault for what is wrong. Identifiers, money and currency are refused when they do not fit.
Every other text is cut to its column, and its name added to the list that is the
validation's context. A parser that takes what is meant for what was sent adds a Mark there
(docs/data.md).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import NoneType
from typing import Any, TypeAlias, get_args
from uuid import UUID

import msgspec
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema
from pydantic_core import core_schema as core

from collector.contract.forms import (
    NO_OBJECT,
    NO_TEXT,
    NONE_PATTERN,
    NULL,
    OBJECT_FORMS,
    TEXT_OR_NUMBER,
    WHOLE_NUMBER,
    DigitsNeeded,
    Fault,
    Info,
    as_object,
    as_text,
    digits_of,
    first_of,
    is_word_for_none,
    note,
    or_list,
    or_nothing,
    scalar_of,
    whole_number_of,
)
from collector.contract.placeholders import PATTERN, SURE_ID, is_placeholder
from collector.contract.times import time_of_count, time_of_milliseconds, time_of_text
from collector.contract.wire import WireNumber
from collector.event import FunnelStage, Mark

MAX_MONEY = 10**15
# A number in any notation. 400 digits are more than any has, and few enough to be parsed at once.
DECIMAL = re.compile(r"[+-]?[0-9]{1,400}(?:\.[0-9]{1,400})?(?:[eE][+-]?[0-9]{1,4})?")
# What is told from seconds and microseconds by its size, of the years 1973 to 5138.
MIN_EPOCH_MILLISECONDS, MAX_EPOCH_MILLISECONDS = 10**11, 10**14
UUID_LENGTH = 36
NO_EVENT_IDS = (UUID(int=0), UUID(int=2**128 - 1))  # the nil and the max UUID
# As libraries write them: bare, in braces, as a URN.
WRITTEN_UUID = re.compile(r"(?:urn:uuid:)?(\{)?([0-9a-f-]{32,36})(?(1)\})", re.IGNORECASE)
UUID_PATTERN = (
    r"(?:[Uu][Rr][Nn]:[Uu][Uu][Ii][Dd]:)?\{?"
    r"(?:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32})\}?"
)
CURRENCY = re.compile(r"[A-Za-z]{3}")
END = r"(?![\s\S])"  # `$` is also before a last newline, for some matchers
# A text of more than whitespace, which Python counts U+001C to U+001F to, and Rust does not.
NOT_EMPTY = r"[^\s\x1c-\x1f]"

MAX_CLICK_IDS = 32
MAX_CLICK_ID_NAME = 50
MAX_CLICK_ID = 1024
EXACT = 2**53  # floats below it are exact whole numbers
MAX_SEQUENCE = 2**31 - 1  # INTEGER

# A field's JSON value to what is stored. Only that of a required field is given null.
Parser: TypeAlias = Callable[[Any, Info], Any]


@dataclass(frozen=True, slots=True)
class FieldType:
    """What a field accepts: the metadata of its annotation."""

    parse: Parser
    takes: Mapping[str, Any]  # JSON schema of all that is accepted, but for null
    # What needs no parser. The parser must take it too: it alone says what is wrong.
    native: CoreSchema | None = None
    plain: CoreSchema | None = None  # the same in plain JSON, where every number is finite

    def __get_pydantic_core_schema__(
        self, source: object, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """How pydantic validates the field; where its type has None, null is none."""
        schema = self.parsed()
        if self.native is not None:
            schema = native_or_parsed(self.native, schema)
        return core.nullable_schema(schema) if takes_none(source) else schema

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """What the field accepts, for readers of the contract."""
        if schema["type"] != "nullable":
            return dict(self.takes)
        return {"anyOf": [dict(self.takes), {"type": "null"}]}

    def parsed(self) -> CoreSchema:
        """What takes all that is not of the native type."""
        return core.with_info_plain_validator_function(self.parse)


@dataclass(frozen=True, slots=True)
class ModelForms:
    """The metadata of a field whose type is a model: the other forms of an object."""

    native: bool = True  # what has the model's form needs no parser

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """The model; what is none is brought into its form first."""
        model = handler(source)
        other = core.with_info_plain_validator_function(as_object)
        parsed = core.chain_schema([other, model])
        return native_or_parsed(model, parsed) if self.native else parsed

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """What the field accepts, for readers of the contract."""
        model = schema["choices"][0]
        return {"anyOf": [handler(model), *OBJECT_FORMS]}


def native_or_parsed(native: CoreSchema, parsed: CoreSchema) -> CoreSchema:
    """What is of the native type, else what the parser makes of it."""
    return core.union_schema([native, parsed], mode="left_to_right")


NO_AMOUNT = "must be an amount such as 29.99"
NO_UUID = "must be a UUID such as 018f4d3e-7c1a-7b2e-9a51-2f3c4d5e6f70"
MISSING = "must be there"


def takes_none(source: object) -> bool:
    """Whether None is among the values of a field's type."""
    return NoneType in get_args(source)


def parse_long_text(value: Any, info: Info) -> str | None:
    """An optional text of any length."""
    scalar = scalar_of(value, info, any_of_list=True)
    return None if scalar is None else as_text(scalar)


def as_id(value: Any, info: Info) -> str | None:
    """An id as text; None where a placeholder stands for it. Raises Fault where it is none."""
    scalar = scalar_of(value, info)
    if scalar is None:
        return None
    if isinstance(scalar, float):
        if scalar.is_integer() and abs(scalar) < EXACT:
            scalar = int(scalar)  # Lua and others write 42 as 42.0
        elif math.isnan(scalar):
            scalar = ""
    content = as_text(scalar)
    if content is None or is_placeholder(content):
        note(info, Mark.PLACEHOLDER_ID)
        return None
    return content


def native_text(length: int | None = None, pattern: str | None = None) -> CoreSchema:
    """A text that fits its column."""
    return core.str_schema(strict=True, min_length=1, max_length=length, pattern=pattern)


def cut(content: str | None, length: int, info: Info) -> str | None:
    """A text as its column holds it; where that is less, its field is noted."""
    if content is None or len(content) <= length:
        return content
    info.context.append(info.field_name)
    return content[:length]


def text(length: int) -> FieldType:
    """An optional text, cut to its column."""

    def parse_text(value: Any, info: Info) -> str | None:
        return cut(parse_long_text(value, info), length, info)

    takes = {"type": TEXT_OR_NUMBER, "description": f"{length} characters are stored."}
    return FieldType(parse_text, or_nothing(takes), native_text(length))


def foreign_id(length: int) -> FieldType:
    """An optional id of another system, which nothing is found by; cut to its column."""

    def parse_foreign_id(value: Any, info: Info) -> str | None:
        return cut(as_id(value, info), length, info)

    takes = {"type": TEXT_OR_NUMBER, "description": f"An id; {length} characters are stored."}
    return FieldType(parse_foreign_id, or_nothing(takes), native_text(length, SURE_ID))


def identifier(length: int) -> FieldType:
    """An optional identifier. One that is too long is refused, since half of it names another."""

    def parse_identifier(value: Any, info: Info) -> str | None:
        content = as_id(value, info)
        refuse_over(length, content or "")
        return content

    takes = or_nothing({"type": TEXT_OR_NUMBER, "description": "An id.", "maxLength": length})
    return FieldType(parse_identifier, takes, native_text(length, SURE_ID))


def required_identifier(length: int) -> FieldType:
    """An identifier that must be there. A placeholder is the empty text: it is not known."""

    def parse_required_identifier(value: Any, info: Info) -> str:
        """Raises Fault where it is missing, no text or number, empty or too long."""
        content = as_text(sole_of(value, info)) or ""
        refuse_empty(content)
        refuse_over(length, content)
        return as_id(content, info) or ""

    takes = or_list({"type": TEXT_OR_NUMBER, "maxLength": length, "pattern": NOT_EMPTY})
    return FieldType(parse_required_identifier, takes, native_text(length, SURE_ID))


def required_text(length: int) -> FieldType:
    """A text that must be one, not empty, and fit."""

    def parse_required(value: Any, info: Info) -> str:
        """Raises Fault where it is missing, no text, empty or too long."""
        scalar = sole_of(value, info)
        if not isinstance(scalar, str):
            raise Fault(NO_TEXT)
        refuse_empty(scalar)
        refuse_over(length, scalar)
        return scalar

    takes = or_list({"type": "string", "maxLength": length, "pattern": NOT_EMPTY})
    return FieldType(parse_required, takes, native_text(length, NOT_EMPTY))


def sole_of(value: Any, info: Info) -> Any:
    """The value of a field that must be there. Raises Fault where it is missing."""
    sole = first_of(value, info, any_of_list=False) if type(value) is list else value
    if sole is None:
        raise Fault(MISSING)
    return sole


def refuse_empty(value: str) -> None:
    """Refuse a text of nothing but whitespace. Raises Fault."""
    if not value or value.isspace():
        raise Fault("must not be empty")


def refuse_over(length: int, value: str) -> None:
    """Refuse a text that is longer than its column. Raises Fault."""
    if len(value) > length:
        raise Fault(f"is {len(value)} characters long; at most {length} are allowed")


def parse_money(value: Any, info: Info) -> Decimal | None:
    """An amount in any form. Raises Fault where it is none, or as amount_of does."""
    scalar = scalar_of(value, info)
    if scalar is None or is_word_for_none(scalar, info):
        return None
    digits = digits_of(scalar, NO_AMOUNT).strip()
    return amount_of(digits) if digits else None


def amount_of_number(value: Any) -> Decimal:
    """The amount of a JSON number, which is how most come.

    Raises Fault where it is none, and DigitsNeeded as as_text does.
    """
    if type(value) is WireNumber:
        return amount_of(value.digits)
    if type(value) is int:
        return amount_of(str(value))
    if type(value) is float and math.isfinite(value):
        raise DigitsNeeded
    raise Fault(NO_AMOUNT)


def amount_of(digits: str) -> Decimal:
    """An amount with all the digits that were sent.

    Raises Fault where it is not a plain finite number, negative, or over MAX_MONEY.
    """
    if not DECIMAL.fullmatch(digits):
        raise Fault(NO_AMOUNT)
    amount = Decimal(digits)
    if amount < 0:
        raise Fault("must not be negative")
    if amount > MAX_MONEY:
        raise Fault(f"must not be over {MAX_MONEY}")
    return amount.copy_abs()  # -0 is 0


def parse_currency(value: Any, info: Info) -> str | None:
    """Three letters, in capitals. Raises Fault where it is none."""
    scalar = scalar_of(value, info)
    if scalar is None or is_word_for_none(scalar, info):
        return None
    code = scalar.strip(" ") if isinstance(scalar, str) else ""
    if not CURRENCY.fullmatch(code):
        raise Fault("must be the three letters of a currency, such as USD")
    return code.upper()


def parse_time(value: Any, info: Info) -> datetime | None:
    """A time as text (UTC where it names no zone), or a count since 1970, as number or text.

    One that cannot be read costs no event: it is none, and marked.
    """
    scalar = scalar_of(value, info)
    if scalar is None:
        return None
    try:
        return time_of(scalar)
    except (Fault, ValueError, OverflowError):
        note(info, Mark.TIME_UNREADABLE)
        return None


def time_of(value: object) -> datetime:
    """The time that a text or a number is; every notation of a number is the same time.

    Raises Fault, ValueError or OverflowError where it is none.
    """
    digits = digits_of(value, "must be a time").strip()
    return time_of_count(Decimal(digits)) if DECIMAL.fullmatch(digits) else time_of_text(digits)


def parse_event_id(value: Any, info: Info) -> UUID | None:
    """A UUID, in either case, with its hyphens or without, in braces or as a URN.

    The nil and the max UUID, and words, stand for none: all events would have the same.
    Raises Fault where it is no UUID.
    """
    scalar = scalar_of(value, info)
    if scalar is None:
        return None
    uuid = written_uuid(scalar)
    if uuid is None and not is_placeholder(digits_of(scalar, NO_UUID)):
        raise Fault(NO_UUID)
    if uuid is None or uuid in NO_EVENT_IDS:
        note(info, Mark.PLACEHOLDER_ID)
        return None
    return uuid


def event_id_of(value: object) -> UUID | None:
    """The UUID that a JSON value is, if it can name an event."""
    uuid = written_uuid(value)
    return None if uuid in NO_EVENT_IDS else uuid


def written_uuid(value: object) -> UUID | None:
    """The UUID that a JSON value is in any of the written forms; otherwise None."""
    found = WRITTEN_UUID.fullmatch(value) if isinstance(value, str) else None
    return uuid_of(found[2]) if found else None


def parse_uuid(value: str) -> UUID | None:
    """The UUID that a text is, in its usual form of 36 characters; otherwise None."""
    return uuid_of(value) if len(value) == UUID_LENGTH else None


def uuid_of(value: object) -> UUID | None:
    """The UUID that a JSON value is, with its hyphens or without; otherwise None."""
    try:
        return msgspec.convert(value, UUID)
    except (msgspec.ValidationError, UnicodeEncodeError):  # the latter: a lone surrogate
        return None


def parse_sequence(value: Any, info: Info) -> int | None:
    """A whole number from 1, as number (5.0 is one) or text. Raises Fault where it is none."""
    scalar = scalar_of(value, info)
    if scalar is None or is_word_for_none(scalar, info):
        return None
    number = whole_number_of(scalar)
    if number is None or not 1 <= number <= MAX_SEQUENCE:
        raise Fault("must be a whole number from 1")
    if isinstance(scalar, str):
        note(info, Mark.FORM_MENDED)
    return number


def parse_object(value: Any, info: Info) -> dict[str, Any] | None:
    """A JSON object in any form. Raises Fault where it is none, or cannot be stored."""
    sent = as_object(value, info)
    return None if sent is None else storable_object(sent)


def storable_object(value: Any) -> dict[str, Any]:
    """A JSON object. What is in it is the site's own affair, but must be storable.

    Raises Fault where it is none, or holds what JSON in Postgres cannot.
    """
    if type(value) is not dict:
        raise Fault(NO_OBJECT)
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


def parse_click_ids(value: Any, info: Info) -> dict[str, str] | None:
    """An object of click id parameter to value; a value that is too long is cut.

    Raises Fault where it is none, has too many, or one of another form.
    """
    sent = as_object(value, info)
    if sent is None:
        return None
    if len(sent) > MAX_CLICK_IDS:
        raise Fault(f"must be an object of at most {MAX_CLICK_IDS} click ids")
    read = {param: parse_click_id(param, click_id, info) for param, click_id in sent.items()}
    click_ids = {param: click_id for param, click_id in read.items() if click_id}
    long = [param for param, click_id in click_ids.items() if len(click_id) > MAX_CLICK_ID]
    info.context.extend(f"{info.field_name}.{param}" for param in long)
    return {param: click_id[:MAX_CLICK_ID] for param, click_id in click_ids.items()}


def parse_click_id(param: str, value: Any, info: Info) -> str | None:
    """One click id, of any length; None where there is none. Raises Fault where it is no text."""
    if value is None or value == "":
        return None
    fault = "must have texts as names and values"
    try:
        click_id = as_id(value, info)
    except Fault:
        raise Fault(fault) from None
    if not 0 < len(param) <= MAX_CLICK_ID_NAME:
        raise Fault(fault)
    return click_id


def parse_stage(value: Any, info: Info) -> FunnelStage:
    """One of the eight stages of the funnel, by its name. Raises Fault where it is none."""
    try:
        return FunnelStage(sole_of(value, info))
    except ValueError:
        raise Fault(f"must be one of {', '.join(FunnelStage)}") from None


LONG_TEXT = FieldType(parse_long_text, or_nothing({"type": TEXT_OR_NUMBER}), native_text())
MONEY = FieldType(
    parse_money,
    or_nothing(
        {
            "type": TEXT_OR_NUMBER,
            "description": "An amount such as 29.99.",
            "minimum": 0,
            "maximum": MAX_MONEY,
            "pattern": rf"^(?:\s*{DECIMAL.pattern}\s*|{NONE_PATTERN})$",
        }
    ),
    core.no_info_plain_validator_function(amount_of_number),
)
CURRENCY_CODE = FieldType(
    parse_currency,
    or_nothing(
        {
            "type": "string",
            "description": "The three letters of a currency, such as USD.",
            "pattern": rf"^(?: *{CURRENCY.pattern} *|{NONE_PATTERN}){END}",
        }
    ),
    native_text(pattern="^[A-Z]{3}$"),
)
TIME = FieldType(
    parse_time,
    {
        "description": "A time as text (RFC 3339, ISO 8601 and others), or seconds, milli-, micro- "
        "or nanoseconds since 1970. What cannot be read is none."
    },
    core.no_info_after_validator_function(
        time_of_milliseconds,
        core.int_schema(strict=True, ge=MIN_EPOCH_MILLISECONDS, lt=MAX_EPOCH_MILLISECONDS),
    ),
)
EVENT_ID = FieldType(
    parse_event_id,
    or_nothing(
        {
            "anyOf": [
                {
                    "type": "string",
                    "description": "A UUID.",
                    "pattern": rf"^(?:{UUID_PATTERN}|{PATTERN})$",
                },
                {"enum": [0, -1]},
            ]
        }
    ),
    core.chain_schema(
        [
            # The nil and the max UUID have none of these digits.
            core.str_schema(
                strict=True,
                min_length=UUID_LENGTH,
                max_length=UUID_LENGTH,
                pattern="^[0A-Fa-f-]*[1-9]",
            ),
            core.uuid_schema(),
        ]
    ),
)
SEQUENCE = FieldType(
    parse_sequence,
    or_nothing(
        {
            "type": ["string", "integer"],
            "description": "A whole number.",
            "minimum": 1,
            "maximum": MAX_SEQUENCE,
            "pattern": rf"^(?:{WHOLE_NUMBER.pattern}|{NONE_PATTERN})$",
        }
    ),
    core.int_schema(strict=True, ge=1, le=MAX_SEQUENCE),
)
OBJECT = FieldType(
    parse_object,
    {"anyOf": [{"type": "object"}, *OBJECT_FORMS]},
    core.no_info_plain_validator_function(storable_object),
    plain=core.is_instance_schema(dict),
)
CLICK_IDS = FieldType(
    parse_click_ids,
    {
        "anyOf": [
            {
                "type": "object",
                "description": f"Click id parameter, of at most {MAX_CLICK_ID_NAME} characters, to "
                f"value, of which {MAX_CLICK_ID:,} are stored.",
                "maxProperties": MAX_CLICK_IDS,
                "patternProperties": {
                    rf"^[\s\S]{{1,{MAX_CLICK_ID_NAME}}}$": {
                        "anyOf": [*or_nothing({"type": TEXT_OR_NUMBER})["anyOf"], NULL]
                    }
                },
                "additionalProperties": {"enum": ["", None]},  # which is none
            },
            *OBJECT_FORMS,
        ]
    },
    core.dict_schema(
        native_text(MAX_CLICK_ID_NAME),
        native_text(MAX_CLICK_ID, SURE_ID),
        max_length=MAX_CLICK_IDS,
        strict=True,
    ),
)
UTM_PARAMS = ModelForms()
STAGE = FieldType(parse_stage, or_list({"type": "string", "enum": list(FunnelStage)}))
OBJECT_FIELD_TYPES = (OBJECT, CLICK_IDS, UTM_PARAMS)
