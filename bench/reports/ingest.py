"""What reports cost the collector: events at half of its top speed, with reports beside them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.collector.measure import Figures, HttpRow
from bench.collector.servers import Starter
from bench.collector.stage import EVENTS_BEGIN_MS, SEED
from bench.collector.traffic import TRACK, write_track_requests
from bench.events import generate_events
from bench.report import Report
from bench.reports.answers import settings_of
from bench.reports.history import History, open_copy
from collector.reports.ask import ask
from collector.reports.pool import connect
from collector.reports.question import Question

EVENTS = 20_000  # different ones, before they come again with other ids


@dataclass(frozen=True, slots=True)
class Beside:
    """One round: half of the top speed, and what was stored at it, alone and beside reports."""

    asked_for: int
    alone: Figures
    beside: Figures
    reports: int

    @property
    def loss(self) -> float:
        """What share of the events a second the reports cost."""
        return 1 - self.beside.rate / self.alone.rate

    def as_json(self) -> dict[str, object]:
        """The raw figures."""
        return {
            "asked_for": self.asked_for,
            "loss": round(self.loss, 4),
            "reports": self.reports,
            "alone": self.alone.as_json(),
            "beside": self.beside.as_json(),
        }


@dataclass(slots=True)
class Loop:
    """Reports that are asked one after the other, until it is told to stop."""

    url: str
    questions: Sequence[Question]
    answered: int = 0
    stopped: bool = False

    async def run(self) -> None:
        """Ask, over and over."""
        async with connect(settings_of(self.url)) as connection:
            while not self.stopped:
                question = self.questions[self.answered % len(self.questions)]
                await ask(connection, question)
                self.answered += 1


def measure_ingest(
    history: History,
    questions: Sequence[Question],
    sizes: tuple[int, int, int],
    report: Report,
) -> list[Beside]:
    """Rounds of events on a copy of the database. `sizes`: rounds, seconds, connections."""
    rounds, seconds, connections = sizes
    found = []
    with open_copy(history, report) as url, ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="ct-bench-")))
        top = HttpRow(
            Starter(stack, folder).start_collector(url),
            write_requests(folder),
            connections,
            history.postgres,
            url,
            keeps_rows=True,
        )
        top.run(seconds)  # to warm up
        for number in range(1, rounds + 1):
            found.append(measure_round(top, Loop(url, questions), seconds))
            report(f"ingest: round {number} of {rounds}, {found[-1].loss:.1%} lost")
    return found


def write_requests(folder: Path) -> Path:
    """A file of requests, an event each."""
    now_ms = int(time.time() * 1000)
    file = folder / "track.requests"
    events = generate_events(EVENTS, SEED, now_ms - EVENTS_BEGIN_MS)
    write_track_requests(file, TRACK, events, now_ms)
    return file


def measure_round(top: HttpRow, loop: Loop, seconds: int) -> Beside:
    """The top speed, then half of it without and with reports beside it."""
    asked_for = max(int(top.run(seconds).rate / 2), 1)
    half = replace(top, requests_a_second=asked_for)
    alone = half.run(seconds)
    with running(loop):
        beside = half.run(seconds)
    return Beside(asked_for, alone, beside, loop.answered)


@contextmanager
def running(loop: Loop) -> Iterator[None]:
    """Reports are asked while the block runs, in a thread: this one waits for the load."""
    thread = threading.Thread(target=lambda: asyncio.run(loop.run()))
    thread.start()
    try:
        yield
    finally:
        loop.stopped = True
        thread.join()
