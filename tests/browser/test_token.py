"""What a request carries: nothing of the visitor's, or a token and cookies after a preflight."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable

import pytest
from playwright.async_api import BrowserContext, Page

from tests.browser.conftest import ALLOWED, in_shared_loop
from tests.browser.flaky_proxy import FlakyProxy, Seen, event_ids
from tests.browser.outcomes import answered, passed_on
from tests.browser.page_server import PageServer
from tests.browser.stored import Stored
from tests.browser.tracker_build import MODULE
from tests.browser.tracking import track
from tests.support import serve_app

pytestmark = pytest.mark.usefixtures("built_package", "login")

PAGE = f"{ALLOWED}/module.html"
COOKIE = "login=of-this-visitor"

GiveTokens = Callable[..., None]


@in_shared_loop()
async def proxy_url(proxy: FlakyProxy) -> AsyncIterator[str]:
    """The gateway on the page's own site, as api.example.com is on that of www.example.com.

    Cookies are for a host, whatever the port.
    """
    async with serve_app(proxy.make_app()) as url:
        yield url.replace("127.0.0.1", "localhost")


@in_shared_loop()
async def login(context: BrowserContext, proxy_url: str) -> None:
    """The visitor has a cookie of the gateway."""
    name, _, value = COOKIE.partition("=")
    await context.add_cookies([{"name": name, "value": value, "url": proxy_url}])


@pytest.fixture
def give_tokens(site: PageServer) -> GiveTokens:
    """Makes the page's token provider answer with these, one after the other."""
    site.scripts["index.js"] = MODULE

    def give(*tokens: str | None) -> None:
        site.values["tokens"] = json.dumps(tokens)

    return give


def carried(requests: list[Seen]) -> list[tuple[str, str | None, str | None]]:
    """Of each request its method, its token and its cookies."""
    return [
        (seen.method, seen.headers.get("Authorization"), seen.headers.get("Cookie"))
        for seen in requests
    ]


async def test_without_a_token_a_request_needs_no_preflight_and_carries_no_cookie(
    page: Page, proxy: FlakyProxy, stored: Stored, give_tokens: GiveTokens
) -> None:
    give_tokens(None)
    await page.goto(PAGE)
    await stored.wait_for(1)
    assert carried(proxy.requests) == [("POST", None, None)]


async def test_with_a_token_the_gateway_answers_the_preflight_and_gets_token_and_cookies(
    page: Page, proxy: FlakyProxy, stored: Stored, give_tokens: GiveTokens
) -> None:
    give_tokens("first", "second")
    await page.goto(PAGE)
    await stored.wait_for(1)
    await stored.once_all_is_answered(page)
    await track(page, "one")
    rows = await stored.once_all_is_answered(page)
    assert [row["event_name"] for row in rows] == ["page_view", "one"]
    assert carried(proxy.delivered) == [
        ("OPTIONS", None, None),
        ("POST", "Bearer first", COOKIE),
        ("POST", "Bearer second", COOKIE),  # the browser remembers the preflight's answer
    ]
    assert await page.evaluate("asked") == [False, False]


async def test_after_a_401_the_provider_is_asked_once_more_and_the_event_arrives_once(
    page: Page, proxy: FlakyProxy, stored: Stored, give_tokens: GiveTokens
) -> None:
    give_tokens("too old", "new")
    proxy.let_next_be(passed_on, answered(401))
    await page.goto(PAGE)
    await stored.wait_for(1)
    [row] = await stored.once_all_is_answered(page)
    assert carried(proxy.requests) == [
        ("OPTIONS", None, None),
        ("POST", "Bearer too old", COOKIE),
        ("POST", "Bearer new", COOKIE),
    ]
    assert event_ids(proxy.requests) == [str(row["id"])] * 2
    assert await page.evaluate("asked") == [False, True]


async def test_after_a_second_401_the_event_is_given_up(
    page: Page, proxy: FlakyProxy, stored: Stored, give_tokens: GiveTokens
) -> None:
    give_tokens("too old", "wrong", "right")
    proxy.let_next_be(passed_on, answered(401), answered(401))
    await page.goto(PAGE)
    await proxy.wait_for_requests(3)
    await stored.once_all_is_answered(page)
    await track(page, "one")
    [row] = await stored.wait_for(1)
    assert (row["event_name"], row["sequence"]) == ("one", 2)
    assert await page.evaluate("asked") == [False, True, False]


async def test_the_beacon_of_a_page_that_closes_has_no_token(
    page: Page, proxy: FlakyProxy, give_tokens: GiveTokens
) -> None:
    give_tokens("first", "second")
    proxy.hold()
    await page.goto(PAGE)
    await proxy.wait_for_requests(1)
    await track(page, "one")
    await page.close()
    await proxy.wait_for_requests(2)
    beacon = proxy.requests[-1]
    assert carried([beacon]) == [("POST", None, COOKIE)]
    assert [event["event_name"] for event in beacon.events] == ["one"]
    proxy.release()
