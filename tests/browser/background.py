"""Tabs that nobody looks at.

Playwright shows every page of its browser to the visitor, and forbids prerendering, so these tabs
live in a Chromium of their own, which is spoken to by the DevTools protocol alone.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.browser.remote import run_browser
from tests.browser.waiting import wait_until


@dataclass
class Background:
    """Opens tabs; what it sends is answered in order."""

    protocol: aiohttp.ClientWebSocketResponse
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def open_tab(self, url: str, *, is_seen: bool) -> str:
        """A tab, in front of the others or behind them; its id."""
        created = await self._send("Target.createTarget", {"url": url, "background": not is_seen})
        tab: str = created["targetId"]
        return tab

    async def look_at(self, tab: str) -> None:
        """Bring a tab to the front."""
        await self._send("Target.activateTarget", {"targetId": tab})

    async def run(self, tab: str, script: str) -> None:
        """Run a script in a tab, without waiting for what comes of it."""
        attached = await self._send("Target.attachToTarget", {"targetId": tab, "flatten": False})
        message = {"id": 1, "method": "Runtime.evaluate", "params": {"expression": script}}
        await self._send(
            "Target.sendMessageToTarget",
            {"sessionId": attached["sessionId"], "message": json.dumps(message)},
        )

    async def close(self) -> None:
        """End the browser."""
        await self.protocol.send_json({"id": next(self.numbers), "method": "Browser.close"})

    async def _send(self, method: str, parameters: dict[str, object]) -> dict[str, Any]:
        number = next(self.numbers)
        await self.protocol.send_json({"id": number, "method": method, "params": parameters})
        while (answer := await self.protocol.receive_json()).get("id") != number:
            pass  # an event, which nobody asked for
        result: dict[str, Any] = answer["result"]
        return result


@asynccontextmanager
async def start_background(
    chromium: str, flags: Sequence[str], profile: Path
) -> AsyncIterator[Background]:
    """A headless Chromium with an empty profile; it ends with the context."""
    command = (
        chromium,
        "--headless",
        "--disable-dev-shm-usage",  # a container's is small
        "--remote-debugging-port=0",
        f"--user-data-dir={profile}",
        *flags,
    )
    async with run_browser(*command, read_address=lambda: read_address(profile)) as protocol:
        background = Background(protocol)
        yield background
        await background.close()


async def read_address(profile: Path) -> str:
    """Where the browser listens. It writes a file when it does: its port, and the path."""
    file = profile / "DevToolsActivePort"
    await wait_until(
        lambda: file.is_file() and len(file.read_text().splitlines()) == 2,
        lambda: f"there is no whole {file}",
    )
    port, path = file.read_text().splitlines()
    return f"ws://127.0.0.1:{port}{path}"
