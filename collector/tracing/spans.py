"""The spans that the collector makes, by the stable conventions for HTTP and databases.

Names and attributes: OpenTelemetry's Semantic Conventions, "HTTP server", "HTTP client" and
"PostgreSQL client". What would tell who a visitor is (client.address, user_agent.original,
url.query) is left out, and so is an address at an ad platform, which may hold a secret (url.full).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from urllib.parse import unquote, urlsplit

from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.semconv.attributes.db_attributes import (
    DB_NAMESPACE,
    DB_OPERATION_BATCH_SIZE,
    DB_QUERY_SUMMARY,
    DB_SYSTEM_NAME,
    DbSystemNameValues,
)
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.semconv.attributes.http_attributes import (
    HTTP_REQUEST_METHOD,
    HTTP_RESPONSE_STATUS_CODE,
    HTTP_ROUTE,
)
from opentelemetry.semconv.attributes.server_attributes import SERVER_ADDRESS, SERVER_PORT
from opentelemetry.semconv.attributes.url_attributes import URL_PATH, URL_SCHEME
from opentelemetry.trace import (
    INVALID_SPAN,
    Link,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    Tracer,
    format_span_id,
    format_trace_id,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from collector.errors import CollectorError
from collector.event_row import EventStatus, Outcome
from collector.tracing.exporting import stop_exporting
from collector.version import VERSION

PROPAGATOR = TraceContextTextMapPropagator()

COMMIT = "INSERT conversion_events"
SPOOL = "append spool"
POST = "POST"
# Ours: no convention has a name for them.
SPOOLED_EVENTS = "ct.spooled_events"
DESTINATION = "ct.destination"
CONVERSIONS = "ct.conversions"

CLIENT_ERROR = 400
SERVER_ERROR = 500
PORTS = {"http": 80, "https": 443}
NS = 1_000_000_000


class RequestTrace:
    """The span of one request, and its ids for the log.

    It begins with the request, but is made when it is known whether the gateway vouches for the
    header that names its parent.
    """

    __slots__ = ("_attributes", "_route", "_span", "_started_at", "_tracer")

    def __init__(self, tracer: Tracer, method: str, route: str) -> None:
        self._tracer = tracer
        self._route = route
        self._attributes = {
            HTTP_REQUEST_METHOD: method,
            HTTP_ROUTE: route,
            URL_PATH: route,  # no path of the collector has parameters
            URL_SCHEME: "http",
        }
        self._started_at = time.time_ns()
        self._span: Span = INVALID_SPAN

    def begin(self, traceparent: str | None) -> None:
        """Make the span; `traceparent` is the header of a gateway that is believed, else None."""
        carrier = {"traceparent": traceparent} if traceparent else {}
        self._span = self._tracer.start_span(
            f"{self._attributes[HTTP_REQUEST_METHOD]} {self._route}",
            context=PROPAGATOR.extract(carrier, Context()),
            kind=SpanKind.SERVER,
            attributes=self._attributes,
            start_time=self._started_at,
        )

    def end(self, status: int, error_code: str | None = None) -> None:
        """The request is answered, with the code of an error where it failed."""
        span = self._span
        span.set_attribute(HTTP_RESPONSE_STATUS_CODE, status)
        if status >= SERVER_ERROR:
            mark_failed(span, error_code or str(status))
        span.end()

    def abandon(self, reason: str) -> None:
        """Nobody gets an answer."""
        mark_failed(self._span, reason)
        self._span.end()

    def link(self, commit: SpanContext) -> None:
        """Lead from the request to the commit of its events."""
        if self._span.is_recording():  # else its client has gone before
            self._span.add_link(commit)

    @property
    def context(self) -> SpanContext:
        """What others link to."""
        return self._span.get_span_context()

    @property
    def ids(self) -> Mapping[str, str]:
        """Fields of a log line; none before the span is made."""
        context = self.context
        if not context.is_valid:
            return {}
        return {
            "trace_id": format_trace_id(context.trace_id),
            "span_id": format_span_id(context.span_id),
        }


class Tracing:
    """Makes the spans of a collector."""

    def __init__(self, provider: TracerProvider, database_url: str) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("conversion-tracking", VERSION)
        self._database = unquote(urlsplit(database_url).path.lstrip("/"))

    def open_request(self, method: str, route: str) -> RequestTrace:
        """The trace of a request that begins now."""
        return RequestTrace(self._tracer, method, route)

    def trace_commit(
        self, requests: Sequence[RequestTrace], outcomes: Sequence[Outcome], seconds: float
    ) -> None:
        """The span of a commit that has just ended, with links to and from its sampled requests.

        It is no child of any of them: it serves them all. Without a sampled one there is none.
        """
        sampled = [request for request in requests if request.context.trace_flags.sampled]
        if not sampled:
            return
        ended_at = time.time_ns()
        span = self._begin_commit(sampled, outcomes, ended_at - round(seconds * NS))
        failure = next((o for o in outcomes if isinstance(o, CollectorError)), None)
        if failure is not None:
            mark_failed(span, failure.code)
        span.end(ended_at)
        for request in sampled:
            request.link(span.get_span_context())

    def _begin_commit(
        self, requests: Sequence[RequestTrace], outcomes: Sequence[Outcome], started_at: int
    ) -> Span:
        """A span of Postgres, or of the spool where the events went there."""
        links = [Link(request.context) for request in requests]
        if EventStatus.SPOOLED in outcomes:
            return self._tracer.start_span(
                SPOOL,
                context=Context(),
                attributes={SPOOLED_EVENTS: len(outcomes)},
                links=links,
                start_time=started_at,
            )
        return self._tracer.start_span(
            COMMIT,
            context=Context(),
            kind=SpanKind.CLIENT,
            attributes=self._of_postgres(len(outcomes)),
            links=links,
            start_time=started_at,
        )

    def _of_postgres(self, events: int) -> dict[str, str | int]:
        """The attributes of a statement that writes so many events."""
        attributes: dict[str, str | int] = {
            DB_SYSTEM_NAME: DbSystemNameValues.POSTGRESQL.value,
            DB_QUERY_SUMMARY: COMMIT,
        }
        if self._database:
            attributes[DB_NAMESPACE] = self._database
        if events > 1:  # one is no batch, by the convention
            attributes[DB_OPERATION_BATCH_SIZE] = events
        return attributes

    def trace_delivery(
        self, destination: str, url: str, conversions: int, seconds: float, outcome: int | str
    ) -> None:
        """The span of a request to an ad platform that has just ended, in a trace of its own.

        `outcome` is the status of its answer, or the type of the error in its place.
        """
        ended_at = time.time_ns()
        span = self._tracer.start_span(
            POST,
            context=Context(),
            kind=SpanKind.CLIENT,
            attributes={
                **of_server(url),
                HTTP_REQUEST_METHOD: POST,
                DESTINATION: destination,
                CONVERSIONS: conversions,
            },
            start_time=ended_at - round(seconds * NS),
        )
        if isinstance(outcome, int):
            span.set_attribute(HTTP_RESPONSE_STATUS_CODE, outcome)
        if isinstance(outcome, str) or outcome >= CLIENT_ERROR:
            mark_failed(span, str(outcome))
        span.end(ended_at)

    async def stop(self, limit_seconds: float) -> None:
        """Send what waits, for so long at most."""
        await stop_exporting(self._provider, limit_seconds)


def of_server(url: str) -> dict[str, str | int]:
    """The attributes of a server, and nothing else of the address."""
    address = urlsplit(url)
    port = address.port or PORTS[address.scheme]
    return {SERVER_ADDRESS: address.hostname or "", SERVER_PORT: port}


def mark_failed(span: Span, error_type: str) -> None:
    """What it is about did not succeed; the type is one of few."""
    span.set_attribute(ERROR_TYPE, error_type)
    span.set_status(StatusCode.ERROR)
