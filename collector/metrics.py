"""What the collector counts, for GET /metrics."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    disable_created_metrics,
    generate_latest,
)

from collector.errors import CollectorError

# A time beside every counter, which nobody here reads.
disable_created_metrics()  # type: ignore[no-untyped-call]  # published without types


class Metrics:
    """Counters in a registry of their own, so that two collectors in a process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.events = Counter(
            "ct_events",
            "Events by result: stored, duplicate, spooled, invalid, refused, unavailable",
            ["result"],
            registry=self.registry,
        )
        self.refused = Counter(
            "ct_refused_requests",
            "Requests answered with an error, by its code",
            ["error"],
            registry=self.registry,
        )
        self.rejected = Counter(
            "ct_rejected_events",
            "Events, or bodies that were to hold them, that broke the contract, by reason",
            ["reason"],
            registry=self.registry,
        )
        self.rejected_fields = Counter(
            "ct_rejected_fields",
            "Fields that broke the contract, by path",
            ["field"],
            registry=self.registry,
        )
        self.rejects_kept = Counter(
            "ct_rejects_kept",
            "Rejected events that were written to rejected_events",
            registry=self.registry,
        )
        self.rejects_not_kept = Counter(
            "ct_rejects_not_kept",
            "Rejected events that were not kept, by why: rate_limit, queue_full, refused, shutdown",
            ["why"],
            registry=self.registry,
        )
        self.rejects_deleted = Counter(
            "ct_rejects_deleted",
            "Rows of rejected_events that were deleted as too old or too much",
            registry=self.registry,
        )
        self.unsigned = Counter(
            "ct_unsigned_requests",
            "Tracking requests without a valid stamp of the gateway",
            registry=self.registry,
        )
        self.unknown_fields = Counter(
            "ct_unknown_fields",
            "Fields of payloads that the contract does not know",
            registry=self.registry,
        )
        self.truncated_fields = Counter(
            "ct_truncated_fields",
            "Texts that were cut to their column",
            registry=self.registry,
        )

    def count_event(self, result: str) -> None:
        """An event had this result."""
        self.events.labels(result).inc()

    def count_rejected(self, error: CollectorError) -> None:
        """An event broke the contract. The paths are those of its models, so they are few."""
        self.count_event("invalid")
        self.rejected.labels(error.code).inc()
        for field in error.errors:
            self.rejected_fields.labels(field.field).inc()

    def count_refused(self, error: str) -> None:
        """A request was answered with this error code."""
        self.refused.labels(error).inc()

    def render(self) -> bytes:
        """The counters as Prometheus reads them."""
        return generate_latest(self.registry)
