"""Events arrive once, whatever the network and the visitor do."""

from __future__ import annotations

import pytest
from playwright.async_api import BrowserContext, Page

from tests.browser.conftest import ALLOWED
from tests.browser.flaky_proxy import FlakyProxy, event_ids
from tests.browser.outcomes import (
    Outcome,
    answer_lost,
    answered,
    answered_before_the_gateway,
)
from tests.browser.page_server import PageServer
from tests.browser.stored import Stored, names_and_sequence
from tests.browser.tracking import track, wait_for_tracker


async def test_a_visit_of_a_page_is_a_row(page: Page, stored: Stored) -> None:
    await page.goto(f"{ALLOWED}/pricing")
    [row] = await stored.wait_for(1)
    assert names_and_sequence([row]) == [("page_view", 1)]
    assert row["page_url"] == f"{ALLOWED}/pricing"


async def test_the_gateways_own_script_sends_to_where_it_came_from(
    page: Page, site: PageServer, proxy: FlakyProxy, stored: Stored
) -> None:
    site.script = f"{site.options.pop('endpoint')}/t.js"
    await page.goto(f"{ALLOWED}/")
    assert names_and_sequence(await stored.wait_for(1)) == [("page_view", 1)]
    assert [seen.path for seen in proxy.requests] == ["/t.js", "/t.extra.js", "/v1/events/track"]


async def test_what_a_page_tracks_at_once_is_sent_at_once(
    page: Page, proxy: FlakyProxy, stored: Stored
) -> None:
    await page.goto(f"{ALLOWED}/")
    await stored.once_all_is_answered(page)
    await track(page, "one", "two", "three")
    rows = await stored.wait_for(4)
    assert names_and_sequence(rows[1:]) == [("one", 2), ("two", 3), ("three", 4)]
    assert [seen.path for seen in proxy.requests] == ["/v1/events/track", "/v1/events/batch"]


async def test_a_page_that_closes_in_the_middle_of_a_send_is_stored_once(
    context: BrowserContext, page: Page, proxy: FlakyProxy, stored: Stored
) -> None:
    proxy.hold()
    await page.goto(f"{ALLOWED}/")
    await proxy.wait_for_requests(1)
    await page.close()
    proxy.release()
    assert names_and_sequence(await stored.wait_for(1)) == [("page_view", 1)]

    # The page saw no answer: the next one sends its event again.
    later = await context.new_page()
    await later.goto(f"{ALLOWED}/later")
    rows = await stored.once_all_is_answered(later)
    first, *others = event_ids(proxy.delivered)
    assert first in others
    assert sorted(row["page_url"] for row in rows) == [f"{ALLOWED}/", f"{ALLOWED}/later"]


async def test_what_waits_behind_a_send_leaves_with_the_closing_page(
    page: Page, proxy: FlakyProxy, stored: Stored
) -> None:
    proxy.hold()
    await page.goto(f"{ALLOWED}/")
    await proxy.wait_for_requests(1)
    await track(page, "one", "two")
    await page.close()
    await proxy.wait_for_requests(2)
    proxy.release()
    rows = await stored.wait_for(3)
    assert names_and_sequence(rows) == [("page_view", 1), ("one", 2), ("two", 3)]
    assert len(event_ids(proxy.requests)) == 3


async def test_an_event_whose_answer_is_lost_is_sent_again_and_stored_once(
    page: Page, proxy: FlakyProxy, stored: Stored
) -> None:
    proxy.let_next_be(answer_lost)
    await page.goto(f"{ALLOWED}/")
    rows = await stored.once_all_is_answered(page)
    assert names_and_sequence(rows) == [("page_view", 1)]
    assert event_ids(proxy.delivered) == [str(rows[0]["id"])] * 2


async def test_events_survive_a_reload_while_the_gateway_cannot_be_reached(
    page: Page, site: PageServer, proxy: FlakyProxy, stored: Stored
) -> None:
    site.options["manual-page-views"] = "true"
    proxy.go_down()
    await page.goto(f"{ALLOWED}/")
    await track(page, "one", "two", "three")
    await proxy.wait_for_requests(1)
    await page.reload()
    proxy.come_back()
    rows = await stored.once_all_is_answered(page)
    assert names_and_sequence(rows) == [("one", 1), ("two", 2), ("three", 3)]
    assert len(event_ids(proxy.delivered)) == 3


async def test_events_of_a_browser_that_is_offline_arrive_when_it_is_online(
    page: Page, site: PageServer, proxy: FlakyProxy, stored: Stored
) -> None:
    site.options |= {"manual-page-views": "true", "debug": "true"}
    await page.goto(f"{ALLOWED}/")
    await wait_for_tracker(page)
    await page.context.set_offline(True)
    async with page.expect_console_message(lambda message: "failed" in message.text):
        await track(page, "one", "two", "three")
    await page.context.set_offline(False)
    rows = await stored.once_all_is_answered(page)
    assert names_and_sequence(rows) == [("one", 1), ("two", 2), ("three", 3)]
    assert len(event_ids(proxy.requests)) == 3


@pytest.mark.parametrize(
    ("outcome", "least_seconds"),
    [
        pytest.param(answered(503), 0.5, id="503"),
        pytest.param(answered(503, **{"Retry-After": "1"}), 1, id="503, one second"),
        pytest.param(answered(429, **{"Retry-After": "2"}), 2, id="429, two seconds"),
        # Chromium sends again by itself, where the connection had been used before.
        pytest.param(answered(408), 0, id="408"),
        pytest.param(answered(425), 0.5, id="425"),
        pytest.param(answered(200, "<title>Log in to this network</title>"), 0.5, id="a portal"),
        pytest.param(
            answered(302, Location=f"{ALLOWED}/page.html"), 0.5, id="a redirect to another's page"
        ),
        pytest.param(answered_before_the_gateway(502), 0.5, id="502 that the page cannot read"),
    ],
)
async def test_events_wait_while_the_gateway_refuses_and_arrive_once(
    page: Page, proxy: FlakyProxy, stored: Stored, outcome: Outcome, least_seconds: float
) -> None:
    proxy.let_next_be(outcome, outcome)
    await page.goto(f"{ALLOWED}/")
    await track(page, "one", "two")
    rows = await stored.once_all_is_answered(page)
    assert names_and_sequence(rows) == [("page_view", 1), ("one", 2), ("two", 3)]
    assert len(event_ids(proxy.delivered)) == 3
    first, second, third, *_ = (seen.at for seen in proxy.requests)
    assert min(second - first, third - second) >= least_seconds


async def test_an_event_that_breaks_the_contract_is_not_sent_again(
    page: Page, proxy: FlakyProxy, stored: Stored
) -> None:
    await page.goto(f"{ALLOWED}/")
    await stored.once_all_is_answered(page)
    await page.evaluate("void conversionTracking.trackPurchase(1, 's', null, {currency: 'EURO'})")
    await stored.once_all_is_answered(page)
    await track(page, "good")
    rows = await stored.once_all_is_answered(page)
    assert names_and_sequence(rows) == [("page_view", 1), ("good", 3)]
    assert len(event_ids(proxy.requests)) == len(set(event_ids(proxy.requests))) == 3


async def test_an_event_that_breaks_the_contract_does_not_take_others_with_it(
    page: Page, proxy: FlakyProxy, stored: Stored
) -> None:
    await page.goto(f"{ALLOWED}/")
    await stored.once_all_is_answered(page)
    await page.evaluate(
        """for (const currency of ["EUR", "EURO", "USD"])
             void conversionTracking.trackPurchase(1, "s", null, { currency });"""
    )
    rows = await stored.once_all_is_answered(page)
    assert [(row["currency"], row["sequence"]) for row in rows[1:]] == [("EUR", 2), ("USD", 4)]
    assert len(proxy.requests) == 2


async def test_a_request_that_is_refused_for_good_is_not_repeated(
    page: Page, site: PageServer, proxy: FlakyProxy, stored: Stored
) -> None:
    site.options["manual-page-views"] = "true"
    statuses = [400, 401, 403, 404, 405, 413, 415]
    await page.goto(f"{ALLOWED}/")
    for status in statuses:
        proxy.let_next_be(answered(status))
        await track(page, f"refused with {status}")
        await stored.once_all_is_answered(page)
    await track(page, "good")
    rows = await stored.once_all_is_answered(page)
    assert names_and_sequence(rows) == [("good", len(statuses) + 1)]
    assert len(event_ids(proxy.requests)) == len(statuses) + 1
