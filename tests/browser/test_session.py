"""What holds the pages of a visit together."""

from __future__ import annotations

import json

from playwright.async_api import BrowserContext, Page

from tests.browser.conftest import ALLOWED
from tests.browser.stored import Stored
from tests.browser.tracking import track

UTM = ("source", "medium", "campaign", "term", "content")
AD_CLICK = (
    f"{ALLOWED}/?utm_source=google&utm_medium=cpc&utm_campaign=autumn&utm_term=analytics"
    "&utm_content=headline&gclid=g-1&fbclid=f-1"
)


async def test_an_ad_click_is_the_source_of_every_event_of_the_session(
    page: Page, stored: Stored
) -> None:
    await page.goto(AD_CLICK)
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
    await page.goto(f"{ALLOWED}/pricing")
    rows = await stored.wait_for(2)
    assert [json.loads(row["click_ids"]) for row in rows] == [{"yclid": "y-1"}] * 2
    assert [row["channel"] for row in rows] == ["Paid Search"] * 2


async def test_the_referrer_of_the_first_page_is_that_of_the_session(
    page: Page, stored: Stored
) -> None:
    await page.goto(f"{ALLOWED}/", referer="https://news.ycombinator.com/")
    await page.evaluate("location.href = '/pricing'")
    rows = await stored.wait_for(2)
    assert [row["referrer"] for row in rows] == ["https://news.ycombinator.com/"] * 2
    assert await page.evaluate("document.referrer") == f"{ALLOWED}/"


async def test_another_tab_is_another_session(
    context: BrowserContext, page: Page, stored: Stored
) -> None:
    await page.goto(AD_CLICK)
    other = await context.new_page()
    await other.goto(f"{ALLOWED}/pricing")
    rows = await stored.wait_for(2)
    assert [row["sequence"] for row in rows] == [1, 1]
    assert {row["page_url"]: row["utm_source"] for row in rows} == {
        AD_CLICK: "google",
        f"{ALLOWED}/pricing": None,
    }
