"""Tabs that nobody looks at.

Playwright shows every page that it knows to the visitor, and forbids prerendering, so these
tabs live in a part of the browser (a browser context) that it does not know.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from playwright.async_api import Browser, CDPSession


@dataclass(frozen=True)
class Background:
    """Opens tabs by the DevTools protocol alone."""

    protocol: CDPSession
    context_id: str

    async def open_tab(self, url: str, *, is_seen: bool) -> str:
        """A tab, in front of the others or behind them; its id."""
        parameters = {"url": url, "browserContextId": self.context_id, "background": not is_seen}
        created = await self.protocol.send("Target.createTarget", parameters)
        tab: str = created["targetId"]
        return tab

    async def look_at(self, tab: str) -> None:
        """Bring a tab to the front."""
        await self.protocol.send("Target.activateTarget", {"targetId": tab})

    async def run(self, tab: str, script: str) -> None:
        """Run a script in a tab, without waiting for what comes of it."""
        attached = await self.protocol.send(
            "Target.attachToTarget", {"targetId": tab, "flatten": False}
        )
        message = {"id": 1, "method": "Runtime.evaluate", "params": {"expression": script}}
        await self.protocol.send(
            "Target.sendMessageToTarget",
            {"sessionId": attached["sessionId"], "message": json.dumps(message)},
        )


async def open_background(browser: Browser) -> Background:
    """A browser context that Playwright leaves alone; it ends with the browser."""
    protocol = await browser.new_browser_cdp_session()
    created = await protocol.send("Target.createBrowserContext")
    return Background(protocol, created["browserContextId"])
