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


async def test_a_click_on_an_event_shows_all_that_is_stored_of_it(
    page: Page, events_url: str, collector: Collector
) -> None:
    await collector.track(metadata={"plan": HOSTILE}, page_url="http://a.example/p?q=1")
    await page.goto(events_url)
    button = page.locator("#events .details")
    await expect(button).to_have_count(1, timeout=PATIENCE_MS)
    await expect(page.locator("#events tbody tr")).to_contain_text("/p?q=1")
    await button.click()
    payload = page.locator("#events .payload pre")
    await expect(payload).to_contain_text('"page_url": "http://a.example/p?q=1"')
    await expect(payload).to_contain_text("<img src=x")
    await expect(button).to_have_attribute("aria-expanded", "true")
    await collector.track(event_name="another")
    rows = page.locator("#events tbody tr")
    await expect(rows).to_have_count(3, timeout=PATIENCE_MS)
    await expect(rows.nth(2)).to_contain_text("<img src=x")  # below its own event still
    await button.nth(1).click()
    await expect(payload).to_have_count(0)


async def test_a_filter_hides_what_has_not_the_text(
    page: Page, events_url: str, collector: Collector
) -> None:
    await collector.track(event_name="Alpha")
    await collector.track(event_name="Beta")
    await page.goto(events_url)
    visible = page.locator("#events tbody tr:visible")
    await expect(visible).to_have_count(2, timeout=PATIENCE_MS)
    await page.fill("#filter", "alph")
    await expect(visible).to_have_count(1)
    await collector.track(event_name="Gamma")
    await collector.track(event_name="Alphabet")
    await expect(visible).to_have_count(2, timeout=PATIENCE_MS)
    await page.fill("#filter", "")
    await expect(visible).to_have_count(4)


async def test_while_it_is_paused_nothing_moves_and_what_came_is_counted(
    page: Page, events_url: str, collector: Collector
) -> None:
    await collector.track(event_name="Alpha")
    await page.goto(events_url)
    rows = page.locator("#events tbody tr")
    await expect(rows).to_have_count(1, timeout=PATIENCE_MS)
    await page.click("#pause")
    await collector.track(event_name="Beta")
    await expect(page.locator("#held")).to_have_text("1 new", timeout=PATIENCE_MS)
    await expect(rows).to_have_count(1)
    await page.click("#pause")
    await expect(rows).to_have_count(2)
    await expect(page.locator("#held")).to_have_text("")


async def test_ones_own_session_is_marked(
    page: Page, events_url: str, collector: Collector
) -> None:
    await collector.track(session_id="mine")
    await collector.track(session_id="theirs")
    await page.add_init_script(
        """localStorage["ct:http://gateway.example:sessions"] = '[{"session_id": "mine"}]';"""
    )
    await page.goto(events_url)
    marked = page.locator("#events tbody tr", has_text="yours")
    await expect(marked).to_have_count(1, timeout=PATIENCE_MS)
    await expect(marked).to_contain_text("mine")
