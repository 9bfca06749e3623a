"""Signing in: who may, how often one may try, and for how long it holds."""

from __future__ import annotations

import asyncio

import pytest

from tests.integration.dashboard.dashboard import TOKEN, Clock, Dashboard, run_dashboard
from tests.support import fetch


async def sign_in(dashboard: Dashboard, token: str) -> int:
    return (await dashboard.request("POST", "/login", data={"token": token})).status


async def is_signed_in(dashboard: Dashboard) -> bool:
    return (await dashboard.get("/share-links")).status == 200


async def test_a_person_signs_in_sees_a_page_and_downloads_its_table(dashboard: Dashboard) -> None:
    sent_away = await dashboard.get("/?range=7d")
    assert (sent_away.status, sent_away.location) == (303, "/login?next=%2F%3Frange%3D7d")

    answer = await dashboard.request("POST", "/login", data={"token": TOKEN, "next": "/?range=7d"})
    assert (answer.status, answer.location) == (303, "/?range=7d")

    page = await dashboard.get("/?range=7d")
    assert page.status == 200
    assert "No event has arrived yet" in page.text
    csv = await dashboard.get("/v1/reports/channels?range=7d&format=csv")
    assert csv.text.startswith("channel,sessions,")


@pytest.mark.parametrize(
    "token", ["", TOKEN[:-1], f"{TOKEN}x", f"ann:{TOKEN}", TOKEN.upper(), "é" * 16, "\0"]
)
async def test_a_wrong_token_signs_nobody_in(dashboard: Dashboard, token: str) -> None:
    answer = await dashboard.request("POST", "/login", data={"token": token})
    assert answer.status == 401
    assert "Set-Cookie" not in answer.headers
    assert token not in answer.text or not token
    assert not await is_signed_in(dashboard)


async def test_each_person_has_a_token(dashboard: Dashboard) -> None:
    assert await sign_in(dashboard, "another-token-of-tests") == 303


async def test_of_many_attempts_at_once_ten_are_looked_at(dashboard: Dashboard) -> None:
    statuses = await asyncio.gather(*(sign_in(dashboard, f"wrong {n}") for n in range(60)))
    assert sorted(statuses) == [401] * 10 + [429] * 50
    # Not even the right one: it might be the next that is tried.
    late = await dashboard.request("POST", "/login", data={"token": TOKEN})
    assert (late.status, late.headers["Retry-After"]) == (429, "60")
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert (await dashboard.get("/v1/reports", headers=bearer)).status == 429


async def test_who_has_the_right_token_may_use_it_as_often_as_they_like(
    dashboard: Dashboard,
) -> None:
    assert [await sign_in(dashboard, TOKEN) for _ in range(25)] == [303] * 25


async def test_who_is_signed_in_stays_so_while_somebody_guesses(browser: Dashboard) -> None:
    await asyncio.gather(*(sign_in(browser, "wrong") for _ in range(20)))
    assert await is_signed_in(browser)


async def test_a_session_ends_after_two_weeks(browser: Dashboard) -> None:
    browser.clock.advance(days=13, hours=23)
    assert await is_signed_in(browser)
    browser.clock.advance(hours=1)
    assert not await is_signed_in(browser)


@pytest.mark.parametrize("cookie", ["x", "A" * 43, '"', "ann", TOKEN, "a=b", "\x80"])
async def test_a_forged_cookie_signs_nobody_in(dashboard: Dashboard, cookie: str) -> None:
    headers = {"Cookie": f"ct_dashboard={cookie}"}
    assert (await dashboard.get("/share-links", headers=headers)).status == 303


async def test_who_signs_out_is_signed_out_in_every_copy_of_the_cookie(browser: Dashboard) -> None:
    copy = "; ".join(f"{one.key}={one.value}" for one in browser.client.cookie_jar)
    answer = await browser.post("/logout")
    assert (answer.status, answer.location) == (303, "/login")
    assert not await is_signed_in(browser)
    again = await browser.get("/share-links", headers={"Cookie": copy})
    assert again.status == 303


async def test_signing_in_again_ends_the_session_before(browser: Dashboard) -> None:
    await browser.log_in()
    assert len(await fetch(browser.database, "SELECT FROM dashboard_sessions")) == 1


async def test_sessions_that_are_over_are_forgotten(browser: Dashboard) -> None:
    browser.client.cookie_jar.clear()
    browser.clock.advance(days=15)
    await browser.log_in()
    assert len(await fetch(browser.database, "SELECT FROM dashboard_sessions")) == 1


@pytest.mark.parametrize(
    ("tokens", "holds"),
    [
        (f"ann:{TOKEN}", True),
        ("ann:a-new-token-of-the-tests", False),
        (f"anne:{TOKEN}", False),
    ],
    ids=["as before", "another token", "another name"],
)
async def test_a_session_survives_a_restart_but_not_a_change_of_its_token(
    browser: Dashboard, tokens: str, holds: bool
) -> None:
    async with run_dashboard(browser.database, dashboard_tokens=tokens) as restarted:
        restarted.client.cookie_jar.update_cookies(
            {one.key: one.value for one in browser.client.cookie_jar}
        )
        assert await is_signed_in(restarted) is holds


async def test_the_database_has_neither_cookies_nor_tokens(browser: Dashboard) -> None:
    [row] = await fetch(browser.database, "SELECT s::text AS all FROM dashboard_sessions AS s")
    [cookie] = browser.client.cookie_jar
    assert cookie.value not in row["all"]
    assert TOKEN.encode().hex() not in row["all"]


@pytest.mark.parametrize(
    ("settings", "name", "attributes"),
    [
        ({}, "ct_dashboard", {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=1209600"}),
        (
            {"dashboard_url": "https://reports.example.com"},
            "__Host-ct_dashboard",
            {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=1209600", "Secure"},
        ),
        (
            {"dashboard_secure_cookies": "always"},
            "__Host-ct_dashboard",
            {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=1209600", "Secure"},
        ),
    ],
    ids=["loopback", "outside", "always"],
)
async def test_the_cookie_is_for_this_host_and_no_script(
    database: str, settings: dict[str, str], name: str, attributes: set[str]
) -> None:
    async with run_dashboard(database, Clock(), **settings) as dashboard:
        answer = await dashboard.request("POST", "/login", data={"token": TOKEN})
    [cookie] = [one for one in answer.headers.getall("Set-Cookie") if "Max-Age=0" not in one]
    value, *found = cookie.split("; ")
    assert value.startswith(f"{name}=")
    assert set(found) == attributes


@pytest.mark.parametrize(
    "away",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example/",
        "/\t/evil.example/",
        "///evil.example",
        "javascript:alert(1)",
        "evil.example",
        "/\r\nSet-Cookie: a=b",
        " //evil.example",
        "",
    ],
)
async def test_signing_in_leads_nowhere_but_here(dashboard: Dashboard, away: str) -> None:
    answer = await dashboard.request("POST", "/login", data={"token": TOKEN, "next": away})
    assert (answer.status, answer.location) == (303, "/")
    assert (await dashboard.get("/login", params={"next": away})).location == "/"
