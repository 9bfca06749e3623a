"""A mistake of a page costs the call that it is in, and the page is told of it in its console."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Page

from tests.browser.conftest import ALLOWED
from tests.browser.page_server import PageServer
from tests.browser.stored import Stored
from tests.browser.tracking import wait_for_tracker
from tests.browser.waiting import wait_until

# What a page noted before the tracker was there; what its console says.
NOTED = [
    ('[["trackSignUp"], ["trackPurchase", 99]]', "trackSignUp: TypeError"),
    ('[["setConsent"], ["trackPurchase", 99]]', "setConsent takes"),
    ('[["trackEvent"], ["trackPurchase", 99]]', "no type"),
    ('["trackSignUp", "email", "trackPurchase", 99]', "trackSignUp: TypeError"),
    ("[null, {}, () => {}, ['trackPurchase', 99]]", "null: TypeError"),
]

# What cannot be said in JSON, and what arrives of it.
PAYLOADS = [
    ("{ big: 12n }", {"big": "12"}),
    ("(() => { const a = { b: 1 }; a.a = a; return a; })()", {"b": 1, "a": "[object Object]"}),
    ("{ at: document.body, w: window }", {"at": "[object HTMLBodyElement]"}),
    ("{ a: 1, get b() { throw new Error('x'); } }", {"a": 1, "b": "[unreadable]"}),
    ("{ a: Symbol('x') }", {"a": "Symbol(x)"}),
    ("Object.assign(Object.create(null), { a: 1 })", {"a": 1}),
    ("(Array.prototype.toJSON = () => 'x', { list: ['a', 'b'] })", {"list": ["a", "b"]}),
    ("{ at: new Date(0), none: new Map(), no: NaN }", {"at": "1970-01-01T00:00:00.000Z"}),
]


@pytest.fixture(autouse=True)
def count_pages_when_asked(site: PageServer) -> None:
    """So that a test's calls are all its events."""
    site.options["manual-page-views"] = "true"


def said_on(page: Page) -> list[str]:
    """Grows by each warning of the tracker."""
    said: list[str] = []
    page.on(
        "console",
        lambda message: said.append(message.text) if message.type == "warning" else None,
    )
    return said


@pytest.mark.parametrize(("noted", "expected"), NOTED)
async def test_a_wrong_call_before_the_tracker_is_there_costs_only_itself(
    page: Page, stored: Stored, noted: str, expected: str
) -> None:
    said = said_on(page)
    await page.add_init_script(f"window.conversionTracking = {noted}")
    await page.goto(f"{ALLOWED}/")
    [row] = await stored.wait_for(1)
    assert row["event_type"] == "purchase"
    await wait_until(lambda: bool(said), lambda: "nothing was said")
    assert expected in said[0]


async def test_a_wrong_call_after_it_throws_nothing_and_is_said_once(
    page: Page, stored: Stored
) -> None:
    said = said_on(page)
    await page.goto(f"{ALLOWED}/")
    await wait_for_tracker(page)
    await page.evaluate(
        """() => {
            for (const wrong of [1, 2]) {
                conversionTracking.setConsent(null);
                conversionTracking.push(["nope"]);
                conversionTracking.push("trackSignUp", "email");
            }
            conversionTracking.push("trackSignup", "email");
        }"""
    )
    [row] = await stored.wait_for(1)
    assert row["event_type"] == "signup"
    assert len(said) == 3


@pytest.mark.parametrize(("fields", "expected"), PAYLOADS, ids=[fields for fields, _ in PAYLOADS])
async def test_an_event_goes_whatever_is_in_it(
    page: Page, stored: Stored, fields: str, expected: dict[str, object]
) -> None:
    await page.goto(f"{ALLOWED}/")
    await wait_for_tracker(page)
    await page.evaluate(
        f"""() => {{
            const fields = {fields};
            void conversionTracking.trackPurchase(9, "cs_1", null, {{ metadata: fields }});
            void conversionTracking.trackFormSubmit("form", fields);
            delete Array.prototype.toJSON;
        }}"""
    )
    purchase, form = await stored.wait_for(2)
    assert json.loads(purchase["metadata"]).items() >= expected.items()
    assert json.loads(form["form_data"]).items() >= expected.items()


async def test_a_clock_with_fractions_loses_no_event(page: Page, stored: Stored) -> None:
    await page.add_init_script("const now = Date.now; Date.now = () => now() + 0.25")
    await page.goto(f"{ALLOWED}/")
    await wait_for_tracker(page)
    await page.evaluate("void conversionTracking.trackSignup('email')")
    [row] = await stored.wait_for(1)
    assert row["event_type"] == "signup"
