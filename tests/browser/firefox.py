"""Firefox as Debian has it.

Playwright drives only a Firefox of its own; this one is spoken to by WebDriver BiDi, which it has
built in (W3C, "WebDriver BiDi").
"""

from __future__ import annotations

import asyncio
import itertools
import json
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from tests.browser.remote import run_browser
from tests.browser.waiting import DEADLINE_SECONDS, POLL_SECONDS, wait_until


class PageError(Exception):
    """What Firefox says of a command that failed, such as a script that threw."""


@dataclass
class Firefox:
    """Opens tabs; what it sends is answered in order."""

    protocol: aiohttp.ClientWebSocketResponse
    said: dict[str, list[str]] = field(default_factory=dict)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def begin(self) -> None:
        """What comes before all else."""
        await self.send("session.new", {"capabilities": {}})
        await self.send("session.subscribe", {"events": ["log.entryAdded"]})

    async def new_page(self) -> FirefoxPage:
        """A tab of a visitor with storage and cookies of one's own."""
        visitor = await self.send("browser.createUserContext", {})
        created = await self.send("browsingContext.create", {"type": "tab", **visitor})
        return FirefoxPage(self, created["context"], visitor["userContext"])

    async def send(self, method: str, parameters: dict[str, object]) -> dict[str, Any]:
        """What a command is answered; raises PageError where it fails."""
        number = next(self.numbers)
        await self.protocol.send_json({"id": number, "method": method, "params": parameters})
        while (answer := await self.protocol.receive_json()).get("id") != number:
            self._hear(answer)
        if answer["type"] == "error":
            raise PageError(f"{method}: {answer['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    def _hear(self, event: dict[str, Any]) -> None:
        entry = event.get("params", {})
        if event.get("method") == "log.entryAdded" and entry.get("level") in ("warn", "error"):
            tab = entry["source"].get("context", "")
            self.said.setdefault(tab, []).append(str(entry.get("text")))


@dataclass
class FirefoxPage:
    """A tab; its functions are those of Playwright's page, as far as tests need them."""

    firefox: Firefox
    tab: str
    visitor: str

    async def goto(self, url: str) -> None:
        """Open an address, and wait until it has loaded."""
        await self.firefox.send(
            "browsingContext.navigate", {"context": self.tab, "url": url, "wait": "complete"}
        )

    async def add_init_script(self, script: str) -> None:
        """What each page runs before its own scripts."""
        await self.firefox.send(
            "script.addPreloadScript",
            {"functionDeclaration": f"() => {{ {script} }}", "userContexts": [self.visitor]},
        )

    async def evaluate(self, expression: str) -> Any:
        """What an expression gives, or a promise of it; raises PageError where it throws."""
        answer = await self.firefox.send(
            "script.evaluate",
            {
                "expression": f"(async () => JSON.stringify(await ({expression})) ?? 'null')()",
                "target": {"context": self.tab},
                "awaitPromise": True,
            },
        )
        if answer["type"] == "exception":
            raise PageError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    async def run(self, script: str) -> None:
        """Run statements."""
        await self.evaluate(f"(async () => {{ {script} }})()")

    async def wait_for_tracker(self) -> None:
        """Wait until the script has loaded; raises AssertionError where it never does."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not await self.evaluate("window.conversionTracking?.trackEvent !== undefined"):
            assert time.monotonic() < deadline, self.said
            await asyncio.sleep(POLL_SECONDS)

    @property
    def said(self) -> list[str]:
        """The warnings and errors in its console, as far as answers came after them."""
        return self.firefox.said.get(self.tab, [])

    async def close(self) -> None:
        """End the visit."""
        await self.firefox.send("browser.removeUserContext", {"userContext": self.visitor})


def preferences(origin: str, site_port: int) -> dict[str, object]:
    """Settings with which the site's origin is the server of this port, and nothing is looked up.

    Firefox maps no hosts; the server is the proxy of all but the loopback address.
    """
    assert urlsplit(origin).scheme == "http"
    return {
        "network.proxy.type": 1,
        "network.proxy.http": "127.0.0.1",
        "network.proxy.http_port": site_port,
        "network.proxy.allow_hijacking_localhost": True,
        "network.proxy.no_proxies_on": "127.0.0.1",
        "network.captive-portal-service.enabled": False,
        "network.connectivity-service.enabled": False,
        "datareporting.policy.dataSubmissionEnabled": False,
        "app.update.enabled": False,
        "browser.shell.checkDefaultBrowser": False,
        "remote.prefs.recommended": True,
    }


@asynccontextmanager
async def start_firefox(program: str, origin: str, site_port: int) -> AsyncIterator[Firefox]:
    """A headless Firefox with an empty profile; it ends with the context."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        profile = Path(folder)
        lines = [
            f"user_pref({json.dumps(name)}, {json.dumps(value)});"
            for name, value in preferences(origin, site_port).items()
        ]
        (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
        options = ("--headless", "--no-remote", "--profile", folder, "--remote-debugging-port=0")
        async with run_browser(
            program, *options, read_address=lambda: read_address(profile)
        ) as protocol:
            firefox = Firefox(protocol)
            await firefox.begin()
            yield firefox
            await firefox.send("browser.close", {})


async def read_address(profile: Path) -> str:
    """Where the browser listens, which it writes into a file."""
    file = profile / "WebDriverBiDiServer.json"
    await wait_until(
        lambda: file.is_file() and file.read_text().endswith("}"),
        lambda: f"there is no whole {file}",
    )
    server = json.loads(file.read_text())
    return f"ws://{server['ws_host']}:{server['ws_port']}/session"
