"""GET /v1/reports: the numbers as JSON and CSV, for programs."""

from __future__ import annotations

import csv
import io
import json
import re
from html import unescape

import pytest

from tests.integration.dashboard.dashboard import TOKEN, Dashboard
from tests.integration.dashboard.facts import add_session

BEARER = {"Authorization": f"Bearer {TOKEN}"}
HOSTILE = "=HYPERLINK(\"https://evil.example\")<script>alert('x')</script>\"'&<b>"


@pytest.mark.parametrize(
    "scheme", ["Bearer", "bearer", "BEARER"], ids=["usual", "small", "capitals"]
)
async def test_a_program_asks_with_its_token(dashboard: Dashboard, scheme: str) -> None:
    answer = await dashboard.get("/v1/reports", headers={"Authorization": f"{scheme} {TOKEN}"})
    assert answer.status == 200
    names = [one["name"] for one in json.loads(answer.text)["reports"]]
    assert {"channels", "trend"} <= set(names)
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (None, "not_signed_in"),
        ("", "not_signed_in"),
        ("Bearer", "not_signed_in"),
        (f"Basic {TOKEN}", "not_signed_in"),
        (TOKEN, "not_signed_in"),
        ("Bearer wrong", "wrong_token"),
        (f"Bearer {TOKEN} {TOKEN}", "wrong_token"),
        (f"Bearer ann:{TOKEN}", "wrong_token"),
    ],
)
async def test_without_a_token_it_says_which_is_needed(
    dashboard: Dashboard, given: str | None, code: str
) -> None:
    headers = {} if given is None else {"Authorization": given}
    answer = await dashboard.get("/v1/reports/channels", headers=headers)
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    body = json.loads(answer.text)
    assert (body["success"], body["error"]) == (False, code)
    assert body["message"]


async def test_a_token_signs_a_program_in_to_the_api_alone(dashboard: Dashboard) -> None:
    assert (await dashboard.get("/", headers=BEARER)).status == 303


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ("", 200, ""),
        ("range=7d&tz=Asia/Kathmandu&bots=include&limit=5&unit=day", 200, ""),
        ("filter=channel%3DEmail&filter=channel%3DDirect&filter=os!%3DLinux", 200, ""),
        ("from=2026-11-01&to=2026-11-08&compare=previous", 200, ""),
        ("fliter=channel%3DEmail", 400, "there is no parameter 'fliter'"),
        ("Filter=channel%3DEmail", 400, "there is no parameter 'Filter'"),
        ("filters[]=channel", 400, "there is no parameter"),
        ("range=7d&range=30d", 400, "range stands there twice"),
        ("format=xml", 400, "json, csv"),
        ("format=csv&format=json", 400, "format stands there twice"),
        ("range=8x", 400, "range"),
        ("range=7d&from=2026-11-01", 400, "not for both"),
        ("tz=Mars/Olympus", 400, "no time zone"),
        ("tz=UTC'%3BDROP TABLE session_facts%3B--", 400, "no time zone"),
        ("filter=moon%3D1", 400, "cannot be filtered by"),
        ("filter=channel", 400, "is no filter"),
        ("bots=perhaps", 400, "bots is one of"),
        ("unit=year", 400, "unit is one of"),
        ("compare=never", 400, "compare is one of"),
        ("limit=0", 400, "limit is a number"),
        ("limit=9999999", 400, "limit is a number"),
        ("range=%00", 400, "range"),
        ("filter=channel%3D%00", 200, ""),
        ("filter=channel%3D%FF", 200, ""),
    ],
)
async def test_what_is_asked_wrongly_is_never_passed_over(
    dashboard: Dashboard, query: str, status: int, says: str
) -> None:
    answer = await dashboard.get(f"/v1/reports/channels?{query}", headers=BEARER)
    assert answer.status == status, answer.text
    assert says in json.loads(answer.text).get("message", "")


@pytest.mark.parametrize("name", ["moon", "Channels", "..", "%2e%2e%2fchannels", "%00", "a%2Fb"])
async def test_a_report_that_does_not_exist_is_not_found(dashboard: Dashboard, name: str) -> None:
    answer = await dashboard.get(f"/v1/reports/{name}", headers=BEARER)
    assert answer.status == 404


async def test_the_list_takes_no_parameters(dashboard: Dashboard) -> None:
    assert (await dashboard.get("/v1/reports?range=7d", headers=BEARER)).status == 400


async def test_page_json_and_csv_have_the_same_numbers(browser: Dashboard) -> None:
    for number in range(3):
        await add_session(browser.database, f"mail {number}", channel="Email", engaged=True)
    await add_session(
        *(browser.database, "buys"),
        channel="Direct",
        converted=True,
        order_values='{"EUR": [1, 29.90], "USD": [2, 10.00]}',
    )
    await add_session(browser.database, "a bot", channel="Email", is_bot=True)
    query = "range=30d&limit=8"

    page = (await browser.get("/?range=30d")).text
    body = json.loads((await browser.get(f"/v1/reports/channels?{query}")).text)
    table = (await browser.get(f"/v1/reports/channels?{query}&format=csv")).text

    rows = list(csv.DictReader(io.StringIO(table, newline="")))
    assert [(row["channel"], row["sessions"]) for row in rows] == [("Email", "3"), ("Direct", "1")]
    assert (rows[1]["revenue_EUR"], rows[1]["revenue_USD"]) == ("29.90", "10.00")
    assert [(row["name"], row["sessions"]) for row in body["rows"]] == [("Email", 3), ("Direct", 1)]
    assert body["rows"][1]["revenue"] == {"EUR": "29.90", "USD": "10.00"}
    shown = re.findall(r"<bdi>(Email|Direct)</bdi>.*?<td class=\"number\">(\d+)", page, re.DOTALL)
    assert shown[:2] == [(row["channel"], row["sessions"]) for row in rows]
    assert "$10.00" in page
    [address] = [
        one for one in re.findall(r'href="([^"]+)"', page) if "/v1/reports/channels?" in one
    ]
    assert (await browser.get(unescape(address))).text == table


async def test_a_csv_is_a_file_to_save(dashboard: Dashboard) -> None:
    answer = await dashboard.get(
        "/v1/reports/channels?format=csv&from=2026-11-01&to=2026-11-08", headers=BEARER
    )
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    expected = 'attachment; filename="channels-2026-11-01-2026-11-07.csv"'
    assert answer.headers["Content-Disposition"] == expected


async def test_a_head_has_no_body(dashboard: Dashboard) -> None:
    answer = await dashboard.request("HEAD", "/v1/reports/channels", headers=BEARER)
    assert (answer.status, answer.text) == (200, "")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_another_method_is_refused_with_those_that_are_taken(
    dashboard: Dashboard, method: str
) -> None:
    answer = await dashboard.request(method, "/v1/reports/channels", headers=BEARER)
    assert answer.status == 405
    assert set(answer.headers["Allow"].split(",")) == {"GET", "HEAD"}
    assert json.loads(answer.text)["error"] == "method_not_allowed"


async def test_what_strangers_send_is_harmless_in_page_csv_and_json(browser: Dashboard) -> None:
    await add_session(browser.database, "x", channel=HOSTILE, source=HOSTILE)
    address = f"?range=30d&filter=channel%3D{HOSTILE.replace('&', '%26').replace('=', '%3D')}"

    page = await browser.get("/" + address.replace("#", "%23"))
    assert page.status == 200
    assert "HYPERLINK" in page.text
    assert "<script>alert" not in page.text
    assert "<b>" not in page.text
    assert not re.search(r'="[^"]*HYPERLINK[^"]*<', page.text)
    table = await browser.get(f"/v1/reports/channels{address}&format=csv")
    assert next(csv.reader(io.StringIO(table.text.split("\r\n", 1)[1])))[0] == f"'{HOSTILE}"
    body = await browser.get(f"/v1/reports/channels{address}")
    assert body.headers["Content-Type"].startswith("application/json")
    assert json.loads(body.text)["rows"][0]["name"] == HOSTILE


@pytest.mark.parametrize(
    "path",
    [
        "/<script>alert(1)</script>",
        "/?<script>=1",
        "/?range=<script>alert(1)</script>",
        "/?tz='onmouseover='alert(1)",
        "/?filter=<img src=x onerror=alert(1)>",
        '/login?next="><script>alert(1)</script>',
        "/share/<script>alert(1)</script>",
    ],
)
async def test_what_an_address_says_is_harmless_in_errors(browser: Dashboard, path: str) -> None:
    answer = await browser.get(path)
    assert answer.status in (303, 400, 404)
    for text in ("<script>alert", "<img", "'onmouseover"):
        assert text not in answer.text
