"""Which spans a collector sends, as a receiver of traces gets them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from conversion_tracking_plugin.stamp import stamp_headers
from tests.otlp_receiver import Receiver, attributes, run_receiver
from tests.support import SECRET, Collector, execute, metric, run_collector
from tests.waiting import until

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED, UNSAMPLED = f"00-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}-00"
TRACK, COMMIT = "POST /v1/events/track", "INSERT conversion_events"


def of_gateway(traceparent: str = SAMPLED) -> dict[str, str]:
    """Headers as the gateway sends them: each stamp is good for one request."""
    request_id = uuid4().hex
    stamp = stamp_headers("203.0.113.7", time.time_ns() // 1_000_000, SECRET, request_id)
    return {**stamp, "X-Kong-Request-Id": request_id, "traceparent": traceparent}


@pytest.fixture
async def receiver(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Receiver]:
    """A receiver that the variables of OpenTelemetry name."""
    async with run_receiver() as running:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", running.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
        yield running


@pytest.fixture
def sampler(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str | None:
    """The sampler that OpenTelemetry's variable names, where it names one."""
    name: str | None = request.param
    if name:
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", name)
    return name


@pytest.fixture
async def traced(database: str, receiver: Receiver) -> AsyncIterator[Collector]:
    """A collector with tracing on."""
    async with run_collector(database, gateway_secret=SECRET, tracing=True) as running:
        yield running


async def track(collector: Collector, headers: Mapping[str, str], **fields: Any) -> int:
    """Send an event with these headers; the status of the answer."""
    body = {"session_id": "s1", "event_type": "page_view", "event_name": "Page", **fields}
    status, _ = await collector.post("/v1/events/track", json=body, headers=headers)
    return status


def ids(span: Span) -> tuple[str, str, str]:
    """Of the trace, the span and its parent."""
    return span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()


async def test_a_request_has_a_server_span_below_the_gateways(
    traced: Collector, receiver: Receiver
) -> None:
    before = time.time_ns()
    assert await track(traced, of_gateway()) == 200
    [span] = await receiver.wait_for(TRACK)
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
    assert span.kind == Span.SPAN_KIND_SERVER
    assert span.status.code == Status.STATUS_CODE_UNSET
    assert before <= span.start_time_unix_nano < span.end_time_unix_nano <= time.time_ns()
    assert attributes(span.attributes) == {
        "http.request.method": "POST",
        "http.route": "/v1/events/track",
        "url.path": "/v1/events/track",
        "url.scheme": "http",
        "http.response.status_code": 200,
    }


async def test_the_commit_has_a_span_of_its_own_which_links_to_its_requests_and_they_to_it(
    traced: Collector, receiver: Receiver, database: str
) -> None:
    assert await track(traced, of_gateway()) == 200
    [of_request], [commit] = await receiver.wait_for(TRACK), await receiver.wait_for(COMMIT)
    assert commit.trace_id != of_request.trace_id
    assert commit.parent_span_id == b""
    assert [link.span_id for link in commit.links] == [of_request.span_id]
    assert [link.trace_id for link in commit.links] == [of_request.trace_id]
    assert [link.span_id for link in of_request.links] == [commit.span_id]
    assert commit.kind == Span.SPAN_KIND_CLIENT
    assert of_request.start_time_unix_nano <= commit.start_time_unix_nano
    assert commit.end_time_unix_nano <= of_request.end_time_unix_nano
    assert attributes(commit.attributes) == {
        "db.system.name": "postgresql",
        "db.namespace": database.partition("?")[0].rpartition("/")[2],
        "db.query.summary": COMMIT,
    }


async def test_one_commit_of_many_requests_links_to_all_that_are_sampled(
    traced: Collector, receiver: Receiver
) -> None:
    headers = [of_gateway(SAMPLED if number % 2 else UNSAMPLED) for number in range(40)]
    assert set(await asyncio.gather(*(track(traced, each) for each in headers))) == {200}
    requests = await receiver.wait_for(TRACK, 20)
    linked = {span.span_id for span in requests}
    assert len(linked) == 20

    async def all_are_linked() -> bool:
        return sum(len(commit.links) for commit in receiver.named(COMMIT)) == 20

    await until(all_are_linked)
    commits = receiver.named(COMMIT)
    assert {link.span_id for commit in commits for link in commit.links} == linked
    assert len(commits) < 20
    sizes = [attributes(c.attributes).get("db.operation.batch.size", 1) for c in commits]
    assert max(sizes) > 1
    assert sum(sizes) <= 40


@pytest.mark.parametrize(
    ("sampler", "headers", "joined"),
    [
        (None, lambda: of_gateway(SAMPLED), "joined"),
        (None, lambda: of_gateway(UNSAMPLED), "none"),
        (None, lambda: of_gateway(""), "none"),
        (None, lambda: of_gateway(SAMPLED.replace("00-", "ff-", 1)), "none"),
        (None, lambda: {"traceparent": SAMPLED}, "none"),
        (None, lambda: {**of_gateway(), "X-Gateway-Signature": "0" * 64}, "none"),
        ("parentbased_always_on", lambda: of_gateway(UNSAMPLED), "none"),
        ("parentbased_always_on", lambda: of_gateway(SAMPLED), "joined"),
        ("parentbased_always_on", lambda: of_gateway(" "), "own"),
        ("parentbased_always_on", lambda: {"traceparent": SAMPLED}, "own"),
        ("parentbased_always_on", lambda: {"traceparent": UNSAMPLED}, "own"),
    ],
    ids=[
        "sampled by the gateway",
        "not sampled by the gateway",
        "emptied by the gateway",
        "an unknown version",
        "of a browser",
        "with a forged stamp",
        "not sampled by the gateway, others are",
        "sampled by the gateway, as others are",
        "emptied by the gateway, others are sampled",
        "of a browser, others are sampled",
        "of a browser that wants none, others are sampled",
    ],
    indirect=["sampler"],
)
async def test_the_header_of_a_parent_is_believed_with_a_stamp_that_holds_alone(
    database: str,
    receiver: Receiver,
    sampler: str | None,
    headers: Any,
    joined: str,
) -> None:
    async with run_collector(database, gateway_secret=SECRET, tracing=True) as collector:
        assert await track(collector, headers()) == 200
        # What comes after it has arrived, so it would have too.
        assert await track(collector, of_gateway(f"00-{'a' * 32}-{PARENT}-01")) == 200
        await receiver.wait_for(TRACK, 1 if joined == "none" else 2)
    found = [span for span in receiver.named(TRACK) if span.trace_id.hex() != "a" * 32]
    kinds = ["joined" if ids(span)[0::2] == (TRACE, PARENT) else "own" for span in found]
    assert kinds == ([] if joined == "none" else [joined])
    assert all(ids(span)[0] != TRACE for span in found if joined == "own")


async def test_the_senders_mistake_is_no_error_of_the_span(
    traced: Collector, receiver: Receiver
) -> None:
    assert await track(traced, of_gateway(), event_type=None) == 422
    [span] = await receiver.wait_for(TRACK)
    assert attributes(span.attributes)["http.response.status_code"] == 422
    assert "error.type" not in attributes(span.attributes)
    assert span.status.code == Status.STATUS_CODE_UNSET


async def test_an_event_that_postgres_refuses_marks_request_and_commit(
    traced: Collector, receiver: Receiver, database: str
) -> None:
    await execute(database, "ALTER TABLE conversion_events ADD CHECK (event_name <> 'refused')")
    assert await track(traced, of_gateway(), event_name="refused") == 500
    for span in [*await receiver.wait_for(TRACK), *await receiver.wait_for(COMMIT)]:
        assert attributes(span.attributes)["error.type"] == "event_refused"
        assert span.status.code == Status.STATUS_CODE_ERROR


async def test_events_that_go_to_the_spool_are_no_statement_of_postgres(
    receiver: Receiver, tmp_path: Path
) -> None:
    nowhere = f"postgresql://postgres@/postgres?host={tmp_path}"
    async with run_collector(nowhere, gateway_secret=SECRET, tracing=True) as collector:
        assert await track(collector, of_gateway()) == 202
        [spool] = await receiver.wait_for("append spool")
    assert attributes(spool.attributes) == {"ct.spooled_events": 1}
    assert spool.kind == Span.SPAN_KIND_INTERNAL
    assert receiver.named(COMMIT) == []


async def test_the_pixel_has_a_span_without_its_query(
    traced: Collector, receiver: Receiver
) -> None:
    path = "/v1/events/pixel.gif"
    for query in ("event_type=page_view", "currency=x"):  # the second is invalid, and a GIF too
        async with traced.client.get(f"{path}?{query}", headers=of_gateway()) as answer:
            assert answer.status == 200
    for span in await receiver.wait_for(f"GET {path}", 2):
        assert attributes(span.attributes)["http.response.status_code"] == 200
        assert "event_type" not in str(span)
        assert "currency" not in str(span)


async def test_a_request_that_goes_the_usual_way_of_aiohttp_has_a_span_too(
    traced: Collector, receiver: Receiver
) -> None:
    path = "/v1/events/track?x=1"
    body = {"session_id": "s1", "event_type": "page_view", "event_name": "Page"}
    status, _ = await traced.post(path, json=body, headers=of_gateway())
    assert status == 200
    [span] = await receiver.wait_for(TRACK)
    assert attributes(span.attributes)["url.path"] == "/v1/events/track"


async def test_what_operators_ask_has_no_span(traced: Collector, receiver: Receiver) -> None:
    for path in ("/healthz", "/readyz", "/metrics", "/t.js"):
        async with traced.client.get(path, headers=of_gateway()) as answer:
            assert answer.status == 200
    assert await track(traced, of_gateway()) == 200
    await receiver.wait_for(TRACK)
    assert {span.name for span in receiver.spans} <= {TRACK, COMMIT}


async def test_no_span_says_who_a_visitor_is(traced: Collector, receiver: Receiver) -> None:
    secret = "jane@example.org"
    assert await track(traced, of_gateway(), event_name=secret, user_id=secret) == 200
    await receiver.wait_for(COMMIT)
    text = str(receiver.spans) + str(receiver.resources)
    assert secret not in text
    assert "203.0.113.7" not in text
    assert "Mozilla" not in text


async def test_what_was_exported_is_counted(traced: Collector, receiver: Receiver) -> None:
    assert await track(traced, of_gateway()) == 200
    await receiver.wait_for(TRACK)
    await receiver.wait_for(COMMIT)

    async def counted() -> bool:
        return await metric(traced, 'ct_spans_total{result="exported"}') == 2

    await until(counted)


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({}, "conversion-tracking-collector"),
        ({"OTEL_SERVICE_NAME": "ours"}, "ours"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=theirs,team=web"}, "theirs"),
    ],
)
async def test_the_service_has_the_name_that_the_variables_give_it(
    database: str,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    name: str,
) -> None:
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    async with run_collector(database, gateway_secret=SECRET, tracing=True) as collector:
        assert await track(collector, of_gateway()) == 200
        await receiver.wait_for(TRACK)
    assert {resource["service.name"] for resource in receiver.resources} == {name}
    assert all(resource["service.version"] for resource in receiver.resources)
    assert {resource.get("team") for resource in receiver.resources} == (
        {"web"} if "OTEL_RESOURCE_ATTRIBUTES" in variables else {None}
    )
