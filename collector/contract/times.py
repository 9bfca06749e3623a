"""Times as browsers, servers and their libraries write them. Pure.

RFC 3339 with all that its section 5.6 allows and what becomes of it in a query, ISO 8601, the
dates of HTTP (RFC 9110) and mail, JavaScript's Date as text, and counts since 1970.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
# Up to here (the year 2242) a float of seconds is exact to half a microsecond.
EXACT_MILLISECONDS = 2**33 * 1000
# A count since 1970 is of the unit in which it is a time of these years: below the first
# number, how many microseconds one is. A count of seconds below 10^9 would be before
# September 2001; it is the milliseconds of a clock that began in 1970.
EPOCH_UNITS = (
    (10**9, Decimal(1_000)),
    (10**11, Decimal(1_000_000)),
    (10**14, Decimal(1_000)),
    (10**17, Decimal(1)),
    (10**20, Decimal("0.001")),
)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
END_OF_DAY = (24, 0, 0)
LEAP_SECOND = 60

TIME_OF_DAY = (
    r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,50}))?)?"
)
# A blank before the digits was a plus before a query was decoded. What follows an offset, as a
# name of the zone or RFC 9557's suffix, says nothing more; a name alone does not say the offset.
UTC_NAME = " ?(?:Z|UTC|GMT)"
OFFSET = "(?P<sign>[-+ ])(?P<zone_hours>[0-9]{2}):?(?P<zone_minutes>[0-9]{2})?"
ZONE = (
    rf"(?:(?:{UTC_NAME})? ?{OFFSET}(?: [A-Z]{{2,5}}| \([^()]*\))?|{UTC_NAME})?"
    r"(?:\[[^\[\]]*\])*"
)
FORMS = tuple(
    re.compile(form + ZONE, re.ASCII | re.IGNORECASE)
    for form in (
        rf"(?P<year>[0-9]{{4}})-(?P<month>[0-9]{{2}})-(?P<day>[0-9]{{2}})[T ]{TIME_OF_DAY}",
        r"(?:[a-z]{3,9},? )?(?P<day>[0-9]{1,2})[ -](?P<month>[a-z]{3})[ -](?P<year>[0-9]{4}) "
        + TIME_OF_DAY,
        rf"[a-z]{{3}} (?P<month>[a-z]{{3}}) (?P<day>[0-9]{{2}}) (?P<year>[0-9]{{4}}) {TIME_OF_DAY}",
    )
)


def time_of_count(count: Decimal) -> datetime:
    """Seconds, milli-, micro- or nanoseconds since 1970, told by their size.

    Raises ValueError where it is too large for any.
    """
    for limit, microseconds in EPOCH_UNITS:
        if abs(count) < limit:
            return EPOCH + timedelta(microseconds=int(count * microseconds))
    raise ValueError(count)


def time_of_milliseconds(count: int) -> datetime:
    """The same for what is known to be milliseconds, which is what browsers send."""
    if count < EXACT_MILLISECONDS:  # in native code, in half the time
        return datetime.fromtimestamp(count / 1000, UTC)
    return EPOCH + count * MILLISECOND


def time_of_text(text: str) -> datetime:
    """A time as text, in UTC where it names no zone.

    Raises ValueError or OverflowError where it is none, or beyond the years of the calendar.
    """
    for form in FORMS:
        found = form.fullmatch(text)
        if found is not None:
            return time_of_parts(found)
    read = datetime.fromisoformat(text)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)


def time_of_parts(found: re.Match[str]) -> datetime:
    """The time of the parts of one of FORMS.

    A leap second is the first of the next minute, and 24:00 the next day's first.
    Raises ValueError or OverflowError where a part is out of its range.
    """
    parts = found.groupdict(default="0")
    hour, minute, second = (int(parts[name]) for name in ("hour", "minute", "second"))
    later = timedelta()
    if (hour, minute, second) == END_OF_DAY:
        hour, later = 0, timedelta(days=1)
    elif second == LEAP_SECOND:
        second, later = 59, timedelta(seconds=1)
    year, month, day = int(parts["year"]), month_of(parts["month"]), int(parts["day"])
    microsecond = int(parts["fraction"][:6].ljust(6, "0"))
    local = datetime(year, month, day, hour, minute, second, microsecond, tzinfo=UTC)
    return local + later - offset_of(parts)


def month_of(text: str) -> int:
    """A month by its number or name. Raises ValueError where there is none such."""
    return int(text) if text.isdigit() else MONTHS.index(text.lower()) + 1


def offset_of(parts: dict[str, str]) -> timedelta:
    """How far the zone is ahead of UTC. Raises ValueError where it is a day or more."""
    zone = time(int(parts["zone_hours"]), int(parts["zone_minutes"]))
    offset = timedelta(hours=zone.hour, minutes=zone.minute)
    return -offset if parts["sign"] == "-" else offset
