"""A share link shows one view until it is over or taken back, and refuses everything else."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from collector.dashboard.pages import PAGES
from tests.integration.dashboard.dashboard import Answered, Dashboard
from tests.integration.dashboard.facts import add_session
from tests.support import fetch

EMAIL = "range=30d&filter=channel%3DEmail"


@dataclass
class Visitor:
    """Somebody who has a share link, and nothing else."""

    dashboard: Dashboard
    path: str

    @property
    def token(self) -> str:
        return self.path.removeprefix("/share/")

    async def get(self, path: str, **request: object) -> Answered:
        return await self.dashboard.get(path, **request)


async def share(browser: Dashboard, query: str = EMAIL, **form: str) -> str:
    """The path of a new link."""
    answer = await browser.post("/share-links", page="overview", query=query, **form)
    assert answer.status == 200, answer.text
    found = re.search(re.escape(browser.url) + r"(/share/[\w-]+)", answer.text)
    assert found, answer.text
    return found[1]


@pytest.fixture
async def visitor(browser: Dashboard) -> Visitor:
    """Three sessions, a link that shows those of one channel, and nobody signed in any more."""
    await add_session(browser.database, "a", channel="Email", source="letter")
    await add_session(browser.database, "b", channel="Direct", source="(direct)")
    await add_session(browser.database, "c", channel="Email", is_bot=True)
    await browser.post("/views", name="Secret plan", page="overview", query="range=7d")
    await browser.post("/annotations", day="2026-11-19", text="Secret launch")
    path = await share(browser, note="for the board")
    browser.client.cookie_jar.clear()
    return Visitor(browser, path)


async def test_it_shows_its_view_and_its_tables(visitor: Visitor) -> None:
    page = await visitor.get(visitor.path)
    assert page.status == 200
    assert "Email" in page.text
    assert "Direct" not in page.text
    [csv] = re.findall(r'href="(/share/[^"]+/channels\.csv)"', page.text)
    table = await visitor.get(csv)
    assert table.text.splitlines()[1].startswith("Email,1,")
    assert len(table.text.splitlines()) == 2


async def test_it_says_nothing_of_what_else_there_is(visitor: Visitor) -> None:
    page = (await visitor.get(visitor.path)).text
    for secret in ("Secret plan", "Secret launch", "for the board", "csrf", "<form", "share-links"):
        assert secret not in page
    assert set(re.findall(r'href="(/[^"]*)"', page)) <= {
        *(f"{visitor.path}/{panel}.csv" for panel in PAGES["overview"].panels),
        *re.findall(r'"(/static/[^"]+)"', page),
    }


REFUSED = {
    "another range": "{path}?range=7d",
    "without its filter": "{path}?filter=",
    "any parameter": "{path}?x",
    "another format": "{path}?format=json",
    "another table": "{path}/sources.csv",
    "a table with parameters": "{path}/channels.csv?range=7d",
    "a table with a filter": "{path}/channels.csv?filter=channel%3DDirect",
    "a table by another name": "{path}/../../v1/reports/channels",
    "a table encoded": "{path}/%2e%2e%2fchannels.csv",
    "below it": "{path}/",
    "another link": "/share/" + "A" * 43,
    "no link": "/share/",
    "half a link": "/share/abc",
}


@pytest.mark.parametrize("address", REFUSED.values(), ids=REFUSED)
async def test_another_question_is_refused(visitor: Visitor, address: str) -> None:
    answer = await visitor.get(address.format(path=visitor.path))
    assert answer.status in (401, 404) or answer.location.startswith("/login")
    assert "Email" not in answer.text


@pytest.mark.parametrize(
    "path", ["/", "/?range=30d&filter=channel%3DEmail", "/share-links", "/v1/reports"]
)
async def test_its_token_opens_no_other_page(visitor: Visitor, path: str) -> None:
    for headers in (
        {},
        {"Authorization": f"Bearer {visitor.token}"},
        {"Cookie": f"ct_dashboard={visitor.token}"},
        {"Referer": visitor.dashboard.url + visitor.path},
    ):
        answer = await visitor.get(path, headers=headers)
        assert answer.status in (303, 401)
    signed_in = await visitor.dashboard.request("POST", "/login", data={"token": visitor.token})
    assert signed_in.status == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_it_takes_no_method_but_reading(visitor: Visitor, method: str) -> None:
    for path in (visitor.path, f"{visitor.path}/channels.csv"):
        assert (await visitor.dashboard.request(method, path)).status == 405


@pytest.mark.parametrize(
    "path",
    ["/views", "/share-links", "/share-links/1/revoke", "/annotations", "/views/1/delete"],
)
async def test_its_token_changes_nothing(visitor: Visitor, path: str) -> None:
    for headers in (
        {"Authorization": f"Bearer {visitor.token}"},
        {"Cookie": f"ct_dashboard={visitor.token}"},
    ):
        form = {"csrf": visitor.token, "page": "overview", "name": "x"}
        answer = await visitor.dashboard.request("POST", path, data=form, headers=headers)
        assert answer.status == 401


async def test_it_ends_after_thirty_days(visitor: Visitor) -> None:
    visitor.dashboard.clock.advance(days=29, hours=23)
    assert (await visitor.get(visitor.path)).status == 200
    visitor.dashboard.clock.advance(hours=1)
    for path in (visitor.path, f"{visitor.path}/channels.csv"):
        assert (await visitor.get(path)).status == 404


async def test_its_days_can_be_chosen(browser: Dashboard) -> None:
    path = await share(browser, days="1")
    browser.clock.advance(hours=23)
    assert (await browser.get(path)).status == 200
    browser.clock.advance(hours=1)
    assert (await browser.get(path)).status == 404


@pytest.mark.parametrize(
    "days", ["0", "366", "-1", "1.5", "x", "\uff11", "9" * 30, "0000000019999"]
)
async def test_its_days_are_bounded(browser: Dashboard, days: str) -> None:
    answer = await browser.post("/share-links", page="overview", query=EMAIL, days=days)
    assert answer.status == 400


async def test_it_is_taken_back(browser: Dashboard) -> None:
    kept, taken_back = await share(browser), await share(browser)
    newest = (await fetch(browser.database, "SELECT max(id) AS id FROM dashboard_share_links"))[0]
    answer = await browser.post(f"/share-links/{newest['id']}/revoke")
    assert (answer.status, answer.location) == (303, "/share-links")
    assert (await browser.get(taken_back)).status == 404
    assert (await browser.get(f"{taken_back}/channels.csv")).status == 404
    assert (await browser.get(kept)).status == 200


async def test_a_link_is_shown_once_and_kept_as_a_hash(browser: Dashboard) -> None:
    token = (await share(browser)).removeprefix("/share/")
    assert len(token) == 43  # 256 bits
    assert token not in (await browser.get("/share-links")).text
    [row] = await fetch(browser.database, "SELECT l::text AS all FROM dashboard_share_links AS l")
    assert token not in row["all"]
    assert token.encode().hex() not in row["all"]


async def test_who_is_signed_in_sees_it_as_a_visitor_does(browser: Dashboard) -> None:
    page = await browser.get(await share(browser))
    assert page.status == 200
    assert "<form" not in page.text
