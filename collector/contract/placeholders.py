"""What stands where an id was meant to be: `undefined`, the nil UUID, `{{ user.id }}`. Pure.

Taken for ids, they would make one person of all whose id was missing, and one order of all
orders. The words are those that PostHog refuses to identify people by, and what languages and
tag managers write for no value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

WORDS = {
    *"undefined null nil none nan true false unknown anonymous guest empty n/a -1".split(),  # noqa: SIM905  # one a line says no more
    *"not_authenticated id email user_id userid distinct_id distinctid".split(),  # noqa: SIM905
    *"(null) (none) (nil) (empty) (unknown) (undefined) (not_set) <null> <nil>".split(),  # noqa: SIM905
    *("not set", "(not set)", "[object object]", "[object undefined]", "[object null]"),
}

NAME = r"[a-z_$][\w$. ]*"
FORMS = re.compile(
    r"[0.\-]+"  # zero, as logged-out users and unknown orders have; the nil UUID
    r"|f{8}-?(?:f{4}-?){3}f{12}"  # the max UUID
    # Templates that nobody filled in: Handlebars, JavaScript, ERB, Mailchimp and the like.
    r"|\{\{.*\}\}|[$#@]\{.*\}|<%.*%>|\[\[.*\]\]|%%.*%%|\*\|.*\|\*"
    rf"|\{{{NAME}\}}|\[{NAME}\]|<{NAME}>|%{NAME}%|__{NAME}__",
    re.IGNORECASE | re.DOTALL,
)
LONGEST = 100

# An id that is surely none of these, for a matcher without lookaheads: it begins with a letter
# or a digit, and no word above has a digit other than zero.
SURE_ID = "^[0-9A-Za-z][^1-9]*[1-9]"


def any_case(word: str) -> str:
    """A pattern of a word in capitals or not, for a matcher without flags."""
    return "".join(f"[{c.upper()}{c}]" if c.isalpha() else re.escape(c) for c in word)


def any_of(words: Iterable[str]) -> str:
    """A pattern of some words in capitals or not."""
    return "|".join(map(any_case, sorted(words)))


# All that is_placeholder takes, and other texts of such beginnings, for JSON schema.
PATTERN = rf"[\s\"']*(?:{any_of(WORDS)}|[Ff-]+|[0.-]*|[{{\[$#@<%*_][\s\S]*)[\s\"']*"


def is_placeholder(text: str) -> bool:
    """Whether a text is no id, but what is written where there is none."""
    if len(text) > LONGEST or "1" <= text[:1] <= "9":  # no word above begins with such a digit
        return False
    bare = text.strip().strip("\"'").strip().casefold()
    return not bare or bare in WORDS or FORMS.fullmatch(bare) is not None
