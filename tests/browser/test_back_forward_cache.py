"""A page that comes back from the back-forward cache is a page view, and nothing comes twice."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, Playwright

from tests.browser.conftest import ALLOWED, CHROMIUM, in_shared_loop
from tests.browser.flaky_proxy import FlakyProxy, event_ids
from tests.browser.page_server import PageServer
from tests.browser.stored import Stored, names_and_sequence
from tests.browser.tracking import track
from tests.support import Rows

pytestmark = pytest.mark.usefixtures("site_without_no_store")


@in_shared_loop(scope="module")
async def browser(playwright: Playwright, flags: list[str]) -> AsyncIterator[Browser]:
    """Headless Chromium with its back-forward cache, which Playwright switches off."""
    browser = await playwright.chromium.launch(
        executable_path=CHROMIUM,
        args=flags,
        ignore_default_args=["--disable-back-forward-cache"],
    )
    yield browser
    await browser.close()


@pytest.fixture
def site_without_no_store(site: PageServer) -> None:
    """Pages that may enter the cache."""
    site.headers = {"Cache-Control": "no-cache"}


# Chromium throws a page out of the cache that held a lock when it was left, if the next page asks
# for it before that is given back. The tracker holds one for a moment after each answer, and two
# seconds after the start, when it looks for what an earlier page left.
UNTIL_NO_LOCK_IS_HELD = """async () => {
    for (;;) {
        const { held, pending } = await navigator.locks.query();
        if (performance.now() > 2500 && !held.length && !pending.length) return;
        await new Promise((done) => setTimeout(done, 50));
    }
}"""


async def stay(page: Page, stored: Stored) -> None:
    """Stay on a page until its events are sent, and it rests."""
    await stored.once_all_is_answered(page)
    await page.evaluate(UNTIL_NO_LOCK_IS_HELD)


async def visit(page: Page, stored: Stored, path: str) -> None:
    """Open a page, and stay until its page view is sent."""
    await page.goto(ALLOWED + path)
    await stay(page, stored)


NAVIGATION = "performance.getEntriesByType('navigation')[0]"


async def go_to_cached(page: Page, direction: str, path: str) -> None:
    """Go back or forward to a page; fails where it was not in the cache."""
    # Not Playwright's own call: that waits for a page to load, and this one is loaded.
    await page.evaluate(f"history.{direction}()")
    await page.wait_for_url(ALLOWED + path, wait_until="commit")
    reasons = await page.evaluate(f"JSON.stringify({NAVIGATION}.notRestoredReasons)")
    assert await page.evaluate(f"{NAVIGATION}.type") == "navigate", reasons


def paths_and_sequence(rows: Rows) -> list[tuple[str, int]]:
    """The pages in the order in which they were seen."""
    assert {row["event_name"] for row in rows} == {"page_view"}
    return [(row["page_url"].removeprefix(ALLOWED), row["sequence"]) for row in rows]


async def test_each_return_from_the_cache_is_a_page_view(
    page: Page, proxy: FlakyProxy, stored: Stored
) -> None:
    await visit(page, stored, "/")
    await visit(page, stored, "/pricing")
    await go_to_cached(page, "back", "/")
    await stored.wait_for(3)
    await stay(page, stored)
    await go_to_cached(page, "forward", "/pricing")
    await stored.wait_for(4)
    rows = await stored.once_all_is_answered(page)
    assert paths_and_sequence(rows) == [("/", 1), ("/pricing", 2), ("/", 3), ("/pricing", 4)]
    ids = event_ids(proxy.delivered)
    assert len(ids) == len(set(ids)) == 4


async def test_a_page_that_is_left_in_the_middle_of_a_send_enters_the_cache(
    page: Page, proxy: FlakyProxy, stored: Stored
) -> None:
    proxy.hold()
    await page.goto(ALLOWED + "/")
    await proxy.wait_for_requests(1)
    await page.goto(ALLOWED + "/pricing")  # its tracker wants the lock that the first page's has
    await proxy.wait_for_requests(2)
    await go_to_cached(page, "back", "/")
    proxy.release()
    await stored.wait_for(3)
    rows = await stored.once_all_is_answered(page)
    assert paths_and_sequence(rows) == [("/", 1), ("/pricing", 2), ("/", 3)]


async def test_a_page_that_came_back_goes_on_tracking(page: Page, stored: Stored) -> None:
    await visit(page, stored, "/")
    await visit(page, stored, "/pricing")
    await go_to_cached(page, "back", "/")
    await track(page, "one", "two")
    rows = await stored.wait_for(5)
    assert names_and_sequence(rows[2:]) == [("page_view", 3), ("one", 4), ("two", 5)]
    await stored.once_all_is_answered(page)
