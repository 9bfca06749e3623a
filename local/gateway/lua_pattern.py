"""Lua patterns, which Kong's schemas use for ``match``, as Python regular expressions."""

from __future__ import annotations

import re

# Lua matches bytes in the C locale; text is therefore matched as latin-1 of its UTF-8.
_CLASSES = {
    "a": "A-Za-z",
    "c": r"\x00-\x1f\x7f",
    "d": "0-9",
    "g": r"\x21-\x7e",
    "l": "a-z",
    "p": r"!-/:-@\[-`{-~",
    "s": r" \t-\r",
    "u": "A-Z",
    "w": "A-Za-z0-9",
    "x": "A-Fa-f0-9",
}
_QUANTIFIERS = {"*": "*", "+": "+", "?": "?", "-": "*?"}


class LuaPatternError(ValueError):
    """The pattern is malformed in Lua, or uses what is not implemented (%b, %f, %1)."""


def matches(pattern: str, text: str) -> bool:
    """Say whether ``string.match(text, pattern)`` finds something in Lua."""
    return compile_lua_pattern(pattern).search(_as_bytes_text(text)) is not None


def compile_lua_pattern(pattern: str) -> re.Pattern[str]:
    """Translate a Lua pattern. Raises LuaPatternError."""
    source = _as_bytes_text(pattern)
    position, parts, open_captures = 0, [], 0
    if source.startswith("^"):
        parts.append(r"\A")
        position = 1
    while position < len(source):
        character = source[position]
        if character in "()":
            open_captures += 1 if character == "(" else -1
            if open_captures < 0:
                break
            parts.append(character)
            position += 1
        elif character == "$" and position == len(source) - 1:
            parts.append(r"\Z")
            position += 1
        else:
            item, position = _translate_item(source, position)
            quantifier = _QUANTIFIERS.get(source[position : position + 1], "")
            position += 1 if quantifier else 0
            parts.append(item + quantifier)
    if open_captures != 0:
        raise LuaPatternError(f"malformed pattern (unbalanced capture): {pattern!r}")
    return re.compile("".join(parts), re.DOTALL)


def _translate_item(source: str, position: int) -> tuple[str, int]:
    character = source[position]
    if character == "%":
        return _translate_escape(source, position)
    if character == "[":
        return _translate_set(source, position)
    if character == ".":
        return ".", position + 1
    return re.escape(character), position + 1


def _translate_escape(source: str, position: int) -> tuple[str, int]:
    letter = source[position + 1 : position + 2]
    if not letter:
        raise LuaPatternError("malformed pattern (ends with '%')")
    if letter in "bf" or letter.isdigit():
        raise LuaPatternError(f"%{letter} in a Lua pattern: not implemented by the local gateway")
    if letter.lower() in _CLASSES:
        negation = "^" if letter.isupper() else ""
        return f"[{negation}{_CLASSES[letter.lower()]}]", position + 2
    return re.escape(letter), position + 2


def _translate_set(source: str, start: int) -> tuple[str, int]:
    position = start + 1
    negated = source[position : position + 1] == "^"
    position += 1 if negated else 0
    members: list[str] = []
    # In Lua a "]" that comes first belongs to the set.
    while position < len(source) and (source[position] != "]" or not members):
        member, position = _translate_set_member(source, position)
        members.append(member)
    if position >= len(source):
        raise LuaPatternError("malformed pattern (missing ']')")
    return f"[{'^' if negated else ''}{''.join(members)}]", position + 1


def _translate_set_member(source: str, position: int) -> tuple[str, int]:
    character = source[position]
    if character == "%":
        letter = source[position + 1 : position + 2]
        if letter.lower() in _CLASSES and letter.isupper():
            raise LuaPatternError("%X within a set: not implemented by the local gateway")
        return _CLASSES.get(letter, re.escape(letter)), position + 2
    is_range = source[position + 1 : position + 2] == "-" and source[
        position + 2 : position + 3
    ] not in {"", "]"}
    if is_range:
        if source[position + 2] < character:
            raise LuaPatternError("a range that ends before it begins matches nothing")
        return f"{re.escape(character)}-{re.escape(source[position + 2])}", position + 3
    return re.escape(character), position + 1


def _as_bytes_text(text: str) -> str:
    return text.encode("utf-8", "surrogatepass").decode("latin-1")
