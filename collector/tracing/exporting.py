"""Where spans go: by a thread of their own, over HTTP, as OpenTelemetry's variables say.

A receiver that is slow or away costs no request anything: past a bound on spans that wait, more
are dropped and counted.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import StrEnum

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import DEFAULT_OFF, DEFAULT_ON

from collector.tracing.environment import TracingError
from collector.tracing.sampling import FollowLinks
from collector.version import VERSION

logger = logging.getLogger(__name__)

# Of OpenTelemetry, "Batch Span Processor": the variable and its default.
MAX_QUEUE_VARIABLE = "OTEL_BSP_MAX_QUEUE_SIZE"
MAX_QUEUE_SIZE = 2_048


class SpanResult(StrEnum):
    """What became of a span."""

    EXPORTED = "exported"
    QUEUE_FULL = "queue_full"
    EXPORT_FAILED = "export_failed"


# Told what became of so many spans; from other threads too.
CountSpans = Callable[[SpanResult, int], None]


class CountedExporter(SpanExporter):
    """An exporter whose results are counted, and which says when there is room for more spans."""

    def __init__(
        self, exporter: SpanExporter, room: threading.Semaphore, count: CountSpans
    ) -> None:
        self._exporter = exporter
        self._room = room
        self._count = count

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans. Raises what the exporter raises."""
        result = SpanExportResult.FAILURE
        try:
            result = self._exporter.export(spans)
        finally:
            self._room.release(len(spans))
            succeeded = result is SpanExportResult.SUCCESS
            self._count(SpanResult.EXPORTED if succeeded else SpanResult.EXPORT_FAILED, len(spans))
        return result

    def shutdown(self) -> None:
        """Give up what is tried again."""
        self._exporter.shutdown()


class BoundedProcessor(SpanProcessor):
    """OpenTelemetry's batches of spans, with a bound on those that wait or are being sent.

    Its own bound drops spans without a count that could be shown.
    """

    def __init__(self, exporter: SpanExporter, max_spans: int, count: CountSpans) -> None:
        self._room = threading.Semaphore(max_spans)
        self._count = count
        counted = CountedExporter(exporter, self._room, count)
        self._batches = BatchSpanProcessor(counted, max_queue_size=max_spans)

    def on_end(self, span: ReadableSpan) -> None:
        """Take a span, or drop it; never waits."""
        if self._room.acquire(blocking=False):
            self._batches.on_end(span)
        else:
            self._count(SpanResult.QUEUE_FULL, 1)

    def shutdown(self) -> None:
        """Send what waits; blocks while the receiver does not answer."""
        self._batches.shutdown()  # type: ignore[no-untyped-call]


def make_provider(count: CountSpans, service: str, *, sample_all: bool = False) -> TracerProvider:
    """What makes spans and sends them, as the variables of OpenTelemetry say.

    Without OTEL_TRACES_SAMPLER a request is sampled where its gateway says so, and not otherwise:
    anybody can send requests; but all with `sample_all`, where nobody can. Raises TracingError
    where OpenTelemetry cannot use a variable.
    """
    by_variable = os.environ.get("OTEL_TRACES_SAMPLER")
    provider = TracerProvider(
        sampler=None if by_variable else (DEFAULT_ON if sample_all else DEFAULT_OFF),
        resource=describe_service(service),
        shutdown_on_exit=False,  # stop_exporting does, and in time
    )
    provider.sampler = FollowLinks(provider.sampler)
    try:
        max_spans = int(os.environ.get(MAX_QUEUE_VARIABLE) or MAX_QUEUE_SIZE)
        processor = BoundedProcessor(OTLPSpanExporter(), max_spans, count)
    except (OSError, ValueError) as error:
        raise TracingError(f"a variable OTEL_... cannot be used: {error}") from error
    provider.add_span_processor(processor)
    return provider


def describe_service(name: str) -> Resource:
    """Who sends the spans; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES come before ours."""
    ours = Resource({"service.name": name, "service.version": VERSION})
    return Resource.create().merge(ours).merge(OTELResourceDetector().detect())


async def stop_exporting(provider: TracerProvider, limit_seconds: float) -> None:
    """Send what waits, for so long at most.

    In a thread that the end of the process does not wait for, as it would for the loop's own.
    """
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()

    def stop() -> None:
        provider.shutdown()
        with suppress(RuntimeError):  # too late: the loop is closed
            loop.call_soon_threadsafe(stopped.set)

    threading.Thread(target=stop, name="stop exporting", daemon=True).start()
    try:
        async with asyncio.timeout(limit_seconds):
            await stopped.wait()
    except TimeoutError:
        logger.warning("the receiver of spans does not answer; the last ones are lost")
