"""Tabs of one browser share a queue, and one of them sends it."""

from __future__ import annotations

from playwright.async_api import BrowserContext, Page

from tests.browser.conftest import ALLOWED
from tests.browser.flaky_proxy import FlakyProxy, event_ids
from tests.browser.stored import Stored
from tests.browser.tracking import track
from tests.browser.waiting import DEADLINE_SECONDS
from tests.support import Rows

WAITS_FOR_ITS_TURN = "navigator.locks.query().then(({ pending }) => pending.length === 1)"


async def test_a_tab_waits_while_another_sends(
    context: BrowserContext, page: Page, proxy: FlakyProxy, stored: Stored
) -> None:
    proxy.hold()
    await page.goto(f"{ALLOWED}/first")
    await proxy.wait_for_requests(1)
    second = await open_tab_that_waits(context)
    assert len(proxy.requests) == 1
    proxy.release()
    rows = await stored.once_all_is_answered(second)
    assert visited(rows) == ["/first", "/second"]
    assert len(event_ids(proxy.requests)) == 2
    assert proxy.most_at_once == 1


async def test_one_tab_sends_what_all_tabs_could_not(
    context: BrowserContext, page: Page, proxy: FlakyProxy, stored: Stored
) -> None:
    proxy.go_down()
    await page.goto(f"{ALLOWED}/first")
    await proxy.wait_for_requests(1)
    second = await open_tab_that_waits(context)
    await track(page, "one")
    await track(second, "two")
    proxy.come_back()
    rows = await stored.once_all_is_answered(second)
    assert sorted(row["event_name"] for row in rows) == ["one", "page_view", "page_view", "two"]
    assert len(event_ids(proxy.delivered)) == 4
    assert proxy.most_at_once == 1


async def test_a_tab_takes_over_from_one_that_closes(
    context: BrowserContext, page: Page, proxy: FlakyProxy, stored: Stored
) -> None:
    proxy.hold()
    await page.goto(f"{ALLOWED}/first")
    await proxy.wait_for_requests(1)
    second = await open_tab_that_waits(context)
    await page.close()
    await proxy.wait_for_requests(2)
    proxy.release()
    rows = await stored.once_all_is_answered(second)
    assert visited(rows) == ["/first", "/second"]


async def open_tab_that_waits(context: BrowserContext) -> Page:
    """A second tab, as soon as it waits for the first to be done."""
    second = await context.new_page()
    await second.goto(f"{ALLOWED}/second")
    await second.wait_for_function(WAITS_FOR_ITS_TURN, timeout=DEADLINE_SECONDS * 1000)
    return second


def visited(rows: Rows) -> list[str]:
    """The paths of the pages that the rows are about."""
    return sorted(row["page_url"].removeprefix(ALLOWED) for row in rows)
