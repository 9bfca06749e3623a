"""What a page in a real browser sees of its requests, and what arrives in Postgres."""

from __future__ import annotations

import os
from typing import Any

from playwright.async_api import ConsoleMessage, Page

from tests.browser.conftest import ALLOWED, FORBIDDEN
from tests.system.running import FUNNEL, TRACK, Gateway, cors_headers

EVENT: dict[str, Any] = {
    "event_type": "signup",
    "event_name": "Signed up",
    "conversion_value": 29.99,
}


async def send(page: Page, gateway: Gateway, path: str, event: dict[str, Any]) -> dict[str, Any]:
    """Let the page send an event; what its script sees of the answer."""
    url = gateway.system.gateway_url + path
    seen: dict[str, Any] = await page.evaluate("([url, event]) => send(url, event)", [url, event])
    return seen


async def send_at_once(
    page: Page, gateway: Gateway, path: str, event: dict[str, Any], count: int
) -> list[dict[str, Any]]:
    """Let the page send an event so often, without waiting for answers; all of these.

    The last of them may come before others, but is the last that was sent.
    """
    seen: list[dict[str, Any]] = await page.evaluate(
        "([url, event, count]) => "
        "Promise.all(Array.from({ length: count }, () => send(url, event)))",
        [gateway.system.gateway_url + path, event, count],
    )
    return seen


async def screenshot(page: Page, name: str) -> None:
    """A picture for a person, where SCREENSHOTS names a folder."""
    if folder := os.environ.get("SCREENSHOTS"):
        await page.screenshot(path=f"{folder}/{name}.png")


async def test_a_page_of_an_allowed_origin_sends_and_reads_the_answer(
    page: Page, gateway: Gateway
) -> None:
    await page.goto(f"{ALLOWED}/page.html")
    seen = await send(page, gateway, TRACK, {**EVENT, "session_id": gateway.session_id})
    await screenshot(page, "allowed")
    [row] = await gateway.rows()
    assert (seen["status"], seen["body"]["event_id"]) == (200, str(row["id"]))
    assert "HeadlessChrome" in row["user_agent"]
    assert row["is_bot"]  # a headless browser is automation, and is marked as such
    assert row["stamp_verified"]


async def test_a_page_of_a_forbidden_origin_is_stopped_by_its_browser(
    page: Page, gateway: Gateway
) -> None:
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        complaints.append(message.text)

    page.on("console", note)
    await page.goto(f"{FORBIDDEN}/page.html")
    seen = await send(page, gateway, TRACK, {**EVENT, "session_id": gateway.session_id})
    await screenshot(page, "forbidden")
    assert seen == {"error": "TypeError: Failed to fetch"}
    assert any("CORS policy" in complaint for complaint in complaints)
    assert await gateway.rows() == []


async def test_a_page_reads_which_field_was_refused(page: Page, gateway: Gateway) -> None:
    await page.goto(f"{ALLOWED}/page.html")
    event = {**EVENT, "session_id": gateway.session_id, "currency": "EURO"}
    seen = await send(page, gateway, TRACK, event)
    await screenshot(page, "422")
    same = await gateway.track(**event)
    assert (seen["status"], seen["body"]) == (422, same.json())
    assert [error["field"] for error in seen["body"]["errors"]] == ["currency"]
    assert await gateway.rows() == []


async def test_a_page_reads_that_it_must_wait_and_how_long(page: Page, gateway: Gateway) -> None:
    await page.goto(f"{ALLOWED}/page.html")
    event = {"session_id": gateway.session_id, "stage": "visited_docs"}
    answers: list[dict[str, Any]] = []
    for _ in range(14):  # the limit, twice: a minute may end on the way
        answers += await send_at_once(page, gateway, FUNNEL, event, 50)
        if answers[-1]["status"] == 429:
            break
    seen = answers[-1]
    statuses = [answer["status"] for answer in answers]
    await screenshot(page, "429")
    rows = await gateway.rows()
    assert seen["body"]["message"] == "API rate limit exceeded"
    assert 0 < int(seen["retryAfter"]) <= 60
    assert statuses.count(200) == len(rows) >= 300


async def test_without_a_browser_the_same_preflight_says_the_same(gateway: Gateway) -> None:
    for origin, allowed in ((ALLOWED, True), (FORBIDDEN, False)):
        headers = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        }
        answer = await gateway.send("OPTIONS", TRACK, headers=headers)
        assert ("access-control-allow-origin" in cors_headers(answer)) is allowed
