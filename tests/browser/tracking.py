"""What a test does on a tracked page."""

from __future__ import annotations

from playwright.async_api import Page


async def track(page: Page, *names: str) -> None:
    """Track events of these names, one right after the other, as a page's script does."""
    await page.evaluate(
        "names => names.forEach((name) => void conversionTracking.trackEvent('click', name))",
        list(names),
    )
