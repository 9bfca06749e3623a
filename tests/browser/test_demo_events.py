"""The demo's page of the last events in a real browser."""

from collections.abc import AsyncIterator

from playwright.async_api import Page, expect

from local.demo.app import DemoSettings, make_app
from tests.browser.conftest import in_shared_loop
from tests.support import Collector, run_collector, serve_app

PATIENCE_MS = 30_000
HOSTILE = "<img src=x onerror=\"document.title = 'run'\">"


@in_shared_loop()
async def collector(database: str) -> AsyncIterator[Collector]:
    """A collector in the loop of the test."""
    async with run_collector(database) as running:
        yield running


@in_shared_loop()
async def events_url(database: str) -> AsyncIterator[str]:
    """The page's address; its gateway is nowhere, because it needs none."""
    async with serve_app(make_app(DemoSettings("http://127.0.0.1:1", database))) as url:
        yield f"{url}/events"


async def test_an_event_arrives_in_the_open_page(
    page: Page, events_url: str, collector: Collector
) -> None:
    await page.goto(events_url)
    await expect(page.locator("#empty")).to_be_visible(timeout=PATIENCE_MS)
    await collector.track(page_url="http://localhost:5177/pricing")
    rows = page.locator("#events tbody tr")
    await expect(rows).to_have_count(1, timeout=PATIENCE_MS)
    await expect(page.locator("#empty")).to_be_hidden()
    await expect(rows.first).to_contain_text("/pricing")
    reached = page.locator("#sessions tbody [data-reached]")
    assert await reached.evaluate_all("cells => cells.map(cell => cell.dataset.stage)") == [
        "visited_pricing"
    ]
    await collector.track(event_type="signup", event_name="Signed up")
    await expect(rows).to_have_count(2, timeout=PATIENCE_MS)
    await expect(rows.first).to_contain_text("Signed up")
    await expect(reached).to_have_count(2, timeout=PATIENCE_MS)


async def test_what_a_visitor_sent_is_shown_as_text(
    page: Page, events_url: str, collector: Collector
) -> None:
    await collector.track(
        session_id=HOSTILE,
        event_type=HOSTILE,
        event_name=HOSTILE + "2",
        page_url=HOSTILE,
        utm_params={"utm_campaign": HOSTILE},
    )
    await page.goto(events_url)
    row = page.locator("#events tbody tr")
    await expect(row).to_have_count(1, timeout=PATIENCE_MS)
    cells = await row.locator("td").all_text_contents()
    assert [cells[index] for index in (1, 2, 5)] == [f"{HOSTILE}{HOSTILE}2", HOSTILE, HOSTILE]
    assert await page.locator("table img").count() == 0
    assert await page.title() == "Last events"
