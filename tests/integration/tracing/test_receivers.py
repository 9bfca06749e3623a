"""A receiver of traces that is away, hangs or refuses costs no request anything."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import aiohttp
import pytest
from aiohttp import web

from local.processes import free_port
from tests.commands import run
from tests.integration.served import Served, serving
from tests.integration.test_cli import run_installed
from tests.otlp_receiver import run_broken_receiver, run_receiver
from tests.support import execute
from tests.waiting import BUSY_SECONDS, eventually

EVENT = {"session_id": "s", "event_type": "page_view", "event_name": "Page"}
# A small queue, and a receiver that is waited for longer than any test may take.
VARIABLES = {
    "CT_TRACING": "true",
    "OTEL_TRACES_SAMPLER": "always_on",
    "OTEL_BSP_MAX_QUEUE_SIZE": "8",
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "4",
    "OTEL_BSP_SCHEDULE_DELAY": "20",
    "OTEL_EXPORTER_OTLP_TIMEOUT": "300",
}
MANY = 60

OpenReceiver = Callable[[], AbstractAsyncContextManager[str]]


@asynccontextmanager
async def away() -> AsyncIterator[str]:
    """The address of nobody: a connection is refused."""
    yield f"http://127.0.0.1:{free_port()}"


@asynccontextmanager
async def silent() -> AsyncIterator[str]:
    """One that takes a request and never answers."""
    over = asyncio.Event()

    async def respond(request: web.Request) -> web.Response:
        await request.read()
        await over.wait()
        return web.Response()

    async with run_broken_receiver(respond) as url:
        yield url
        over.set()


@asynccontextmanager
async def refusing() -> AsyncIterator[str]:
    """One that answers 400, which is not tried again."""

    async def respond(_request: web.Request) -> web.Response:
        return web.Response(status=400)

    async with run_broken_receiver(respond) as url:
        yield url


def spans(served: Served, result: str) -> float:
    """How many spans have this result."""
    with urlopen(served.url + "/metrics", timeout=30) as answer:
        page = answer.read().decode()
    found = re.search(rf'ct_spans_total{{result="{result}"}} (\S+)', page)
    return float(found[1]) if found else 0.0


async def send(served: Served, count: int, **fields: Any) -> list[int]:
    """Send events one after the other; the statuses of the answers."""
    statuses = []
    async with aiohttp.ClientSession(served.url) as client:
        for _ in range(count):
            async with client.post("/v1/events/track", json={**EVENT, **fields}) as answer:
                statuses.append(answer.status)
    return statuses


@pytest.mark.parametrize(
    ("receiver", "result"),
    [(away, "queue_full"), (silent, "queue_full"), (refusing, "export_failed")],
    ids=["refuses connections", "never answers", "answers 400"],
)
async def test_requests_are_answered_spans_are_counted_and_the_process_ends_in_time(
    database: str, tmp_path: Path, receiver: OpenReceiver, result: str
) -> None:
    async with receiver() as url:
        variables = {**VARIABLES, "OTEL_EXPORTER_OTLP_ENDPOINT": url}
        with serving(database, tmp_path, CT_SHUTDOWN_TIMEOUT_SECONDS="4", **variables) as served:
            started = time.monotonic()
            assert await send(served, MANY) == [200] * MANY
            assert time.monotonic() - started < BUSY_SECONDS
            await eventually(lambda: spans(served, result) > 0)
            stopping = time.monotonic()
            served.process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(served.process.wait, 60) == 0
            assert time.monotonic() - stopping < 4 + BUSY_SECONDS
    assert "Traceback" not in (tmp_path / "log").read_text()


async def test_what_waits_is_sent_before_the_process_ends(database: str, tmp_path: Path) -> None:
    async with run_receiver() as receiver:
        variables = {
            **VARIABLES,
            "OTEL_BSP_SCHEDULE_DELAY": "600000",
            "OTEL_BSP_MAX_QUEUE_SIZE": "",
        }
        variables |= {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "500"}
        variables |= {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
        with serving(database, tmp_path, **variables) as served:
            assert await send(served, 3) == [200] * 3
            assert receiver.spans == []
            served.process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(served.process.wait, 60) == 0
        assert len(receiver.named("POST /v1/events/track")) == 3


async def test_each_worker_sends_its_spans(database: str, tmp_path: Path) -> None:
    async with run_receiver() as receiver:
        variables = {**VARIABLES, "OTEL_BSP_MAX_QUEUE_SIZE": ""}
        variables |= {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
        with serving(database, tmp_path, "--workers", "2", **variables) as served:
            assert await send(served, 10) == [200] * 10
            await receiver.wait_for("POST /v1/events/track", 10)


async def test_log_lines_about_a_request_have_its_trace(database: str, tmp_path: Path) -> None:
    await execute(database, "ALTER TABLE conversion_events ADD CHECK (event_name <> 'refused')")
    async with run_receiver() as receiver:
        variables = {**VARIABLES, "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
        with serving(database, tmp_path, **variables) as served:
            assert await send(served, 1, event_name="refused") == [500]
            [span] = await receiver.wait_for("POST /v1/events/track")
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    [line] = [line for line in lines if "takes is refused" in line["event"]]
    assert (line["trace_id"], line["span_id"]) == (span.trace_id.hex(), span.span_id.hex())
    assert all("trace_id" not in line for line in lines if line["event"].startswith("collector "))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318"),
        ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
        ("OTEL_TRACES_SAMPLER_ARG", "2"),
        ("OTEL_TRACES_EXPORTER", "zipkin"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "many"),
    ],
)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_variable_that_would_be_misread_stops_the_start(
    database: str, name: str, value: str, workers: str
) -> None:
    variables = {"CT_TRACING": "true", "CT_DATABASE_URL": database, "CT_PORT": "0", name: value}
    done = run("serve", "--workers", workers, **variables)
    assert done.returncode == 1
    assert f"conversion-tracking: {name}: " in done.stderr
    assert "Traceback" not in done.stderr


def another_package(folder: Path) -> dict[str, str]:
    """Where somebody's package stands before OpenTelemetry, which cannot be imported then."""
    package = folder / "opentelemetry"
    package.mkdir()
    (package / "__init__.py").write_text("")
    return {"PYTHONPATH": str(folder)}


def test_without_its_packages_the_start_says_how_to_get_them(database: str, tmp_path: Path) -> None:
    variables = {"CT_TRACING": "true", "CT_DATABASE_URL": database, "CT_PORT": "0"}
    done = run_installed("serve", **variables, **another_package(tmp_path))
    assert done.returncode == 1
    assert "pip install 'conversion-tracking[otel]'" in done.stderr


@pytest.mark.parametrize(
    "off",
    [
        {},
        {"CT_TRACING": "true", "OTEL_SDK_DISABLED": "true"},
        {"CT_TRACING": "true", "OTEL_TRACES_EXPORTER": "none"},
        {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
    ],
    ids=["by default", "disabled", "without an exporter", "with variables for others"],
)
async def test_where_it_is_off_no_part_of_opentelemetry_is_needed(
    database: str, tmp_path: Path, off: dict[str, str]
) -> None:
    with serving(database, tmp_path, **off, **another_package(tmp_path)) as served:
        assert await send(served, 1) == [200]
        assert spans(served, "exported") == 0
