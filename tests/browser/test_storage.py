"""Events arrive, and pages see no error, where the browser's storage is of no use."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import BrowserContext, Page

from tests.browser.conftest import ALLOWED, StartProfile
from tests.browser.flaky_proxy import FlakyProxy
from tests.browser.stored import Stored, names_and_sequence
from tests.browser.tracking import track, wait_for_tracker
from tests.support import Rows

# A page of the same origin that does not track.
UNTRACKED = f"{ALLOWED}/page.html"
ALL_SITES_MAY_STORE_NOTHING = {"profile": {"default_content_setting_values": {"cookies": 2}}}
GARBAGE_SESSIONS = [
    {"ct_session_id": "garbage"},
    {"ct_session_id": "a", "ct_session_id_data": '{"session_id":'},
    {"ct_session_id": "a", "ct_session_id_data": "null"},
    {"ct_session_id": "a", "ct_session_id_data": '{"session_id": "b", "sequence": 7}'},
]
GARBAGE_EVENTS = {
    **{f"f0000000-0000-7000-8000-00000000000{n}": text for n, text in enumerate(["{", "null", 7])},
    "no id": {},
}
EXPECTED = [("page_view", 1), ("one", 2), ("two", 3)]
READ_STORAGE = "() => { try { return typeof localStorage } catch (error) { return error.name } }"
# Ever smaller pieces, until not even one character fits.
FILL_STORAGE = """() => {
  for (const store of [localStorage, sessionStorage])
    for (let length = 2 ** 22, count = 0; length >= 1; )
      try {
        store.setItem("x" + count++, "x".repeat(length));
      } catch {
        length = Math.floor(length / 2);
      }
}"""
# Puts a proxy in the place of localStorage that notes which of its keys are read.
NOTE_KEYS = """
    const store = localStorage;
    window.keysRead = [];
    Object.defineProperty(window, "localStorage", {
        value: new Proxy(store, {
            get: (_, key) => (keysRead.push(key), store[key]),
            set: (_, key, value) => ((store[key] = value), true),
            ownKeys: () => (keysRead.push("all keys"), Reflect.ownKeys(store)),
        }),
    });
"""
PUT = """([name, entries]) => {
  for (const [key, value] of Object.entries(entries)) window[name].setItem(key, value);
}"""


async def test_events_arrive_where_a_visitor_blocks_storage(
    start_profile: StartProfile, stored: Stored
) -> None:
    context = await start_profile(ALL_SITES_MAY_STORE_NOTHING)
    page = await context.new_page()
    assert names_and_sequence(await visit_and_track(page, stored)) == EXPECTED
    assert await page.evaluate(READ_STORAGE) == "SecurityError"


async def test_events_arrive_from_a_sandboxed_frame(page: Page, stored: Stored) -> None:
    await page.goto(f"{ALLOWED}/framed.html")
    [row] = await stored.wait_for(1)
    assert row["page_url"] == f"{ALLOWED}/inside"
    assert await page.frames[1].evaluate(READ_STORAGE) == "SecurityError"


async def test_events_arrive_where_storage_is_full(page: Page, stored: Stored) -> None:
    await page.goto(UNTRACKED)
    await page.evaluate(FILL_STORAGE)
    assert names_and_sequence(await visit_and_track(page, stored)) == EXPECTED
    assert await page.evaluate("Object.keys(localStorage).filter((key) => key[0] !== 'x')") == []


async def test_a_session_that_is_garbage_is_not_believed(
    context: BrowserContext, stored: Stored
) -> None:
    for entries in GARBAGE_SESSIONS:
        page = await context.new_page()
        await page.goto(UNTRACKED)
        await page.evaluate(PUT, ["sessionStorage", entries])
        await page.goto(f"{ALLOWED}/")
    rows = await stored.wait_for(len(GARBAGE_SESSIONS))
    assert {row["sequence"] for row in rows} == {1}
    assert all(row["session_id"].startswith("session_") for row in rows)


@pytest.mark.parametrize(
    "queue", ["", "{", "{}", "null", "[]", "7", '"text"', json.dumps(GARBAGE_EVENTS)]
)
async def test_garbage_in_the_queue_does_not_take_events_with_it(
    page: Page, stored: Stored, proxy_url: str, queue: str
) -> None:
    await page.goto(UNTRACKED)
    await page.evaluate(PUT, ["localStorage", {f"ct:{proxy_url}:queue": queue}])
    assert names_and_sequence(await visit_and_track(page, stored)) == EXPECTED
    await stored.once_all_is_answered(page)


@pytest.mark.parametrize("until", ["garbage", "1e999", "99999999999999"])
async def test_a_time_to_wait_for_that_no_server_gave_is_not_waited_for(
    page: Page, stored: Stored, proxy_url: str, until: str
) -> None:
    await page.goto(UNTRACKED)
    await page.evaluate(PUT, ["localStorage", {f"ct:{proxy_url}:until": until}])
    assert names_and_sequence(await visit_and_track(page, stored)) == EXPECTED


async def test_what_a_page_clears_from_storage_arrives_all_the_same(
    page: Page, stored: Stored
) -> None:
    await page.goto(f"{ALLOWED}/")
    await wait_for_tracker(page)
    await page.evaluate("void conversionTracking.trackEvent('logout'); localStorage.clear()")
    assert [row["event_name"] for row in await stored.wait_for(2)] == ["page_view", "logout"]


async def test_what_a_page_clears_while_the_gateway_is_away_arrives_from_the_next_page(
    page: Page, proxy: FlakyProxy, stored: Stored
) -> None:
    proxy.go_down()
    await page.goto(f"{ALLOWED}/")
    await proxy.wait_for_requests(1)
    await page.evaluate("void conversionTracking.trackEvent('logout'); localStorage.clear()")
    await page.goto(UNTRACKED)
    proxy.come_back()
    await page.goto(f"{ALLOWED}/next")
    rows = await stored.once_all_is_answered(page)
    assert [row["event_name"] for row in rows] == ["page_view", "logout", "page_view"]


async def test_the_keys_of_the_site_and_of_another_gateway_are_left_alone(
    page: Page, stored: Stored
) -> None:
    others = {
        "ct_theme": "dark",
        "ct_q_1": "mine",
        "ct:https://other.example:queue": '01900000-0000-7000-8000-000000000000{"event_id":"x"}',
    }
    await page.goto(UNTRACKED)
    await page.evaluate(PUT, ["localStorage", others])
    assert names_and_sequence(await visit_and_track(page, stored)) == EXPECTED
    await page.evaluate("conversionTracking.setConsent({ analytics: false })")
    assert await page.evaluate("({ ...localStorage })") == others


async def test_an_event_that_no_beacon_takes_arrives_from_the_next_page(
    page: Page, proxy: FlakyProxy, stored: Stored
) -> None:
    await page.goto(f"{ALLOWED}/")
    await stored.once_all_is_answered(page)
    proxy.go_down()
    await page.evaluate(
        "void conversionTracking.trackEvent('large', 'large', { metadata: { x: 'x'.repeat(7e4) } })"
    )
    await page.goto(UNTRACKED)
    proxy.come_back()
    await page.goto(f"{ALLOWED}/next")
    rows = await stored.once_all_is_answered(page)
    assert [row["event_name"] for row in rows] == ["page_view", "large", "page_view"]


async def test_what_the_site_keeps_is_not_read(page: Page, stored: Stored) -> None:
    await page.goto(UNTRACKED)
    await page.evaluate(PUT, ["localStorage", {f"site{n}": "x" * 2000 for n in range(1000)}])
    await page.add_init_script(NOTE_KEYS)
    await visit_and_track(page, stored)
    keys = set(await page.evaluate("keysRead"))
    own = {"queue", "until", "sessions", "visitor", "ct_ignore"}
    assert {key.rsplit(":", 1)[-1] for key in keys} <= own


async def visit_and_track(page: Page, stored: Stored) -> Rows:
    """The rows of a visit of one page, and two events on it."""
    await page.goto(f"{ALLOWED}/")
    await track(page, "one", "two")
    return await stored.wait_for(3)
