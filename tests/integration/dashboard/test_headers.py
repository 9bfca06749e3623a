"""What every answer carries, whatever it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from collector.dashboard.assets import load_assets
from tests.integration.dashboard.dashboard import TOKEN, Dashboard, run_dashboard

EXPECTED = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Server": "conversion-tracking",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}

ASKED: list[tuple[str, str, int, dict[str, Any]]] = [
    ("GET", "/", 200, {}),
    ("HEAD", "/", 200, {}),
    ("GET", "/?x=1", 400, {}),
    ("GET", "/login", 303, {}),
    ("GET", "/share-links", 200, {}),
    ("GET", "/v1/reports", 200, {}),
    ("GET", "/v1/reports/channels?format=csv", 200, {}),
    ("GET", "/v1/reports/channels?x=1", 400, {}),
    ("GET", "/v1/reports", 401, {"headers": {"Authorization": "Bearer x"}}),
    ("GET", "/nowhere", 404, {}),
    ("GET", "/v1/nowhere", 404, {}),
    ("GET", "/static/nothing.css", 404, {}),
    ("GET", "/share/" + "A" * 43, 404, {}),
    ("DELETE", "/", 405, {}),
    ("POST", "/views", 403, {"data": {"a": "b"}}),
    ("POST", "/views", 415, {"json": {}}),
    ("POST", "/login", 401, {"data": {"token": "wrong"}}),
    ("GET", "/", 421, {"headers": {"Host": "evil.example"}}),
    ("GET", "/v1/reports", 421, {"headers": {"Host": "evil.example"}}),
    ("GET", "/healthz", 200, {}),
]


def check(headers: Mapping[str, str]) -> None:
    assert {name: headers.get(name) for name in EXPECTED} == EXPECTED


@pytest.mark.parametrize(("method", "path", "status", "request_"), ASKED, ids=str)
async def test_every_answer_has_the_headers_and_is_not_kept(
    browser: Dashboard, method: str, path: str, status: int, request_: dict[str, Any]
) -> None:
    answer = await browser.request(method, path, **request_)
    assert answer.status == status
    check(answer.headers)
    assert answer.headers["Cache-Control"] == "no-store"


async def test_files_of_pages_are_kept_for_ever_and_compressed(browser: Dashboard) -> None:
    for name, asset in load_assets().files.items():
        answer = await browser.get(f"/static/{name}", headers={"Accept-Encoding": "identity"})
        assert answer.status == 200
        check(answer.headers)
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Content-Type"] == asset.content_type
        async with browser.client.get(f"{browser.url}/static/{name}") as compressed:
            assert await compressed.read() == asset.plain


async def test_a_page_loads_its_files_by_their_hashed_names(browser: Dashboard) -> None:
    page = await browser.get("/")
    for name in load_assets().files:
        if name.endswith(".css"):
            assert f'href="/static/{name}"' in page.text


@pytest.mark.parametrize("path", ["dashboard.css", "..%2fapp.py", "../app.py", "%00", "a/b.css"])
async def test_no_other_file_is_served(browser: Dashboard, path: str) -> None:
    assert (await browser.get(f"/static/{path}")).status == 404


async def test_long_answers_are_compressed_for_those_who_can_read_it(browser: Dashboard) -> None:
    path = "/v1/reports/channels"
    plain = await browser.get(path, headers={"Accept-Encoding": "identity"})
    packed = await browser.get(path, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
    assert packed.text == plain.text


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 303),
        ("LOCALHOST:1", 303),
        ("127.0.0.1:8090", 303),
        ("[::1]:8090", 303),
        ("reports.example.com", 303),
        ("reports.example.com:443", 303),
        ("example.com", 421),
        ("reports.example.com.evil.example", 421),
        ("evil.example", 421),
        ("user@reports.example.com:x", 303),
        ("[", 421),
        ("", 421),
    ],
)
async def test_requests_for_another_host_are_refused(database: str, host: str, status: int) -> None:
    async with run_dashboard(database, dashboard_url="https://reports.example.com") as dashboard:
        assert (await dashboard.get("/", headers={"Host": host})).status == status


async def test_share_links_have_the_address_of_the_settings(database: str) -> None:
    url = "https://reports.example.com"
    async with run_dashboard(
        database, dashboard_url=f"{url}/", dashboard_secure_cookies="never"
    ) as dashboard:
        await dashboard.log_in(TOKEN)
        answer = await dashboard.post("/share-links", page="overview", query="range=7d")
    assert f"{url}/share/" in answer.text
