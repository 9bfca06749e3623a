"""A wrong setting of the tracker is one clear line in the console, and nothing is sent astray."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page

from tests.browser.conftest import ALLOWED, in_shared_loop
from tests.browser.flaky_proxy import FlakyProxy
from tests.browser.page_server import STATIC, PageServer
from tests.browser.stored import Stored, names_and_sequence
from tests.browser.waiting import wait_until

Load = Callable[[str], Awaitable[object]]
PAGE = f"{ALLOWED}/scripts.html"
SOURCE = (STATIC / "t.js").read_text("utf-8")
NO_ENDPOINT = "no setting can be endpoint"
AUTOMATION = "data-automation"

# The script's tag, $gateway standing for the gateway; what is said where it does not run.
SILENT_NO_MORE = [
    (f'<script type="module" src="$gateway/t.js" {AUTOMATION}></script>', "no module"),
    (f'<script src="/scripts/bundle.js" {AUTOMATION}></script>', NO_ENDPOINT),
    (f"<script {AUTOMATION}>{SOURCE}</script>", NO_ENDPOINT),
    (f'<script src="/t.js" data-endpoint="/undefined" {AUTOMATION}></script>', NO_ENDPOINT),
]
RUNNING = [
    (f'<script src="$gateway/t.js" data-endpoint="" {AUTOMATION}></script>', ["data-endpoint is"]),
    (f'<script src="$gateway/t.js?v=2" {AUTOMATION} data-cfasync="false"></script>', []),
    (f'<script data-endpoint="$gateway" {AUTOMATION}>{SOURCE}</script>', []),
    (f'<script src="/scripts/bundle.js" data-endpoint="$gateway/" {AUTOMATION}></script>', []),
    (
        f'<script src="$gateway/t.js" {AUTOMATION} data-session-minutes="soon"></script>',
        ["no setting can be sessionMinutes: soon"],
    ),
    (
        f'<script src="$gateway/t.js" {AUTOMATION} data-visitor="true"></script>',
        ["no setting can be visitor: true"],
    ),
]


@pytest.fixture(autouse=True)
def another_file_with_the_script(site: PageServer) -> None:
    """As plugins make one file of many."""
    site.scripts["bundle.js"] = STATIC / "t.js"


@in_shared_loop()
async def said(page: Page) -> list[str]:
    """Grows by each line of the tracker. In the loop of the page, which listens there."""
    said: list[str] = []
    page.on(
        "console",
        lambda message: (
            said.append(message.text) if message.text.startswith("conversionTracking") else None
        ),
    )
    return said


@pytest.fixture
def load(page: Page, site: PageServer, proxy_url: str) -> Load:
    """Opens a page with a tag."""

    def open_page(tag: str) -> Awaitable[object]:
        site.values["tag"] = tag.replace("$gateway", proxy_url)
        return page.goto(PAGE)

    return open_page


@pytest.mark.parametrize(("tag", "line"), SILENT_NO_MORE, ids=range(len(SILENT_NO_MORE)))
async def test_a_script_that_cannot_know_the_gateway_says_so_and_sends_nothing(
    load: Load, said: list[str], proxy: FlakyProxy, tag: str, line: str
) -> None:
    await load(tag)
    await wait_until(lambda: said != [], lambda: "nothing was said")
    assert len(said) == 1
    assert line in said[0]
    assert [seen for seen in proxy.requests if seen.method == "POST"] == []


@pytest.mark.parametrize(("tag", "lines"), RUNNING, ids=range(len(RUNNING)))
async def test_what_else_is_wrong_costs_that_setting(
    load: Load, said: list[str], stored: Stored, tag: str, lines: list[str]
) -> None:
    await load(tag)
    assert names_and_sequence(await stored.wait_for(1)) == [("page_view", 1)]
    assert len(said) == len(lines)
    assert all(line in text for line, text in zip(lines, said, strict=True))
