"""What counts as a page in an application that navigates by the History API."""

from __future__ import annotations

from playwright.async_api import Page

from tests.browser.conftest import ALLOWED
from tests.browser.page_server import PageServer
from tests.browser.stored import Stored, pages_and_names
from tests.browser.tracking import track

# The title stays the same, so that a page counts when the tracker has looked eleven times, 100 ms
# apart: where timers are late, as many in a row are as late as the tracker's.
AFTER_THE_TRACKER = """
    for (let n = 0; n < 13; n++) await new Promise((done) => setTimeout(done, 100));
"""
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
    assert pages_and_names(rows, ALLOWED) == expected


async def test_a_page_has_the_title_that_the_router_sets_a_moment_later(
    page: Page, stored: Stored
) -> None:
    await page.goto(f"{ALLOWED}/list")
    await stored.wait_for(1)
    await page.evaluate(
        """() => {
            history.pushState({}, "", "/item");
            setTimeout(() => (document.title = "An item"), 400);
        }"""
    )
    _, item = await stored.wait_for(2)
    assert (item["page_url"], item["page_title"]) == (f"{ALLOWED}/item", "An item")


async def test_the_navigation_api_and_hooks_of_others_are_seen(page: Page, stored: Stored) -> None:
    await page.goto(f"{ALLOWED}/list")
    await stored.wait_for(1)
    await page.evaluate(
        """() => {
            window.hooked = 0;
            const pushState = History.prototype.pushState;
            History.prototype.pushState = function (...args) {
                hooked++;
                return pushState.apply(this, args);
            };
            navigation.addEventListener("navigate", (event) => {
                if (event.canIntercept) event.intercept({ handler: async () => {} });
            });
            navigation.navigate("/item");
            document.title = "An item";
        }"""
    )
    await stored.wait_for(2)
    await page.evaluate("history.pushState(null, '', '/other'); document.title = 'Other'")
    rows = await stored.wait_for(3)
    assert [(row["page_url"].removeprefix(ALLOWED), row["page_title"]) for row in rows] == [
        ("/list", "A tracked page"),
        ("/item", "An item"),
        ("/other", "Other"),
    ]
    assert await page.evaluate("hooked") == 1


async def test_what_a_page_does_when_it_opens_comes_after_its_view(
    page: Page, stored: Stored
) -> None:
    await page.goto(f"{ALLOWED}/list")
    await stored.wait_for(1)
    await page.evaluate(
        """() => {
            history.pushState(null, "", "/checkout");
            void conversionTracking.trackCheckoutStart(5);
            document.title = "Checkout";
        }"""
    )
    rows = await stored.wait_for(3)
    assert [(row["event_type"], row["page_title"]) for row in rows][1] == ("page_view", "Checkout")
    assert rows[1]["occurred_at"] <= rows[2]["occurred_at"]
    assert rows[2]["event_type"] == "checkout_start"


async def test_a_page_that_is_left_at_once_counts_too(page: Page, stored: Stored) -> None:
    await page.goto(f"{ALLOWED}/list")
    await stored.wait_for(1)
    await page.evaluate(
        "history.pushState(null, '', '/item'); setTimeout(() => (location.href = '/next'), 60)"
    )
    rows = await stored.wait_for(3)
    assert [row["page_url"].removeprefix(ALLOWED) for row in rows] == ["/list", "/item", "/next"]


async def test_routes_in_the_hash_are_pages_where_the_site_says_so(
    page: Page, site: PageServer, stored: Stored
) -> None:
    site.options["hash-routing"] = "true"
    await page.goto(f"{ALLOWED}/app#/start")
    await stored.wait_for(1)
    await page.evaluate("location.hash = '#/reset?token=secret'; document.title = 'Reset'")
    rows = await stored.wait_for(2)
    assert [row["page_url"].removeprefix(ALLOWED) for row in rows] == [
        "/app#/start",
        "/app#/reset?token=(redacted)",
    ]
