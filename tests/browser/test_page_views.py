"""A page counts when it is seen."""

from __future__ import annotations

from tests.browser.background import Background
from tests.browser.conftest import ALLOWED
from tests.browser.flaky_proxy import FlakyProxy
from tests.browser.page_server import PageServer
from tests.browser.stored import Stored, names_and_sequence


async def test_a_page_behind_another_tab_counts_when_it_is_looked_at(
    background: Background, site: PageServer, proxy: FlakyProxy, stored: Stored
) -> None:
    await background.open_tab(f"{ALLOWED}/page.html", is_seen=True)
    tab = await background.open_tab(f"{ALLOWED}/later", is_seen=False)
    await site.wait_for_loaded("hidden/later")
    assert proxy.requests == []
    await background.look_at(tab)
    assert names_and_sequence(await stored.wait_for(1)) == [("page_view", 1)]


async def test_a_prerendered_page_counts_when_it_is_shown(
    background: Background, site: PageServer, proxy: FlakyProxy, stored: Stored
) -> None:
    tab = await background.open_tab(f"{ALLOWED}/prerendering.html", is_seen=True)
    await site.wait_for_loaded("prerendering/next")
    assert proxy.requests == []
    await background.run(tab, "location.href = '/next'")
    [row] = await stored.wait_for(1)
    assert (row["page_url"], row["sequence"]) == (f"{ALLOWED}/next", 1)
    assert site.loaded == ["prerendering/next"]  # shown as it was prerendered, not loaded again
