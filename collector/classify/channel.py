"""Where a visit came from: one ordered list of named rules, the first that fits wins.

The rules follow GA4's default channel group, in its order, with the differences
that docs/channels.md gives reasons for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from msgspec import Struct

from collector.address import (
    Campaign,
    host_of,
    is_same_site,
    normalize_host,
    with_parents,
    without_query,
)
from collector.classify.source_lists import (
    MAX_WORDS_LENGTH,
    NO_SOURCE,
    NO_WORDS,
    Source,
    SourceKind,
    SourceLists,
    Words,
    host_of_source,
    words_of,
)
from collector.event import SourceType


class Channel(StrEnum):
    """The fine class: the names of GA4's default channel group."""

    DIRECT = "Direct"
    CROSS_NETWORK = "Cross-network"
    PAID_SHOPPING = "Paid Shopping"
    PAID_SEARCH = "Paid Search"
    PAID_SOCIAL = "Paid Social"
    PAID_VIDEO = "Paid Video"
    DISPLAY = "Display"
    PAID_OTHER = "Paid Other"
    ORGANIC_SHOPPING = "Organic Shopping"
    ORGANIC_SOCIAL = "Organic Social"
    ORGANIC_VIDEO = "Organic Video"
    ORGANIC_SEARCH = "Organic Search"
    AI_ASSISTANT = "AI Assistant"
    REFERRAL = "Referral"
    EMAIL = "Email"
    AFFILIATES = "Affiliates"
    AUDIO = "Audio"
    SMS = "SMS"
    MOBILE_PUSH = "Mobile Push Notifications"
    UNASSIGNED = "Unassigned"


_CHANNELS_OF: Mapping[SourceType, tuple[Channel, ...]] = {
    SourceType.PAID: (
        Channel.PAID_SEARCH,
        Channel.PAID_SOCIAL,
        Channel.PAID_SHOPPING,
        Channel.PAID_VIDEO,
        Channel.PAID_OTHER,
        Channel.DISPLAY,
        Channel.CROSS_NETWORK,
    ),
    SourceType.ORGANIC: (Channel.ORGANIC_SEARCH, Channel.ORGANIC_SHOPPING),
    SourceType.SOCIAL: (Channel.ORGANIC_SOCIAL, Channel.ORGANIC_VIDEO),
    SourceType.DIRECT: (Channel.DIRECT,),
}
SOURCE_TYPE_OF: Mapping[Channel, SourceType] = dict.fromkeys(Channel, SourceType.REFERRAL) | {
    channel: source_type for source_type, channels in _CHANNELS_OF.items() for channel in channels
}


@dataclass(frozen=True, slots=True)
class Attribution:
    """Where a visit came from, and the name of the rule that said so."""

    source_type: SourceType
    channel: Channel
    rule: str


# The kinds by short names: reading a member from its enum costs 0.1 µs, and a visit
# that only the last rule fits reads fifteen.
_SEARCH, _SOCIAL, _VIDEO = SourceKind.SEARCH, SourceKind.SOCIAL, SourceKind.VIDEO
_SHOPPING, _DISPLAY, _AI = SourceKind.SHOPPING, SourceKind.DISPLAY, SourceKind.AI
_EMAIL, _AFFILIATE = SourceKind.EMAIL, SourceKind.AFFILIATE
_PAYMENT, _SIGN_IN = SourceKind.PAYMENT, SourceKind.SIGN_IN

# What the words of UTM values say about a campaign. GA4 reads values by exact match and by
# regular expression; here terms are whole words, so that "paid_social" and "Paid Social" are
# one, and "download" is no ad.
# GA4's paid medium is ^(.*cp.*|ppc|retargeting|paid.*)$; "ad" and the rest are ours.
_COST_PER = "cpc cpm cpa cpv cpl cpi cps cpe cpd cpo cpp cpt cpcv vcpm"
_PAID_WORDS = frozenset(
    f"{_COST_PER} ppc paid retargeting remarketing ad ads adwords sem pmax gdn".split()
)
_DISPLAY_WORDS = frozenset({"display", "banner", "banners", "expandable", "interstitial"})
_SHOPPING_WORDS = frozenset({"shop", "shopping", "eshop"})
_SEARCH_WORDS = frozenset({"search", "sem"})
_SOCIAL_WORDS = frozenset({"social", "sm", "socialmedia", "socialnetwork"})
_VIDEO_WORDS = frozenset({"video", "videos"})
_EMAIL_WORDS = frozenset({"email", "emails", "newsletter", "newsletters"})
_E_MAIL_WORDS = frozenset({"e", "mail"})  # "e-mail" and "e_mail", taken apart
_AFFILIATE_WORDS = frozenset({"affiliate", "affiliates"})
_NOTIFICATION_WORDS = frozenset({"notification", "notifications"})
_PUSH_WORDS = _NOTIFICATION_WORDS | {"mobile"}
# A medium with one of these says what a link was sent by: no word of the source says more.
_SENT_WORDS = _EMAIL_WORDS | _AFFILIATE_WORDS | _NOTIFICATION_WORDS | {"sms"}
# Whole values: inside a longer medium these words say nothing ("mobile-app-push").
_LINK_MEDIUMS = frozenset({"app", "link"})
_NO_MEDIUMS = frozenset({"", "(none)", "none", "(not-set)", "direct"})

_KIND_OF_MEDIUM = (
    (_SHOPPING_WORDS, _SHOPPING),
    (_SEARCH_WORDS, _SEARCH),
    (_SOCIAL_WORDS, _SOCIAL),
    (_VIDEO_WORDS, _VIDEO),
)
# The kinds that ads are sold by. An assistant or a mailbox does not name a kind of ad.
_AD_KINDS = frozenset({kind for _, kind in _KIND_OF_MEDIUM} | {_DISPLAY})


class _Referrer(NamedTuple):
    """A referrer as the rules see it."""

    given: bool
    host: str | None
    own: bool
    source: Source


class _Facts(Struct, frozen=True):
    """What decides a visit; many visits have the same. A Struct is hashed in C."""

    utm_source: str | None
    utm_medium: str | None
    utm_campaign: str | None
    tagged: bool
    click: Source
    referred: bool
    host: str | None  # the referrer's, then the page's, where that decides
    page_host: str | None


class _View(NamedTuple):
    """A visit, prepared so that each rule is one line."""

    tagged: bool
    source: Words
    medium: Words
    campaign: Words
    source_kind: SourceKind | None
    ad_kind: SourceKind | None
    paid: bool
    referrer: _Referrer

    def is_ad(self, kind: SourceKind) -> bool:
        """A paid visit of a kind; a medium that names display is display wherever it ran."""
        return self.paid and self.ad_kind is kind and not self.medium.each & _DISPLAY_WORDS


class Rule(NamedTuple):
    """A name that is stored with the event, the channel, and when it fits."""

    name: str
    channel: Channel
    fits: Callable[[_View], object]


RULES: tuple[Rule, ...] = (
    Rule(
        "tagged_direct",
        Channel.DIRECT,
        lambda v: v.source.joined in ("(direct)", "direct") and v.medium.joined in _NO_MEDIUMS,
    ),
    Rule("cross_network", Channel.CROSS_NETWORK, lambda v: "cross-network" in v.campaign.joined),
    Rule(
        "paid_shopping",
        Channel.PAID_SHOPPING,
        lambda v: v.is_ad(_SHOPPING) or (v.paid and v.campaign.each & _SHOPPING_WORDS),
    ),
    Rule("paid_search", Channel.PAID_SEARCH, lambda v: v.is_ad(_SEARCH)),
    Rule("paid_social", Channel.PAID_SOCIAL, lambda v: v.is_ad(_SOCIAL)),
    Rule("paid_video", Channel.PAID_VIDEO, lambda v: v.is_ad(_VIDEO)),
    Rule(
        "display",
        Channel.DISPLAY,
        lambda v: v.medium.each & _DISPLAY_WORDS or "cpm" in v.medium.each or v.is_ad(_DISPLAY),
    ),
    Rule("paid_other", Channel.PAID_OTHER, lambda v: v.paid),
    Rule(
        "organic_shopping",
        Channel.ORGANIC_SHOPPING,
        lambda v: v.source_kind is _SHOPPING or v.campaign.each & _SHOPPING_WORDS,
    ),
    Rule(
        "organic_social",
        Channel.ORGANIC_SOCIAL,
        lambda v: v.source_kind is _SOCIAL or v.medium.each & _SOCIAL_WORDS,
    ),
    Rule(
        "organic_video",
        Channel.ORGANIC_VIDEO,
        lambda v: v.source_kind is _VIDEO or v.medium.each & _VIDEO_WORDS,
    ),
    Rule(
        "organic_search",
        Channel.ORGANIC_SEARCH,
        lambda v: v.source_kind is _SEARCH or "organic" in v.medium.each,
    ),
    Rule(
        "ai_assistant",
        Channel.AI_ASSISTANT,
        lambda v: v.source_kind is _AI or "ai-assistant" in v.medium.joined,
    ),
    Rule(
        "referral_medium",
        Channel.REFERRAL,
        lambda v: "referral" in v.medium.each or v.medium.joined in _LINK_MEDIUMS,
    ),
    Rule("email", Channel.EMAIL, lambda v: v.source_kind is _EMAIL or _names_email(v)),
    Rule(
        "affiliate",
        Channel.AFFILIATES,
        lambda v: v.source_kind is _AFFILIATE or v.medium.each & _AFFILIATE_WORDS,
    ),
    Rule("audio", Channel.AUDIO, lambda v: "audio" in v.medium.each),
    Rule("sms", Channel.SMS, lambda v: "sms" in v.medium.each or "sms" in v.source.each),
    Rule(
        "mobile_push",
        Channel.MOBILE_PUSH,
        lambda v: (
            v.medium.each & _PUSH_WORDS
            or v.medium.joined.endswith("push")
            or v.source.joined == "firebase"
        ),
    ),
    Rule("unknown_utm", Channel.UNASSIGNED, lambda v: v.tagged),
    Rule("own_site_referrer", Channel.DIRECT, lambda v: v.referrer.own),
    Rule("payment_return", Channel.DIRECT, lambda v: v.referrer.source.kind is _PAYMENT),
    Rule("sign_in_return", Channel.DIRECT, lambda v: v.referrer.source.kind is _SIGN_IN),
    Rule("other_site_referrer", Channel.REFERRAL, lambda v: v.referrer.host is not None),
    Rule("unreadable_referrer", Channel.DIRECT, lambda v: v.referrer.given),
    Rule("no_source", Channel.DIRECT, lambda _: True),
)


_NO_REFERRER = _Referrer(given=False, host=None, own=False, source=NO_SOURCE)
_UNREADABLE = _Referrer(given=True, host=None, own=False, source=NO_SOURCE)
_CACHED_REFERRERS = 8192  # pairs of hosts: 4 MB at most
# Two URLs of 300 characters together, and a campaign, of 965 at most: 12 MB at most.
_CACHED_VISITS = 8192
_LONGEST_CACHED_VISIT = 300
_CACHED_FACTS = 8192  # three UTM values of 455 characters, two hosts of 253: 12 MB at most


class ChannelClassifier:
    """Classifies visits by the lists and own domains of one deployment.

    own_domains are the sites that the deployment tracks, each with its subdomains.
    Raises ValueError for one that is not a domain.
    """

    def __init__(self, lists: SourceLists, own_domains: Collection[str]) -> None:
        self._lists = lists
        self._own_domains = frozenset(_own_domain(domain) for domain in own_domains)
        self._referrer_at = lru_cache(maxsize=_CACHED_REFERRERS)(self._classify_referrer)
        classify = lru_cache(maxsize=_CACHED_FACTS)
        self._classify = classify(lambda facts: _decide(self._view_of(facts)))
        self._visit_from = lru_cache(maxsize=_CACHED_VISITS)(self._classify_visit)
        self._referrer_at("example.co.uk", None)  # loads the public suffixes at the start

    def classify_visit(
        self,
        campaign: Campaign,
        click_ids: Mapping[str, str],
        referrer: str | None,
        page_url: str | None,
    ) -> Attribution:
        """The source type and channel of a visit, and the name of the rule. Never raises.

        All is already cut to its columns and cleaned. click_ids maps a parameter's name to its
        value; it may be empty.
        """
        click = self._lists.click_id_among(click_ids) if click_ids else NO_SOURCE  # mostly none
        if referrer is None:
            return self._visit_from(campaign, click, None, None)
        page = without_query(page_url) if page_url else None
        if len(referrer) + len(page or "") > _LONGEST_CACHED_VISIT:
            return self._classify_visit(campaign, click, referrer, page)
        return self._visit_from(campaign, click, referrer, page)

    def _classify_visit(
        self, campaign: Campaign, click: Source, referrer: str | None, page: str | None
    ) -> Attribution:
        referred = _has_text(referrer)
        host = host_of(referrer) if referred else None
        page_host = host_of(page) if host else None
        source, medium, name, *_ = campaign
        tagged = any(map(_has_text, campaign))
        facts = _Facts(source, medium, name, tagged, click, referred, host, page_host)
        return self._classify(facts)

    def _view_of(self, facts: _Facts) -> _View:
        source, medium = (facts.utm_source or "").strip(), _medium_words_of(facts.utm_medium)
        click, referrer = facts.click, self._referrer_of(facts)
        named = self._source_named(source, medium)
        # A utm_source says where the visit came from; the referrer was only on the way.
        referring = NO_SOURCE if source else referrer.source
        paid = click.paid or named.paid or referring.paid or self._is_paid(medium)
        kinds = (named.kind, _kind_of_medium(medium), click.kind, referring.kind)
        # An affiliate's id says more than the site that the affiliate put the link on.
        unnamed = click.kind if click.kind is _AFFILIATE else referring.kind or click.kind
        return _View(
            tagged=facts.tagged,
            source=words_of(source),
            medium=medium,
            campaign=words_of(facts.utm_campaign),
            source_kind=named.kind if source else unnamed,
            ad_kind=_ad_kind(*kinds) if paid else None,
            paid=paid,
            referrer=referrer,
        )

    def _source_named(self, source: str, medium: Words) -> Source:
        """What a utm_source says, of which its words give way to what a link was sent by."""
        if not source:
            return NO_SOURCE
        named, words = self._lists.source_named(source), words_of(source)
        paid = named.paid or (_has_paid_word(words) and host_of_source(source) is None)
        sent = (_is_sent(medium) and not self._is_paid(medium)) or (_is_sent(words) and not paid)
        return NO_SOURCE if sent and not named.certain else named._replace(paid=paid)

    def _is_paid(self, medium: Words) -> bool:
        return _has_paid_word(medium) or self._lists.names_ad(medium)

    def _referrer_of(self, facts: _Facts) -> _Referrer:
        if not facts.referred:
            return _NO_REFERRER
        return _UNREADABLE if facts.host is None else self._referrer_at(facts.host, facts.page_host)

    def _classify_referrer(self, host: str, page_host: str | None) -> _Referrer:
        listed = not self._own_domains.isdisjoint(with_parents(host))
        own = listed or (page_host is not None and is_same_site(host, page_host))
        source = NO_SOURCE if own else self._lists.source_at(host)
        return _Referrer(given=True, host=host, own=own, source=source)


# A view that only the last rule fits costs 5 µs to decide, and one known 0.5 µs.
@lru_cache(maxsize=4096)
def _decide(view: _View) -> Attribution:
    name, channel, _ = next(rule for rule in RULES if rule.fits(view))
    return Attribution(SOURCE_TYPE_OF[channel], channel, name)


def _own_domain(domain: str) -> str:
    host = normalize_host(domain.strip())
    if host is None:
        raise ValueError(
            f"own domain {domain!r}: not a domain; write it as example.com, without https:// "
            "and without *. (subdomains are included)"
        )
    return host


def _has_text(value: str | None) -> bool:
    return value is not None and value != "" and not value.isspace()


# "paidsocial" is two words, as GA4's paid.* has it, and so is "socialads".
_GLUED = re.compile(
    r"(?<![a-z])(?:paid(?=[a-z])|(?:social|search|video|display|shopping|native)(?=ads?(?![a-z])))",
    re.IGNORECASE,
)


def _medium_words_of(medium: str | None) -> Words:
    return words_of(_GLUED.sub(r"\g<0>-", medium[:MAX_WORDS_LENGTH])) if medium else NO_WORDS


def _has_paid_word(words: Words) -> bool:
    return not words.each.isdisjoint(_PAID_WORDS)


def _is_sent(words: Words) -> bool:
    """Whether the words name e-mail, an affiliate, SMS or push."""
    each = words.each
    sent = each & _SENT_WORDS or each >= _E_MAIL_WORDS
    return bool(sent) or words.joined.endswith("push")


def _kind_of_medium(medium: Words) -> SourceKind | None:
    return next((kind for words, kind in _KIND_OF_MEDIUM if words & medium.each), None)


def _ad_kind(*kinds: SourceKind | None) -> SourceKind | None:
    return next((kind for kind in kinds if kind in _AD_KINDS), None)


def _names_email(view: _View) -> bool:
    values = (view.medium.each, view.source.each)
    return any(words & _EMAIL_WORDS or words >= _E_MAIL_WORDS for words in values)
