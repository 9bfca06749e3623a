"""What holds the pages of a visit together."""

from __future__ import annotations

import json
from typing import Literal

import pytest
from playwright.async_api import BrowserContext, Page

from tests.browser.conftest import ALLOWED
from tests.browser.stored import Stored
from tests.browser.tracking import track, wait_for_tracker

ADD_LINK = "(link) => document.body.insertAdjacentHTML('beforeend', link)"
UTM = ("source", "medium", "campaign", "term", "content")
AD_CLICK = (
    f"{ALLOWED}/?utm_source=google&utm_medium=cpc&utm_campaign=autumn&utm_term=analytics"
    "&utm_content=headline&gclid=g-1&fbclid=f-1"
)


async def test_an_ad_click_is_the_source_of_every_event_of_the_session(
    page: Page, stored: Stored
) -> None:
    await page.goto(AD_CLICK)
    await wait_for_tracker(page)
    await page.goto(f"{ALLOWED}/pricing")
    await track(page, "one")
    rows = await stored.wait_for(3)
    campaign = ("google", "cpc", "autumn", "analytics", "headline", "paid")
    columns = (*(f"utm_{name}" for name in UTM), "source_type")
    assert [tuple(row[column] for column in columns) for row in rows] == [campaign] * 3
    clicks = [json.loads(row["click_ids"]) for row in rows]
    assert clicks == [{"gclid": "g-1", "fbclid": "f-1"}] * 3
    assert [row["sequence"] for row in rows] == [1, 2, 3]
    assert len({row["session_id"] for row in rows}) == 1


async def test_a_click_id_of_any_platform_makes_the_second_page_s_event_paid_too(
    page: Page, stored: Stored
) -> None:
    await page.goto(f"{ALLOWED}/?yclid=y-1", referer="https://yandex.ru/")
    await wait_for_tracker(page)
    await page.goto(f"{ALLOWED}/pricing")
    rows = await stored.wait_for(2)
    assert [json.loads(row["click_ids"]) for row in rows] == [{"yclid": "y-1"}] * 2
    assert [row["channel"] for row in rows] == ["Paid Search"] * 2


async def test_the_referrer_of_the_first_page_is_that_of_the_session(
    page: Page, stored: Stored
) -> None:
    await page.goto(f"{ALLOWED}/", referer="https://news.ycombinator.com/")
    await wait_for_tracker(page)
    await page.evaluate("location.href = '/pricing'")
    rows = await stored.wait_for(2)
    assert [row["referrer"] for row in rows] == ["https://news.ycombinator.com/"] * 2
    assert await page.evaluate("document.referrer") == f"{ALLOWED}/"


async def test_a_tab_that_nothing_of_the_site_opened_is_another_session(
    context: BrowserContext, page: Page, stored: Stored
) -> None:
    await page.goto(AD_CLICK)
    await wait_for_tracker(page)
    other = await context.new_page()
    await other.goto(f"{ALLOWED}/pricing")
    rows = await stored.wait_for(2)
    assert [row["sequence"] for row in rows] == [1, 1]
    assert {row["page_url"]: row["utm_source"] for row in rows} == {
        AD_CLICK: "google",
        f"{ALLOWED}/pricing": None,
    }


@pytest.mark.parametrize(
    ("link", "button"),
    [('target="_blank"', "left"), ("", "middle"), ('target="_blank" rel="opener"', "left")],
)
async def test_a_link_of_the_site_in_a_new_tab_goes_on_with_the_session(
    context: BrowserContext, page: Page, stored: Stored, link: str, button: Literal["left"]
) -> None:
    await page.goto(f"{ALLOWED}/?utm_source=google&utm_medium=cpc&gclid=q1")
    await stored.wait_for(1)
    await page.evaluate(ADD_LINK, f"<a href='/signup' {link}>sign up</a>")
    async with context.expect_page() as opened:
        await page.click("a", button=button)
    tab = await opened.value
    await wait_for_tracker(tab)
    await tab.evaluate("void conversionTracking.trackSignup('email')")
    await stored.wait_for(3)
    await track(page, "one")
    await stored.wait_for(4)
    await track(tab, "two")
    rows = await stored.wait_for(5)
    assert len({row["session_id"] for row in rows}) == 1
    assert [(row["sequence"], row["event_name"]) for row in rows] == [
        (1, "page_view"),
        (2, "page_view"),
        (3, "signup"),
        (4, "one"),
        (5, "two"),
    ]
    assert {row["channel"] for row in rows} == {"Paid Search"}


async def test_a_new_campaign_from_outside_begins_a_session_that_has_nothing_of_the_old_one(
    page: Page, stored: Stored
) -> None:
    await page.goto(f"{ALLOWED}/?utm_source=newsletter&utm_medium=email")
    await stored.wait_for(1)
    await page.goto(f"{ALLOWED}/offer?gclid=g-1", referer="https://www.google.com/")
    await stored.wait_for(2)
    await page.evaluate("location.href = '/pricing'")
    rows = await stored.wait_for(3)
    assert {
        row["page_url"].removeprefix(ALLOWED): (row["utm_source"], row["channel"], row["sequence"])
        for row in rows
    } == {
        "/?utm_source=newsletter&utm_medium=email": ("newsletter", "Email", 1),
        "/offer?gclid=g-1": (None, "Paid Search", 1),
        "/pricing": (None, "Paid Search", 2),
    }
    assert len({row["session_id"] for row in rows}) == 2


async def test_a_banner_of_the_site_s_own_is_no_source(page: Page, stored: Stored) -> None:
    await page.goto(f"{ALLOWED}/")
    await stored.wait_for(1)
    await page.evaluate("location.href = '/offer?utm_source=banner&utm_medium=cpc&size=4'")
    rows = await stored.wait_for(2)
    assert [(row["channel"], row["utm_source"], row["sequence"]) for row in rows] == [
        ("Direct", None, 1),
        ("Direct", None, 2),
    ]
    assert "size=4" in rows[1]["page_url"]


async def test_a_page_that_cleans_its_address_before_the_tracker_is_there_keeps_the_campaign(
    page: Page, stored: Stored
) -> None:
    await page.add_init_script("history.replaceState(null, '', location.pathname)")
    await page.goto(AD_CLICK)
    await wait_for_tracker(page)
    [row] = await stored.wait_for(1)
    assert (row["utm_source"], row["page_url"]) == ("google", f"{ALLOWED}/")


async def test_a_session_ends_after_half_an_hour_without_an_event(
    page: Page, stored: Stored
) -> None:
    await page.goto(f"{ALLOWED}/?utm_source=google")
    await stored.wait_for(1)
    await page.add_init_script("const now = Date.now; Date.now = () => now() + 31 * 60_000")
    await page.evaluate("location.href = '/pricing'")
    rows = await stored.wait_for(2)
    assert [row["sequence"] for row in rows] == [1, 1]
    assert {row["page_url"].removeprefix(ALLOWED): row["utm_source"] for row in rows} == {
        "/?utm_source=google": "google",
        "/pricing": None,
    }
