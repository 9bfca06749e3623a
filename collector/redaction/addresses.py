"""Addresses without passwords, tokens and e-mail addresses (docs/data.md#addresses). Pure.

The tracker's redact.ts begins with it in the browser; tests/data/addresses.json has what comes out
of both.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib import resources
from typing import Any

from pydantic_core import SchemaValidator
from pydantic_core import core_schema as core

MARK = "(redacted)"  # as Google Analytics writes it; no character of it needs escaping

# What a server takes of a request's line (nginx, Apache and aiohttp: 8 KiB).
LONGEST_READ = 8_192
# No page has as many secrets, or e-mail addresses; what stands behind so many is cut with them.
MOST_CUT = 20

USER = re.compile(r"^([^/?#]*//)[^/?#\\]*@")

# These two begin with a set of characters, to which Python skips fast: no IGNORECASE, no branch.
# Between parameters, as it stands or escaped once or more: in an address within an address.
SEPARATOR = re.compile(r"([?&#;%](?:(?<!%)|(?:25)*(?:3[FBfb]|2[36])))")
QUERY_BEGINS = ("?", "#")
# What ends the value of a query's parameter; browsers and servers take "?" and ";" for its own.
VALUE_ENDS = ("&", "#", "26", "23")

# An e-mail address ends at what a URL escapes or gives a meaning, and begins after it. Letters
# of other alphabets are escaped too, and a plus.
NO_WORD = r"\s/?&#=;:,<>()\[\]{}|\"@"
LETTER = r"(?:25)*(?:2[Bb]|[89A-Fa-f][0-9A-Fa-f])"
AT = re.compile("@|%(?:25)*40")
EMAIL = re.compile(
    rf"([{NO_WORD}%](?:(?<!%)|(?!{LETTER})(?:25)*[0-9A-Fa-f]{{2}}))"
    rf"(?:[^{NO_WORD}%]++|%{LETTER})++(?:{AT.pattern})(?:[^{NO_WORD}%]|%{LETTER})+"
    r"\.[A-Za-z\x80-\uffff]{2,}"
)

# Where a word of a name begins and ends: at what is no letter, once the words stand apart.
WORD_BEGINS = "(?:^|[^a-z])"
WORD_ENDS = "(?:[^a-z]|$)"
ESCAPED = re.compile("%[0-9A-Fa-f]{2}")
CAMEL = re.compile("(?<=[a-z0-9])(?=[A-Z])")


class Matcher:
    """Whether a pattern is found in a text: by pydantic's engine, whose time is linear.

    To look for all names in an address takes it 0.2 to 0.6 µs, and Python's own 25 to 200.
    """

    def __init__(self, pattern: str) -> None:
        schema = core.str_schema(pattern=f"(?i){pattern}", regex_engine="rust-regex")
        self.finds = SchemaValidator(schema).isinstance_python


class AddressRedactor:
    """Redacts addresses by the names of names.toml and by more of a deployment's own.

    Kept are names in lower case that are none of more_names. Of an address with something to
    cut, no more than most_parameters are read, and no more than MOST_CUT cut by themselves: the
    rest is cut.
    """

    def __init__(
        self,
        most_parameters: int,
        more_names: Collection[str] = (),
        kept_names: Collection[str] = (),
    ) -> None:
        lists = load_names()
        named, named_if_long = (lists["secret"], lists["other"]), (lists["long"],)
        more = [re.escape(name) for name in more_names]
        begun = [anywhere(name_pattern((*named, *named_if_long), "")), *more]
        # Whether an address may hold something to cut: native, since few do.
        self.may_hold = Matcher(
            rf"{AT.pattern}|(?:{'|'.join(begun)})[^&#?;=]*(?:=|%(?:25)*3D)"
        ).finds
        whole = [name_pattern(named, WORD_ENDS), *(f"^{name}$" for name in more)]
        self._is_named = Matcher("|".join(whole)).finds
        self._is_named_if_long = Matcher(name_pattern(named_if_long, WORD_ENDS)).finds
        self._kept = frozenset(kept_names) - {name.lower() for name in more_names}
        self._long = lists["long"]["length"]
        self._most_parameters = most_parameters

    def redact(self, address: str) -> str:
        """An address with MARK in the place of what is not stored. Never raises.

        An address without any of it comes back as it is, byte for byte.
        """
        if not self.may_hold(address):
            return address
        text = address
        if len(address) > LONGEST_READ:
            text = address[: last_end(address[:LONGEST_READ])] + MARK
        fields = SEPARATOR.split(USER.sub(rf"\1{MARK}@", text, count=1), self._most_parameters)
        if SEPARATOR.search(fields[-1]):
            fields[-1] = MARK
        text = "".join(self._read(fields))
        return without_emails(text) if AT.search(text) else text

    def _read(self, fields: list[str]) -> Iterator[str]:
        """The separators and fields that remain, in turn."""
        yield fields[0]
        in_path = True
        cut_at = ""  # the separator of the field whose value is being left out
        cut = 0
        for separator, field in zip(fields[1::2], fields[2::2], strict=True):
            if cut_at and continues_value(cut_at, separator):
                continue
            if separator in QUERY_BEGINS:
                in_path = False
            cut_at = ""
            name, sign, value = partition(field, separator)
            if not value or not self._is_sensitive(name, value):
                yield separator + field
                continue
            cut += 1
            if cut > MOST_CUT:
                yield separator + MARK
                return
            if in_path:
                rest = "".join(value.partition("/")[1:])
                yield f"{separator}{name}{sign}{MARK}{rest}"
            else:
                yield f"{separator}{name}{sign}{MARK}"
                cut_at = separator

    def _is_sensitive(self, name: str, value: str) -> bool:
        """Whether the value of this parameter is not stored."""
        if name.lower() in self._kept:
            return False
        words = apart(name)
        return self._is_named(words) or (len(value) >= self._long and self._is_named_if_long(words))


def apart(name: str) -> str:
    """A name whose words stand apart: `user_Pin_` for `userPin%5D`."""
    return CAMEL.sub("_", ESCAPED.sub("_", name))


def anywhere(pattern: str) -> str:
    """A pattern of names that finds them without what must stand around them."""
    return pattern.replace("$", "").replace("(?:^|[^a-z])", "").replace("(?:^|", "(?:|")


def without_emails(text: str) -> str:
    """A text with MARK for each e-mail address; past MOST_CUT of them, the rest is cut."""
    text = f" {text}"  # a blank for the begin of the text
    left: list[str] = []
    start = 1
    for found in EMAIL.finditer(text):
        left += (text[start : found.end(1)], MARK)
        start = found.end() if len(left) < 2 * MOST_CUT else len(text)
        if start == len(text):
            break
    return "".join((*left, text[start:]))


def continues_value(begun: str, separator: str) -> bool:
    """Whether a separator belongs to the value of the parameter that began at another.

    It does where it is escaped more often; or as often, and ends no value.
    """
    if len(separator) != len(begun):
        return len(separator) > len(begun)
    return not separator.endswith(VALUE_ENDS)


def partition(field: str, separator: str) -> tuple[str, str, str]:
    """A field's name, the sign of equality that is escaped as its separator is, and its value."""
    if len(separator) == 1:
        return field.partition("=")
    name, *found = re.split(f"({separator[:-2]}3D)", field, maxsplit=1, flags=re.IGNORECASE)
    return (name, found[0], found[1]) if found else (name, "", "")


def last_end(text: str) -> int:
    """Where the last word of a text begins, of those that can be left out whole."""
    return max(text.rfind(end) for end in "/?&#") + 1


def load_names() -> dict[str, Any]:
    """The lists of names.toml."""
    file = resources.files("collector.redaction") / "names.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def name_pattern(lists: Sequence[Mapping[str, list[str]]], word_ends: str) -> str:
    """The pattern of the names that some lists mean."""
    parts = [part for names in lists for part in names.get("parts", ())]
    words = "|".join(word for names in lists for word in names.get("words", ()))
    return "|".join([*parts, f"{WORD_BEGINS}(?:{words}){word_ends}"])
