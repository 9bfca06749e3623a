"""Tabs of one browser share a queue of what failed or was left, and one of them sends it."""

from __future__ import annotations

import asyncio

from playwright.async_api import BrowserContext, Page

from tests.browser.conftest import ALLOWED
from tests.browser.flaky_proxy import FlakyProxy, event_ids
from tests.browser.outcomes import cut
from tests.browser.stored import Stored
from tests.browser.tracking import track
from tests.browser.waiting import DEADLINE_SECONDS
from tests.support import Rows

# From when on another tab takes an event whose own tab should have had an answer; and some more.
OWN_MS = 30_000
QUEUE_HAS_AN_EVENT = """Object.entries(localStorage).some(
    ([key, text]) => key.endsWith(":queue") && text.includes("event_id"))"""
WAITS_FOR_ITS_TURN = "navigator.locks.query().then(({ pending }) => pending.length === 1)"


async def test_each_tab_sends_what_is_new_there_at_once_and_no_other_does(
    context: BrowserContext, page: Page, proxy: FlakyProxy, stored: Stored
) -> None:
    proxy.hold()
    await page.goto(f"{ALLOWED}/first")
    await proxy.wait_for_requests(1)
    await page.wait_for_function(QUEUE_HAS_AN_EVENT, timeout=DEADLINE_SECONDS * 1000)
    second = await context.new_page()
    await second.goto(f"{ALLOWED}/second")
    await proxy.wait_for_requests(2)
    proxy.release()
    await stored.once_all_is_answered(page)
    rows = await stored.once_all_is_answered(second)
    assert visited(rows) == ["/first", "/second"]
    assert len(event_ids(proxy.requests)) == 2


async def test_one_tab_sends_what_all_tabs_could_not(
    context: BrowserContext, page: Page, proxy: FlakyProxy, stored: Stored
) -> None:
    proxy.go_down()
    await page.goto(f"{ALLOWED}/first")
    await proxy.wait_for_requests(1)
    second = await open_tab_that_waits(context)
    await track(page, "one")
    await track(second, "two")
    proxy.most_at_once = 0  # what was new in each tab was tried at once
    proxy.come_back()
    rows = await stored.once_all_is_answered(second)
    assert sorted(row["event_name"] for row in rows) == ["one", "page_view", "page_view", "two"]
    assert len(event_ids(proxy.delivered)) == 4
    assert proxy.most_at_once == 1


async def test_a_tab_takes_over_from_one_that_closes(
    context: BrowserContext, page: Page, proxy: FlakyProxy, stored: Stored
) -> None:
    proxy.go_down()
    await page.goto(f"{ALLOWED}/first")
    await proxy.wait_for_requests(1)
    second = await open_tab_that_waits(context)
    proxy.come_back()
    await page.close()
    rows = await stored.once_all_is_answered(second)
    assert visited(rows) == ["/first", "/second"]


async def test_a_tab_that_crashes_in_the_middle_of_a_send_loses_nothing(
    context: BrowserContext, page: Page, proxy: FlakyProxy, stored: Stored
) -> None:
    proxy.let_next_be(cut)
    proxy.hold()
    await page.goto(f"{ALLOWED}/first")
    await proxy.wait_for_requests(1)
    await page.wait_for_function(QUEUE_HAS_AN_EVENT, timeout=DEADLINE_SECONDS * 1000)
    await crash(context, page)
    proxy.release()
    # Its event is another tab's when its own should long have been answered.
    second = await context.new_page()
    await second.add_init_script(f"const {{ now }} = Date; Date.now = () => now() + {OWN_MS}")
    await second.goto(f"{ALLOWED}/second")
    rows = await stored.wait_for(2)
    assert visited(rows) == ["/first", "/second"]
    assert len(event_ids(proxy.delivered)) == 2


async def crash(context: BrowserContext, page: Page) -> None:
    """End the tab's process in the middle of what it does."""
    protocol = await context.new_cdp_session(page)
    async with page.expect_event("crash"):
        crashing = asyncio.ensure_future(protocol.send("Page.crash"))
    crashing.cancel()


async def open_tab_that_waits(context: BrowserContext) -> Page:
    """A second tab, as soon as it waits for the first to be done."""
    second = await context.new_page()
    await second.goto(f"{ALLOWED}/second")
    await second.wait_for_function(WAITS_FOR_ITS_TURN, timeout=DEADLINE_SECONDS * 1000)
    return second


def visited(rows: Rows) -> list[str]:
    """The paths of the pages that the rows are about."""
    return sorted(row["page_url"].removeprefix(ALLOWED) for row in rows)
