"""What holds in Chromium holds in Firefox: calls, payloads, storage and navigation."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator

import pytest

from tests.browser.conftest import ALLOWED, in_shared_loop
from tests.browser.firefox import Firefox, FirefoxPage, start_firefox
from tests.browser.flaky_proxy import FlakyProxy
from tests.browser.page_server import PageServer
from tests.browser.stored import Stored, names_and_sequence, pages_and_names
from tests.browser.test_calls import NOTED, PAYLOADS
from tests.browser.test_navigation import AFTER_THE_TRACKER, STEPS
from tests.browser.test_storage import EXPECTED, FILL_STORAGE, GARBAGE_EVENTS, UNTRACKED

FIREFOX = next(filter(None, map(shutil.which, ("firefox-esr", "firefox"))), None)
NO_NAVIGATION_API = "Object.defineProperty(window, 'navigation', { value: undefined });"


@in_shared_loop(scope="module")
async def firefox(site_port: int) -> AsyncIterator[Firefox]:
    """Headless Firefox."""
    if FIREFOX is None:
        pytest.skip("no Firefox here; `apt-get install firefox-esr` gets one")
    async with start_firefox(FIREFOX, ALLOWED, site_port) as firefox:
        yield firefox


@in_shared_loop()
async def page(firefox: Firefox, site_url: str) -> AsyncIterator[FirefoxPage]:
    """An empty tab of a new visitor."""
    page = await firefox.new_page()
    yield page
    await page.close()


async def visit_and_track(page: FirefoxPage, stored: Stored) -> list[tuple[str, int]]:
    """What is stored of a visit of one page, and two events on it."""
    await page.goto(f"{ALLOWED}/")
    await page.wait_for_tracker()
    await page.run("for (const name of ['one', 'two']) void conversionTracking.trackEvent(name)")
    return names_and_sequence(await stored.wait_for(3))


@pytest.mark.parametrize(("noted", "expected"), NOTED)
async def test_a_wrong_call_costs_only_itself(
    page: FirefoxPage, site: PageServer, stored: Stored, noted: str, expected: str
) -> None:
    site.options["manual-page-views"] = "true"
    await page.add_init_script(f"window.conversionTracking = {noted}")
    await page.goto(f"{ALLOWED}/")
    [row] = await stored.wait_for(1)
    assert row["event_type"] == "purchase"
    await page.wait_for_tracker()
    assert any(expected in line for line in page.said)


@pytest.mark.parametrize(("fields", "expected"), PAYLOADS, ids=[fields for fields, _ in PAYLOADS])
async def test_an_event_goes_whatever_is_in_it(
    page: FirefoxPage, site: PageServer, stored: Stored, fields: str, expected: dict[str, object]
) -> None:
    site.options["manual-page-views"] = "true"
    await page.goto(f"{ALLOWED}/")
    await page.wait_for_tracker()
    await page.run(
        f"""
        const fields = {fields};
        void conversionTracking.trackPurchase(9, "cs_1", null, {{ metadata: fields }});
        void conversionTracking.trackFormSubmit("form", fields);
        delete Array.prototype.toJSON;
        """
    )
    purchase, form = await stored.wait_for(2)
    assert json.loads(purchase["metadata"]).items() >= expected.items()
    assert json.loads(form["form_data"]).items() >= expected.items()


async def test_what_a_page_clears_from_storage_arrives_all_the_same(
    page: FirefoxPage, stored: Stored
) -> None:
    await page.goto(f"{ALLOWED}/")
    await page.wait_for_tracker()
    await page.run("void conversionTracking.trackEvent('logout'); localStorage.clear()")
    assert names_and_sequence(await stored.wait_for(2)) == [("page_view", 1), ("logout", 2)]


async def test_what_a_page_clears_while_the_gateway_is_away_arrives_from_the_next_page(
    page: FirefoxPage, proxy: FlakyProxy, stored: Stored
) -> None:
    proxy.go_down()
    await page.goto(f"{ALLOWED}/")
    await proxy.wait_for_requests(1)
    await page.run("void conversionTracking.trackEvent('logout'); localStorage.clear()")
    await page.goto(UNTRACKED)
    proxy.come_back()
    await page.goto(f"{ALLOWED}/next")
    rows = await stored.wait_for(3)
    assert [row["event_name"] for row in rows] == ["page_view", "logout", "page_view"]


async def test_events_arrive_where_storage_is_full(page: FirefoxPage, stored: Stored) -> None:
    await page.goto(UNTRACKED)
    await page.evaluate(f"({FILL_STORAGE})()")
    assert await visit_and_track(page, stored) == EXPECTED


@pytest.mark.parametrize("queue", ["{", "null", json.dumps(GARBAGE_EVENTS)])
async def test_garbage_in_the_queue_does_not_take_events_with_it(
    page: FirefoxPage, stored: Stored, proxy_url: str, queue: str
) -> None:
    await page.goto(UNTRACKED)
    key = f"ct:{proxy_url}:queue"
    await page.run(f"localStorage.setItem({json.dumps(key)}, {json.dumps(queue)})")
    assert await visit_and_track(page, stored) == EXPECTED


async def test_a_large_event_arrives_from_the_next_page(
    page: FirefoxPage, proxy: FlakyProxy, stored: Stored
) -> None:
    await page.goto(f"{ALLOWED}/")
    await stored.wait_for(1)
    proxy.go_down()
    await page.run(
        "void conversionTracking.trackEvent('large', 'large', { metadata: { x: 'x'.repeat(7e4) } })"
    )
    await page.goto(UNTRACKED)
    proxy.come_back()
    await page.goto(f"{ALLOWED}/next")
    rows = await stored.wait_for(3)
    assert [row["event_name"] for row in rows] == ["page_view", "large", "page_view"]


@pytest.mark.parametrize("script", ["", NO_NAVIGATION_API], ids=["Navigation API", "History API"])
async def test_a_new_path_is_a_page_and_a_new_query_hash_or_state_is_not(
    page: FirefoxPage, stored: Stored, script: str
) -> None:
    await page.add_init_script(script)
    await page.goto(f"{ALLOWED}/list")
    await stored.wait_for(1)
    expected = ["/list"]
    for step, addresses in STEPS:
        await page.run(f"{step}; {AFTER_THE_TRACKER}")
        await page.run(
            f"void conversionTracking.trackEvent('click', {json.dumps('after ' + step)})"
        )
        expected += [*addresses, f"after {step}"]
    rows = await stored.wait_for(len(expected))
    assert pages_and_names(rows, ALLOWED) == expected


async def test_a_navigation_by_the_navigation_api_is_a_page(
    page: FirefoxPage, stored: Stored
) -> None:
    await page.goto(f"{ALLOWED}/list")
    await stored.wait_for(1)
    await page.run(
        """
        navigation.addEventListener("navigate", (event) =>
            event.intercept({ handler: async () => {} }));
        navigation.navigate("/item");
        document.title = "An item";
        """
    )
    _, item = await stored.wait_for(2)
    assert (item["page_url"], item["page_title"]) == (f"{ALLOWED}/item", "An item")
