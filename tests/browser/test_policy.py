"""The gateway's script on pages that are strict about what they load and whom they ask."""

from __future__ import annotations

import base64
import hashlib

import pytest
from playwright.async_api import Page

from collector.api.script import SCRIPT_FILE
from tests.browser.conftest import ALLOWED
from tests.browser.flaky_proxy import FlakyProxy
from tests.browser.page_server import NEVER_STORE, PageServer
from tests.browser.stored import Stored, names_and_sequence
from tests.browser.tracking import track, wait_for_tracker

PAGE = f"{ALLOWED}/from_gateway.html"
NOTE_VIOLATIONS = """
    window.violations = [];
    addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) =>
        violations.push([effectiveDirective, blockedURI]));
"""


@pytest.fixture(autouse=True)
def script_of_the_gateway(site: PageServer, proxy_url: str) -> None:
    """The script tag as docs/tracker.md has it."""
    site.script = f"{proxy_url}/t.js"
    del site.options["endpoint"]
    site.values["attributes"] = ""


def allow(site: PageServer, **directives: str) -> None:
    """Let a page's policy allow these sources, and nothing else."""
    allowed = {"default-src": "'none'"}
    allowed |= {name.replace("_", "-"): sources for name, sources in directives.items()}
    policy = "; ".join(f"{name} {sources}" for name, sources in allowed.items())
    site.headers = {**NEVER_STORE, "Content-Security-Policy": policy}


def sha384(script: bytes) -> str:
    """The value of an `integrity` attribute (Subresource Integrity, 3.2)."""
    return "sha384-" + base64.b64encode(hashlib.sha384(script).digest()).decode()


async def test_a_page_that_allows_only_the_gateway_is_tracked(
    page: Page, site: PageServer, stored: Stored, proxy_url: str
) -> None:
    allow(site, script_src=proxy_url, connect_src=proxy_url)
    await page.add_init_script(NOTE_VIOLATIONS)
    await page.goto(PAGE)
    await wait_for_tracker(page)
    await track(page, "one", "two")
    rows = await stored.wait_for(3)
    assert names_and_sequence(rows) == [("page_view", 1), ("one", 2), ("two", 3)]
    assert await page.evaluate("violations") == []


async def test_a_page_that_allows_no_requests_is_not_tracked_and_sees_no_error(
    page: Page, site: PageServer, proxy: FlakyProxy, proxy_url: str
) -> None:
    allow(site, script_src=proxy_url, connect_src="'none'")
    await page.add_init_script(NOTE_VIOLATIONS)
    async with page.expect_console_message(lambda message: "connect-src" in message.text):
        await page.goto(PAGE)
        await wait_for_tracker(page)
        await track(page, "one")
    assert (await page.evaluate("violations"))[0][0] == "connect-src"
    await page.goto("about:blank")  # the beacon is forbidden as well
    assert [seen.path for seen in proxy.requests] == ["/t.js", "/t.extra.js"]


async def test_a_page_that_allows_no_script_runs_none(
    page: Page, site: PageServer, proxy: FlakyProxy, proxy_url: str
) -> None:
    allow(site, script_src="'self'", connect_src=proxy_url)
    await page.add_init_script(NOTE_VIOLATIONS)
    await page.goto(PAGE)
    await page.wait_for_function("violations.length > 0")
    assert await page.evaluate("violations") == [["script-src-elem", site.script]]
    assert proxy.requests == []


async def test_a_script_with_its_hash_loads_and_tracks(
    page: Page, site: PageServer, stored: Stored
) -> None:
    integrity = sha384(SCRIPT_FILE.read_bytes())
    site.values["attributes"] = f'integrity="{integrity}" crossorigin'
    await page.goto(PAGE)
    [row] = await stored.wait_for(1)
    assert (row["event_name"], row["page_url"]) == ("page_view", PAGE)


async def test_a_script_with_another_hash_is_refused(
    page: Page, site: PageServer, proxy: FlakyProxy
) -> None:
    integrity = sha384(SCRIPT_FILE.read_bytes() + b" ")
    site.values["attributes"] = f'integrity="{integrity}" crossorigin'
    async with page.expect_console_message(lambda message: "integrity" in message.text):
        await page.goto(PAGE)
    assert await page.evaluate("window.conversionTracking") is None
    assert [seen.path for seen in proxy.requests] == ["/t.js"]
