"""From payload and request to the event that is stored."""

from typing import Any
from urllib.parse import quote_from_bytes, unquote_plus
from uuid import UUID, uuid5

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collector.contract.reader import EVENTS
from collector.enrich import Enricher, make_enricher, unescape
from collector.event import Event, RequestContext
from collector.settings import DEFAULT_USER_ID_NAMESPACE, Settings
from tests.support import CHROME
from tests.unit.events import NOON

CURL = "curl/8.5.0"


@pytest.fixture(scope="module")
def enricher() -> Enricher:
    return make_enricher(Settings(database_url="postgresql://unused", default_currency="EUR"))


def enrich(enricher: Enricher, user_agent: str | None = CHROME, **fields: Any) -> Event:
    body = {"session_id": "s1", "event_type": "page_view", "event_name": "Page", **fields}
    context = RequestContext("203.0.113.7", True, NOON, user_agent, "kong-1")
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


def test_an_event_without_an_id_gets_a_uuid_of_version_7(enricher: Enricher) -> None:
    assert enrich(enricher).id.version == 7


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
        ({"page_url": "https://x.com/?gclid=a", "click_ids": {}}, None),
        ({"google_ads_click_id": "g"}, {"gclid": "g"}),
        ({"google_ads_click_id": "g", "click_ids": {"gclid": "own"}}, {"gclid": "own"}),
    ],
)
def test_click_ids_come_from_the_payload_else_from_the_page(
    enricher: Enricher, fields: dict[str, Any], click_ids: dict[str, str] | None
) -> None:
    assert enrich(enricher, **fields).click_ids == click_ids


@given(
    st.text(st.characters(exclude_categories=["Cs"]))
    | st.text("%=+ _\r\n0aF\u00e9", max_size=40)
    | st.binary().map(quote_from_bytes)
)
@example("%e2%82%acé%c3é%=3D%3d=41+_%" + "%%" * 40)
def test_a_click_id_is_decoded_as_urllib_decodes_it(text: str) -> None:
    assert unescape(text) == unquote_plus(text)


@pytest.mark.parametrize(
    ("fields", "google_ads_click_id"),
    [
        ({}, None),
        ({"click_ids": {"gclid": "g"}}, "g"),
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


def test_only_a_subscription_converts(enricher: Enricher) -> None:
    assert enrich(enricher, event_type="subscription_created").converted
    assert not enrich(enricher, event_type="purchase").converted


def test_the_channel_and_the_rule_that_decided_it_are_stored(enricher: Enricher) -> None:
    stored = enrich(enricher, referrer="https://www.google.com/")
    assert (stored.source_type, stored.channel) == ("organic", "Organic Search")
    assert stored.channel_rule


def test_only_the_first_parameters_are_looked_at_for_click_ids(enricher: Enricher) -> None:
    others = "&".join(f"p{number}=1" for number in range(99))
    assert enrich(enricher, page_url=f"https://x.com/?{others}&gclid=a").click_ids == {"gclid": "a"}
    assert enrich(enricher, page_url=f"https://x.com/?{others}&b=1&gclid=a").click_ids is None
