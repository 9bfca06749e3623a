"""What the collector counts, for GET /metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from collector.errors import CollectorError
from collector.version import VERSION

# Read at each scrape from whoever knows them; each with what it says.
GAUGES: Mapping[str, str] = {
    "ct_body_bytes": "Bytes of bodies that are still arriving",
    "ct_queue_events": "Events in memory until they are durable",
    "ct_queue_bytes": "Memory that their requests hold, estimated",
    "ct_database_connections": "Open connections to Postgres",
    "ct_database_connections_idle": "Those not in use",
    "ct_spool_events": "Events on disk that wait for Postgres",
    "ct_spool_bytes": "Bytes of the spool that are in use",
    "ct_spool_refused_events": "Events set aside in the spool",
    "ct_spool_damaged_events": "Promised events that the disk does not hold unaltered any more",
    "ct_spool_usable": "1 while the disk takes events and has the spool's files",
    "ct_spool_age_seconds": "How long the oldest event waits",
    "ct_postgres_away": "1 while Postgres cannot be used",
    "ct_queue_away": "1 while the queue before Postgres cannot be used",
    "ct_facts_age_seconds": "How far the facts that reports read are behind",
    "ct_retention_age_seconds": "How long ago all was taken away that was too old",
    "ct_retention_oldest_seconds": "How old the oldest event is",
}

# Which version runs; its value is always 1.
BUILD_INFO = ("ct_build_info", "1, with the version of the collector", "version")

# What is counted: each with what it says, and the name of its label where it has one.
COUNTERS: Mapping[str, tuple[str, ...]] = {
    "ct_events": (
        "Events by result: stored, duplicate, erased, queued, spooled, invalid, refused, "
        "unavailable",
        "result",
    ),
    "ct_refused_requests": ("Requests answered with an error, by its code", "error"),
    "ct_malformed_requests": ("Requests that were no HTTP",),
    "ct_refused_connections": ("Connections over CT_MAX_CONNECTIONS, which were closed at once",),
    "ct_rejected_events": (
        "Events, or bodies that were to hold them, that broke the contract, by reason",
        "reason",
    ),
    "ct_rejected_fields": ("Fields that broke the contract, by path", "field"),
    "ct_rejects_kept": ("Rejected events that were written to rejected_events",),
    "ct_rejects_not_kept": (
        "Rejected events that were not kept, by why: rate_limit, queue_full, refused, shutdown",
        "why",
    ),
    "ct_rejects_deleted": ("Rows of rejected_events that were deleted as too old or too much",),
    "ct_unsigned_requests": ("Tracking requests without a valid stamp of the gateway",),
    "ct_refused_stamps": (
        "Stamps of the gateway that came again, or too late to know, by why: used, forgotten",
        "why",
    ),
    "ct_unbound_stamps": ("Stamps that were believed and hold no request id",),
    "ct_unknown_fields": ("Fields of payloads that the contract does not know",),
    "ct_truncated_fields": ("Texts that were cut to their column",),
    "ct_replayed_events": ("Events that went from the spool to Postgres",),
    "ct_retention_rows": (
        "Rows that were too old: deleted, or their addresses emptied, by place",
        "place",
    ),
    "ct_spans": ("Spans of traces by result: exported, queue_full, export_failed", "result"),
    "ct_background_restarts": (
        "Background tasks that ended and were started again, by task",
        "task",
    ),
}

# What is measured: each with what it says, and its buckets.
HISTOGRAMS: Mapping[str, tuple[str, Sequence[float]]] = {
    "ct_batch_events": ("Events that were written together", (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    "ct_commit_seconds": (
        "How long a batch took to be durable, in Postgres or in the spool",
        (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
    ),
}

# They would add a time of creation beside every counter, which is not used here.
disable_created_metrics()  # type: ignore[no-untyped-call]  # published without types


class Metrics:
    """Counters in a registry of their own, so that two collectors in a process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        name, text, label = BUILD_INFO
        Gauge(name, text, [label], registry=self.registry).labels(VERSION).set(1)
        self.events = self._counter("ct_events")
        self._events_with = cache(self.events.labels)  # to look one up takes longer than to count
        self.refused = self._counter("ct_refused_requests")
        self.malformed = self._counter("ct_malformed_requests")
        self.too_many = self._counter("ct_refused_connections")
        self.rejected = self._counter("ct_rejected_events")
        self.rejected_fields = self._counter("ct_rejected_fields")
        self.rejects_kept = self._counter("ct_rejects_kept")
        self.rejects_not_kept = self._counter("ct_rejects_not_kept")
        self.rejects_deleted = self._counter("ct_rejects_deleted")
        self.unsigned = self._counter("ct_unsigned_requests")
        self.refused_stamps = self._counter("ct_refused_stamps")
        self.unbound_stamps = self._counter("ct_unbound_stamps")
        self.unknown_fields = self._counter("ct_unknown_fields")
        self.truncated_fields = self._counter("ct_truncated_fields")
        self.replayed = self._counter("ct_replayed_events")
        self.retention_rows = self._counter("ct_retention_rows")
        self.spans = self._counter("ct_spans")
        self.background_restarts = self._counter("ct_background_restarts")
        self.batch_events = self._histogram("ct_batch_events")
        self.commit_seconds = self._histogram("ct_commit_seconds")

    def _counter(self, name: str) -> Counter:
        """The counter of COUNTERS, at 0."""
        text, *labels = COUNTERS[name]
        return Counter(name, text, labels, registry=self.registry)

    def _histogram(self, name: str) -> Histogram:
        """The histogram of HISTOGRAMS, empty."""
        text, buckets = HISTOGRAMS[name]
        return Histogram(name, text, buckets=buckets, registry=self.registry)

    def observe_batch(self, events: int, seconds: float) -> None:
        """A batch of so many events was written in so many seconds."""
        self.batch_events.observe(events)
        self.commit_seconds.observe(seconds)

    def watch(self, name: str, read: Callable[[], float]) -> None:
        """Show a gauge of GAUGES, whose value is read at each scrape."""
        Gauge(name, GAUGES[name], registry=self.registry).set_function(read)

    def count_event(self, result: str, count: int = 1) -> None:
        """An event had this result, or so many events had."""
        self._events_with(result).inc(count)

    def count_rejected(self, error: CollectorError) -> None:
        """An event broke the contract. The paths are those of its models, so they are few."""
        self.count_event("invalid")
        self.rejected.labels(error.code).inc()
        for field in error.errors:
            self.rejected_fields.labels(field.field).inc()

    def count_refused(self, error: str) -> None:
        """A request was answered with this error code."""
        self.refused.labels(error).inc()

    def count_refused_stamp(self, why: str) -> None:
        """A signed stamp was not believed."""
        self.refused_stamps.labels(why).inc()

    def count_retained(self, place: str, rows: int) -> None:
        """So many rows were too old."""
        self.retention_rows.labels(place).inc(rows)

    def count_spans(self, result: str, count: int) -> None:
        """So many spans had this result."""
        self.spans.labels(result).inc(count)

    def count_restart(self, task: str) -> None:
        """A background task ended and is started again."""
        self.background_restarts.labels(task).inc()

    def render(self) -> bytes:
        """The counters as Prometheus reads them."""
        return generate_latest(self.registry)

    async def page(self) -> bytes:
        """The same, as the page of GET /metrics."""
        return self.render()
