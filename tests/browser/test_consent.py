"""The tracker follows who knows what the visitor allows: a consent manager, Google's list, GPC."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import ConsoleMessage, Page

from tests.browser.conftest import ALLOWED
from tests.browser.flaky_proxy import FlakyProxy
from tests.browser.page_server import PageServer
from tests.browser.stored import Stored, names_and_sequence
from tests.browser.tracker_build import CMP, CONSENT_MODULE, MODULE
from tests.browser.tracking import track, wait_for_tracker

PAGE = f"{ALLOWED}/consent.html?utm_source=google&gclid=g-1"
ALL = "{ purposes: [1, 2, 3, 4, 7, 8, 9, 10] }"
NO_PROFILES = "{ purposes: [1, 7, 8, 9] }"
STORED_KEYS = "[...Object.keys(localStorage), ...Object.keys(sessionStorage)]"
GLOBAL_PRIVACY_CONTROL = (
    "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true })"
)
DENIED = """{ analytics_storage: "denied", ad_storage: "denied", ad_user_data: "denied",
              ad_personalization: "denied", wait_for_update: 500 }"""
MODULES = """<script type="module">
  import { init, setConsent } from "/scripts/index.js";
  import { followConsent, tcf } from "/scripts/consent.js";
  init({ endpoint: "$endpoint", automation: true, consent: "required" });
  window.stop = followConsent(setConsent, tcf());
</script>"""


@pytest.fixture(autouse=True)
def a_page_with_a_consent_manager(site: PageServer) -> None:
    """The manager's stub stands before the tracker's script, as its maker demands."""
    site.scripts["cmp.js"] = CMP
    site.values |= {"before": "startCmpStub();", "tracker": tag(site, "tcf")}


def tag(site: PageServer, sources: str, **options: str) -> str:
    """The script's tag that follows these sources, with further options."""
    options = {**site.options, "follow-consent": sources, **options}
    attributes = " ".join(f"data-{name}='{value}'" for name, value in options.items())
    return f'<script src="/t.js" {attributes} async></script>'


async def wait_for_listener(page: Page) -> None:
    """Wait until the tracker's call stands in the stub's queue."""
    await page.wait_for_function("__tcfapi().length === 1")


async def has_left_no_trace(page: Page, proxy: FlakyProxy) -> bool:
    """Whether nothing of a visitor is on the device or was sent."""
    return not await page.evaluate(STORED_KEYS) and not proxy.requests


def is_dropped(message: ConsoleMessage) -> bool:
    """Whether the console says that an event is not sent."""
    return message.text.startswith("conversionTracking dropped")


async def test_before_a_choice_of_tcf_nothing_is_stored_or_sent_and_after_it_all(
    page: Page, proxy: FlakyProxy, stored: Stored
) -> None:
    await page.goto(PAGE)
    await wait_for_listener(page)
    await page.evaluate("window.cmp = startCmp({ gdprApplies: true }); cmp.show()")
    await track(page, "one")
    assert await has_left_no_trace(page, proxy)

    await page.evaluate(f"cmp.choose({ALL})")
    rows = await stored.wait_for(2)
    assert names_and_sequence(rows) == [("page_view", 1), ("one", 2)]
    assert [row["utm_source"] for row in rows] == ["google", "google"]
    await page.wait_for_function("told.length > 0")


async def test_who_refuses_in_tcf_is_not_tracked(
    page: Page, site: PageServer, proxy: FlakyProxy
) -> None:
    site.values["tracker"] = tag(site, "tcf", debug="true")
    await page.goto(PAGE)
    await wait_for_listener(page)
    async with page.expect_console_message(is_dropped):
        await page.evaluate("startCmp({ gdprApplies: true }).choose({})")
    async with page.expect_console_message(is_dropped):
        await track(page, "one")
    assert await has_left_no_trace(page, proxy)


async def test_who_withdraws_in_tcf_keeps_nothing_on_the_device(page: Page, stored: Stored) -> None:
    await page.goto(PAGE)
    await page.evaluate(f"window.cmp = startCmp({{ gdprApplies: true }}); cmp.load({ALL})")
    await stored.wait_for(1)
    assert "ct_session_id" in await page.evaluate(STORED_KEYS)
    await page.evaluate("cmp.show(); cmp.choose({})")
    assert await page.evaluate(STORED_KEYS) == []


async def test_without_profiles_for_ads_events_are_stored_and_no_pixel_is_told(
    page: Page, stored: Stored
) -> None:
    await page.goto(PAGE)
    await page.evaluate(f"startCmp({{ gdprApplies: true }}).load({NO_PROFILES})")
    [row] = await stored.wait_for(1)
    assert json.loads(row["click_ids"]) == {"gclid": "g-1"}
    assert await page.evaluate("told") == []


async def test_events_that_a_page_tells_of_by_itself_wait_for_the_choice_too(
    page: Page, site: PageServer, proxy: FlakyProxy, stored: Stored
) -> None:
    site.values["tracker"] = tag(site, "tcf", auto="not-found", properties='{"plan": "pro"}')
    await page.goto(PAGE)
    await wait_for_listener(page)
    await track(page, "one")
    assert await has_left_no_trace(page, proxy)
    await page.evaluate(f"startCmp({{ gdprApplies: true }}).choose({ALL})")
    rows = await stored.wait_for(2)
    assert [json.loads(row["metadata"]) for row in rows] == [{"plan": "pro"}] * 2


async def test_where_gdpr_does_not_apply_everything_is_tracked(page: Page, stored: Stored) -> None:
    await page.goto(PAGE)
    await wait_for_listener(page)
    await page.evaluate("startCmp({ gdprApplies: false })")
    [row] = await stored.wait_for(1)
    assert row["event_name"] == "page_view"


async def test_with_count_a_page_counts_without_identifiers_until_the_choice(
    page: Page, site: PageServer, proxy: FlakyProxy, stored: Stored
) -> None:
    site.values["tracker"] = tag(site, "tcf", consent="count")
    await page.goto(PAGE)
    [view] = await stored.wait_for(1)
    assert (view["utm_source"], view["click_ids"]) == ("google", None)
    assert await page.evaluate(STORED_KEYS) == []
    await page.evaluate(f"startCmp({{ gdprApplies: true }}).choose({ALL})")
    await track(page, "one")
    *_, one = sorted(await stored.wait_for(2), key=lambda row: row["created_at"])
    assert json.loads(one["click_ids"]) == {"gclid": "g-1"}


async def test_consent_mode_is_followed_from_its_default_to_its_update(
    page: Page, site: PageServer, proxy: FlakyProxy, stored: Stored
) -> None:
    site.values |= {
        "before": f'gtag("consent", "default", {DENIED});',
        "tracker": tag(site, "consent-mode"),
    }
    await page.goto(PAGE)
    await track(page, "one")
    # That the tracker listens shows in the list, whose push is its own.
    await page.wait_for_function("Object.hasOwn(dataLayer, 'push')")
    assert await has_left_no_trace(page, proxy)
    await page.evaluate('gtag("consent", "update", { analytics_storage: "granted" })')
    rows = await stored.wait_for(2)
    assert names_and_sequence(rows) == [("page_view", 1), ("one", 2)]
    assert await page.evaluate("told") == []
    await page.evaluate(
        """gtag("consent", "update", { ad_storage: "granted", ad_user_data: "granted",
                                      ad_personalization: "granted" })"""
    )
    await page.evaluate("void conversionTracking.trackPurchase(5)")
    await page.wait_for_function("told.some((call) => call.includes('Purchase'))")


async def test_where_the_signal_alone_is_followed_who_does_not_send_it_is_tracked(
    page: Page, site: PageServer
) -> None:
    site.values["tracker"] = tag(site, "gpc")
    await page.goto(PAGE)
    await page.wait_for_function("told.some((call) => call.includes('PageView'))")


async def test_with_global_privacy_control_alone_events_are_stored_and_no_pixel_is_told(
    page: Page, site: PageServer, stored: Stored
) -> None:
    await page.add_init_script(GLOBAL_PRIVACY_CONTROL)
    site.values["tracker"] = tag(site, "gpc", **{"privacy-signal": "on"})
    await page.goto(PAGE)
    [row] = await stored.wait_for(1)
    assert json.loads(row["click_ids"]) == {"gclid": "g-1"}
    assert await page.evaluate("told") == []


async def test_where_the_part_for_consent_is_blocked_nothing_is_stored_or_sent(
    page: Page, proxy: FlakyProxy
) -> None:
    await page.route("**/t.consent.js", lambda route: route.abort())
    async with page.expect_console_message(lambda said: ": consent: " in said.text):
        await page.goto(PAGE)
    await track(page, "one")
    assert await has_left_no_trace(page, proxy)


@pytest.mark.usefixtures("built_package")
async def test_the_module_follows_as_the_script_does_until_it_is_stopped(
    page: Page, site: PageServer, proxy: FlakyProxy, stored: Stored
) -> None:
    site.scripts |= {"index.js": MODULE, "consent.js": CONSENT_MODULE}
    site.values["tracker"] = MODULES.replace("$endpoint", site.options["endpoint"])
    await page.goto(PAGE)
    await wait_for_listener(page)
    await page.evaluate("window.cmp = startCmp({ gdprApplies: true }); cmp.show()")
    assert await has_left_no_trace(page, proxy)
    await page.evaluate(f"cmp.choose({NO_PROFILES})")
    [row] = await stored.wait_for(1)
    assert row["event_name"] == "page_view"
    assert await page.evaluate("cmp.listeners.size") == 1
    assert await page.evaluate("stop(), cmp.listeners.size") == 0


BUY = """void conversionTracking.trackPurchase(29.99, undefined, undefined, {
  order_id: "R1", user_data: { email: "jane.doe@customer.example" } })"""


@pytest.mark.parametrize(("purposes", "answer"), [(ALL, "granted"), (NO_PROFILES, "denied")])
async def test_a_purchase_says_what_was_consented_to_and_who_bought_where_that_allows_it(
    page: Page, proxy: FlakyProxy, stored: Stored, purposes: str, answer: str
) -> None:
    await page.goto(PAGE)
    await wait_for_tracker(page)
    await page.evaluate(BUY)
    await page.evaluate(f"startCmp({{ gdprApplies: true }}).load({purposes})")
    rows = await stored.wait_for(2)
    ads = dict.fromkeys(("ad_storage", "ad_user_data", "ad_personalization"), answer)
    assert [json.loads(row["consent"]) for row in rows] == [
        {**ads, "analytics_storage": "granted"}
    ] * 2
    assert not any(row["marks"] for row in rows)
    bodies = "".join(request.body.decode() for request in proxy.requests)
    assert ("jane.doe@customer.example" in bodies) is (answer == "granted")
    assert not any("jane" in str(dict(row)) for row in rows)
    assert "jane" not in await page.evaluate("JSON.stringify(told)")


async def test_a_page_that_says_nothing_of_consent_sends_none(
    page: Page, site: PageServer, stored: Stored
) -> None:
    attributes = " ".join(f"data-{name}='{value}'" for name, value in site.options.items())
    site.values["tracker"] = f'<script src="/t.js" {attributes} async></script>'
    await page.goto(PAGE)
    await wait_for_tracker(page)
    await page.evaluate(BUY)
    rows = await stored.wait_for(2)
    assert [row["consent"] for row in rows] == [None, None]
