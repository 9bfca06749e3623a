"""Events arrive once, whatever the network and the visitor do."""

from __future__ import annotations

import pytest
from playwright.async_api import Page

from tests.browser.conftest import ALLOWED
from tests.browser.stored import Stored

pytestmark = pytest.mark.usefixtures("built_tracker")


async def test_a_visit_of_a_page_is_a_row(page: Page, stored: Stored) -> None:
    await page.goto(f"{ALLOWED}/pricing")
    [row] = await stored.wait_for(1)
    assert (row["event_type"], row["page_url"], row["sequence"]) == (
        "page_view",
        f"{ALLOWED}/pricing",
        1,
    )
