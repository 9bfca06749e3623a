"""A trace whose parent a client names, through the gateway and its plugin."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import aiohttp
import pytest

from local.processes import free_port
from local.up import System
from tests.otlp_receiver import Receiver, run_receiver
from tests.support import fetch
from tests.system.running import TRACK
from tests.system.test_plugin_servers import COMMANDS

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
HEADER = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
EVENT = {"session_id": "s", "event_type": "page_view", "event_name": "Page"}


@pytest.fixture
async def receiver(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Receiver]:
    """A receiver of traces, to which the system's collector sends each."""
    async with run_receiver() as running:
        for name, value in {
            "CT_TRACING": "true",
            "OTEL_TRACES_SAMPLER": "parentbased_always_on",
            "OTEL_EXPORTER_OTLP_ENDPOINT": running.url,
            "OTEL_BSP_SCHEDULE_DELAY": "20",
        }.items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.mark.parametrize("server", list(COMMANDS))
async def test_a_client_names_no_parent_although_its_request_is_stamped(
    database: str, receiver: Receiver, server: str
) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ct-")))
        parts = System(stack, folder, database, secrets.token_hex(16), COMMANDS[server])
        collector_port, gateway_port = free_port(), free_port()
        parts.start_collector(collector_port)
        parts.start_plugin_server()
        parts.start_gateway(gateway_port, collector_port)
        url = f"http://127.0.0.1:{gateway_port}{TRACK}"
        async with (
            aiohttp.ClientSession(headers=HEADER) as client,
            client.post(url, json=EVENT) as answer,
        ):
            assert answer.status == 200
        [span] = await receiver.wait_for(f"POST {TRACK}")
        [row] = await fetch(database, "SELECT stamp_verified FROM conversion_events")
    assert row["stamp_verified"]
    assert span.trace_id.hex() != TRACE
    assert span.parent_span_id == b""
