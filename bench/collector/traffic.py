"""The requests of the benchmark: as Kong and the plugin would pass them on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.events import ORIGIN, BrowserEvent
from bench.load.requests import compose_request, write_requests
from conversion_tracking_plugin.stamp import stamp_headers

TRACK = "/v1/events/track"
TRACK_IN_THREADS = "/v1/events/track-in-threads"
BATCH = "/v1/events/batch"
BATCH_EVENTS = 500
SECRET = "a secret of the benchmark"  # noqa: S105  # it guards nothing
# Stamps are signed before the run begins; the collector must still believe them at its end. They
# hold no request id, since each request is sent many times (docs/experiments.md has what that
# leaves out).
STAMP_MAX_AGE_SECONDS = 86_400


def write_track_requests(
    file: Path, path: str, events: Sequence[BrowserEvent], received_at_ms: int
) -> None:
    """A request an event."""
    write_requests(
        file,
        (
            compose_request("POST", path, make_headers(event, number, received_at_ms), event.body)
            for number, event in enumerate(events)
        ),
    )


def write_batch_requests(
    file: Path, path: str, events: Sequence[BrowserEvent], received_at_ms: int
) -> None:
    """A request for each 500 events."""
    write_requests(
        file,
        (
            compose_request("POST", path, make_headers(part[0], number, received_at_ms), body)
            for number, (part, body) in enumerate(join_batches(events))
        ),
    )


def join_batches(events: Sequence[BrowserEvent]) -> Iterator[tuple[Sequence[BrowserEvent], str]]:
    """Full batches, with their bodies."""
    for start in range(0, len(events) - BATCH_EVENTS + 1, BATCH_EVENTS):
        part = events[start : start + BATCH_EVENTS]
        yield part, f'{{"events":[{",".join(event.body for event in part)}]}}'


def make_headers(event: BrowserEvent, number: int, received_at_ms: int) -> dict[str, str]:
    """A browser's headers, and those that Kong and the plugin add."""
    return {
        "Host": "collector:8080",
        "User-Agent": event.user_agent,
        "Accept": "*/*",
        "Accept-Language": f"{event.language},en;q=0.8",
        "Accept-Encoding": "gzip, deflate, br, zstd",
        "Content-Type": "application/json",
        "Origin": ORIGIN,
        "Referer": f"{ORIGIN}/",
        "Sec-Fetch-Mode": "cors",
        "Sec-Fetch-Site": "cross-site",
        "X-Real-IP": event.client_ip,
        "X-Forwarded-For": event.client_ip,
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "api.ainative.studio",
        "X-Forwarded-Port": "443",
        "X-Forwarded-Path": TRACK,
        "X-Kong-Request-Id": f"{number:032x}",
        "Via": "1.1 kong/3.9.1",
        **stamp_headers(event.client_ip, received_at_ms, SECRET),
    }
