"""What a test does on a tracked page."""

from __future__ import annotations

from playwright.async_api import Page

from tests.browser.waiting import DEADLINE_SECONDS


async def track(page: Page, *names: str) -> None:
    """Track events of these names, one right after the other, as a page's script does."""
    await wait_for_tracker(page)
    await page.evaluate(
        "names => names.forEach((name) => void conversionTracking.trackEvent('click', name))",
        list(names),
    )


async def wait_for_tracker(page: Page) -> None:
    """Wait until the script has loaded: before that, calls need the list of docs/tracker.md."""
    await page.wait_for_function(
        "window.conversionTracking?.trackEvent !== undefined", timeout=DEADLINE_SECONDS * 1000
    )
