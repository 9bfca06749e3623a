"""The pages of several workers as one."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from collector.serving.worker_metrics import merge_pages


def page(events: int) -> bytes:
    """A worker's page."""
    registry = CollectorRegistry()
    Counter("events", "Events\\by result", ["result"], registry=registry).labels('"a"').inc(events)
    Gauge("depth", "Depth", registry=registry).set(events / 2)
    Histogram("seconds", "Seconds", buckets=(1, 2), registry=registry).observe(events)
    return generate_latest(registry)


def samples(merged: bytes) -> dict[tuple[str, str], float]:
    """Values by name and worker, buckets aside."""
    return {
        (s.name, s.labels["worker"]): s.value
        for family in text_string_to_metric_families(merged.decode())
        for s in family.samples
        if "le" not in s.labels
    }


def test_each_worker_keeps_its_own_samples_under_one_description() -> None:
    merged = merge_pages({1: page(4), 0: page(2)})
    found = samples(merged)
    assert found["events_total", "0"] == 2
    assert found["events_total", "1"] == 4
    assert (found["depth", "0"], found["depth", "1"]) == (1, 2)
    assert (found["seconds_sum", "0"], found["seconds_count", "1"]) == (2, 1)
    assert (found["ct_worker_up", "0"], found["ct_worker_up", "1"]) == (1, 1)
    assert merged.count(b"# TYPE events_total counter") == 1
    assert b'events_total{result="\\"a\\"",worker="1"} 4.0' in merged


def test_a_worker_that_does_not_answer_is_shown_as_down() -> None:
    found = samples(merge_pages({0: page(2), 1: None}))
    assert (found["ct_worker_up", "0"], found["ct_worker_up", "1"]) == (1, 0)
    assert ("events_total", "1") not in found
