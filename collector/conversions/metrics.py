"""What the sending of conversions counts, for its own page of metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from collector.conversions.claims import DeliveryState, Settled
from collector.conversions.outbox import Waiting
from collector.metrics import BUILD_INFO
from collector.metrics import COUNTERS as OF_COLLECTORS
from collector.version import VERSION

# Each with what it says, and the names of its labels.
GAUGES: Mapping[str, tuple[str, ...]] = {
    "ct_deliveries_pending": ("Conversions that wait for a destination", "destination"),
    "ct_deliveries_oldest_seconds": (
        "How long the oldest of them that is due waits",
        "destination",
    ),
    "ct_destination_paused": ("1 while a destination waits for somebody to mend it", "destination"),
    "ct_destination_warning": ("1 while its platform's version must be raised", "destination"),
    "ct_deliver_postgres_away": ("1 while the outbox cannot be read",),
}
COUNTERS: Mapping[str, tuple[str, ...]] = {
    "ct_deliveries": (
        "Conversions by destination and what became of them: sent, repeat, refused, expired",
        "destination",
        "state",
    ),
    "ct_delivery_requests": (
        "Requests to platforms by what their answers mean: taken, refused, unclear, later, broken",
        "destination",
        "answer",
    ),
    "ct_spans": OF_COLLECTORS["ct_spans"],
}
SECONDS = ("ct_delivery_request_seconds", "How long a platform took to answer", "destination")

SETTLED_STATES = (
    DeliveryState.SENT,
    DeliveryState.REPEAT,
    DeliveryState.REFUSED,
    DeliveryState.EXPIRED,
)
ANSWERS = ("taken", "refused", "unclear", "later", "broken")


class DeliveryMetrics:
    """A registry of its own. What alerts look at is there from the start."""

    def __init__(self, destinations: Iterable[str]) -> None:
        self.registry = CollectorRegistry()
        name, text, label = BUILD_INFO
        Gauge(name, text, [label], registry=self.registry).labels(VERSION).set(1)
        self._pending = self._gauge("ct_deliveries_pending")
        self._oldest = self._gauge("ct_deliveries_oldest_seconds")
        self._paused = self._gauge("ct_destination_paused")
        self._warning = self._gauge("ct_destination_warning")
        self.postgres_away = self._gauge("ct_deliver_postgres_away")
        self._deliveries = self._counter("ct_deliveries")
        self._requests = self._counter("ct_delivery_requests")
        self._spans = self._counter("ct_spans")
        name, text, label = SECONDS
        self._seconds = Histogram(name, text, [label], registry=self.registry)
        for destination in destinations:
            self._begin(destination)

    def _begin(self, destination: str) -> None:
        """Zeros for a destination."""
        for state in SETTLED_STATES:
            self._deliveries.labels(destination, state.value)
        for answer in ANSWERS:
            self._requests.labels(destination, answer)
        self._seconds.labels(destination)
        self.note_waiting([Waiting(destination, 0, 0, False, None, None, None, False)])

    def count_settled(self, destination: str, settled: Sequence[Settled]) -> None:
        """What became of conversions."""
        for one in settled:
            self._deliveries.labels(destination, one.state.value).inc()

    def count_request(self, destination: str, answer: str, seconds: float) -> None:
        """A platform answered, or did not."""
        self._requests.labels(destination, answer).inc()
        self._seconds.labels(destination).observe(seconds)

    def count_spans(self, result: str, count: int) -> None:
        """So many spans of traces had this result."""
        self._spans.labels(result).inc(count)

    def note_waiting(self, waiting: Sequence[Waiting]) -> None:
        """What waits for each destination now."""
        for one in waiting:
            self._pending.labels(one.name).set(one.pending)
            self._oldest.labels(one.name).set(one.oldest_seconds)
            self._paused.labels(one.name).set(one.is_paused)
            self._warning.labels(one.name).set(one.warning is not None)

    def render(self) -> bytes:
        """The page, as Prometheus reads it."""
        return generate_latest(self.registry)

    def _gauge(self, name: str) -> Gauge:
        text, *labels = GAUGES[name]
        return Gauge(name, text, labels, registry=self.registry)

    def _counter(self, name: str) -> Counter:
        text, *labels = COUNTERS[name]
        return Counter(name, text, labels, registry=self.registry)
