"""Personal data as each platform wants it before it is hashed. Pure.

What cannot be brought into a platform's form is None, and left out: a hash of something else would
match nobody, or somebody else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from hashlib import sha256

HASH = re.compile(r"[0-9a-f]{64}")
EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
GMAIL = {"gmail.com", "googlemail.com"}
COUNTRY = re.compile(r"[a-z]{2}")

# What people write between the digits of a number, and the zero that is dialled at home only.
BETWEEN_DIGITS = re.compile(r"\(0\)|[\s().\-/]")
INTERNATIONAL = re.compile(r"(?:\+|00)([1-9][0-9]{6,14})")
US_POSTAL_CODE = re.compile(r"([0-9]{5})(?:-?[0-9]{4})?")


def hashed(value: str | None, normalize: Callable[[str], str | None]) -> str | None:
    """The SHA-256, in hex, of a normalised value; None where there is none.

    A value that looks like such a hash is one, and only put in lower case.
    """
    if value is None:
        return None
    trimmed = value.strip().lower()
    if HASH.fullmatch(trimmed):
        return trimmed
    normal = normalize(value)
    return sha256(normal.encode()).hexdigest() if normal else None


def email(value: str) -> str | None:
    """Trimmed and in lower case, as Meta, LinkedIn and TikTok hash it."""
    address = lower(value)
    return address if address.isprintable() and EMAIL.fullmatch(address) else None


def google_email(value: str) -> str | None:
    """The same, but that Gmail's addresses lose their dots, and a plus sign with what follows it.

    As google-ads-datamanager-util 0.4.0 does it; pages of Google's differ on the plus sign.
    """
    user, _, domain = (email(value) or "").partition("@")
    if domain in GMAIL:
        user = user.partition("+")[0].replace(".", "")
    return f"{user}@{domain}" if user else None


def phone_digits(value: str) -> str | None:
    """The digits from the country's code on, as Meta hashes them.

    Only of a number that begins with + or 00. Another may lack the country's code, and then be
    somebody else's number in another country.
    """
    found = INTERNATIONAL.fullmatch(BETWEEN_DIGITS.sub("", value))
    return found[1] if found else None


def phone_e164(value: str) -> str | None:
    """With a plus sign, as Google and TikTok hash it."""
    digits = phone_digits(value)
    return f"+{digits}" if digits else None


def meta_name(value: str) -> str | None:
    """In lower case, without punctuation. Letters of any script stay."""
    return " ".join(without(value, "P").split()) or None


def google_name(value: str) -> str | None:
    """Trimmed and in lower case."""
    return lower(value) or None


def meta_place(value: str) -> str | None:
    """A city or region: letters alone, in lower case."""
    return "".join(without(value, "PN").split()) or None


def meta_region(value: str, country_code: str | None) -> str | None:
    """As a place; within the United States only the two letters of a state."""
    place = meta_place(value)
    return None if country_code == "us" and len(place or "") != 2 else place  # noqa: PLR2004


def meta_postal_code(value: str, country_code: str | None) -> str | None:
    """In lower case, without spaces; within the United States the first five digits.

    One with a hyphen is left out elsewhere: Meta's SDK cuts it there, its page says otherwise.
    """
    code = "".join(lower(value).split())
    if country_code == "us":
        found = US_POSTAL_CODE.fullmatch(code)
        return found[1] if found else None
    return None if "-" in code else code or None


def country(value: str) -> str | None:
    """The two letters of ISO 3166, in lower case."""
    code = lower(value)
    return code if COUNTRY.fullmatch(code) else None


def as_sent(value: str) -> str | None:
    """Trimmed: an id of the site's own."""
    return value.strip() or None


def lower(value: str) -> str:
    """Trimmed, in lower case, and with each accent in its letter (NFC), as most systems have it."""
    return unicodedata.normalize("NFC", value).strip().lower()


def without(value: str, categories: str) -> str:
    """The same, without the characters of some of Unicode's categories (their first letter)."""
    return "".join(c for c in lower(value) if unicodedata.category(c)[0] not in categories)
