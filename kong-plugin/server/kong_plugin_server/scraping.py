"""The page of metrics, of all workers: each has its own counts, under the label `worker`."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from kong_plugin_server.crew import WorkerError
from kong_plugin_server.place import Place

logger = logging.getLogger(__name__)

# Less than the 10 s that Prometheus waits by default.
ANSWER_SECONDS = 5.0
RETRY_SECONDS = 0.05


class Pages(Collector):
    """The pages of all workers as one, and what the supervisor counts."""

    def __init__(self, pages: Mapping[int, str], restarts: int) -> None:
        self._pages = pages
        self._restarts = restarts

    def render(self) -> bytes:
        """The text of Prometheus."""
        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)

    def collect(self) -> Iterator[Metric]:
        """The families; called by the registry."""
        merged: dict[str, Metric] = {}
        for worker, page in self._pages.items():
            for family in text_string_to_metric_families(page):
                whole = merged.setdefault(
                    family.name, Metric(family.name, family.documentation, family.type)
                )
                for sample in family.samples:
                    labels = {**sample.labels, "worker": str(worker)}
                    whole.add_sample(sample.name, labels, sample.value)
        yield from merged.values()
        yield CounterMetricFamily(
            "kong_plugin_restarts", "Workers that were replaced", value=self._restarts
        )


class Scrapes:
    """Answers who connects to the metrics' address."""

    def __init__(self, listening: socket.socket, places: Sequence[Place]) -> None:
        self._listening = listening
        self._places = places
        self._answers: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Answer from now on."""
        self._listening.setblocking(False)
        asyncio.get_running_loop().add_reader(self._listening.fileno(), self._accept)

    def stop(self) -> None:
        """Answer no more."""
        asyncio.get_running_loop().remove_reader(self._listening.fileno())

    def _accept(self) -> None:
        try:
            accepted, _ = self._listening.accept()
        except OSError:  # who connected has left, or there are no descriptors left
            return
        accepted.setblocking(False)
        task = asyncio.get_running_loop().create_task(self._answer(accepted))
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def _answer(self, accepted: socket.socket) -> None:
        """Any HTTP request is answered with the metrics."""
        loop = asyncio.get_running_loop()
        with accepted, suppress(OSError):  # a scraper that leaves, or says nothing in time
            async with asyncio.timeout(ANSWER_SECONDS):
                await loop.sock_recv(accepted, 65_536)
            answer = await self._make_answer()
            async with asyncio.timeout(ANSWER_SECONDS):
                await loop.sock_sendall(accepted, answer)

    async def _make_answer(self) -> bytes:
        """A page with the counts of all workers, or none: counters must not seem to go back."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                pages = await asyncio.gather(*map(page_of, self._places))
        except TimeoutError:
            logger.warning("a worker did not tell its metrics within %.0f s", ANSWER_SECONDS)
            return http_answer("503 Service Unavailable", b"a worker does not answer\n")
        texts = {place.number: page for place, page in zip(self._places, pages, strict=True)}
        restarts = sum(place.restarts for place in self._places)
        return http_answer("200 OK", Pages(texts, restarts).render())


async def page_of(place: Place) -> str:
    """What the worker of a place has counted; of its successor, where it ends meanwhile."""
    while True:
        with suppress(WorkerError):
            if place.serving is not None:
                return (await place.serving.page()).decode()
        await asyncio.sleep(RETRY_SECONDS)


def http_answer(status: str, body: bytes) -> bytes:
    """An HTTP answer, after which the connection is closed."""
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
