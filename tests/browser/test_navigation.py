"""What counts as a page in an application that navigates by the History API."""

from __future__ import annotations

from playwright.async_api import Page

from tests.browser.conftest import ALLOWED
from tests.browser.stored import Stored
from tests.browser.tracking import track

# Timers run in the order of their times, and the tracker looks at a new address after 100 ms.
AFTER_THE_TRACKER = "await new Promise((done) => setTimeout(done, 150));"
BACK = """
    const back = new Promise((done) => addEventListener("popstate", done, { once: true }));
    history.back();
    await back;
"""

# What a page that begins at /list does, and the addresses that are counted for it.
STEPS = [
    ('history.pushState({}, "", "/item")', ["/item"]),
    ('history.pushState({}, "", "/item?tab=2")', []),
    ('history.pushState({ open: true }, "")', []),
    ('location.hash = "reviews"', []),
    ('history.replaceState({}, "", "/item")', []),
    ('history.replaceState({}, "", "/item/old?from=mail#top")', ["/item/old?from=mail"]),
    ('history.pushState({}, "", "/way"); history.replaceState({}, "", "/there")', ["/there"]),
    (BACK, ["/item/old?from=mail"]),
    (BACK, ["/item?tab=2"]),
    (BACK, []),
    (BACK, []),
    (BACK, ["/list"]),
]


async def test_a_new_path_is_a_page_and_a_new_query_hash_or_state_is_not(
    page: Page, stored: Stored
) -> None:
    await page.goto(f"{ALLOWED}/list")
    await stored.wait_for(1)
    expected = ["/list"]
    for step, addresses in STEPS:
        await page.evaluate(f"async () => {{ {step}; {AFTER_THE_TRACKER} }}")
        await track(page, f"after {step}")
        expected += [*addresses, f"after {step}"]
    rows = await stored.wait_for(len(expected))
    assert [
        row["page_url"].removeprefix(ALLOWED)
        if row["event_type"] == "page_view"
        else row["event_name"]
        for row in rows
    ] == expected


async def test_a_page_has_the_title_that_the_router_sets_a_moment_later(
    page: Page, stored: Stored
) -> None:
    await page.goto(f"{ALLOWED}/list")
    await stored.wait_for(1)
    await page.evaluate(
        """() => {
            history.pushState({}, "", "/item");
            setTimeout(() => (document.title = "An item"), 20);
        }"""
    )
    _, item = await stored.wait_for(2)
    assert (item["page_url"], item["page_title"]) == (f"{ALLOWED}/item", "An item")
