"""What is tracked of visitors who were not asked, said no, or sent a signal."""

from __future__ import annotations

import json
import time

import pytest
from playwright.async_api import ConsoleMessage, Page

from tests.browser.conftest import ALLOWED, StartProfile
from tests.browser.flaky_proxy import FlakyProxy
from tests.browser.page_server import PageServer
from tests.browser.stored import Stored, names_and_sequence
from tests.browser.tracking import track, wait_for_tracker

LANDING = f"{ALLOWED}/?utm_source=google&gclid=g-1"
IDENTIFIERS = (
    "user_id",
    "external_user_id",
    "visitor_id",
    "click_ids",
    "google_ads_click_id",
    "form_data",
    "metadata",
)
STORED_KEYS = "[...Object.keys(localStorage), ...Object.keys(sessionStorage)].sort()"
DO_NOT_TRACK = {"enable_do_not_track": True}
# Chromium has no setting for it: browsers and extensions that do define this property.
GLOBAL_PRIVACY_CONTROL = (
    "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true })"
)


async def test_a_browser_that_a_program_drives_is_left_alone(
    page: Page, site: PageServer, proxy: FlakyProxy
) -> None:
    del site.options["automation"]
    await visit_and_see_it_dropped(page, site)
    assert await page.evaluate("navigator.webdriver")
    assert (await stored_keys(page), proxy.requests) == ([], [])


async def test_until_consent_nothing_is_stored_or_sent_and_then_all_of_it(
    page: Page, site: PageServer, proxy: FlakyProxy, stored: Stored
) -> None:
    site.options["consent"] = "required"
    await page.goto(LANDING)
    await track(page, "one")
    assert (await stored_keys(page), await page.context.cookies()) == ([], [])

    asked = time.monotonic()
    await page.evaluate("conversionTracking.setConsent({ analytics: true })")
    rows = await stored.wait_for(2)
    assert names_and_sequence(rows) == [("page_view", 1), ("one", 2)]
    assert [row["utm_source"] for row in rows] == ["google", "google"]
    assert all(seen.at > asked for seen in proxy.requests)
    assert "ct_session_id" in await stored_keys(page)


async def test_after_a_refusal_nothing_is_sent(
    page: Page, site: PageServer, proxy: FlakyProxy
) -> None:
    site.options |= {"consent": "required", "debug": "true"}
    await page.goto(LANDING)
    await wait_for_tracker(page)
    async with page.expect_console_message(is_dropped):
        await page.evaluate("conversionTracking.setConsent({ analytics: false })")
    async with page.expect_console_message(is_dropped):
        await track(page, "one")
    assert (await stored_keys(page), proxy.requests) == ([], [])


async def test_consent_that_is_withdrawn_leaves_nothing_on_the_device(
    page: Page, site: PageServer, proxy: FlakyProxy, stored: Stored
) -> None:
    site.options |= {"visitor-id": "true", "debug": "true"}
    await page.goto(LANDING)
    await wait_for_tracker(page)
    await page.evaluate("conversionTracking.setConsent({ analytics: true })")
    await track(page, "one")
    await stored.wait_for(2)
    names = {key.rsplit(":", 1)[-1] for key in await stored_keys(page)}
    assert {"ct_session_id", "visitor"} <= names

    proxy.go_down()
    await track(page, "never sent")
    await proxy.wait_for_requests(3)
    await page.evaluate("conversionTracking.setConsent({ analytics: false })")
    assert await stored_keys(page) == []


async def test_without_consent_events_can_be_counted_without_identifiers(
    page: Page, site: PageServer, stored: Stored
) -> None:
    site.options["consent"] = "count"
    await expect_events_without_identifiers(page, stored)


async def test_with_global_privacy_control_events_have_no_identifiers(
    page: Page, stored: Stored
) -> None:
    await page.add_init_script(GLOBAL_PRIVACY_CONTROL)
    await expect_events_without_identifiers(page, stored)


@pytest.mark.parametrize("options", [{}, {"privacy-signal": "count"}], ids=["default", "count"])
async def test_with_do_not_track_events_have_no_identifiers(
    start_profile: StartProfile, site: PageServer, stored: Stored, options: dict[str, str]
) -> None:
    site.options |= options
    page = await (await start_profile(DO_NOT_TRACK)).new_page()
    await expect_events_without_identifiers(page, stored)


async def test_with_do_not_track_nothing_is_sent_where_the_site_says_off(
    start_profile: StartProfile, site: PageServer, proxy: FlakyProxy
) -> None:
    site.options["privacy-signal"] = "off"
    page = await (await start_profile(DO_NOT_TRACK)).new_page()
    await visit_and_see_it_dropped(page, site)
    assert (await stored_keys(page), proxy.requests) == ([], [])


async def test_with_do_not_track_everything_is_sent_where_the_site_says_on(
    start_profile: StartProfile, site: PageServer, stored: Stored
) -> None:
    site.options["privacy-signal"] = "on"
    page = await (await start_profile(DO_NOT_TRACK)).new_page()
    await page.goto(LANDING)
    [row] = await stored.wait_for(1)
    assert json.loads(row["click_ids"]) == {"gclid": "g-1"}
    assert "ct_session_id" in await stored_keys(page)


async def test_of_a_form_no_password_and_all_values_of_a_name_are_stored(
    page: Page, site: PageServer, stored: Stored
) -> None:
    site.options["manual-page-views"] = "true"
    await page.goto(f"{ALLOWED}/")
    await wait_for_tracker(page)
    await page.evaluate(
        """(form) => {
            document.body.insertAdjacentHTML("beforeend", form);
            void conversionTracking.trackFormSubmit("f", document.querySelector("form"));
        }""",
        """<form><input name=login_code type=password value=hunter2><input name=a value=1>
           <input name=a value=2><input name=code autocomplete=one-time-code value=123456>
           <input name=businessName value=ACME>
           <input name=note value=4111.1111.1111.1111></form>""",
    )
    [row] = await stored.wait_for(1)
    assert json.loads(row["form_data"]) == {"a": ["1", "2"], "businessName": "ACME"}


async def test_an_address_that_a_page_sets_loses_its_secrets_before_it_is_sent(
    page: Page, site: PageServer, proxy: FlakyProxy
) -> None:
    site.options["manual-page-views"] = "true"
    await page.goto(f"{ALLOWED}/app?email=a&pinned=1#/reset?token=SECRET&password=x")
    await wait_for_tracker(page)
    await page.evaluate("void conversionTracking.trackPageView({ page_url: location.href })")
    await proxy.wait_for_requests(1)
    assert proxy.requests[0].events[0]["page_url"] == (
        f"{ALLOWED}/app?email=(redacted)&pinned=1#/reset?token=(redacted)&password=(redacted)"
    )


async def test_what_is_counted_without_consent_names_no_order(
    page: Page, site: PageServer, proxy: FlakyProxy
) -> None:
    site.options |= {"consent": "count", "manual-page-views": "true"}
    await page.goto(LANDING)
    await wait_for_tracker(page)
    await page.evaluate(
        """void conversionTracking.trackPurchase(99, "cs_1", "u",
             { stripe_customer_id: "cus_1", order_id: "o_1", anything: "else" })"""
    )
    await proxy.wait_for_requests(1)
    [event] = proxy.requests[0].events
    assert set(event) == {
        *("event_type", "event_name", "event_id", "occurred_at", "sent_at", "session_id"),
        *("sequence", "page_url", "page_title", "referrer", "utm_params", "conversion_value"),
        "currency",
    }


async def expect_events_without_identifiers(page: Page, stored: Stored) -> None:
    """Visit two pages; their events have no session, visitor, user or click in common."""
    await page.goto(LANDING)
    await wait_for_tracker(page)
    await page.evaluate("conversionTracking.identify('user-1')")
    await page.evaluate("conversionTracking.trackFormSubmit('contact', { name: 'A' })")
    assert await stored_keys(page) == []
    await page.goto(f"{ALLOWED}/pricing")
    rows = await stored.wait_for(4)
    assert {row["page_url"] for row in rows} == {f"{ALLOWED}/", f"{ALLOWED}/pricing"}
    assert {row["utm_source"] for row in rows} == {"google", None}
    assert len({row["session_id"] for row in rows}) == 2
    for column in IDENTIFIERS:
        assert {row[column] for row in rows} <= {None, "{}"}, column
    assert await stored_keys(page) == []


async def visit_and_see_it_dropped(page: Page, site: PageServer) -> None:
    """Visit a page whose tracker says that it drops its page view."""
    site.options["debug"] = "true"
    async with page.expect_console_message(is_dropped):
        await page.goto(LANDING)


def is_dropped(message: ConsoleMessage) -> bool:
    """Whether the tracker says so of an event."""
    return message.text.startswith("conversionTracking dropped")


async def stored_keys(page: Page) -> list[str]:
    """All that the site has on the device."""
    keys: list[str] = await page.evaluate(STORED_KEYS)
    return keys
