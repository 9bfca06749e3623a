"""A page loads no more of the tracker than it needs, and sends nothing that it should not."""

from __future__ import annotations

import json

from playwright.async_api import Page

from tests.browser.conftest import ALLOWED, in_shared_loop
from tests.browser.flaky_proxy import FlakyProxy
from tests.browser.page_server import PageServer
from tests.browser.stored import Stored
from tests.browser.tracking import wait_for_tracker

NO_PROGRAM = "Object.defineProperty(Navigator.prototype, 'webdriver', { get: () => false })"


@in_shared_loop(autouse=True)
async def a_tag_without_attributes(page: Page, site: PageServer) -> None:
    """The documented one, in a browser that does not say that a program drives it."""
    await page.add_init_script(NO_PROGRAM)
    site.script = f"{site.options['endpoint']}/t.js"
    site.options.clear()


def scripts(proxy: FlakyProxy) -> list[str]:
    """Which of them were loaded."""
    return [seen.path for seen in proxy.requests if seen.method == "GET"]


async def test_a_usual_page_loads_one_script(page: Page, proxy: FlakyProxy, stored: Stored) -> None:
    await page.goto(f"{ALLOWED}/pricing?utm_source=news&gclid=G#top")
    await wait_for_tracker(page)
    await page.evaluate("void conversionTracking.trackPurchase(29.99, 'cs_1', 'ada')")
    view, purchase = await stored.wait_for(2)
    assert view["page_url"] == f"{ALLOWED}/pricing?utm_source=news&gclid=G"
    assert (view["event_name"], purchase["external_user_id"]) == ("page_view", "ada")
    assert scripts(proxy) == ["/t.js"]


async def test_an_address_with_other_parameters_is_judged_by_the_extra(
    page: Page, proxy: FlakyProxy, stored: Stored
) -> None:
    await page.goto(f"{ALLOWED}/?id=7&token=SECRET")
    [row] = await stored.wait_for(1)
    assert row["page_url"] == f"{ALLOWED}/?id=7&token=(redacted)"
    assert scripts(proxy) == ["/t.js", "/t.extra.js"]


async def test_a_form_of_a_usual_page_is_sent_without_its_secrets(
    page: Page, proxy: FlakyProxy, stored: Stored
) -> None:
    await page.goto(f"{ALLOWED}/")
    await wait_for_tracker(page)
    await page.evaluate(
        "void conversionTracking.trackFormSubmit('f', { plan: 'pro', note: '4111 1111 1111 1111' })"
    )
    form = (await stored.wait_for(2))[1]
    assert json.loads(form["form_data"]) == {"plan": "pro"}
    assert scripts(proxy) == ["/t.js", "/t.extra.js"]


async def test_where_the_extra_is_blocked_events_arrive_without_what_it_would_have_judged(
    page: Page, stored: Stored
) -> None:
    await page.route("**/t.extra.js", lambda route: route.abort())
    await page.goto(f"{ALLOWED}/a?utm_source=news&token=SECRET")
    [row] = await stored.wait_for(1)
    assert (row["page_url"], row["utm_source"]) == (f"{ALLOWED}/a", "news")
    assert "SECRET" not in str(row)


async def test_a_page_that_is_left_before_the_extra_came_is_stored(
    page: Page, proxy: FlakyProxy, stored: Stored
) -> None:
    # It never comes.
    await page.route("**/t.extra.js", lambda route: None)
    await page.goto(f"{ALLOWED}/a?id=7")
    await wait_for_tracker(page)
    await page.evaluate("void conversionTracking.trackPurchase(29.99)")
    await page.goto(f"{ALLOWED}/page.html")
    rows = await stored.wait_for(2)
    assert [(row["event_name"], row["page_url"]) for row in rows] == [
        ("page_view", f"{ALLOWED}/a"),
        ("purchase", f"{ALLOWED}/a"),
    ]
