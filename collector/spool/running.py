"""This process's spool, with what drains it: opened before the writer, closed after it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from collector.background import Supervisor
from collector.outage import Outage
from collector.settings import Settings
from collector.sink import Sink
from collector.spool.orphaned import drain_orphaned_spools
from collector.spool.replayer import Replayer
from collector.spool.spool import Spool, open_free_spool


@asynccontextmanager
async def run_spool(
    settings: Settings,
    sink: Sink,
    outage: Outage,
    count_replayed: Callable[[int], None],
    supervisor: Supervisor,
) -> AsyncIterator[Spool]:
    """The spool that the writer appends to; it and orphaned ones are drained in the background.

    Raises SpoolOpenError where the disk does not let us.
    """
    folder, max_bytes = settings.spool_dir, settings.spool_max_bytes

    def make_replayer(spool: Spool) -> Replayer:
        return Replayer(spool, sink, outage, count_replayed)

    async with (
        open_free_spool(folder, max_bytes) as spool,
        supervisor.run("replay", make_replayer(spool).run),
        supervisor.run(
            "orphaned_spools", lambda: drain_orphaned_spools(spool, max_bytes, make_replayer)
        ),
    ):
        yield spool
