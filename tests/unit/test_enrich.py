"""From payload and request to the event that is stored."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict

from collector.contract.models import TAG_LENGTHS
from collector.contract.reader import EVENTS
from collector.contract.wire import WireNumber
from collector.enrich import Enricher, make_enricher
from collector.event import Event, FunnelStage, Mark, RequestContext, SourceType
from collector.settings import DEFAULT_USER_ID_NAMESPACE, Settings
from tests.support import CHROME
from tests.unit.events import NOON

CURL = "curl/8.5.0"
EVENT_ID = UUID("018f4d3e-7c1a-7b2e-9a51-2f3c4d5e6f70")


@pytest.fixture(scope="module")
def enricher() -> Enricher:
    return make_enricher(Settings(database_url="postgresql://unused", default_currency="EUR"))


def enrich(enricher: Enricher, user_agent: str | None = CHROME, **fields: Any) -> Event:
    body = {"session_id": "s1", "event_type": "page_view", "event_name": "Page", **fields}
    context = RequestContext(
        "198.51.100.9", True, NOON, user_agent, "kong-1", gpc=True, stored_ip="203.0.113.7"
    )
    return enricher.enrich(EVENTS.read(body), context)


def test_a_user_id_that_is_a_uuid_is_stored_as_it_is(enricher: Enricher) -> None:
    stored = enrich(enricher, user_id="6F0A3D0E-6A7C-4C0E-9D5B-3F6D0B8B7C11")
    assert stored.user_id == UUID("6f0a3d0e-6a7c-4c0e-9d5b-3f6d0b8b7c11")
    assert stored.external_user_id is None


@pytest.mark.parametrize("user_id", ["42", "auth0|x", "6f0a3d0e6a7c4c0e9d5b3f6d0b8b7c11"])
def test_any_other_user_id_is_mapped_and_kept_as_sent(enricher: Enricher, user_id: str) -> None:
    stored = enrich(enricher, user_id=user_id)
    assert stored.user_id == uuid5(DEFAULT_USER_ID_NAMESPACE, user_id)
    assert stored.external_user_id == user_id


# What is stored as it was sent, of each field another value.
TEXTS_AS_SENT = (
    *("session_id", "visitor_id", "event_name", "order_id", "stripe_session_id", "ga_client_id"),
    *("ga_session_id", "stripe_customer_id", "device_type", "browser", "os", "fb_pixel_id"),
    *("fb_event_id", "google_ads_click_id", "linkedin_partner_id"),
)
AS_SENT: dict[str, Any] = {
    **{name: f"{name} 1" for name in TEXTS_AS_SENT},
    "event_type": "subscription_created",
    "page_url": "https://example.com/page",
    "referrer": "https://example.org/referrer",
    "sequence": 7,
    "form_data": {"form": 1},
    "metadata": {"meta": 1},
    "click_ids": {"gclid": "gclid 1"},
    "currency": "CHF",
    "consent": {"ad_storage": "denied", "analytics_storage": "granted"},
    "user_data": {"email": "jane@example.com", "postal_code": "8001"},
}


def test_every_value_is_stored_under_its_own_name(enricher: Enricher) -> None:
    tags = {name: f"{name} 1" for name in TAG_LENGTHS}
    user, sent_at = "user 1", NOON - timedelta(seconds=1)
    occurred_at = NOON - timedelta(seconds=2)
    event = enrich(
        enricher,
        **AS_SENT,
        event_id=str(EVENT_ID),
        utm_params=tags,
        user_id=user,
        conversion_value="12.345",
        page_title="t" * 501,
        occurred_at=occurred_at.isoformat(),
        sent_at=sent_at.isoformat(),
    )
    made = {
        "id": EVENT_ID,
        "user_id": uuid5(DEFAULT_USER_ID_NAMESPACE, user),
        "external_user_id": user,
        "funnel_stage": FunnelStage.SUBSCRIPTION_CREATED,
        "is_bot": False,
        "source_type": SourceType.PAID,
        "channel": "Paid Search",
        "channel_rule": "paid_search",
        "page_title": "t" * 500,
        "conversion_value": Decimal("12.35"),
        "converted": True,
        "user_agent": CHROME,
        "ip_address": "203.0.113.7",
        "stamp_verified": True,
        "truncated_fields": ("page_title",),
        "marks": (Mark.VALUE_ROUNDED,),
        "request_id": "kong-1",
        "occurred_at": occurred_at,
        "sent_at": sent_at,
        "gpc": True,
        "received_at": NOON,
    }
    assert asdict(event) == {**AS_SENT, **tags, **made}


def test_an_event_without_an_id_gets_a_uuid_of_version_7(enricher: Enricher) -> None:
    assert enrich(enricher).id.version == 7


@pytest.mark.parametrize("event_id", ["0" * 32, str(UUID(int=2**128 - 1)), "undefined"])
def test_an_event_id_that_is_none_is_made_anew_each_time(enricher: Enricher, event_id: str) -> None:
    one, two = (enrich(enricher, event_id=event_id) for _ in range(2))
    assert (one.id.version, two.id.version) == (7, 7)
    assert one.id != two.id
    assert one.marks == (Mark.PLACEHOLDER_ID,)


def test_an_event_of_no_known_session_has_one_of_its_own(enricher: Enricher) -> None:
    one, two = (enrich(enricher, session_id="undefined") for _ in range(2))
    assert one.session_id == f"no-session-{one.id}"
    assert one.session_id != two.session_id
    assert one.marks == (Mark.PLACEHOLDER_ID,)


def test_a_wrong_clock_is_corrected_and_what_was_sent_can_be_found_out(enricher: Enricher) -> None:
    off, waited = timedelta(days=365), timedelta(minutes=10)
    sent_at, occurred_at = NOON - off, NOON - off - waited
    stored = enrich(
        enricher, sent_at=sent_at.isoformat(), occurred_at=occurred_at.isoformat(), metadata=[]
    )
    assert (stored.occurred_at, stored.sent_at) == (NOON - waited, sent_at)
    assert stored.marks == (Mark.FORM_MENDED, Mark.CLOCK_CORRECTED)
    assert stored.occurred_at is not None
    assert stored.occurred_at - (stored.received_at - sent_at) == occurred_at


def test_a_time_that_no_browser_can_have_is_left_out(enricher: Enricher) -> None:
    stored = enrich(enricher, occurred_at=90_000)
    assert (stored.occurred_at, stored.marks) == (None, (Mark.TIME_NOT_BELIEVED,))


def test_what_the_payload_says_of_the_device_wins_over_the_user_agent(enricher: Enricher) -> None:
    said = enrich(enricher, device_type="kiosk", browser="Ours", os="Theirs")
    assert (said.device_type, said.browser, said.os) == ("kiosk", "Ours", "Theirs")
    read = enrich(enricher)
    assert (read.device_type, read.browser, read.os) == ("desktop", "Chrome", "Windows")


def test_a_bot_is_marked_whatever_the_payload_says(enricher: Enricher) -> None:
    assert enrich(enricher, CURL, browser="Chrome").is_bot
    assert not enrich(enricher).is_bot
    assert not enrich(enricher, None).is_bot


@pytest.mark.parametrize(
    ("fields", "click_ids"),
    [
        ({}, None),
        ({"page_url": "https://x.com/?gclid=a&q=1&fbclid=b"}, {"gclid": "a", "fbclid": "b"}),
        ({"page_url": "https://x.com/?gclid=a%00b"}, {"gclid": "a\ufffdb"}),
        ({"page_url": "https://x.com/?" + "a=1&" * 2_000 + "gclid=x"}, None),
        ({"page_url": "http://[::1?gclid=x"}, None),
        ({"page_url": "https://x.com/?gclid=a", "click_ids": {"ttclid": "t"}}, {"ttclid": "t"}),
        ({"page_url": "https://x.com/?gclid=a", "click_ids": {}}, {"gclid": "a"}),
        ({"page_url": "https://x.com/?gclid=a", "click_ids": {"gclid": None}}, {"gclid": "a"}),
        ({"page_url": "https://x.com/?gclid=a", "click_ids": {"gclid": ""}}, {"gclid": "a"}),
        ({"page_url": "https://x.com/?gclid=a", "click_ids": {"gclid": " "}}, {"gclid": "a"}),
        ({"page_url": "https://x.com/?GCLID=a&ScCid=b"}, {"gclid": "a", "sccid": "b"}),
        ({"page_url": "https://x.com/?g%63lid=a"}, {"gclid": "a"}),
        ({"page_url": "https://x.com/?plan=pro&amp;gclid=a"}, {"gclid": "a"}),
        ({"page_url": "https://x.com/#/buy?gclid=a"}, {"gclid": "a"}),
        ({"page_url": "https://x.com/#gclid=a"}, {"gclid": "a"}),
        ({"page_url": "https://x.com/?gclid=a#gclid=b"}, {"gclid": "a"}),
        ({"page_url": "https://x.com/?gclid=&gclid=a&gclid=b"}, {"gclid": "a"}),
        ({"page_url": "https://x.com/?gclid=" + "a" * 2_000}, {"gclid": "a" * 1_024}),
        ({"click_ids": {"GCLID": "a", "amp;FBCLID": "b"}}, {"gclid": "a", "fbclid": "b"}),
        ({"click_ids": {"Ours": "a"}}, {"Ours": "a"}),
        ({"google_ads_click_id": "g"}, {"gclid": "g"}),
        ({"google_ads_click_id": "g", "click_ids": {"gclid": "own"}}, {"gclid": "own"}),
    ],
)
def test_click_ids_come_from_the_payload_else_from_the_page(
    enricher: Enricher, fields: dict[str, Any], click_ids: dict[str, str] | None
) -> None:
    assert enrich(enricher, **fields).click_ids == click_ids


@pytest.mark.parametrize(
    ("fields", "google_ads_click_id"),
    [
        ({}, None),
        ({"click_ids": {"gclid": "g"}}, "g"),
        ({"click_ids": {"GCLID": "g"}}, "g"),
        ({"click_ids": {"gclid": "g"}, "google_ads_click_id": "own"}, "own"),
        ({"click_ids": {"fbclid": "f"}}, None),
        ({"click_ids": {"gclid": "g" * 300}}, "g" * 255),
        ({"page_url": "https://x.com/?gclid=a"}, None),
    ],
)
def test_googles_click_id_is_the_gclid_that_was_sent(
    enricher: Enricher, fields: dict[str, Any], google_ads_click_id: str | None
) -> None:
    assert enrich(enricher, **fields).google_ads_click_id == google_ads_click_id


def test_a_currency_that_is_not_named_is_the_default(enricher: Enricher) -> None:
    assert enrich(enricher).currency == "EUR"
    assert enrich(enricher, currency="usd").currency == "USD"


def test_a_subscription_and_a_purchase_convert(enricher: Enricher) -> None:
    assert enrich(enricher, event_type="subscription_created").converted
    assert enrich(enricher, event_type="purchase").converted
    assert not enrich(enricher, event_type="checkout_start").converted


@pytest.mark.parametrize(
    ("value", "currency", "stored", "marks"),
    [
        (WireNumber("29.99"), "USD", "29.99", ()),
        (29, "USD", "29.00", ()),
        (" 5 ", "EUR", "5.00", ()),
        (0, "USD", "0.00", ()),
        (WireNumber("-0.0"), "USD", "0.00", ()),
        (WireNumber("1e-400"), "USD", "0.00", ()),
        (WireNumber("2.5e1"), "USD", "25.00", ()),
        (WireNumber("183.60000000000002"), "BAM", "183.60", ()),
        (WireNumber("0.005"), "USD", "0.01", (Mark.VALUE_ROUNDED,)),
        (WireNumber("0.0049999999999999999999"), "USD", "0.00", (Mark.VALUE_ROUNDED,)),
        ("12.345", "KWD", "12.345", ()),
        ("12.3456", "BHD", "12.346", (Mark.VALUE_ROUNDED,)),
        ("1500", "JPY", "1500", ()),
        ("1500.5", "JPY", "1501", (Mark.VALUE_ROUNDED,)),
        ("1.23456", "CLF", "1.2346", (Mark.VALUE_ROUNDED,)),
        ("150000000", "IDR", "150000000.00", ()),
        (10**15, "IRR", "1000000000000000.00", ()),
        (10**15, "CLF", "1000000000000000.0000", ()),
        ("12.345", None, "12.35", (Mark.VALUE_ROUNDED,)),  # EUR, the default here
        ("12.345", "ZZZ", "12.35", (Mark.VALUE_ROUNDED,)),
    ],
)
def test_an_amount_is_rounded_half_up_to_the_minor_unit_of_its_currency(
    enricher: Enricher, value: object, currency: str | None, stored: str, marks: tuple[str, ...]
) -> None:
    sold = enrich(enricher, conversion_value=value, currency=currency)
    assert (str(sold.conversion_value), sold.marks) == (stored, marks)


def test_an_event_without_a_value_has_none(enricher: Enricher) -> None:
    assert enrich(enricher, currency="JPY").conversion_value is None


@given(st.decimals(min_value=0, max_value=10**15, places=2))
def test_every_amount_in_cents_is_kept_to_the_cent(enricher: Enricher, amount: Decimal) -> None:
    sold = enrich(enricher, conversion_value=WireNumber(str(amount)))
    assert (sold.conversion_value, sold.marks) == (amount, ())


def test_a_currency_of_no_decimals_that_is_the_default_counts_where_none_is_named() -> None:
    yen = make_enricher(Settings(database_url="postgresql://unused", default_currency="JPY"))
    assert str(enrich(yen, conversion_value="99.6").conversion_value) == "100"


def test_an_order_that_is_sent_without_an_id_has_the_same_id_each_time(enricher: Enricher) -> None:
    bought = {"event_type": "purchase", "order_id": "R1"}
    first = enrich(enricher, **bought)
    assert enrich(enricher, **bought, page_url="/thanks", conversion_value=5).id == first.id
    others = (
        {"order_id": "R2"},
        {"session_id": "s2"},
        {"event_type": "subscription_created"},
        {"event_type": "refund"},
        {"order_id": None},
    )
    ids = {enrich(enricher, **{**bought, **other}).id for other in others}
    assert len(ids | {first.id}) == 1 + len(others)
    assert enrich(enricher, **bought, event_id=str(UUID(int=7))).id == UUID(int=7)


def test_stripes_session_names_the_order_where_nothing_else_does(enricher: Enricher) -> None:
    by_order = enrich(enricher, event_type="purchase", order_id="x", stripe_session_id="cs_1")
    by_stripe = enrich(enricher, event_type="purchase", stripe_session_id="x")
    assert by_order.id == by_stripe.id


def test_the_channel_and_the_rule_that_decided_it_are_stored(enricher: Enricher) -> None:
    stored = enrich(enricher, referrer="https://www.google.com/")
    assert (stored.source_type, stored.channel) == ("organic", "Organic Search")
    assert stored.channel_rule


def test_only_the_first_parameters_are_looked_at_for_click_ids(enricher: Enricher) -> None:
    others = "&".join(f"p{number}=1" for number in range(99))
    assert enrich(enricher, page_url=f"https://x.com/?{others}&gclid=a").click_ids == {"gclid": "a"}
    assert enrich(enricher, page_url=f"https://x.com/?{others}&b=1&gclid=a").click_ids is None


TAGGED = "https://x.com/?utm_source=google&utm_medium=cpc&utm_campaign=spring"


@pytest.mark.parametrize(
    ("fields", "campaign"),
    [
        ({}, (None, None, None)),
        ({"page_url": TAGGED}, ("google", "cpc", "spring")),
        ({"page_url": TAGGED, "utm_params": {}}, ("google", "cpc", "spring")),
        ({"page_url": TAGGED, "utm_params": {"utm_term": " "}}, ("google", "cpc", "spring")),
        ({"page_url": TAGGED, "utm_params": {"utm_source": "news"}}, ("news", None, None)),
        ({"page_url": TAGGED, "utm_params": {"utm_source": " news"}}, ("news", None, None)),
        ({"utm_params": {"utm_medium": "paid%20social"}}, (None, "paid social", None)),
        ({"utm_params": {"utm_medium": "cpc%20"}}, (None, "cpc", None)),
        ({"utm_params": {"utm_campaign": "a%00b"}}, (None, None, "a\ufffdb")),
        ({"utm_params": {"utm_campaign": "a &amp; b"}}, (None, None, "a & b")),
        ({"utm_params": {"UTM_Source": "a", "amp;utm_medium": "b"}}, ("a", "b", None)),
        ({"utm_params": {"UTM_SOURCE": "a", "utm_source": "b"}}, ("b", None, None)),
    ],
)
def test_the_campaign_is_the_payloads_else_that_of_the_page(
    enricher: Enricher, fields: dict[str, Any], campaign: tuple[str | None, ...]
) -> None:
    stored = enrich(enricher, **fields)
    assert (stored.utm_source, stored.utm_medium, stored.utm_campaign) == campaign


def test_tags_of_the_page_are_cut_to_their_columns_and_named(enricher: Enricher) -> None:
    stored = enrich(enricher, page_url=f"https://x.com/?utm_source={'a' * 101}&utm_term=b")
    assert (stored.utm_source, stored.utm_term) == ("a" * 100, "b")
    assert stored.truncated_fields == ("utm_source",)


def test_tags_that_are_unknown_in_any_case_are_counted() -> None:
    read = EVENTS.read(
        {
            "session_id": "s1",
            "event_type": "page_view",
            "event_name": "Page",
            "utm_params": {"Utm_Source": "a", "utm_id": "b"},
        }
    )
    assert read.unknown == 1


def test_click_ids_of_the_page_count_beside_a_campaign_that_was_sent(enricher: Enricher) -> None:
    stored = enrich(enricher, page_url=f"{TAGGED}&gclid=a", utm_params={"utm_source": "newsletter"})
    assert (stored.utm_source, stored.click_ids) == ("newsletter", {"gclid": "a"})


def test_the_channel_follows_the_tags_of_the_page(enricher: Enricher) -> None:
    assert enrich(enricher, page_url=TAGGED).channel == "Paid Search"


ADDRESS = "https://www.example.com/pricing?gclid=x1&email=jane%40example.org"


def test_addresses_are_redacted_where_they_are_stored_and_marked(enricher: Enricher) -> None:
    referrer = "https://jane:hunter2@www.google.com/"
    event = enrich(enricher, page_url=ADDRESS, referrer=referrer)
    assert event.page_url == "https://www.example.com/pricing?gclid=x1&email=(redacted)"
    assert event.referrer == "https://(redacted)@www.google.com/"
    assert event.marks == (Mark.ADDRESS_REDACTED,)
    assert event.click_ids == {"gclid": "x1"}
    assert event.channel == "Paid Search"
    assert event.funnel_stage == "visited_pricing"


def test_what_a_tracker_redacted_is_marked_too(enricher: Enricher) -> None:
    page_url = "https://www.example.com/?token=(redacted)"
    event = enrich(enricher, page_url=page_url)
    assert (event.page_url, event.marks) == (page_url, (Mark.ADDRESS_REDACTED,))


def test_an_address_without_anything_to_cut_is_not_marked(enricher: Enricher) -> None:
    event = enrich(enricher, page_url="https://www.example.com/?q=1", referrer="")
    assert (event.page_url, event.referrer, event.marks) == (
        "https://www.example.com/?q=1",
        None,
        (),
    )


def test_what_else_holds_an_address_is_the_sites_own_choice(enricher: Enricher) -> None:
    event = enrich(enricher, metadata={"from": ADDRESS}, form_data={"from": ADDRESS})
    assert (event.metadata, event.form_data) == ({"from": ADDRESS}, {"from": ADDRESS})


def test_a_deployment_may_keep_addresses_as_sent_or_cut_more() -> None:
    off = Settings(database_url="postgresql://unused", redact_addresses=False)
    assert enrich(make_enricher(off), page_url=ADDRESS).page_url == ADDRESS
    more = Settings(database_url="postgresql://unused", redact_parameters=("gclid",))
    event = enrich(make_enricher(more), page_url=ADDRESS)
    assert event.page_url == "https://www.example.com/pricing?gclid=(redacted)&email=(redacted)"
    assert event.click_ids == {"gclid": "x1"}
