"""A receiver of traces: OTLP over HTTP, read with the official messages, and strict about both."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.support import serve_app
from tests.waiting import eventually

PROTOBUF = "application/x-protobuf"


class Receiver:
    """What was received, in order."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.spans: list[Span] = []
        self.resources: list[dict[str, Any]] = []
        self.refused: list[str] = []

    def named(self, name: str) -> list[Span]:
        """The spans of a name."""
        return [span for span in self.spans if span.name == name]

    async def wait_for(self, name: str, count: int = 1) -> list[Span]:
        """The spans of a name, when there are so many."""
        await eventually(lambda: len(self.named(name)) >= count)
        return self.named(name)

    async def take(self, request: web.Request) -> web.Response:
        """POST /v1/traces, by OpenTelemetry's protocol: anything else is refused and noted."""
        body = await request.read()
        if request.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        if request.content_type != PROTOBUF:
            self.refused.append(request.content_type)
            return web.Response(status=415)
        message = ExportTraceServiceRequest.FromString(body)
        if message.SerializeToString(deterministic=True) == b"" or message.ByteSize() != len(body):
            self.refused.append("a body that is no ExportTraceServiceRequest")
            return web.Response(status=400)
        for part in message.resource_spans:
            self.resources.append(attributes(part.resource.attributes))
            self.spans += [span for scope in part.scope_spans for span in scope.spans]
        answer = ExportTraceServiceResponse().SerializeToString()
        return web.Response(body=answer, content_type=PROTOBUF)


def attributes(pairs: Any) -> dict[str, Any]:
    """Attributes as a dict."""
    return {pair.key: value_of(pair) for pair in pairs}


def value_of(pair: KeyValue) -> Any:
    """The one value that it holds."""
    kind = pair.value.WhichOneof("value")
    return getattr(pair.value, kind) if kind else None


@asynccontextmanager
async def run_receiver() -> AsyncIterator[Receiver]:
    """A receiver on a free port, which was sent nothing that it had to refuse."""
    app = web.Application()
    receiver = Receiver("")
    app.router.add_post("/v1/traces", receiver.take)
    async with serve_app(app) as url:
        receiver.url = url
        yield receiver
    assert receiver.refused == []


Respond = Callable[[web.Request], Any]


@asynccontextmanager
async def run_broken_receiver(respond: Respond) -> AsyncIterator[str]:
    """The address of one that answers anything as the test says."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", respond)
    async with serve_app(app) as url:
        yield url
