"""Orphaned spools: no process has them open, since a worker died or fewer are started."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from collector.spool.file import SpoolOpenError
from collector.spool.lock import SpoolInUse
from collector.spool.replayer import Replayer
from collector.spool.spool import Spool, open_spool, spool_names

logger = logging.getLogger(__name__)

# Collectors that start together each find a free spool before any looks for orphaned ones.
FIRST_LOOK_SECONDS = 5.0
NEXT_LOOK_SECONDS = 60.0


async def drain_orphaned_spools(
    own: Spool, max_bytes: int, make_replayer: Callable[[Spool], Replayer]
) -> None:
    """Look for orphaned spools in the folder of our own and drain them, until cancelled.

    Every collector of a folder does so: the lock decides who drains which.
    """
    await asyncio.sleep(FIRST_LOOK_SECONDS)
    while True:
        for name in spool_names(own.path.parent):
            await drain_if_orphaned(own, name, max_bytes, make_replayer)
        await asyncio.sleep(NEXT_LOOK_SECONDS)


async def drain_if_orphaned(
    own: Spool, name: str, max_bytes: int, make_replayer: Callable[[Spool], Replayer]
) -> None:
    """Drain a spool unless a process has it open, this one included.

    What is damaged in it is counted in our own spool, which the metrics show.

    Logs why it cannot, whatever it is: the other spools are drained, and this one is tried again
    at the next look.
    """
    try:
        async with open_spool(own.path.parent, name, max_bytes) as spool:
            if spool.depth:
                logger.info("spool %s: orphaned with %d events", name, spool.depth)
            await make_replayer(spool).drain()
            await own.take_damaged(spool)
    except SpoolInUse:
        return
    except SpoolOpenError as error:
        logger.error("an orphaned spool is not drained: %s", error)  # noqa: TRY400  # it says all
    except Exception:
        logger.exception("the orphaned spool %s is not drained", name)
