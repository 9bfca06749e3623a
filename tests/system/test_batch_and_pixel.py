"""Batches and pixels through the gateway."""

import gzip
import io
import json
from uuid import uuid4

from tests.system.running import BATCH, ORIGIN, PIXEL, Gateway, cors_headers


async def test_a_pages_gzipped_batch_is_stored_and_its_answer_can_be_read(
    gateway: Gateway,
) -> None:
    events = [gateway.event(event_id=str(uuid4()), event_name=f"Page {n}") for n in range(50)]
    body = json.dumps({"events": [*events, gateway.event(currency="EURO")]}).encode()
    answer = await gateway.send(
        "POST",
        BATCH,
        data=gzip.compress(body),
        headers={"Origin": ORIGIN, "Content-Type": "text/plain", "Content-Encoding": "gzip"},
    )
    assert answer.status == 200
    assert cors_headers(answer)["access-control-allow-origin"] == ORIGIN
    statuses = [result["status"] for result in answer.json()["results"]]
    assert statuses == ["stored"] * 50 + ["invalid"]
    rows = await gateway.rows()
    assert {str(row["id"]) for row in rows} == {event["event_id"] for event in events}
    assert all(row["stamp_verified"] for row in rows)


async def test_a_batch_over_the_limit_is_refused_at_the_gateway(gateway: Gateway) -> None:
    body = json.dumps({"events": [gateway.event(page_title="x" * 2_100)] * 500}).encode()
    answer = await gateway.send("POST", BATCH, data=io.BytesIO(body))
    assert answer.status == 413
    assert await gateway.rows() == []


async def test_an_image_of_a_mail_is_stored_with_the_address_that_the_gateway_saw(
    gateway: Gateway,
) -> None:
    query = gateway.event(event_type="email_open", utm_medium="email")
    answer = await gateway.send("GET", PIXEL, params=query)
    [row] = await gateway.rows()
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/gif")
    assert (answer.headers["X-CT-Result"], answer.body[:6]) == ("stored", b"GIF89a")
    assert (row["event_type"], row["channel"], row["stamp_verified"]) == (
        "email_open",
        "Email",
        True,
    )


async def test_an_image_takes_no_other_method(gateway: Gateway) -> None:
    for method in ("POST", "HEAD"):
        assert (await gateway.send(method, PIXEL)).status == 404


async def test_a_script_that_fetches_the_image_has_its_preflight_answered(gateway: Gateway) -> None:
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}
    answer = await gateway.send("OPTIONS", PIXEL, headers=asked)
    assert (answer.status, answer.body) == (200, b'{"allow": "GET, OPTIONS"}')
    assert answer.headers["Allow"] == "GET, OPTIONS"
    assert answer.headers.getall("Access-Control-Allow-Origin") == [ORIGIN]
