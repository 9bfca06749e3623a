"""What people do with the dashboard, in a real browser."""

from __future__ import annotations

import csv
import gzip
import io
import re

import pytest
from playwright.async_api import BrowserContext, Page, expect

from collector.reports.csv_file import defuse
from tests.browser.dashboard.conftest import Served, sign_in

FIRST_VIEW_BYTES = 100_000
PATHS = (
    *("/", "/acquisition", "/conversions", "/funnel", "/revenue", "/pages", "/people", "/live"),
    "/quality",
)


def card(page: Page, title: str) -> str:
    """The selector of the card with a title."""
    return f'section.card:has(h2:text-is("{title}"))'


async def numbers(page: Page, title: str) -> dict[str, str]:
    """The first number of each row of a card, by the row's name, once the page is there whole."""
    await page.wait_for_load_state()
    rows = page.locator(f"{card(page, title)} tbody tr")
    return {
        await row.locator("th bdi").first.inner_text(): await row.locator(
            "td.number"
        ).first.inner_text()
        for row in await rows.all()
    }


async def test_a_wrong_token_is_said_and_a_right_one_leads_on(context: BrowserContext) -> None:
    page = await context.new_page()
    await page.goto("/funnel?range=7d")
    await page.get_by_label("Token").fill("wrong")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.get_by_label("Token").fill("a-token-of-the-browser-tests")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", level=1, name="Funnel")).to_be_visible()
    assert page.url.endswith("/funnel?range=7d")


async def test_a_preset_changes_the_range_and_the_address(page: Page) -> None:
    await page.locator("summary", has_text="Range:").click()
    await page.get_by_role("link", name="Last 7 days").click()
    await expect(page).to_have_url(re.compile("range=7d"))
    await page.locator("summary", has_text="Range:").click()
    await expect(page.get_by_role("link", name="Last 7 days")).to_have_attribute(
        "aria-current", "true"
    )


async def test_a_range_of_ones_own_takes_both_dates_in(page: Page) -> None:
    await page.locator("summary", has_text="Range:").click()
    form = page.locator('form:has(input[name="first"])')
    await form.get_by_label("From").fill("2026-11-02")
    await form.get_by_label("to", exact=True).fill("2026-11-05")
    await form.get_by_role("button", name="Show").click()
    await expect(page).to_have_url(re.compile("from=2026-11-02&to=2026-11-06"))
    await expect(page.locator("summary", has_text="Range:")).to_contain_text("2 – 5 Nov 2026")


async def test_a_time_zone_is_set_and_a_wrong_one_is_said(page: Page) -> None:
    await page.locator("summary", has_text="Range:").click()
    await page.get_by_label("Time zone").fill("Asia/Kathmandu")
    await page.get_by_role("button", name="Set").click()
    await expect(page).to_have_url(re.compile("tz=Asia%2FKathmandu"))
    await page.goto("/?tz=Mars/Base")
    await expect(page.get_by_role("heading", level=1)).to_have_text("This cannot be asked")
    await expect(page.locator("main")).to_contain_text("Mars/Base")


async def test_a_click_on_a_row_filters_and_the_filter_can_be_removed(page: Page) -> None:
    before = await numbers(page, "Channels")
    await page.locator(card(page, "Channels")).get_by_role("link", name="Email").click()
    await expect(page).to_have_url(re.compile(r"filter=channel%3DEmail"))
    assert await numbers(page, "Channels") == {"Email": before["Email"]}
    await page.get_by_role("link", name="Remove the filter Channel is Email").click()
    await expect(page).not_to_have_url(re.compile(r"filter="))
    assert await numbers(page, "Channels") == before


async def test_a_filter_is_made_by_a_form_without_a_script(
    context: BrowserContext, page: Page
) -> None:
    plain = await context.browser.new_context(  # type: ignore[union-attr]
        base_url=page.url, java_script_enabled=False, storage_state=await context.storage_state()
    )
    tab = await plain.new_page()
    await tab.goto("/acquisition")
    await tab.locator("summary", has_text="Filter").click()
    await tab.get_by_label("Where").select_option("channel")
    await tab.locator('select[name="operator"]').select_option("!~")
    await tab.locator('input[name="value"]').fill("paid")
    await tab.get_by_role("button", name="Add filter").click()
    await expect(tab.locator(".chips")).to_contain_text("Channel does not contain")
    assert not [name for name in await numbers(tab, "Channels") if name.startswith("Paid")]
    await expect(tab.locator(".chart svg").first).to_be_visible()
    await plain.close()


async def test_a_comparison_is_a_second_line_and_a_change_beside_each_number(page: Page) -> None:
    await page.goto("/?range=today&compare=previous")
    await expect(page.locator("path.before")).to_have_count(1)
    await expect(page.locator(".stat-note .change").first).to_be_attached()


async def test_what_is_not_over_is_drawn_as_such(page: Page) -> None:
    await page.goto("/?range=7d")
    await expect(page.locator("path.unfinished")).to_have_count(1)
    await expect(page.locator("rect.running")).to_have_count(1)


async def test_a_view_is_saved_and_opened_and_removed(page: Page) -> None:
    await page.goto("/?range=7d&filter=channel%3DEmail")
    await page.locator("summary", has_text="Save and share").click()
    await page.get_by_label("Save this view as").fill("Mail <b>week</b>")
    await page.get_by_role("button", name="Save view").click()
    await page.goto("/live")
    await page.get_by_role("link", name="Mail <b>week</b>").click()
    await expect(page).to_have_url(re.compile("range=7d.*filter=channel%3DEmail"))
    await page.get_by_role("button", name="Remove the saved view Mail <b>week</b>").click()
    await expect(page.get_by_role("link", name="Mail <b>week</b>")).to_have_count(0)


async def test_a_share_link_shows_the_view_to_a_stranger_until_it_is_taken_back(
    page: Page, context: BrowserContext, served: Served
) -> None:
    await page.goto("/?range=7d&filter=channel%3DEmail")
    await page.locator("summary", has_text="Save and share").click()
    await page.get_by_label("Link for whom").fill("the board")
    await page.get_by_role("button", name="Make a link").click()
    link = await page.locator("[data-copy]").input_value()

    stranger = await context.browser.new_context()  # type: ignore[union-attr]
    tab = await stranger.new_page()
    await tab.goto(link)
    assert list(await numbers(tab, "Channels")) == ["Email"]
    await expect(tab.locator("form")).to_have_count(0)
    assert await tab.locator('a[href^="/"]:not([download])').count() == 0
    async with tab.expect_download() as download:
        await tab.get_by_role("link", name="CSV of Channels").click()
    assert (await (await download.value).path()).read_text().splitlines()[1].startswith("Email,")

    await page.get_by_role("button", name="Take back the link for the board").first.click()
    await tab.goto(link)
    await expect(tab.get_by_role("heading", level=1)).to_have_text("There is nothing here")
    await stranger.close()


async def test_a_note_stands_on_the_chart(page: Page) -> None:
    await page.locator("summary", has_text="Save and share").click()
    await page.get_by_label("what happened").fill("Launch <i>of</i> it")
    await page.get_by_role("button", name="Add note").click()
    await expect(page.locator("circle.note")).to_have_count(1)
    await page.locator("summary", has_text="Notes").click()
    await page.get_by_role("button", name="Remove the note Launch <i>of</i> it").click()
    await expect(page.locator("circle.note")).to_have_count(0)


@pytest.mark.parametrize("tab", ["channels", "campaigns", "landing_pages", "sources"])
async def test_a_downloaded_table_is_the_table(page: Page, tab: str) -> None:
    await page.goto(f"/acquisition?show={tab}")
    async with page.expect_download() as download:
        await page.locator('section.card a[download][href*="/' + tab + '?"]').click()
    text = (await (await download.value).path()).read_text(encoding="utf-8")
    rows = list(csv.reader(io.StringIO(text, newline="")))[1:]
    shown = page.locator("section.card:last-of-type tbody tr")
    assert len(rows) == await shown.count() > 0
    for row, line in zip(rows, await shown.all(), strict=True):
        name = await line.locator("th .value").get_attribute("title")
        assert row[0] == defuse(name or "")
        counts = await line.locator("td.number").first.inner_text()
        assert row[1] == counts.replace(",", "")


async def test_every_number_says_how_it_is_counted(page: Page) -> None:
    await page.goto("/acquisition")
    section = page.locator(card(page, "Channels"))
    await section.get_by_role("button", name="Conversion rate").click()
    await expect(page.locator(":popover-open")).to_contain_text("of all sessions")
    await page.keyboard.press("Escape")
    await section.get_by_role("button", name="How is this counted? Channels").click()
    await expect(page.locator(":popover-open pre")).to_contain_text("session_facts")


async def test_a_table_is_sorted_by_a_number(page: Page) -> None:
    await page.goto("/acquisition")
    section = page.locator(card(page, "Channels"))
    await section.get_by_role("button", name="Sessions").click()
    await page.get_by_role("link", name="lowest first").click()
    found = [int(one) for one in (await numbers(page, "Channels")).values()]
    assert found == sorted(found)
    await expect(section.locator('[aria-sort="ascending"]')).to_have_text("Sessions")


async def test_keys_choose_the_range_and_pages(page: Page) -> None:
    for key, address in (("w", "range=7d"), ("c", "compare=previous")):
        await page.keyboard.press(key)
        await page.wait_for_url(re.compile(address))  # until its script has run
    await page.keyboard.press("3")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Conversions")
    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#keys")).to_be_hidden()


async def test_the_chart_is_read_by_arrow_keys(page: Page) -> None:
    await page.goto("/?range=7d")
    await page.locator("[data-chart]").focus()
    await page.keyboard.press("ArrowLeft")
    first = await page.locator(".readout").inner_text()
    await page.keyboard.press("ArrowLeft")
    await expect(page.locator(".readout")).not_to_have_text(first)
    await page.keyboard.press("Home")
    await expect(page.locator(".point.read")).to_have_count(1)


async def test_everything_is_reached_by_the_tab_key_alone(page: Page) -> None:
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the numbers")).to_be_focused()
    await page.keyboard.press("Enter")
    reached = set()
    for _ in range(60):
        await page.keyboard.press("Tab")
        reached.add(await page.evaluate("document.activeElement.textContent.trim().slice(0, 30)"))
    for text in ("Compare", "Filter", "CSV of ", "How is this counted?", "Show the numbers"):
        assert any(one.startswith(text) for one in reached), text


async def test_the_theme_is_remembered(page: Page) -> None:
    async def ground() -> str:
        color: str = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        return color

    light = await ground()
    toggle = page.get_by_role("button", name="Theme: system")
    await toggle.click()
    await page.get_by_role("button", name="Theme: light").click()
    dark = await ground()
    assert dark != light
    await page.goto("/live")
    assert await ground() == dark


async def test_a_first_view_is_small(page: Page) -> None:
    await page.context.clear_cookies()
    await sign_in(page)
    sizes: dict[str, int] = {}
    client = await page.context.new_cdp_session(page)
    await client.send("Network.enable")
    await client.send("Network.setCacheDisabled", {"cacheDisabled": True})
    client.on(
        "Network.loadingFinished",
        lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}),
    )
    await page.goto("/?range=30d&compare=previous", wait_until="networkidle")
    assert len(sizes) >= 3
    assert sum(sizes.values()) < FIRST_VIEW_BYTES
    assert len(gzip.compress((await page.content()).encode())) < FIRST_VIEW_BYTES


async def test_an_empty_database_says_what_to_do(
    context: BrowserContext, served_empty: Served
) -> None:
    page = await context.new_page()
    await sign_in(page, served_empty.url)
    for path in PATHS:
        await page.goto(served_empty.url + path)
        await expect(page.locator(".welcome")).to_contain_text("No event has arrived yet")
        await expect(page.locator(".welcome pre")).to_contain_text("t.js")


async def test_no_session_for_these_filters_says_to_remove_them(page: Page) -> None:
    await page.goto("/?filter=channel%3DNone%20such")
    await expect(page.locator(".welcome")).to_contain_text("match these filters")
    await page.get_by_role("link", name="Remove the filters").click()
    await expect(page.locator(".stats")).to_be_visible()


async def test_a_session_and_a_person_are_followed(page: Page) -> None:
    await page.goto("/people?filter=channel%3DEmail")
    await page.locator("tbody th a").first.click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Session")
    await expect(page.locator("tbody")).to_contain_text("page_view")
    await page.goto("/people")
    await page.get_by_label("Find a person or a session").fill("visitor-3")
    await page.get_by_role("button", name="Show the journey").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Person")
    await expect(page.locator("tbody tr").first).to_be_visible()


async def test_all_models_add_up_to_the_same(page: Page) -> None:
    await page.goto("/revenue")
    totals = await page.locator("section.card table.matrix tfoot td.number").all_inner_texts()
    assert len(totals) == 6
    assert len(set(totals)) == 1


async def test_conversion_rates_of_sessions_and_visitors_stand_beside_what_they_are_of(
    page: Page,
) -> None:
    await page.goto("/conversions")
    for label in ("Conversion rate", "Conversions", "Sessions", "Visitor conversion rate"):
        await expect(
            page.locator(".stats").get_by_role("button", name=label, exact=True)
        ).to_be_visible()
    chart = page.locator(".chart-card h2")
    await expect(chart).to_contain_text("Conversion rate")
    await page.locator(".stats").get_by_role("link", name="Conversions, show it").click()
    await expect(chart).to_contain_text("Conversions")
    await page.locator("summary", has_text="Dimension:").click()
    await page.get_by_role("link", name="campaign", exact=True).click()
    rows = page.locator("section.card", has=page.locator("#t-rates-by")).locator("tbody tr")
    await expect(rows.filter(has_text="brand")).to_be_visible()
    total = await page.locator("tfoot td.number").all_inner_texts()
    stats = await page.locator(".stat-value").all_inner_texts()
    assert total[0] == stats[2].split()[0]
