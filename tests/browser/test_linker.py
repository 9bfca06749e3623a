"""One session over several sites: a link carries it (docs/tracker.md, Several sites)."""

from __future__ import annotations

import json
import time
from urllib.parse import quote

import pytest
from playwright.async_api import Page

from tests.browser.conftest import ALLOWED, FORBIDDEN, in_shared_loop
from tests.browser.page_server import PageServer
from tests.browser.stored import Stored
from tests.browser.tracking import wait_for_tracker

SESSION = "session_1_linked"


@in_shared_loop(autouse=True)
async def two_sites(site: PageServer) -> None:
    """That are one."""
    site.options["link-domains"] = "localhost stranger.example"


def handed(**changed: object) -> str:
    """The parameter of a link, as the other site made it."""
    session = {"session_id": SESSION, "sequence": 4, "at": int(time.time() * 1000), **changed}
    touch = {"utm_params": {"utm_source": "news"}, "click_ids": {}, "referrer": ""}
    return "_ct=" + quote(json.dumps({**session, **touch}))


async def test_a_link_to_another_host_of_the_site_goes_on_with_the_session(
    page: Page, stored: Stored
) -> None:
    await page.goto(f"{FORBIDDEN}/shop?utm_source=news&gclid=G")
    await wait_for_tracker(page)
    await stored.wait_for(1)
    await page.evaluate("void conversionTracking.identify('ada')")
    await page.evaluate(
        f"document.body.innerHTML = '<a href=\"{ALLOWED}/cart?a=1#top\">To the cart</a>'"
    )
    await page.click("a")
    await page.wait_for_url("**/cart**")
    await wait_for_tracker(page)
    assert page.url == f"{ALLOWED}/cart?a=1#top"
    first, identified, second = await stored.wait_for(3)
    assert second["session_id"] == first["session_id"]
    assert (identified["sequence"], second["sequence"]) == (2, 3)
    assert (second["utm_source"], second["page_url"]) == ("news", f"{ALLOWED}/cart?a=1")
    assert second["external_user_id"] is None


@pytest.mark.parametrize(
    ("parameter", "referer"),
    [
        (handed(at=int(time.time() * 1000) - 600_000), f"{FORBIDDEN}/"),
        (handed(), "https://chat.example/"),
        (handed(session_id=7), f"{FORBIDDEN}/"),
        (handed(sequence="many"), f"{FORBIDDEN}/"),
        ("_ct=garbage", f"{FORBIDDEN}/"),
        ("_ct=" + quote('"text"'), f"{FORBIDDEN}/"),
    ],
)
async def test_a_link_that_is_old_shared_or_forged_begins_a_session_of_its_own(
    page: Page, stored: Stored, parameter: str, referer: str
) -> None:
    await page.goto(f"{ALLOWED}/cart?{parameter}", referer=referer)
    [row] = await stored.wait_for(1)
    assert (row["sequence"], row["utm_source"]) == (1, None)
    assert row["session_id"].startswith("session_")
    assert row["session_id"] != SESSION
    assert row["page_url"] == f"{ALLOWED}/cart"


async def test_nothing_is_taken_over_before_consent(
    page: Page, site: PageServer, stored: Stored
) -> None:
    site.options["consent"] = "required"
    await page.goto(f"{ALLOWED}/cart?{handed()}", referer=f"{FORBIDDEN}/")
    await wait_for_tracker(page)
    assert await page.evaluate("sessionStorage.length") == 0
    await page.evaluate("conversionTracking.setConsent({ analytics: true })")
    [row] = await stored.wait_for(1)
    assert (row["session_id"], row["sequence"], row["utm_source"]) == (SESSION, 5, "news")


async def test_other_links_are_left_as_they_are(page: Page, stored: Stored) -> None:
    await page.goto(f"{ALLOWED}/shop")
    await wait_for_tracker(page)
    await stored.wait_for(1)
    await page.evaluate(
        "document.body.innerHTML ="
        ' \'<a href="http://notlocalhost/" onclick="return false">Out</a>\''
    )
    await page.click("a")
    assert await page.evaluate("document.querySelector('a').href") == "http://notlocalhost/"
