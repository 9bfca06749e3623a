"""What the vendors' pixels on a page are told, beside the rows of the same events."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page

from tests.browser.conftest import ALLOWED
from tests.browser.page_server import PageServer
from tests.browser.stored import Stored
from tests.browser.tracking import wait_for_tracker

PAGE = f"{ALLOWED}/pixels.html"
CHECKOUT = '("29.99", "cs_1", null, { currency: "EUR" })'
SUBSCRIBED = '{ conversion_value: 49, currency: "GBP", order_id: "order_1" }'

# A call; what Meta, Google and LinkedIn are told of it, without the event's id.
EUROS, POUNDS = {"value": 29.99, "currency": "EUR"}, {"value": 49, "currency": "GBP"}
CALLS: list[tuple[str, list[list[Any]]]] = [
    (
        "trackPageView()",
        [
            ["fbq", "track", "PageView", {}],
            ["gtag", "event", "page_view", {"page_path": "/pixels.html"}],
        ],
    ),
    ('trackFormSubmit("Contact", { topic: "prices" })', [["fbq", "track", "Lead", {}]]),
    (
        'trackSignup("google")',
        [
            ["fbq", "track", "CompleteRegistration", {}],
            ["gtag", "event", "sign_up", {"method": "google"}],
            ["lintrk", "track", {"conversion_id": "signup"}],
        ],
    ),
    (f"trackCheckoutStart{CHECKOUT}", [["fbq", "track", "InitiateCheckout", EUROS]]),
    (f"trackCheckoutComplete{CHECKOUT}", []),
    (
        f"trackPurchase{CHECKOUT}",
        [
            ["fbq", "track", "Purchase", EUROS],
            ["gtag", "event", "purchase", {"transaction_id": "cs_1", **EUROS}],
            ["lintrk", "track", {"conversion_id": "purchase"}],
        ],
    ),
    (
        f'trackEvent("subscription_created", "Team", {SUBSCRIBED})',
        [
            ["fbq", "track", "Purchase", POUNDS],
            ["gtag", "event", "purchase", {"transaction_id": "order_1", **POUNDS}],
            ["lintrk", "track", {"conversion_id": "purchase"}],
        ],
    ),
    ('trackEvent("video_play")', []),
]


@pytest.fixture(autouse=True)
def count_pages_when_asked(site: PageServer) -> None:
    """So that a test's calls are all its events."""
    site.options["manual-page-views"] = "true"


async def call(page: Page, *calls: str) -> None:
    """Call functions of the tracker."""
    await wait_for_tracker(page)
    await page.evaluate("".join(f"void conversionTracking.{call};" for call in calls))


async def told(page: Page) -> list[list[Any]]:
    """What the pixels were told so far."""
    calls: list[list[Any]] = await page.evaluate("told")
    return calls


def with_id(args: list[Any], event_id: str) -> list[Any]:
    """A pixel's call with the event's id: Meta and LinkedIn count once what servers report too."""
    if args[0] == "fbq":
        return [*args, {"eventID": event_id}]
    if args[0] == "lintrk":
        return [*args[:2], {**args[2], "event_id": event_id}]
    return args


async def test_pixels_are_told_of_the_events_in_the_table(page: Page, stored: Stored) -> None:
    await page.goto(PAGE)
    await call(page, *(call for call, _ in CALLS))
    rows = await stored.wait_for(len(CALLS))
    expected = [
        with_id(args, str(row["id"]))
        for row, (_, pixels) in zip(rows, CALLS, strict=True)
        for args in pixels
    ]
    assert await told(page) == expected
    assert [row["fb_event_id"] for row in rows] == [str(row["id"]) for row in rows]
    assert [(row["conversion_value"], row["currency"]) for row in rows[3:7]] == [
        (Decimal("29.99"), "EUR"),
        (Decimal("29.99"), "EUR"),
        (Decimal("29.99"), "EUR"),
        (Decimal("49.00"), "GBP"),
    ]


async def test_pixels_wait_for_the_consent_to_marketing(
    page: Page, site: PageServer, stored: Stored
) -> None:
    site.options["consent"] = "required"
    await page.goto(PAGE)
    await call(page, 'trackSignup("email")', "setConsent({ analytics: true })")
    await stored.wait_for(1)
    assert await told(page) == []
    await call(page, "setConsent({ marketing: true })", 'trackFormSubmit("Contact")')
    rows = await stored.wait_for(2)
    assert await told(page) == [["fbq", "track", "Lead", {}, {"eventID": str(rows[1]["id"])}]]
    await call(page, "setConsent({ marketing: false })", 'trackFormSubmit("Contact")')
    await stored.wait_for(3)
    assert len(await told(page)) == 1


async def test_pixels_are_told_nothing_of_visitors_with_a_privacy_signal(
    page: Page, stored: Stored
) -> None:
    # A setting of the browser; Chromium has none, extensions set it like this.
    await page.add_init_script(
        "Object.defineProperty(navigator, 'globalPrivacyControl', { value: true })"
    )
    await page.goto(PAGE)
    await call(page, 'trackSignup("email")', "setConsent({ marketing: true })", "trackPageView()")
    await stored.wait_for(2)
    assert await told(page) == []


async def test_events_carry_the_ids_that_pixels_keep_in_cookies(
    context: BrowserContext, page: Page, site: PageServer, stored: Stored
) -> None:
    site.options |= {"meta-pixel-id": "123", "linkedin-partner-id": "456"}
    cookies = {
        "_ga": "GA1.1.1111111111.2222222222",
        "_ga_STREAM": "GS2.1.s1763800000$o1$g0$t1763800000$j60$l0$h0",
        "_fbp": "fb.1.1763800000000.333333",
        "_fbc": "fb.1.1763800000000.click",
    }
    await context.add_cookies([{"name": n, "value": v, "url": PAGE} for n, v in cookies.items()])
    await page.goto(PAGE)
    await call(page, 'trackSignup("email")')
    [row] = await stored.wait_for(1)
    assert (row["ga_client_id"], row["ga_session_id"]) == ("1111111111.2222222222", "1763800000")
    assert (row["fb_pixel_id"], row["linkedin_partner_id"]) == ("123", "456")
    metadata = json.loads(row["metadata"])
    assert (metadata["fbp"], metadata["fbc"]) == (cookies["_fbp"], cookies["_fbc"])


@pytest.mark.parametrize(
    ("script", "policy"),
    [
        ("", "require-trusted-types-for 'script'"),
        ("window.dataLayer = {}", ""),
        ("Object.defineProperty(window, 'fbq', { get() { throw new Error('blocked'); } })", ""),
    ],
    ids=["Trusted Types", "a dataLayer that is no list", "a name that a blocker guards"],
)
async def test_what_hinders_pixels_does_not_hinder_the_tracker(
    page: Page, site: PageServer, stored: Stored, script: str, policy: str
) -> None:
    site.options |= {"load-pixels": "true", "meta-pixel-id": "1", "google-tag-ids": "G-1"}
    if policy:
        site.headers = {**site.headers, "Content-Security-Policy": policy}
    await page.add_init_script(script)
    async with page.expect_console_message(lambda message: "pixel" in message.text):
        await page.goto(f"{ALLOWED}/")
    await call(page, 'trackSignup("email")')
    [row] = await stored.wait_for(1)
    assert row["event_type"] == "signup"
