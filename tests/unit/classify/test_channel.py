"""The rules of source type and channel, as tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.address import Campaign
from collector.classify.channel import (
    RULES,
    SOURCE_TYPE_OF,
    Attribution,
    Channel,
    ChannelClassifier,
)
from collector.classify.source_lists import load_source_lists
from collector.event import SourceType

CLASSIFIER = ChannelClassifier(load_source_lists(), ["example.com", "münchen.example.org"])
PAGE = "https://www.example.com/pricing"


def classify(  # one keyword for each thing that a rule looks at
    source: str | None = None,
    medium: str | None = None,
    campaign: str | None = None,
    referrer: str | None = None,
    page_url: str | None = PAGE,
    **click_ids: str,
) -> Attribution:
    tags = Campaign(source, medium, campaign)
    return CLASSIFIER.classify_visit(tags, click_ids, referrer, page_url)


@pytest.mark.parametrize(
    ("source", "medium", "campaign", "channel"),
    [
        # Paid, by the source's kind.
        ("google", "cpc", "q4_2024", "Paid Search"),
        ("Google", "CPC", None, "Paid Search"),
        ("bing", "ppc", None, "Paid Search"),
        ("duckduckgo.com", "cpc", None, "Paid Search"),
        ("google", "retargeting", None, "Paid Search"),
        ("google", "cpm", None, "Paid Search"),
        ("google-ads", None, None, "Paid Search"),
        ("facebook", "paid", None, "Paid Social"),
        ("facebook", "paid-social", None, "Paid Social"),
        ("fb", "paidsocial", None, "Paid Social"),
        ("ig", "PaidSocial", None, "Paid Social"),
        ("linkedin.com", "cpc", None, "Paid Social"),
        ("m.facebook.com", "cpc", None, "Paid Social"),
        ("meta ads", "paid social", None, "Paid Social"),
        ("tiktok", "cpv", None, "Paid Social"),
        ("youtube", "cpv", None, "Paid Video"),
        ("amazon", "cpc", None, "Paid Shopping"),
        ("google", "cpc", "summer-shopping", "Paid Shopping"),
        ("google", "cpc", "eshop_de", "Paid Shopping"),
        ("google", "cpc", "workshop-berlin", "Paid Search"),
        ("google", "cpc", "bishopric", "Paid Search"),
        ("google", "cpc", "x|Cross-network|y", "Cross-network"),
        # Paid, by what the medium says where the source is in no list.
        ("acme", "paid_search", None, "Paid Search"),
        ("acme", "paidsearch", None, "Paid Search"),
        ("acme", "sem", None, "Paid Search"),
        ("acme", "paid-social", None, "Paid Social"),
        ("acme", "paid+video", None, "Paid Video"),
        ("acme", "paid.shopping", None, "Paid Shopping"),
        ("outlook", "cpc", None, "Paid Other"),
        ("outlook", "paid-social", None, "Paid Social"),
        ("chatgpt.com", "cpc", None, "Paid Other"),
        ("acme", "cpa", None, "Paid Other"),
        ("acme", "ad", None, "Paid Other"),
        ("acme", "remarketing", None, "Paid Other"),
        (None, "cpc", None, "Paid Other"),
        # Display.
        ("acme", "display", None, "Display"),
        ("acme", "banner", None, "Display"),
        ("acme", "cpm", None, "Display"),
        ("acme", "interstitial", None, "Display"),
        ("google", "display", None, "Display"),
        ("google", "display-ad", None, "Display"),
        # Not paid: the terms are whole words.
        ("acme", "download", None, "Unassigned"),
        ("acme", "broadcast", None, "Unassigned"),
        ("acme", "roadshow", None, "Unassigned"),
        ("acme", "unpaid", None, "Unassigned"),
        ("acme", "hcp", None, "Unassigned"),
        ("adobe", None, None, "Unassigned"),
        ("ads.acme.example", None, None, "Unassigned"),
        ("research-weekly", None, None, "Unassigned"),
        ("notgoogle", None, None, "Unassigned"),
        ("notgoogle.com", None, None, "Unassigned"),
        ("google.acme.example", None, None, "Unassigned"),
        ("x-promo", None, None, "Unassigned"),
        ("paypal", None, None, "Unassigned"),
        ("paypal.com", None, None, "Unassigned"),
        # Unpaid, in GA4's order.
        ("amazon.de", None, None, "Organic Shopping"),
        ("Google Shopping", "organic", None, "Organic Shopping"),
        ("acme", "blog", "shop-opening", "Organic Shopping"),
        ("facebook", None, None, "Organic Social"),
        ("fb_feed", "post", None, "Organic Social"),
        ("x", None, None, "Organic Social"),
        ("t.co", None, None, "Organic Social"),
        ("acme", "social", None, "Organic Social"),
        ("acme", "social network", None, "Organic Social"),
        ("acme", "sm", None, "Organic Social"),
        ("youtube", "description", None, "Organic Video"),
        ("acme", "video", None, "Organic Video"),
        ("google", None, None, "Organic Search"),
        ("google", "organic", None, "Organic Search"),
        ("https://www.google.de/", None, None, "Organic Search"),
        ("bing", None, None, "Organic Search"),
        ("search", None, None, "Organic Search"),
        ("acme", "organic", None, "Organic Search"),
        ("chatgpt.com", None, None, "AI Assistant"),
        ("perplexity", "answer", None, "AI Assistant"),
        ("acme", "ai-assistant", None, "AI Assistant"),
        ("acme", "referral", None, "Referral"),
        ("acme", "link", None, "Referral"),
        ("acme", "email", None, "Email"),
        ("acme", "E-Mail", None, "Email"),
        ("acme", "e_mail", None, "Email"),
        ("acme", "e mail", None, "Email"),
        ("e-mail", None, None, "Email"),
        ("newsletter", None, None, "Email"),
        ("acme", "weekly-newsletter", None, "Email"),
        ("gmail", None, None, "Email"),
        ("acme", "affiliate", None, "Affiliates"),
        ("acme", "affiliates", None, "Affiliates"),
        ("acme", "audio", None, "Audio"),
        ("acme", "sms", None, "SMS"),
        ("sms", None, None, "SMS"),
        ("acme", "push", None, "Mobile Push Notifications"),
        ("acme", "web-push", None, "Mobile Push Notifications"),
        ("acme", "webpush", None, "Mobile Push Notifications"),
        ("acme", "mobile-app", None, "Mobile Push Notifications"),
        ("acme", "push_notification", None, "Mobile Push Notifications"),
        ("firebase", None, None, "Mobile Push Notifications"),
        # What a link was sent by wins over a word of the source, and over what GA4 does not list.
        ("shopify_email", "email", None, "Email"),
        ("shopify_email", None, None, "Email"),
        ("substack", "email", None, "Email"),
        ("substack", None, None, "Organic Social"),
        ("facebook_newsletter", "newsletter", None, "Email"),
        ("medium-digest", "E-Mail", None, "Email"),
        ("amazon_ses", "email", None, "Email"),
        ("google_ads", "email", None, "Email"),
        ("criteo", "email", None, "Email"),
        ("google_ads", "cpc-email", None, "Paid Search"),
        ("youtube-partners", "affiliate", None, "Affiliates"),
        ("whatsapp_business", "sms", None, "SMS"),
        ("linkedin_app", "push", None, "Mobile Push Notifications"),
        ("twitter_app", "notification", None, "Mobile Push Notifications"),
        # GA4's own names win over any medium, as in GA4.
        ("google", "email", None, "Organic Search"),
        ("facebook", "email", None, "Organic Social"),
        ("shopify", "email", None, "Organic Shopping"),
        # They count only as a whole.
        ("line", "richmenu", None, "Organic Social"),
        ("on-line", None, None, "Unassigned"),
        ("IGShopping", "Social", None, "Organic Shopping"),
        ("yahoo.co.jp", None, None, "Organic Search"),
        ("copilot.com", None, None, "AI Assistant"),
        # The names of ads are paid, also in one word.
        ("googleads", None, None, "Paid Search"),
        ("gads", None, None, "Paid Search"),
        ("adwords", None, None, "Paid Search"),
        ("bingads", None, None, "Paid Search"),
        ("msads", None, None, "Paid Search"),
        ("microsoft_ads", None, None, "Paid Search"),
        ("microsoft advertising", None, None, "Paid Search"),
        ("apple_search_ads", None, None, "Paid Search"),
        ("sklik", None, None, "Paid Search"),
        ("facebookads", None, None, "Paid Social"),
        ("FacebookAds_DE", None, None, "Paid Social"),
        ("facebookads", "post", None, "Paid Social"),
        ("fbads", None, None, "Paid Social"),
        ("fbad", None, None, "Paid Social"),
        ("fb_ads", None, None, "Paid Social"),
        ("facebook_feed_ad", None, None, "Paid Social"),
        ("metaads", None, None, "Paid Social"),
        ("meta-ads", None, None, "Paid Social"),
        ("ig_ads", None, None, "Paid Social"),
        ("tiktokads", None, None, "Paid Social"),
        ("linkedin_ads", None, None, "Paid Social"),
        ("xads", None, None, "Paid Social"),
        ("lineads", None, None, "Paid Social"),
        ("fbpaid", None, None, "Paid Social"),
        ("yt-ads", None, None, "Paid Video"),
        ("youtubeads", None, None, "Paid Video"),
        ("amazonads", None, None, "Paid Shopping"),
        ("dv360", None, None, "Display"),
        ("criteo", "retargeting", None, "Display"),
        ("taboola", None, None, "Paid Other"),
        ("acme", "facebookads", None, "Paid Other"),
        ("acme", "socialads", None, "Paid Social"),
        ("acme", "cpc_brand", None, "Paid Other"),
        ("downloads", None, None, "Unassigned"),
        ("nomad", None, None, "Unassigned"),
        ("threads", None, None, "Organic Social"),
        ("fcb", None, None, "Organic Social"),
        ("tik.tok", None, None, "Organic Social"),
        ("(direct)", "(none)", None, "Direct"),
        ("direct", None, None, "Direct"),
        ("acme", None, None, "Unassigned"),
        (None, None, "spring", "Unassigned"),
        (None, "promote-mail", None, "Unassigned"),
    ],
)
def test_the_channel_of_utm_values(
    source: str | None, medium: str | None, campaign: str | None, channel: str
) -> None:
    assert classify(source, medium, campaign).channel == channel


@pytest.mark.parametrize(
    ("referrer", "channel"),
    [
        ("https://www.google.com/", "Organic Search"),
        ("https://www.google.de", "Organic Search"),
        ("https://google.co.uk/search?q=x", "Organic Search"),
        ("https://www.google.cat/", "Organic Search"),
        ("android-app://com.google.android.googlequicksearchbox/", "Organic Search"),
        ("https://yandex.com.tr/", "Organic Search"),
        ("https://r.search.yahoo.com/", "Organic Search"),
        ("https://duckduckgo.com/", "Organic Search"),
        ("https://notgoogle.com/", "Referral"),
        ("https://google.evil.example/", "Referral"),
        ("https://google.github.io/", "Referral"),
        ("https://google.com.evil.example/", "Referral"),
        ("https://google.shop/", "Referral"),
        ("https://evil.example/?x=google.com", "Referral"),
        ("https://docs.google.com/document/d/1", "Referral"),
        ("android-app://com.google.android.apps.docs/", "Referral"),
        ("https://mail.google.com/", "Email"),
        ("android-app://com.google.android.gm/", "Email"),
        ("https://eur01.safelinks.protection.outlook.com/", "Email"),
        ("https://t.co/abc", "Organic Social"),
        ("https://lnkd.in/abc", "Organic Social"),
        ("https://l.facebook.com/l.php?u=x", "Organic Social"),
        ("https://out.reddit.com/x", "Organic Social"),
        ("android-app://com.linkedin.android/", "Organic Social"),
        ("https://www.pinterest.co.uk/", "Organic Social"),
        ("https://www.youtube.com/watch?v=x", "Organic Video"),
        ("https://www.amazon.co.jp/", "Organic Shopping"),
        ("https://chatgpt.com/", "AI Assistant"),
        ("https://www.perplexity.ai/", "AI Assistant"),
        ("https://copilot.microsoft.com/", "AI Assistant"),
        ("https://gemini.google.com/", "AI Assistant"),
        ("https://claude.ai/", "AI Assistant"),
        ("https://checkout.stripe.com/c/pay", "Direct"),
        ("https://www.paypal.com/checkoutnow", "Direct"),
        ("https://stripe.com/blog", "Referral"),
        # Steps on the way: payment, 3-D Secure, banks, sign-in.
        ("https://secure.payu.com/", "Direct"),
        ("https://excashier.alipay.com/", "Direct"),
        ("https://securepay.tinkoff.ru/", "Direct"),
        ("https://checkout.paystack.com/", "Direct"),
        ("https://payment.ecpay.com.tw/", "Direct"),
        ("https://www.securesuite.co.uk/", "Direct"),
        ("https://acs.bank.example/", "Direct"),
        ("https://3dsecure.bank.example/", "Direct"),
        ("https://checkout.shop.example/", "Direct"),
        ("https://online.mbank.pl/", "Direct"),
        ("https://pay.reddit.com/", "Organic Social"),
        ("https://accounts.google.com/", "Direct"),
        ("https://accounts.google.co.uk/", "Direct"),
        ("https://login.microsoftonline.com/", "Direct"),
        ("https://appleid.apple.com/", "Direct"),
        ("https://login.yahoo.co.jp/", "Direct"),
        ("https://acme.okta.com/", "Direct"),
        ("https://acme.eu.auth0.com/", "Direct"),
        ("https://acme.auth.eu-west-1.amazoncognito.com/", "Direct"),
        ("https://sso.partner.example/", "Direct"),
        ("https://sso.example/", "Referral"),
        ("https://github.com/login", "Referral"),
        # Ad servers.
        ("https://syndicatedsearch.goog/", "Paid Search"),
        ("https://www.adsensecustomsearchads.com/", "Paid Search"),
        ("https://googleads.g.doubleclick.net/", "Display"),
        ("https://tpc.googlesyndication.com/", "Display"),
        ("https://adservice.google.de/", "Display"),
        ("https://cas.criteo.com/", "Display"),
        ("https://adserver.publisher.example/", "Display"),
        ("https://imasdk.googleapis.com/", "Paid Video"),
        ("https://aax.amazon-adsystem.com/", "Paid Shopping"),
        ("https://trc.taboola.com/", "Paid Other"),
        # GA4's list, without subdomains; the others' with them.
        ("https://www.yahoo.co.jp/", "Organic Search"),
        ("https://search.yahoo.co.jp/", "Organic Search"),
        ("https://news.yahoo.co.jp/", "Referral"),
        ("https://www.msn.com/", "Organic Search"),
        ("https://wordpress.com/", "Organic Social"),
        ("https://somebody.wordpress.com/", "Referral"),
        ("https://answers.yahoo.com/", "Organic Social"),
        ("https://copilot.com/", "AI Assistant"),
        ("https://mail.google.de/", "Email"),
        ("https://docs.google.de/", "Referral"),
        ("https://webmail.provider.example/", "Email"),
        ("https://hachyderm.io/", "Organic Social"),
        ("android-app://com.tencent.mm/", "Organic Social"),
        ("android-app://jp.naver.line.android/", "Organic Social"),
        ("android-app://com.microsoft.bing/", "Organic Search"),
        ("android-app://com.aol.mobile.aolapp/", "Email"),
        ("https://www.example.com/", "Direct"),
        ("https://app.example.com/login", "Direct"),
        ("https://xn--mnchen-3ya.example.org/", "Direct"),
        ("https://notexample.com/", "Referral"),
        ("https://example.com.evil.example/", "Referral"),
        ("https://partner.example/", "Referral"),
        ("http://192.0.2.7/", "Referral"),
        ("http://[2001:db8::1]/", "Referral"),
        ("about:blank", "Direct"),
        ("http://[::1", "Direct"),
        ("   ", "Direct"),
        ("", "Direct"),
        (None, "Direct"),
    ],
)
def test_the_channel_of_a_referrer_without_utm_values(referrer: str | None, channel: str) -> None:
    assert classify(referrer=referrer).channel == channel


@pytest.mark.parametrize(
    ("page_url", "referrer", "channel"),
    [
        ("https://shop.acme.co.uk/a", "https://www.acme.co.uk/", "Direct"),
        ("https://alice.github.io/", "https://bob.github.io/", "Referral"),
        ("http://localhost:5177/", "http://localhost:3000/", "Direct"),
        ("http://192.0.2.7/", "http://192.0.2.8/", "Referral"),
        ("javascript:alert(1)", "https://partner.example/", "Referral"),
        ("http://[::1", "https://www.google.com/", "Organic Search"),
        (None, "https://app.example.com/", "Direct"),
        ("https://münchen.de/", "https://xn--mnchen-3ya.de/", "Direct"),
        ("https://www.google.com/", "https://google.com/", "Direct"),
        ("https://x.example/?" + "q" * 10_000, "https://www.bing.com/", "Organic Search"),
    ],
)
def test_a_referrer_from_the_pages_own_site_is_direct(
    page_url: str | None, referrer: str, channel: str
) -> None:
    assert classify(referrer=referrer, page_url=page_url).channel == channel


@pytest.mark.parametrize(
    ("click_ids", "source", "medium", "referrer", "channel"),
    [
        ({"gclid": "x"}, None, None, None, "Paid Search"),
        ({"GCLID": "x"}, None, None, "https://www.google.com/", "Paid Search"),
        ({"gbraid": "x"}, None, None, None, "Paid Search"),
        ({"wbraid": "x"}, None, None, None, "Paid Search"),
        ({"msclkid": "x"}, None, None, None, "Paid Search"),
        ({"gclid": "x"}, "newsletter", "email", None, "Paid Search"),
        ({"gclid": "x"}, "youtube", None, None, "Paid Video"),
        ({"gclid": "x"}, "google", "display", None, "Display"),
        ({"gclid": "x"}, "acme", "video", None, "Paid Video"),
        ({"gclid": "x"}, None, None, "https://www.example.com/", "Paid Search"),
        ({"dclid": "x"}, None, None, None, "Display"),
        ({"dclid": "x", "gclid": "x"}, None, None, None, "Paid Search"),
        ({"ttclid": "x"}, None, None, None, "Paid Social"),
        ({"twclid": "x"}, None, None, "https://t.co/", "Paid Social"),
        ({"li_fat_id": "x"}, None, None, None, "Paid Social"),
        ({"tblci": "x"}, None, None, None, "Paid Other"),
        ({"fbclid": "x"}, None, None, None, "Organic Social"),
        ({"fbclid": "x"}, None, None, "https://www.google.com/", "Organic Search"),
        ({"fbclid": "x"}, "facebook", "cpc", None, "Paid Social"),
        ({"fbclid": "x"}, "acme", "email", None, "Email"),
        ({"igshid": "x"}, None, None, "https://www.instagram.com/", "Organic Social"),
        ({"gad_source": "1"}, None, None, None, "Paid Search"),
        ({"gad_campaignid": "1"}, None, None, None, "Paid Search"),
        ({"gad_source": "1"}, "youtube", None, None, "Paid Video"),
        ({"gclsrc": "aw.ds"}, None, None, None, "Paid Search"),
        ({"sznclid": "x"}, None, None, None, "Paid Search"),
        ({"qclid": "x"}, None, None, None, "Paid Social"),
        ({"vmcid": "x"}, None, None, None, "Paid Other"),
        ({"obOrigUrl": "true"}, None, None, None, "Paid Other"),
        ({"irclickid": "x"}, None, None, None, "Affiliates"),
        ({"cjevent": "x"}, None, None, "https://coupons.example/", "Affiliates"),
        ({"awc": "x"}, None, None, "https://www.youtube.com/", "Affiliates"),
        ({"awc": "x", "fbclid": "x"}, None, None, "https://l.facebook.com/", "Affiliates"),
        ({"awc": "x"}, "google", "cpc", None, "Paid Search"),
        ({"mc_eid": "x", "mc_cid": "y"}, None, None, None, "Email"),
        ({"_kx": "x"}, None, None, None, "Email"),
        ({"_hsenc": "x"}, None, None, "https://partner.example/", "Email"),
        ({"mkt_tok": "x"}, None, None, "https://l.facebook.com/", "Organic Social"),
        ({"ysclid": "x"}, None, None, None, "Organic Search"),
        ({"gclid": ""}, None, None, None, "Direct"),
        ({"gclid": "  "}, None, None, None, "Direct"),
        ({"unknown": "x"}, None, None, None, "Direct"),
    ],
)
def test_the_channel_of_a_click_id(
    click_ids: dict[str, str],
    source: str | None,
    medium: str | None,
    referrer: str | None,
    channel: str,
) -> None:
    assert classify(source, medium, referrer=referrer, **click_ids).channel == channel


@pytest.mark.parametrize(
    ("source", "medium", "referrer", "channel"),
    [
        ("google", "cpc", "https://www.facebook.com/", "Paid Search"),
        ("acme", None, "https://www.google.com/", "Unassigned"),
        ("acme", "cpc", "https://www.google.com/", "Paid Other"),
        (None, "cpc", "https://www.google.com/", "Paid Search"),
        (None, "cpc", "https://www.example.com/", "Paid Other"),
        ("google", "cpc", "https://checkout.stripe.com/", "Paid Search"),
        ("  ", " ", "https://partner.example/", "Referral"),
    ],
)
def test_utm_values_win_over_the_referrer(
    source: str | None, medium: str | None, referrer: str, channel: str
) -> None:
    assert classify(source, medium, referrer=referrer).channel == channel


@pytest.mark.parametrize(
    ("source", "medium", "referrer", "source_type"),
    [
        ("google", "cpc", None, SourceType.PAID),
        ("facebook", "paid", None, SourceType.PAID),
        ("google", None, None, SourceType.ORGANIC),
        ("bing", "newsletter", None, SourceType.ORGANIC),
        (None, None, "https://www.google.com/", SourceType.ORGANIC),
        (None, None, "https://www.bing.com/search", SourceType.ORGANIC),
        (None, None, "https://facebook.com/", SourceType.SOCIAL),
        (None, None, "https://twitter.com/", SourceType.SOCIAL),
        (None, None, "https://www.linkedin.com/", SourceType.SOCIAL),
        (None, None, "https://partner.example/", SourceType.REFERRAL),
        (None, None, None, SourceType.DIRECT),
    ],
)
def test_the_originals_examples_keep_their_source_type(
    source: str | None, medium: str | None, referrer: str | None, source_type: SourceType
) -> None:
    assert classify(source, medium, referrer=referrer).source_type is source_type


def test_channels_fold_into_source_types_as_the_design_says() -> None:
    of = {kind: {c for c in Channel if SOURCE_TYPE_OF[c] is kind} for kind in SourceType}
    assert of[SourceType.PAID] == {
        "Paid Search",
        "Paid Social",
        "Paid Shopping",
        "Paid Video",
        "Paid Other",
        "Display",
        "Cross-network",
    }
    assert of[SourceType.ORGANIC] == {"Organic Search", "Organic Shopping"}
    assert of[SourceType.SOCIAL] == {"Organic Social", "Organic Video"}
    assert of[SourceType.DIRECT] == {"Direct"}
    assert len(of[SourceType.REFERRAL]) == len(Channel) - 7 - 2 - 2 - 1


def test_rules_have_names_of_their_own_and_the_last_fits_everything() -> None:
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() and name.islower() for name in names)
    assert classify().rule == names[-1] == "no_source"


def test_every_channel_has_a_rule() -> None:
    assert {rule.channel for rule in RULES} == set(Channel)


def test_the_documentation_lists_the_rules_in_their_order() -> None:
    page = Path(__file__).parents[3].joinpath("docs", "channels.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| `")]
    documented = [(row[1].strip(" `"), row[2].strip()) for row in rows]
    assert documented == [(rule.name, rule.channel) for rule in RULES]


ANY_TEXT = st.text(st.characters(exclude_categories=()))  # lone surrogates too
TEXT = st.none() | ANY_TEXT | st.sampled_from(["google", "(direct)", "paid-", "e-", "ad.ad"])
URLS = TEXT | st.builds("https://{}".format, ANY_TEXT) | st.sampled_from(["http://[::1", "\ud800"])
CAMPAIGNS = st.builds(Campaign, TEXT, TEXT, TEXT, TEXT, TEXT)


@given(CAMPAIGNS, st.dictionaries(ANY_TEXT, ANY_TEXT), URLS, URLS)
def test_no_visit_makes_the_classifier_raise(
    campaign: Campaign, click_ids: dict[str, str], referrer: str | None, page_url: str | None
) -> None:
    found = CLASSIFIER.classify_visit(campaign, click_ids, referrer, page_url)
    assert found.source_type is SOURCE_TYPE_OF[found.channel]


@pytest.mark.parametrize("domain", ["https://example.com", "*.example.com", "", "localhost:3000"])
def test_an_own_domain_that_is_none_is_refused(domain: str) -> None:
    with pytest.raises(ValueError, match=r"write it as example\.com"):
        ChannelClassifier(load_source_lists(), [domain])
