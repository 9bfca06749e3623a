"""What a consumer counts, for its own page of metrics."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from collector.consume.shares import PARTITIONS, Partition
from collector.event_row import EventStatus
from collector.metrics import BUILD_INFO
from collector.version import VERSION

# Each with what it says, and the names of its labels.
GAUGES: Mapping[str, tuple[str, ...]] = {
    "ct_consumer_partitions": ("Partitions that this consumer holds",),
    "ct_consumer_lag_events": (
        "Events of a partition that are not in Postgres yet, of those that this consumer holds",
        "stream",
        "partition",
    ),
    "ct_consumer_oldest_seconds": (
        "How long the oldest of them is in the queue",
        "stream",
        "partition",
    ),
    "ct_consumer_postgres_away": ("1 while Postgres takes no events",),
}
COUNTERS: Mapping[str, tuple[str, ...]] = {
    "ct_consumer_events": (
        "Events by result: stored, duplicate, erased, refused, unavailable",
        "result",
    ),
    "ct_consumer_redelivered_events": ("Events that the queue delivered again",),
}

RESULTS = (
    EventStatus.STORED,
    EventStatus.DUPLICATE,
    EventStatus.ERASED,
    EventStatus.REFUSED,
    EventStatus.UNAVAILABLE,
)


class ConsumerMetrics:
    """A registry of its own. What alerts look at is there from the start."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        name, text, label = BUILD_INFO
        Gauge(name, text, [label], registry=self.registry).labels(VERSION).set(1)
        self.partitions = self._gauge("ct_consumer_partitions")
        self._lag = self._gauge("ct_consumer_lag_events")
        self._oldest = self._gauge("ct_consumer_oldest_seconds")
        self.postgres_away = self._gauge("ct_consumer_postgres_away")
        self._events = self._counter("ct_consumer_events")
        self.redelivered = self._counter("ct_consumer_redelivered_events")
        for result in RESULTS:
            self.count_events(result, 0)
        for partition in PARTITIONS:
            self.note_lag(partition, 0, 0)

    def count_events(self, result: str, count: int) -> None:
        """So many events had this result."""
        self._events.labels(result).inc(count)

    def note_lag(self, partition: Partition, events: int, oldest_seconds: float) -> None:
        """How far a partition is behind; 0 for one that another consumer holds."""
        labels = (partition.stream, partition.consumer)
        self._lag.labels(*labels).set(events)
        self._oldest.labels(*labels).set(oldest_seconds)

    def render(self) -> bytes:
        """The page, as Prometheus reads it."""
        return generate_latest(self.registry)

    def _gauge(self, name: str) -> Gauge:
        text, *labels = GAUGES[name]
        return Gauge(name, text, labels, registry=self.registry)

    def _counter(self, name: str) -> Counter:
        text, *labels = COUNTERS[name]
        return Counter(name, text, labels, registry=self.registry)
