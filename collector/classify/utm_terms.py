"""The words of UTM values, and what they say about a campaign.

GA4 reads values by exact match and by regular expression. Here terms are whole words,
so that "paid_social" and "Paid Social" are one, and "download" is no ad.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple


class Words(NamedTuple):
    """A text in lower case as its words: joined by hyphens, and as a set."""

    joined: str
    each: frozenset[str]


NO_WORDS = Words("", frozenset())

# GA4's paid medium is ^(.*cp.*|ppc|retargeting|paid.*)$; "ad" is the specification's.
_COST_PER = "cpc cpm cpa cpv cpl cpi cps cpe cpd cpo cpp cpt cpcv vcpm"
PAID = frozenset(f"{_COST_PER} ppc paid retargeting remarketing ad ads adwords sem".split())
DISPLAY = frozenset({"display", "banner", "banners", "expandable", "interstitial"})
SHOPPING = frozenset({"shop", "shopping", "eshop"})
SEARCH = frozenset({"search", "sem"})
SOCIAL = frozenset({"social", "sm", "socialmedia", "socialnetwork"})
VIDEO = frozenset({"video", "videos"})
EMAIL = frozenset({"email", "emails", "newsletter", "newsletters"})
E_MAIL = frozenset({"e", "mail"})  # "e-mail" and "e_mail", taken apart
AFFILIATE = frozenset({"affiliate", "affiliates"})
PUSH = frozenset({"mobile", "notification", "notifications"})
# Whole values: inside a longer medium these words say nothing ("mobile-app-push").
LINK_MEDIUMS = frozenset({"app", "link"})
NO_MEDIUMS = frozenset({"", "(none)", "none", "(not-set)", "direct"})

_SEPARATORS = re.compile(r"[-_\s.+/|,:]+")
_GLUED_PAID = re.compile(r"(?<![a-z])paid(?=[a-z])", re.IGNORECASE)
_MAX_LENGTH = 255  # of utm_campaign, the longest column that is read word by word


def words_of(text: str | None) -> Words:
    """The words of a UTM value: "Google Shopping" gives google-shopping."""
    return _split(text[:_MAX_LENGTH]) if text else NO_WORDS


def medium_words_of(medium: str | None) -> Words:
    """The words of a utm_medium, where "paidsocial" is two, as GA4's paid.* has it."""
    return words_of(_GLUED_PAID.sub("paid-", medium[:_MAX_LENGTH])) if medium else NO_WORDS


# Campaign values repeat endlessly; at most 4096 of them, some 3 MB, are kept.
@lru_cache(maxsize=4096)
def _split(text: str) -> Words:
    each = [word for word in _SEPARATORS.split(text.lower()) if word]
    return Words("-".join(each), frozenset(each))
