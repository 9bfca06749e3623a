"""One page of metrics for all workers of a machine.

A scrape reaches one worker, whichever accepts it. That one asks the others, through a
Unix socket each, and shows every sample with the label `worker`. Samples of two workers
are never added up: a worker that starts again begins at 0, which Prometheus understands
of a series by itself, and a gauge of one worker is not that of another.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from prometheus_client import generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

logger = logging.getLogger(__name__)

# A worker that hangs must not keep the others' figures from being seen.
ANSWER_SECONDS = 1.0

Render = Callable[[], bytes]


class Families(Collector):
    """Metrics that are there already, as generate_latest takes them."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        """The metrics."""
        return self._families


def merge_pages(pages: Mapping[int, bytes | None]) -> bytes:
    """The pages of workers, by number, as one; None for a worker that did not answer."""
    families: dict[str, Metric] = {}
    up = GaugeMetricFamily("ct_worker_up", "1 where the worker answers", labels=["worker"])
    for worker, page in sorted(pages.items()):
        up.add_metric([str(worker)], page is not None)
        for family in text_string_to_metric_families((page or b"").decode()):
            merged = families.setdefault(
                family.name, Metric(family.name, family.documentation, family.type)
            )
            merged.samples += [
                sample._replace(labels={**sample.labels, "worker": str(worker)})
                for sample in family.samples
            ]
    return generate_latest(Families([*families.values(), up]))


class WorkerMetrics:
    """This worker's page for the others, and the page of all."""

    def __init__(self, folder: Path, workers: int, own: int, render: Render) -> None:
        self._folder = folder
        self._workers = workers
        self._own = own
        self._render = render

    @asynccontextmanager
    async def answer_others(self) -> AsyncIterator[None]:
        """Give this worker's page to each that connects."""
        path = self._socket(self._own)
        path.unlink(missing_ok=True)  # a worker that was killed leaves its socket
        server = await asyncio.start_unix_server(self._answer, path)
        try:
            yield
        finally:
            server.close()

    async def render(self) -> bytes:
        """The page of all workers."""
        others = [number for number in range(self._workers) if number != self._own]
        pages = await asyncio.gather(*map(self._ask, others))
        return merge_pages({self._own: self._render(), **dict(zip(others, pages, strict=True))})

    async def _ask(self, worker: int) -> bytes | None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                reader, writer = await asyncio.open_unix_connection(self._socket(worker))
                try:
                    return await reader.read()
                finally:
                    writer.close()
        except OSError as error:  # TimeoutError too
            logger.warning("worker %d does not show its metrics: %r", worker, error)
            return None

    async def _answer(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self._render())
        writer.close()

    def _socket(self, worker: int) -> Path:
        return self._folder / f"{worker}.sock"
