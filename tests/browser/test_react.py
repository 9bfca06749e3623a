"""A React application in StrictMode, with the hooks of the package."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Page

from tests.browser import tracker_build
from tests.browser.conftest import ALLOWED
from tests.browser.page_server import PageServer
from tests.browser.stored import Stored, names_and_sequence

APP = Path(__file__).parent / "react_app" / "main.jsx"
USER = "0190a000-0000-7000-8000-000000000001"  # whom the application signs up


@pytest.fixture(scope="session")
def bundle(built_package: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The application as one script."""
    return tracker_build.bundle(APP, tmp_path_factory.mktemp("react"))


@pytest.fixture(autouse=True)
def application(site: PageServer, bundle: Path) -> None:
    """The site is the application, at all paths."""
    site.scripts["app.js"] = bundle
    site.other_paths = "react.html"


async def test_a_page_counts_once_though_strict_mode_runs_its_effects_twice(
    page: Page, stored: Stored
) -> None:
    await page.goto(f"{ALLOWED}/")
    await stored.wait_for(1)
    await page.click("#to-signup")
    await stored.wait_for(2)
    await page.click("#to-home")
    await stored.wait_for(3)
    await page.go_back()
    await stored.wait_for(4)
    rows = await stored.once_all_is_answered(page)
    assert names_and_sequence(rows) == [("page_view", count) for count in (1, 2, 3, 4)]
    paths = [row["page_url"].removeprefix(ALLOWED) for row in rows]
    assert paths == ["/", "/signup", "/", "/signup"]
    # A page sets its title after the hook has run.
    assert [row["page_title"] for row in rows] == ["Home", "Signup", "Home", "Signup"]
    assert await page.evaluate("effects") == 4


async def test_a_signup_through_the_hook_is_stored_once(page: Page, stored: Stored) -> None:
    await page.goto(f"{ALLOWED}/signup")
    await stored.wait_for(1)
    await page.click("#submit")
    await stored.wait_for(2)
    _, signup = await stored.once_all_is_answered(page)
    assert (signup["event_type"], signup["sequence"]) == ("signup", 2)
    assert str(signup["user_id"]) == USER
    assert signup["page_url"] == f"{ALLOWED}/signup"
