"""What a worker counts, as Prometheus reads it; scraping.py makes one page of all workers'.

Plain numbers, since they are counted on each request; they become Prometheus's families
when somebody asks.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

# Seconds. An event without trouble takes well under a millisecond of this process's time.
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0)


# What becomes of a phase. Each is shown from the start: of a series that begins with a 1,
# Prometheus sees no increase.
OUTCOMES = ("ok", "exit", "error", "timeout", "abandoned")


class Metrics(Collector):
    """The counters of this worker."""

    def __init__(self, name: str = "", version: str = "") -> None:
        self.plugin = (name, version)
        self.events: Counter[str] = Counter()
        self.buckets = [0] * (len(BUCKETS) + 1)
        self.seconds = 0.0
        self.pdk_calls = 0
        self.protocol_errors = 0
        self.failed_starts = 0
        self.in_flight: Callable[[], int] = lambda: 0
        self.instances: Callable[[], int] = lambda: 0

    def count_event(self, outcome: str, seconds: float) -> None:
        """An event is over: ok, exit, error, timeout or abandoned."""
        self.events[outcome] += 1
        self.seconds += seconds
        self.buckets[bisect_left(BUCKETS, seconds)] += 1

    def render(self) -> bytes:
        """The text of Prometheus."""
        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)

    def collect(self) -> Iterator[Metric]:
        """The families; called by the registry."""
        events = CounterMetricFamily(
            "kong_plugin_events", "Phases that ended, by outcome", labels=["outcome"]
        )
        for outcome in OUTCOMES:
            events.add_metric([outcome], self.events[outcome])
        yield events
        info = GaugeMetricFamily(
            "kong_plugin_info", "The plugin that is served", labels=["name", "version"]
        )
        info.add_metric(self.plugin, 1)
        yield info
        yield HistogramMetricFamily(
            "kong_plugin_event_seconds",
            "From Kong's event to its end",
            buckets=self._cumulated(),
            sum_value=self.seconds,
        )
        for name, help_text, value in (
            ("kong_plugin_pdk_calls", "Calls to Kong's PDK", self.pdk_calls),
            ("kong_plugin_protocol_errors", "Connections closed for bytes", self.protocol_errors),
            ("kong_plugin_failed_starts", "Configurations refused", self.failed_starts),
        ):
            yield CounterMetricFamily(name, help_text, value=value)
        yield GaugeMetricFamily(
            "kong_plugin_events_in_flight", "Phases running", value=self.in_flight()
        )
        yield GaugeMetricFamily(
            "kong_plugin_instances", "Configurations in use", value=self.instances()
        )

    def _cumulated(self) -> list[tuple[str, float]]:
        total, cumulated = 0, []
        for bound, count in zip((*map(str, BUCKETS), "+Inf"), self.buckets, strict=True):
            total += count
            cumulated.append((bound, float(total)))
        return cumulated
