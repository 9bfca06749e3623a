"""Which spans `deliver` sends, as a receiver of traces gets them."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from collector.tracing.exporting import SpanResult
from local.processes import free_port
from tests.faults.collector_process import deliver
from tests.integration.conversions.outbox import know, shop
from tests.integration.conversions.test_deliver import (
    META,
    has_failed,
    settled,
    store_purchases,
)
from tests.otlp_receiver import Receiver, attributes, run_receiver
from tests.platforms.meta import PIXEL, MetaStandIn
from tests.platforms.stand_in import TOKEN, Mood, run_stand_in
from tests.waiting import until


def write_destination(folder: Path, url: str) -> Path:
    """A file with the destination `shop` at this address."""
    (folder / "token").write_text(TOKEN)
    file = folder / "destinations.toml"
    file.write_text(META.replace("TOKEN", str(folder / "token")).replace("URL", url))
    return file


def traced(receiver: Receiver) -> dict[str, str]:
    """Settings that have spans sent at once."""
    return {
        "CT_TRACING": "true",
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_BSP_SCHEDULE_DELAY": "20",
    }


async def test_a_request_to_a_platform_has_a_client_span_without_its_address(
    database: str, tmp_path: Path
) -> None:
    await know(database, shop=shop())
    await store_purchases(database, 1, 2, 3)
    async with run_receiver() as receiver, run_stand_in(MetaStandIn()) as meta:
        before = time.time_ns()
        with deliver(tmp_path, database, write_destination(tmp_path, meta.url), **traced(receiver)):
            [span] = await receiver.wait_for("POST")
    assert attributes(span.attributes) == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "server.address": "127.0.0.1",
        "server.port": int(meta.url.rpartition(":")[2]),
        "ct.destination": "shop",
        "ct.conversions": 3,
    }
    assert (span.kind, span.parent_span_id) == (Span.SPAN_KIND_CLIENT, b"")
    assert span.status.code == Status.STATUS_CODE_UNSET
    assert before <= span.start_time_unix_nano < span.end_time_unix_nano <= time.time_ns()
    assert {one["service.name"] for one in receiver.resources} == {"conversion-tracking-deliver"}
    written = str(receiver.spans)
    assert PIXEL not in written
    assert TOKEN not in written


@pytest.mark.parametrize(
    ("mood", "error", "status"),
    [(Mood.AWAY, "503", 503), (Mood.REVOKED, "401", 401), (None, "ClientConnectorError", None)],
)
async def test_a_request_that_a_platform_does_not_take_has_a_failed_span(
    database: str, tmp_path: Path, mood: Mood | None, error: str, status: int | None
) -> None:
    await know(database, shop=shop())
    await store_purchases(database, 1)
    async with run_receiver() as receiver, run_stand_in(MetaStandIn()) as meta:
        meta.mood = mood or Mood.WORKS
        url = meta.url if mood else f"http://127.0.0.1:{free_port()}"
        with deliver(tmp_path, database, write_destination(tmp_path, url), **traced(receiver)):
            span = (await receiver.wait_for("POST"))[0]
    assert span.status.code == Status.STATUS_CODE_ERROR
    told = attributes(span.attributes)
    assert (told["error.type"], told.get("http.response.status_code")) == (error, status)


async def test_what_waits_is_sent_at_the_end_of_the_process(database: str, tmp_path: Path) -> None:
    await know(database, shop=shop())
    await store_purchases(database, 1)
    async with run_receiver() as receiver, run_stand_in(MetaStandIn()) as meta:
        settings = {**traced(receiver), "OTEL_BSP_SCHEDULE_DELAY": "600000"}
        with deliver(
            tmp_path, database, write_destination(tmp_path, meta.url), **settings
        ) as process:
            await until(settled(database, sent=1))
            assert receiver.spans == []
            # In a thread, so that the receiver can answer.
            assert await asyncio.to_thread(process.signal, signal.SIGTERM) == 0
        assert len(receiver.named("POST")) == 1


async def test_without_the_setting_nothing_is_sent(database: str, tmp_path: Path) -> None:
    await know(database, shop=shop())
    await store_purchases(database, 1)
    async with run_receiver() as receiver, run_stand_in(MetaStandIn()) as meta:
        meta.mood = Mood.AWAY
        settings = {**traced(receiver), "CT_TRACING": "false"}
        with deliver(
            tmp_path, database, write_destination(tmp_path, meta.url), **settings
        ) as process:
            await until(lambda: has_failed(database))
            page = process.metrics_page()
            assert process.signal(signal.SIGTERM) == 0
    assert receiver.spans == []
    assert f'ct_spans_total{{result="{SpanResult.EXPORTED}"}}' not in page
