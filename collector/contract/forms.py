"""What is meant by the forms in which values come: lists, texts, empty values.

What is meant is plain in a list of one value, in `[]` for an empty object (PHP), in JSON as
text (forms and queries) and in a number as text. An empty value of any form is none, where a
field need not be there. What is taken for what it means is marked.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, TypeAlias

from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError

from collector.contract.placeholders import any_case, any_of
from collector.contract.wire import LIMITS, Limits, WireNumber, read_object
from collector.errors import CollectorError
from collector.event import Mark

SCALARS = frozenset((str, int, float, WireNumber))

# The context of the validation is the list of what was cut, of marks and of UNKNOWN.
Info: TypeAlias = ValidationInfo[Any]

FAULT = "fault"
# Stands there for each name in an object that the contract does not know. No field is called so.
UNKNOWN = "?"
NO_TEXT = "must be a text"
NO_OBJECT = "must be a JSON object"

# What is written for no value by languages that have no null, or have it only as a word.
WORDS_FOR_NONE = frozenset(("null", "undefined", "none", "nil"))
OBJECT_FOR_NONE = "[object object]"
WHOLE_NUMBER = re.compile(r"\s*\+?[0-9]{1,10}(?:\.0{1,20})?\s*")
EMPTY_LIST = re.compile(r"\[\s*\]")
# An object that came as text stands within the event.
INNER_LIMITS = Limits(max_depth=LIMITS.max_depth - 1)


# The same for JSON schema.
TEXT_OR_NUMBER = ["string", "number"]
NULL = {"type": "null"}
NONE_PATTERN = rf"\s*(?:{any_of(WORDS_FOR_NONE)})?\s*"
OBJECT_PATTERN = rf"\s*(?:\{{[\s\S]*\}}|{EMPTY_LIST.pattern}|{any_case(OBJECT_FOR_NONE)})\s*"
NO_SCALAR = ({"const": False}, {"type": "object", "maxProperties": 0})
OBJECT_FORMS: tuple[Mapping[str, Any], ...] = (
    {"const": False},
    {"type": "array", "items": {}, "maxItems": 0},  # generators of clients want items
    {"type": "string", "pattern": rf"^(?:{OBJECT_PATTERN}|{NONE_PATTERN})$"},
)


class DigitsNeeded(Exception):
    """A field asks for the digits of a number that was read without them (wire.with_digits)."""


class Fault(PydanticCustomError):
    """What is wrong with a field, as the answer says it."""

    def __new__(cls, message: str) -> Fault:
        """An error of validation, of a type of our own."""
        return super().__new__(cls, FAULT, message)


def note(info: Info, mark: Mark) -> None:
    """Add a mark to what the validation found, once."""
    if mark not in info.context:
        info.context.append(mark)


def scalar_of(value: Any, info: Info, *, any_of_list: bool = False) -> Any:
    """The value of a field that is no list and no object; None where none was meant.

    Of a list it is the one that all its values are, or the first of any (a query's parameter
    that is repeated). An empty text, list and object, and PHP's false, are none.
    """
    kind = type(value)
    if kind is list:
        return first_of(value, info, any_of_list=any_of_list)
    if value is False or (kind is dict and not value):
        note(info, Mark.FORM_MENDED)
        return None
    return None if kind is str and not value else value


def first_of(values: list[Any], info: Info, *, any_of_list: bool) -> Any:
    """The value of a list of equal ones, or its first; the list itself where it has none such."""
    filled = [value for value in values if value is not None and value != ""]
    if not all(type(value) in SCALARS for value in filled):
        return values
    if not any_of_list and any(value != filled[0] for value in filled):
        return values
    note(info, Mark.FORM_MENDED)
    return with_fewest_digits(filled[0]) if filled else None


def with_fewest_digits(value: Any) -> Any:
    """A number of a list with the digits that tell it from others: not all keep what was sent."""
    if isinstance(value, float):
        number = float(value)
        return WireNumber(repr(number)) if math.isfinite(number) else number
    return value


def is_word_for_none(value: object, info: Info) -> bool:
    """Whether a text only says that there is no value."""
    found = isinstance(value, str) and value.strip().casefold() in WORDS_FOR_NONE
    if found:
        note(info, Mark.FORM_MENDED)
    return found


def as_text(value: object) -> str | None:
    """A number as text, an empty text as none. Trackers send GA's ids as numbers.

    Raises Fault where it is neither, and DigitsNeeded where it would be one.
    """
    if isinstance(value, str):
        return value or None
    if isinstance(value, WireNumber):
        return value.digits
    if type(value) is int:
        return str(value)
    if type(value) is float and math.isfinite(value):
        raise DigitsNeeded
    raise Fault(NO_TEXT)


def digits_of(value: object, fault: str) -> str:
    """A number or a text as text, empty or not. Raises Fault, with these words."""
    try:
        return as_text(value) or ""
    except Fault:
        raise Fault(fault) from None


def whole_number_of(value: object) -> int | None:
    """The whole number that a JSON value is; otherwise None."""
    if isinstance(value, str) and WHOLE_NUMBER.fullmatch(value):
        return int(float(value))
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if type(value) is int else None


def as_object(value: Any, info: Info) -> dict[str, Any] | None:
    """An object as it was meant; None where none was. Raises Fault where it is no object.

    PHP writes an empty one as `[]`, forms and queries write each as text.
    """
    if type(value) is dict:
        return value
    if value == "":
        return None
    meant = written_object(value) if isinstance(value, str) else value
    if meant == [] or meant is False:
        meant = {}
    if meant is not None and type(meant) is not dict:
        raise Fault(NO_OBJECT)
    note(info, Mark.FORM_MENDED)
    return meant


def written_object(text: str) -> Any:
    """The object of a text of JSON, or what else it stands for. Raises Fault where it is none."""
    bare = text.strip()
    if not bare or bare.casefold() in (*WORDS_FOR_NONE, OBJECT_FOR_NONE):
        return None
    if EMPTY_LIST.fullmatch(bare):
        return []
    try:
        return read_object(bare.encode("utf-8", "surrogatepass"), INNER_LIMITS)
    except CollectorError:
        raise Fault(NO_OBJECT) from None


def or_list(schema: Mapping[str, Any]) -> dict[str, Any]:
    """JSON schema of a value, and of a list of such."""
    items = {"anyOf": [schema, NULL, {"const": ""}]}
    return {"anyOf": [schema, {"type": "array", "items": items}]}


def or_nothing(schema: Mapping[str, Any]) -> dict[str, Any]:
    """JSON schema of what scalar_of makes an optional field's value of."""
    return {"anyOf": [*or_list(schema)["anyOf"], *NO_SCALAR]}
