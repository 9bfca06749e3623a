"""What holds on each page: accessible, laid out, and harmless with what strangers sent."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from playwright.async_api import Browser, Page, expect

from tests.browser.dashboard.conftest import Served, note_complaints, sign_in
from tests.browser.dashboard.traffic import HOSTILE

PATHS = (
    "/?compare=previous",
    "/acquisition?compare=previous_weekday",
    "/acquisition?show=campaigns",
    "/acquisition?show=referrers",
    "/acquisition?show=landing_pages",
    "/acquisition?show=sources",
    "/conversions?by=landing_page&compare=previous",
    "/funnel?by=campaign",
    "/revenue",
    "/revenue?show=journeys&by=campaign",
    "/revenue?show=revenue_by&by=source",
    "/revenue?show=orders",
    "/order?order=order-5",
    "/pages",
    "/people",
    "/session?session=session-5",
    "/person?person=visitor-5",
    "/live",
    "/quality",
    "/quality?show=bots",
    "/quality?show=suspicious",
    "/share-links",
)
SESSIONS = [
    f"/session?session={quote(f'h{number}-{text[:100]}')}" for number, text in enumerate(HOSTILE)
]


# What a page's colours can break; the rest is the same in light and dark.
RULES_OF_COLOUR = ("color-contrast", "link-in-text-block")
SCREENS = ((390, 844), (768, 1024), (1440, 900), (2200, 1200))


async def violations(page: Page, axe: str, *rules: str) -> list[Any]:
    """What axe-core finds on a page, in short: by these rules, or by all."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(axe)
    found: list[Any] = await page.evaluate(
        "(rules) => axe.run(rules.length ? { runOnly: rules } : {}).then(({ violations }) =>"
        " violations.map("
        "({ id, nodes }) => [id, nodes.slice(0, 3).map(({ html }) => html.slice(0, 200))]))",
        list(rules),
    )
    return found


async def test_axe_finds_nothing_on_any_page_in_light_and_dark(
    browser: Browser, served: Served, axe: str
) -> None:
    context = await browser.new_context(base_url=served.url, reduced_motion="reduce")
    page = await context.new_page()

    async def expect_none_on(path: str) -> None:
        await page.emulate_media(color_scheme="light")
        assert (path, await violations(page, axe)) == (path, [])
        await page.emulate_media(color_scheme="dark")
        assert (path, await violations(page, axe, *RULES_OF_COLOUR)) == (path, [])

    await page.goto("/login")
    await expect_none_on("/login")
    await sign_in(page)
    for path in (*PATHS, "/?tz=Mars", "/?filter=channel%3Dnone"):
        await page.goto(path)
        await expect_none_on(path)
    await context.close()


async def test_axe_finds_nothing_in_what_opens(page: Page, axe: str) -> None:
    await page.keyboard.press("f")
    assert await violations(page, axe) == []
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="How is this counted? Channels").click()
    assert await violations(page, axe) == []


async def test_no_page_is_wider_than_the_screen(browser: Browser, served: Served) -> None:
    context = await browser.new_context(base_url=served.url)
    page = await context.new_page()
    await sign_in(page)
    for path in (*PATHS, *SESSIONS, f"/?filter={quote('campaign=' + HOSTILE[8])}"):
        await page.goto(path)
        for width, height in SCREENS:
            await page.set_viewport_size({"width": width, "height": height})
            wider = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert (path[:60], width, wider) == (path[:60], width, 0)
    await context.close()


async def test_what_strangers_send_does_nothing(browser: Browser, served: Served) -> None:
    context = await browser.new_context(base_url=served.url)
    complaints = note_complaints(context)
    page = await context.new_page()
    await sign_in(page)
    for path in (*PATHS, *SESSIONS):
        for query in ("", "&bots=include&limit=500"):
            await page.goto(path + (query if "?" in path else ""))
            assert await page.evaluate("window.hacked") is None
            assert await page.locator("img, iframe, object").count() == 0
            hrefs = await page.evaluate("[...document.links].map((one) => one.protocol)")
            assert set(hrefs) <= {"http:", "https:"}
            outside = await page.evaluate(
                "[...document.links].filter((one) => one.origin !== location.origin)"
                ".map((one) => one.rel)"
            )
            assert set(outside) <= {"noopener noreferrer nofollow"}
    await context.close()
    assert complaints == []


async def test_hostile_names_are_shown_as_they_are_and_can_be_filtered_by(page: Page) -> None:
    await page.goto("/acquisition?show=campaigns&limit=500")
    for text in HOSTILE:
        assert await page.locator(".value").evaluate_all(
            "(all, text) => all.some((one) => one.title === text)", text[:255]
        )
    await page.locator(".value", has_text="<script>").first.click()
    await expect(page.locator(".chip bdi")).to_have_text(HOSTILE[0])
    assert await page.locator("section.card:last-of-type tbody tr").count() == 1
