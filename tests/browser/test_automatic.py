"""Events that a page tells of by itself: links, downloads, elements, engagement, errors."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Page

from tests.browser.conftest import ALLOWED, FORBIDDEN
from tests.browser.flaky_proxy import FlakyProxy
from tests.browser.page_server import PageServer
from tests.browser.stored import Stored, names_and_sequence
from tests.browser.tracking import wait_for_tracker
from tests.support import Rows

PAGE = f"{ALLOWED}/automatic.html"

# A clock that a test may put forward, and a page that it may hide.
CLOCK = """
    let ahead = 0;
    const { now } = Date;
    Date.now = () => now() + ahead;
    window.pass = (seconds) => (ahead += seconds * 1000);
    window.setHidden = (hidden) => {
        Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    };
"""


async def open_page(page: Page, site: PageServer, auto: str = "") -> None:
    """The page with all kinds of automatic events, or some."""
    site.options["auto"] = auto
    await page.goto(PAGE)
    await wait_for_tracker(page)


def metadata_of(row: dict[str, object]) -> dict[str, object]:
    """What an event says beside its fields."""
    metadata: dict[str, object] = json.loads(str(row["metadata"]))
    return metadata


def of_type(rows: Rows, *types: str) -> Rows:
    """Those of these types."""
    return [row for row in rows if row["event_type"] in types]


async def test_a_page_that_asks_for_nothing_loads_and_tells_nothing_of_it(
    page: Page, proxy: FlakyProxy, stored: Stored
) -> None:
    await page.goto(PAGE)
    await wait_for_tracker(page)
    for link in ("outbound", "file", "cta"):
        await page.click(f"#{link}")
    rows = await stored.once_all_is_answered(page)
    assert names_and_sequence(rows) == [("page_view", 1)]
    assert not [seen for seen in proxy.requests if "auto" in seen.path]


LINKS = [
    (
        "outbound",
        "outbound_click",
        "partner.example",
        "http://partner.example/offer?token=(redacted)&id=7",
        "An offer",
    ),
    (
        "file",
        "file_download",
        "price%20list.pdf",
        f"{ALLOWED}/files/price%20list.pdf?key=SECRET",
        "Price list",
    ),
    ("named", "file_download", "made", "http://partner.example/made", "Plan"),
    ("component a", "outbound_click", "shadow.example", "http://shadow.example/", "Within"),
]


async def test_links_to_other_sites_and_downloads_are_told_of_once_each_and_no_others(
    page: Page, site: PageServer, stored: Stored
) -> None:
    await open_page(page, site, "outbound, downloads")
    for link in ("inside", "www", "mail", "script", "plain", "cta", "send"):
        await page.click(f"#{link}")
    for link, *_ in LINKS:
        await page.click(f"#{link}")
    rows = (await stored.wait_for(1 + len(LINKS)))[1:]
    seen = [
        (row["event_type"], row["event_name"], *list(metadata_of(row).values())[:2]) for row in rows
    ]
    assert seen == [tuple(told) for _, *told in LINKS]


@pytest.mark.parametrize("button", ["middle", "left"])
async def test_a_link_that_leaves_the_page_is_told_of(
    page: Page, site: PageServer, stored: Stored, button: str
) -> None:
    await open_page(page, site, "outbound")
    # No request of a page that is watched by Playwright's routes outlives the page.
    await page.evaluate(
        """there => {
            const link = document.querySelector("#outbound");
            link.href = there;
            link.removeAttribute("data-stay");
        }""",
        f"{FORBIDDEN}/page.html",
    )
    await page.click("#outbound", button=button)  # type: ignore[arg-type]  # one of the two
    rows = await stored.wait_for(2)
    assert names_and_sequence(rows) == [("page_view", 1), ("stranger.example", 2)]


async def test_elements_and_forms_with_an_event_are_told_of(
    page: Page, site: PageServer, stored: Stored
) -> None:
    await open_page(page, site, "elements")
    for element in ("plain", "cta i", "paid", "send"):
        await page.click(f"#{element}")
    rows = await stored.wait_for(4)
    started, paid, form = rows[1:]
    assert (started["event_type"], started["event_name"]) == ("cta_click", "Start")
    assert metadata_of(started) == {"plan": "pro", "seat_count": "3"}
    assert (paid["event_type"], str(paid["conversion_value"])) == ("purchase", "29.99")
    assert paid["currency"] == "EUR"
    assert (form["event_type"], form["event_name"]) == ("form_submit", "newsletter")
    assert json.loads(form["form_data"]) == {"topic": "kong"}


async def test_a_page_that_is_left_says_how_long_and_how_far_down_it_was_seen(
    page: Page, site: PageServer, stored: Stored
) -> None:
    await open_page(page, site, "engagement")
    await stored.wait_for(1)
    await page.evaluate("scrollTo(0, document.documentElement.scrollHeight / 2)")
    await page.wait_for_timeout(1200)  # what is measured
    await page.goto(f"{ALLOWED}/other")
    rows = await stored.wait_for(3)
    [engagement] = of_type(rows, "engagement")
    said = metadata_of(engagement)
    assert engagement["page_url"] == PAGE
    assert engagement["page_title"] == "A page that tells of itself"
    assert engagement["sequence"] == 2
    assert 1.2 <= float(str(said["engaged_seconds"])) < 60
    assert 50 <= int(str(said["scroll_percent"])) < 90


async def test_a_page_that_a_router_leaves_is_told_of_with_its_own_address(
    page: Page, site: PageServer, stored: Stored
) -> None:
    await open_page(page, site, "engagement")
    await stored.wait_for(1)
    await page.wait_for_timeout(1100)  # what is measured
    await page.evaluate("history.pushState({}, '', '/next')")
    rows = await stored.wait_for(3)
    assert [row["page_url"] for row in of_type(rows, "engagement")] == [PAGE]
    assert [row["page_url"] for row in of_type(rows, "page_view")] == [PAGE, f"{ALLOWED}/next"]


async def test_time_away_does_not_count_and_a_glance_after_the_session_begins_none(
    page: Page, site: PageServer, stored: Stored
) -> None:
    await page.add_init_script(CLOCK)
    await open_page(page, site, "engagement")
    await stored.wait_for(1)
    await page.evaluate("pass(20); setHidden(true)")
    await page.evaluate("pass(10 * 60); setHidden(false)")
    await page.evaluate("pass(40); setHidden(true)")
    await page.evaluate("pass(31 * 60); setHidden(false)")
    await page.evaluate("pass(80); setHidden(true)")
    await page.evaluate("void conversionTracking.trackEvent('last')")
    rows = await stored.wait_for(4)
    seconds = [
        float(str(metadata_of(row)["engaged_seconds"])) for row in of_type(rows, "engagement")
    ]
    assert seconds == [pytest.approx(20, abs=19), pytest.approx(40, abs=19)]
    assert len(rows) == 4


async def test_a_page_that_the_site_does_not_have_is_told_of(
    page: Page, site: PageServer, stored: Stored
) -> None:
    site.options["auto"] = "not-found"
    site.status = 404
    await page.goto(f"{ALLOWED}/gone?id=7")
    rows = await stored.wait_for(2)
    [error] = of_type(rows, "not_found")
    assert (error["event_name"], metadata_of(error)) == ("/gone", {"status": 404})
    assert error["page_url"] == f"{ALLOWED}/gone?id=7"


async def test_a_kind_that_there_is_none_of_is_said_and_the_others_are_told_of(
    page: Page, site: PageServer, stored: Stored
) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    await open_page(page, site, "outbond elements")
    await page.click("#cta")
    rows = await stored.wait_for(2)
    assert [row["event_name"] for row in rows] == ["page_view", "Start"]
    [line] = [line for line in said if "outbond" in line]
    kinds = "outbound,downloads,elements,engagement,not-found"
    assert line == f"conversionTracking: auto knows {kinds}, not outbond"


async def test_where_the_part_is_blocked_the_tracker_runs_without_it(
    page: Page, site: PageServer, stored: Stored
) -> None:
    await page.route("**/t.auto.js", lambda route: route.abort())
    await open_page(page, site, "elements")
    await page.click("#cta")
    rows = await stored.once_all_is_answered(page)
    assert names_and_sequence(rows) == [("page_view", 1)]


async def test_what_a_page_wants_to_look_at_is_not_sent_unseen(
    page: Page, proxy: FlakyProxy, site: PageServer
) -> None:
    await page.route("**/t.auto.js", lambda route: route.abort())
    site.options["before-send"] = "look"
    async with page.expect_event("requestfailed", lambda request: "auto" in request.url):
        await page.goto(PAGE)
    await page.click("#cta")
    assert not [seen for seen in proxy.requests if seen.method == "POST"]


async def test_settings_of_a_tag_manager_that_drops_attributes_stand_in_a_list_of_the_page(
    page: Page, site: PageServer, stored: Stored
) -> None:
    settings = {
        "endpoint": site.options["endpoint"],
        "automation": True,
        "auto": "elements",
        "properties": {"plan": "pro"},
        "pathGroups": "/auto*",
        "beforeSend": "look",
    }
    site.options.clear()
    await page.add_init_script(
        f"""window.conversionTrackingConfig = {json.dumps(settings)};
        window.look = (event) => ({{ ...event, page_title: "seen" }});"""
    )
    await page.goto(PAGE)
    await wait_for_tracker(page)
    await page.click("#cta")
    view, clicked = await stored.wait_for(2)
    assert (view["page_url"], view["page_title"]) == (f"{ALLOWED}/auto*", "seen")
    assert metadata_of(view) == {"plan": "pro"}
    assert metadata_of(clicked) == {"plan": "pro", "seat_count": "3"}


async def test_who_opened_the_link_for_ones_own_visits_is_not_counted_until_it_is_taken_back(
    page: Page, site: PageServer, stored: Stored, proxy: FlakyProxy
) -> None:
    await page.goto(f"{ALLOWED}/?ct_ignore=1")
    await wait_for_tracker(page)
    await page.goto(f"{ALLOWED}/page")
    await wait_for_tracker(page)
    await page.evaluate("void conversionTracking.trackPurchase(5)")
    await page.goto(f"{ALLOWED}/back?ct_ignore=0")
    rows = await stored.wait_for(1)
    assert [row["page_url"] for row in rows] == [f"{ALLOWED}/back?ct_ignore=0"]
    assert len([seen for seen in proxy.requests if seen.method == "POST"]) == 1
