"""One of several processes that serve the same port (workers.py)."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from collector.api.app import make_app
from collector.api.keys import METRICS, METRICS_PAGE
from collector.background import run_in_background
from collector.serving.serve import STOP_SIGNALS, run_loop, serve_collector, stop_on_signals
from collector.serving.worker_metrics import WorkerMetrics
from collector.settings import Settings

logger = logging.getLogger(__name__)

ORPHAN_POLL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class WorkerPlace:
    """Which worker this is, of how many, and what they share: a folder and a parent."""

    number: int
    count: int
    folder: Path
    parent_pid: int


def run_worker(settings: Settings, sockets: Sequence[socket.socket], place: WorkerPlace) -> None:
    """Serve until told to stop. The whole life of a worker's process, after its fork."""
    for signum in STOP_SIGNALS:
        signal.signal(signum, signal.SIG_DFL)  # not the parent's, until the loop has its own
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    try:
        run_loop(serve_worker(settings, sockets, place))
    except Exception:
        logger.exception("worker %d failed", place.number)
        sys.exit(1)


async def serve_worker(
    settings: Settings, sockets: Sequence[socket.socket], place: WorkerPlace
) -> None:
    """As serve does, with the metrics of all workers, and not longer than the parent."""
    stopped = stop_on_signals()
    app = make_app(settings)
    metrics = WorkerMetrics(place.folder, place.count, place.number, app[METRICS].render)
    app[METRICS_PAGE] = metrics.render
    async with (
        metrics.answer_others(),
        run_in_background(stop_when_orphaned(place.parent_pid, stopped)),
    ):
        await serve_collector(stopped, settings, app, sockets)


async def stop_when_orphaned(parent_pid: int, stopped: asyncio.Event) -> None:
    """Without a parent nobody would tell this worker to stop, or start it again."""
    while os.getppid() == parent_pid:  # noqa: ASYNC110  # the kernel tells it only to who asks
        await asyncio.sleep(ORPHAN_POLL_SECONDS)
    logger.error("the parent of the workers has ended")
    stopped.set()
