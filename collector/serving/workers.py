"""Several processes on one port: `serve --workers N`.

The parent binds the sockets and does nothing but start workers, start them
again, and stop them. Workers inherit the sockets, so that connections which wait to be
accepted survive a worker's death. This spreads connections over workers about as evenly
as a socket for each (SO_REUSEPORT; measured with 64 connections), and works on macOS too.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.context import ForkProcess
from pathlib import Path

from collector.enrich import make_enricher
from collector.errors import OperatorError
from collector.logs import configure_logging
from collector.serving.listening import open_sockets, url_of
from collector.serving.serve import STOP_SIGNALS
from collector.serving.worker import WorkerPlace, run_worker
from collector.settings import Settings
from collector.spool.watched import prepare_folder
from collector.tracing.start import check_tracing

logger = logging.getLogger(__name__)

FORK = multiprocessing.get_context("fork")

POLL_SECONDS = 0.1

# A worker that lived this long is started again at once; others wait longer each time.
HEALTHY_SECONDS = 10.0
FIRST_RESTART_SECONDS = 0.2
MAX_RESTART_SECONDS = 30.0

# A worker that takes so much longer than the settings allow is killed; what it had promised
# is on disk.
STOP_GRACE_SECONDS = 5.0

# How a worker ends that was told to: by itself, or by the signal if it had not begun to serve.
GOOD_EXITS = (0, *(-signum for signum in STOP_SIGNALS))

Start = Callable[[int], ForkProcess]


class WorkersError(OperatorError):
    """Workers did not end as they were told to. The message says which."""


@dataclass(slots=True)
class Worker:
    """One of the processes, over all its restarts; times are of the monotonic clock."""

    number: int
    process: ForkProcess | None = None
    started_at: float = 0.0
    failures: int = 0
    due_at: float = 0.0


def serve_with_workers(settings: Settings, count: int) -> None:
    """Serve with `count` processes until SIGTERM or SIGINT.

    Raises ListenError where the address cannot be listened on, WorkersError where a worker
    did not end well.
    """
    configure_logging(settings)
    # What would end every worker as it starts ends the parent, with the clear line that it has.
    make_enricher(settings)
    check_tracing(settings)
    prepare_folder(settings.spool_dir)
    sockets = open_sockets(settings.host, settings.port)
    share_memory()
    workers = [Worker(number) for number in range(count)]
    with tempfile.TemporaryDirectory(prefix="ct-workers-") as folder, stop_signals() as is_stopped:
        start = partial(start_worker, settings, sockets, Path(folder), count)
        logger.info("%d workers on %s", count, ", ".join(map(url_of, sockets)))
        while not is_stopped():
            for worker in workers:
                keep_running(worker, start, time.monotonic())
            time.sleep(POLL_SECONDS)
        logger.info("stopping")
        for listener in sockets:
            listener.close()  # then new connections are refused as soon as the workers close theirs
        limit = settings.shutdown_timeout_seconds + STOP_GRACE_SECONDS
        stop([worker.process for worker in workers if worker.process], limit)


def share_memory() -> None:
    """Keep garbage collections of the workers from writing to what the parent has made.

    What neither side writes to is shared: three idle processes take 93 MiB in place of 124.
    """
    gc.collect()
    gc.freeze()


def start_worker(
    settings: Settings, sockets: Sequence[socket.socket], folder: Path, count: int, number: int
) -> ForkProcess:
    """A new process for the worker of this number."""
    place = WorkerPlace(number, count, folder, os.getpid())
    process = FORK.Process(
        target=run_worker, args=(settings, sockets, place), name=f"worker {number}"
    )
    # A signal that comes before the worker can take it waits; run_worker lets it through.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    return process


def keep_running(worker: Worker, start: Start, now: float) -> None:
    """Start a worker that is due, and note when one that has ended is due again."""
    if worker.process is None:
        if now >= worker.due_at:
            worker.process, worker.started_at = start(worker.number), now
        return
    code = worker.process.exitcode
    if code is not None:
        healthy = now - worker.started_at >= HEALTHY_SECONDS
        worker.failures = 0 if healthy else worker.failures + 1
        seconds = restart_seconds(worker.failures)
        worker.process, worker.due_at = None, now + seconds
        logger.error(
            "worker %d ended with code %d; it starts again in %.1f s", worker.number, code, seconds
        )


def restart_seconds(failures: int) -> float:
    """How long to wait before a worker starts again that ended early so often in a row."""
    if failures == 0:
        return 0.0
    return min(FIRST_RESTART_SECONDS * 2.0 ** min(failures - 1, 10), MAX_RESTART_SECONDS)


def stop(processes: Sequence[ForkProcess], limit_seconds: float) -> None:
    """Tell the workers to end, wait so long, kill the rest. Raises WorkersError."""
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + limit_seconds
    for process in processes:
        process.join(max(0.0, deadline - time.monotonic()))
        if process.exitcode is None:
            process.kill()
            process.join()
    bad = [process for process in processes if process.exitcode not in GOOD_EXITS]
    if bad:
        raise WorkersError("\n".join(f"{p.name} ended with code {p.exitcode}" for p in bad))


@contextmanager
def stop_signals() -> Iterator[Callable[[], bool]]:
    """Whether a signal to stop has come, for as long as the block runs."""
    received: list[int] = []
    before = {s: signal.signal(s, lambda signum, _: received.append(signum)) for s in STOP_SIGNALS}
    try:
        yield lambda: bool(received)
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
