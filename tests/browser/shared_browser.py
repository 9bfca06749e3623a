"""One Chromium for many tests: to start one takes longer than most of them."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Browser, Playwright


class SharedBrowser:
    """A Chromium that is started when it is first wanted, and anew where it has ended.

    Storage, cookies, cache and connections are of a context, so tests see nothing of each other.
    """

    def __init__(self, playwright: Playwright, **launch: Any) -> None:
        """`launch` is what Playwright starts it with."""
        self._playwright = playwright
        self._launch = launch
        self._browser: Browser | None = None

    async def running(self) -> Browser:
        """The browser, which runs: a test that made it crash hurts no other."""
        if self._browser is None or not self._browser.is_connected():
            self._browser = await self._playwright.chromium.launch(**self._launch)
        return self._browser

    async def close(self) -> None:
        """End it."""
        if self._browser:
            await self._browser.close()
