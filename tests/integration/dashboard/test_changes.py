"""What people save: each change is a form of a page of ours."""

from __future__ import annotations

import pytest

from tests.integration.dashboard.dashboard import TOKEN, Dashboard, run_dashboard
from tests.support import fetch

CHANGES = {
    "/logout": {},
    "/views": {"name": "Mine", "page": "overview", "query": "range=7d"},
    "/views/1/delete": {},
    "/share-links": {"page": "overview", "query": "range=7d"},
    "/share-links/1/revoke": {},
    "/annotations": {"day": "2026-11-05", "text": "Sale"},
    "/annotations/1/delete": {},
}
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("path", CHANGES)
async def test_no_change_without_being_signed_in(dashboard: Dashboard, path: str) -> None:
    dashboard.csrf = "0" * 96
    assert (await dashboard.post(path, **CHANGES[path])).status == 401


@pytest.mark.parametrize("path", CHANGES)
async def test_no_change_with_the_token_of_a_program(browser: Dashboard, path: str) -> None:
    browser.client.cookie_jar.clear()
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = await browser.request("POST", path, data=CHANGES[path], headers=headers)
    assert answer.status == 401


@pytest.mark.parametrize("csrf", [None, "", "0" * 96, "0" * 32, "é", "x" * 10_000])
@pytest.mark.parametrize("path", CHANGES)
async def test_no_change_without_what_the_page_gave(
    browser: Dashboard, path: str, csrf: str | None
) -> None:
    form = CHANGES[path] if csrf is None else {"csrf": csrf, **CHANGES[path]}
    assert (await browser.request("POST", path, data=form)).status == 403


async def test_no_change_with_what_another_session_s_page_gave(browser: Dashboard) -> None:
    theirs = browser.csrf
    browser.client.cookie_jar.clear()
    await browser.log_in("another-token-of-tests")
    browser.csrf = theirs
    assert (await browser.post("/views", **CHANGES["/views"])).status == 403


async def test_no_two_pages_have_the_same_and_each_is_good(browser: Dashboard) -> None:
    first = browser.csrf
    await browser.log_in()
    assert browser.csrf != first
    assert (await browser.post("/views", **CHANGES["/views"])).status == 303


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Origin": "null"}, 303),  # of a page that sends no referrer
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "null"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://["}, 403),
    ],
    ids=str,
)
async def test_a_form_of_another_site_is_refused(
    browser: Dashboard, headers: dict[str, str], status: int
) -> None:
    form = {"csrf": browser.csrf, **CHANGES["/views"]}
    assert (await browser.request("POST", "/views", data=form, headers=headers)).status == status
    answer = await browser.request("POST", "/login", data={"token": TOKEN}, headers=headers)
    assert answer.status == status


@pytest.mark.parametrize("path", CHANGES)
async def test_nothing_changes_by_get(browser: Dashboard, path: str) -> None:
    answer = await browser.get(path, params=CHANGES[path])
    assert answer.status == (400 if path == "/share-links" else 405)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("{}", "application/json", 415),
        ("csrf=x", "text/plain", 415),
        ("--b\r\n", "multipart/form-data; boundary=b", 415),
        ("a=%FF", FORM, 400),
        ("a=1&a=2", FORM, 400),
        ("&".join(f"a{n}=1" for n in range(100)), FORM, 400),
        ("name=é", FORM, 400),
        ("no equals sign", FORM, 400),
        ("a=" + "x" * 70_000, FORM, 413),
    ],
    ids=["json", "text", "multipart", "no UTF-8", "twice", "many", "raw", "no form", "large"],
)
async def test_what_is_no_form_is_refused(
    browser: Dashboard, body: str, kind: str, status: int
) -> None:
    headers = {"Content-Type": kind}
    answer = await browser.request("POST", "/views", data=body.encode(), headers=headers)
    assert answer.status == status


async def test_a_view_is_saved_opened_replaced_and_deleted(browser: Dashboard) -> None:
    query = "filter=channel%3DEmail&range=7d"
    saved = await browser.post("/views", name="Mail", page="overview", query=query)
    assert (saved.status, saved.location[:2]) == (303, "/?")
    assert (await browser.get(saved.location)).status == 200
    await browser.post("/views", name="Mail", page="overview", query="range=30d")

    [row] = await fetch(browser.database, "SELECT * FROM dashboard_views")
    assert (row["name"], row["page"], row["created_by"]) == ("Mail", "overview", "ann")
    assert "range=30d" in row["query"]
    deleted = await browser.post(f"/views/{row['id']}/delete", back="/?range=7d")
    assert (deleted.status, deleted.location) == (303, "/?range=7d")
    assert (await browser.post(f"/views/{row['id']}/delete")).status == 404


@pytest.mark.parametrize(
    "form",
    [
        {"name": "", "page": "overview"},
        {"name": "x" * 101, "page": "overview"},
        {"name": "a\0b", "page": "overview"},
        {"name": "a\nb", "page": "overview"},
        {"name": "a", "page": "nowhere"},
        {"name": "a", "page": "overview", "query": "rnage=7d"},
        {"name": "a", "page": "overview", "query": "range=8x"},
        {"name": "a", "page": "overview", "query": "filter=moon%3D1"},
        {"name": "a", "page": "overview", "query": "range=7d&range=30d"},
        {"name": "a", "page": "overview", "query": "filter=channel%3D" + "x" * 9_000},
    ],
    ids=str,
)
async def test_a_view_that_could_not_be_opened_is_not_saved(
    browser: Dashboard, form: dict[str, str]
) -> None:
    assert (await browser.post("/views", **form)).status == 400
    assert await fetch(browser.database, "SELECT FROM dashboard_views") == []


@pytest.mark.parametrize("day", ["", "yesterday", "2026-13-01", "2026-02-30", "20261", "\0"])
async def test_a_note_needs_a_date(browser: Dashboard, day: str) -> None:
    assert (await browser.post("/annotations", day=day, text="Sale")).status == 400


async def test_a_note_is_added_and_deleted(browser: Dashboard) -> None:
    form = {"day": "2026-11-05", "text": "<b>Sale</b>", "back": "//evil.example"}
    added = await browser.post("/annotations", **form)
    assert (added.status, added.location) == (303, "/")
    [row] = await fetch(browser.database, "SELECT * FROM dashboard_annotations")
    assert (str(row["day"]), row["text"], row["created_by"]) == ("2026-11-05", "<b>Sale</b>", "ann")
    assert (await browser.post(f"/annotations/{row['id']}/delete")).status == 303
    assert await fetch(browser.database, "SELECT FROM dashboard_annotations") == []


@pytest.mark.parametrize("number", ["0", "999999999999999999", "-1", "1e3", "x", "\uff11"])
async def test_what_is_not_there_cannot_be_deleted(browser: Dashboard, number: str) -> None:
    for path in ("views/{}/delete", "annotations/{}/delete", "share-links/{}/revoke"):
        assert (await browser.post("/" + path.format(number))).status == 404


async def test_without_its_tables_the_dashboard_says_what_to_do(postgres_url: str) -> None:
    async with run_dashboard(postgres_url) as dashboard:
        answer = await dashboard.request("POST", "/login", data={"token": TOKEN})
    assert answer.status == 503
    assert "conversion-tracking migrate" in answer.text
