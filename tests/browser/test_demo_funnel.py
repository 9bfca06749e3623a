"""The whole way on the demo site, by clicking: from an ad to a subscription."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from decimal import Decimal

from playwright.async_api import Browser, BrowserContext, Page, Playwright, expect

from collector.event import FunnelStage
from local.demo.app import DemoSettings, make_app
from tests.browser.conftest import ALLOWED, CHROMIUM, in_shared_loop
from tests.browser.stored import Stored
from tests.browser.waiting import DEADLINE_SECONDS
from tests.support import CHROME, Rows, serve_app
from tests.system.running import RunningSystem

PATIENCE_MS = DEADLINE_SECONDS * 1000
PRICE = Decimal("29.00")
PASSWORD = "correct horse battery staple"

# What the visitor does: event, page, the stage that it reaches, value.
VISIT = [
    ("page_view", "/", "visited_homepage", None),
    ("page_view", "/pricing", "visited_pricing", None),
    ("page_view", "/docs", "visited_docs", None),
    ("page_view", "/docs/first-check", "visited_docs", None),
    ("page_view", "/pricing", "visited_pricing", None),
    ("page_view", "/signup", None, None),
    ("form_submit", "/signup", "started_signup", None),
    ("signup", "/signup", "completed_signup", None),
    ("page_view", "/checkout", None, None),
    ("checkout_start", "/checkout", "started_checkout", PRICE),
    ("checkout_complete", "/checkout", "completed_checkout", PRICE),
    ("subscription_created", "/checkout", "subscription_created", PRICE),
    ("page_view", "/welcome", None, None),
]
FROM_AD = {
    "utm_source": "google",
    "utm_medium": "cpc",
    "utm_campaign": "spring_launch",
    "source_type": "paid",
    "channel": "Paid Search",
}
CLICK_ID = "EAIaIQobChMI8demo"


@in_shared_loop()
async def site_url(system: RunningSystem, proxy_url: str, site_port: int) -> AsyncIterator[str]:
    """The demo, before the system that runs."""
    app = make_app(DemoSettings(proxy_url, system.database))
    async with serve_app(app, port=site_port) as url:
        yield url


@in_shared_loop()
async def browser(playwright: Playwright, flags: list[str]) -> AsyncIterator[Browser]:
    """Chromium as a person has it, who is neither a bot nor drives it by a program."""
    as_person = [f"--user-agent={CHROME}", "--disable-blink-features=AutomationControlled"]
    browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*flags, *as_person])
    yield browser
    await browser.close()


async def arrive_from_ad(context: BrowserContext) -> Page:
    """Follow the link that stands for an ad: it opens a tab, and with it a session."""
    home = await context.new_page()
    await home.goto(ALLOWED)
    async with context.expect_page() as opened:
        await home.click("#from-ad")
    tab = await opened.value
    await tab.wait_for_load_state()
    return tab


async def follow(tab: Page, link: str, path: str) -> None:
    """Click on a link or a button, and wait for the page that it leads to."""
    await tab.click(link)
    await tab.wait_for_url(lambda url: url.partition("?")[0] == ALLOWED + path)


async def subscribe(tab: Page) -> None:
    """From the homepage to a subscription, by clicking."""
    await follow(tab, "#see-pricing", "/pricing")
    await follow(tab, "#nav-docs", "/docs")
    await follow(tab, "#docs-first-check", "/docs/first-check")
    await follow(tab, "#docs-pricing", "/pricing")
    await follow(tab, "#choose-team", "/signup")
    await tab.fill("#signup-name", "Ada")
    await tab.fill("#signup-email", "ada@example.com")
    await tab.fill("#signup-password", PASSWORD)
    await follow(tab, "#signup-submit", "/checkout")
    await follow(tab, "#pay", "/welcome")


async def test_a_visit_from_an_ad_to_a_subscription_is_stored_and_shown(
    context: BrowserContext, stored: Stored
) -> None:
    tab = await arrive_from_ad(context)
    await subscribe(tab)
    await expect(tab.locator("#visit [data-reached]")).to_have_count(8, timeout=PATIENCE_MS)
    session_id: str = await tab.evaluate("sessionStorage.ct_session_id")
    await stored.wait_for(1 + len(VISIT))  # one is of the page on which the ad was
    check_events(await stored.once_all_is_answered(tab), session_id)
    check_funnel(await stored.system.funnels(session_id))
    await check_events_page(tab, session_id)


def check_events(rows: Rows, session_id: str) -> None:
    """Each event once, in order, with all that is known of where the visit came from."""
    rows = [row for row in rows if row["session_id"] == session_id]
    assert [row["sequence"] for row in rows] == list(range(1, len(rows) + 1))
    # How long pages were looked at is told of those that were seen for a second.
    rows = [row for row in rows if row["event_type"] != "engagement"]
    assert [
        (
            row["event_type"],
            row["page_url"].partition("?")[0].removeprefix(ALLOWED),
            row["funnel_stage"],
            row["conversion_value"],
        )
        for row in rows
    ] == VISIT
    for row in rows:
        assert {name: row[name] for name in FROM_AD} == FROM_AD
        assert row["google_ads_click_id"] == CLICK_ID
        assert json.loads(row["click_ids"]) == {"gclid": CLICK_ID}
        assert not row["is_bot"]
    assert {row["currency"] for row in rows} == {"USD"}
    [user] = {row["user_id"] for row in rows[7:]}  # known from the sign-up on
    assert user is not None
    assert {row["user_id"] for row in rows[:7]} == {None}
    assert json.loads(rows[6]["form_data"]) == {
        "name": "Ada",
        "email": "ada@example.com",
        "team_size": "2-10",
    }


def check_funnel(funnels: Rows) -> None:
    """All stages are reached, in order, and the visit is converted."""
    [funnel] = funnels
    assert all(funnel[stage] for stage in FunnelStage)
    reached = [funnel[f"{stage}_at"] for stage in FunnelStage]
    assert reached == sorted(reached)
    assert {name: funnel[name] for name in FROM_AD} == FROM_AD
    assert (funnel["converted"], funnel["conversion_value"]) == (True, PRICE)


async def check_events_page(tab: Page, session_id: str) -> None:
    """The page of the last events shows all of the visit, and that it is converted."""
    await follow(tab, "#see-events", "/events")
    of_session = tab.locator("tbody tr", has=tab.locator(f'td[title="{session_id}"]'))
    # On a busy machine pages are looked at for longer than a second, of which events tell.
    events = tab.locator("#events").locator(of_session).filter(has_not_text="engagement")
    await expect(events).to_have_count(len(VISIT), timeout=PATIENCE_MS)
    shown = await events.locator("td:nth-child(2)").all_inner_texts()
    assert sorted(text.split()[0] for text in shown) == sorted(event for event, *_ in VISIT)
    session = tab.locator("#sessions").locator(of_session)
    await expect(session.locator("[data-reached]")).to_have_count(8)
    await expect(session).to_contain_text("29.00 USD")
    await expect(session).to_contain_text("spring_launch")
