"""CORS at the gateway: preflights, and every other answer that a page must be able to read."""

import asyncio
import io

import pytest

from tests.system.running import BATCH, FUNNEL, ORIGIN, TRACK, Gateway, cors_headers

PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}
STRANGER = "https://stranger.example"


@pytest.mark.parametrize("path", [TRACK, FUNNEL, BATCH])
@pytest.mark.parametrize("origin", [ORIGIN, "https://ainative.studio"])
async def test_a_preflight_is_answered_at_the_gateway(
    gateway: Gateway, path: str, origin: str
) -> None:
    answer = await gateway.send("OPTIONS", path, headers={"Origin": origin, **PREFLIGHT})
    allowed = cors_headers(answer)
    assert answer.status == 200
    assert answer.json() == {"allow": "POST, OPTIONS"}
    assert allowed["access-control-allow-origin"] == origin
    assert allowed["access-control-allow-credentials"] == "true"
    assert "POST" in allowed["access-control-allow-methods"].split(",")
    names = {name.lower() for name in allowed["access-control-allow-headers"].split(",")}
    assert {"authorization", "content-type"} <= names
    assert "Origin" in answer.headers["Vary"]
    assert "X-Kong-Upstream-Latency" not in answer.headers


@pytest.mark.parametrize("path", [TRACK, FUNNEL, BATCH])
@pytest.mark.parametrize(
    "headers", [{}, {"Origin": ORIGIN}, {"Access-Control-Request-Method": "POST"}]
)
async def test_a_bare_options_is_answered_with_allow(
    gateway: Gateway, path: str, headers: dict[str, str]
) -> None:
    answer = await gateway.send("OPTIONS", path, headers=headers)
    assert (answer.status, answer.json()) == (200, {"allow": "POST, OPTIONS"})
    assert answer.headers["Allow"] == "POST, OPTIONS"


async def test_a_preflight_of_a_stranger_gets_no_cors_header(gateway: Gateway) -> None:
    answer = await gateway.send("OPTIONS", TRACK, headers={"Origin": STRANGER, **PREFLIGHT})
    assert (answer.status, cors_headers(answer)) == (200, {})


async def test_a_strangers_event_is_forwarded_without_cors_headers(gateway: Gateway) -> None:
    answer = await gateway.track(headers={"Origin": STRANGER})
    assert (answer.status, cors_headers(answer)) == (200, {})
    assert len(await gateway.rows()) == 1


@pytest.mark.parametrize(
    ("body", "status"), [('{"session_id": 1}', 422), ("{", 400), (" " * 1_048_577, 413)]
)
async def test_a_page_can_read_why_its_event_was_refused(
    gateway: Gateway, body: str, status: int
) -> None:
    headers = {"Origin": ORIGIN, "Content-Type": "application/json"}
    data = io.BytesIO(body.encode())
    answer = await gateway.send("POST", TRACK, data=data, headers=headers)
    assert answer.status == status
    assert cors_headers(answer)["access-control-allow-origin"] == ORIGIN
    assert answer.json()["message"]


async def exhaust(gateway: Gateway) -> list[int]:
    """Use up the client's limit on the funnel's route; the statuses.

    Many at once: the limit is one of a minute, however slow the machine is. A minute may end
    on the way.
    """
    statuses: list[int] = []
    while 429 not in statuses and len(statuses) < 700:
        sent = (
            gateway.send_once("POST", FUNNEL, json={}, headers={"Origin": ORIGIN})
            for _ in range(50)
        )
        statuses += [answer.status for answer in await asyncio.gather(*sent)]
    return statuses


async def test_a_page_can_read_that_it_must_wait_and_how_long(gateway: Gateway) -> None:
    statuses = await exhaust(gateway)
    assert statuses.count(422) >= 300 or not gateway.address  # others have used it up too
    answer = await gateway.send_once("POST", FUNNEL, json={}, headers={"Origin": ORIGIN})
    allowed = cors_headers(answer)
    assert answer.status == 429
    assert allowed["access-control-allow-origin"] == ORIGIN
    assert "Retry-After" in allowed["access-control-expose-headers"]
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert answer.json()["message"] == "API rate limit exceeded"


async def test_preflights_do_not_use_up_the_limit(gateway: Gateway) -> None:
    first = await gateway.track()
    for _ in range(20):
        await gateway.send("OPTIONS", TRACK, headers={"Origin": ORIGIN, **PREFLIGHT})
        await gateway.send("OPTIONS", TRACK)
    second = await gateway.track()
    used = int(first.headers["RateLimit-Remaining"]) - int(second.headers["RateLimit-Remaining"])
    # A minute may have ended in between: then the count began anew.
    assert used == 1 or int(second.headers["RateLimit-Remaining"]) > 1_190


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_a_method_that_no_route_lists_is_404_as_kong_has_it(
    gateway: Gateway, method: str
) -> None:
    answer = await gateway.send(method, TRACK)
    assert (answer.status, answer.json()["message"]) == (
        404,
        "no Route matched with those values",
    )
