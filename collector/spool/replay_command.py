"""The command `replay`: what a spool holds goes to Postgres, or the queue before it, without a
collector."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from collector.errors import OperatorError, StoreUnavailable
from collector.event_row import EventStatus
from collector.logs import configure_logging
from collector.replays import Replays, open_replays
from collector.settings import Settings
from collector.sink import Sink
from collector.spool.damaged import damaged_files, read_damaged
from collector.spool.lock import SpoolInUse
from collector.spool.replayer import BATCH_EVENTS, replay_batch
from collector.spool.spool import Spool, open_spool, spool_names

PROGRESS_SECONDS = 2.0

Say = Callable[[str], None]


class ReplayError(OperatorError):
    """Not everything could be replayed. The message says why, and what to do."""


def add_replay(command: argparse.ArgumentParser, read_settings: Callable[[], Settings]) -> None:
    """The command `replay` and its options."""
    command.add_argument(
        "--spool", type=Path, metavar="DIR", help="folder of the spools (default: CT_SPOOL_DIR)"
    )
    command.add_argument(
        "--refused", action="store_true", help="try events again that Postgres refused before"
    )
    command.set_defaults(run=lambda options: run_replay(read_settings(), options))


def run_replay(settings: Settings, options: argparse.Namespace) -> None:
    """`replay`. Raises ReplayError."""
    configure_logging(settings)
    folder = options.spool or settings.spool_dir
    asyncio.run(replay(settings, folder, options.refused, print))


@dataclass(frozen=True, slots=True)
class Count:
    """What became of the events of a spool."""

    stored: int = 0
    refused: int = 0


async def replay(settings: Settings, folder: Path, retry_refused: bool, say: Say) -> None:
    """Drain every spool in a folder into Postgres, or the queue, and say how far it is.

    What can be read of damaged files that were kept is written as well; they stay. A spool
    that a process has open is passed over. Raises ReplayError where there was one, where there
    is no spool at all, and where Postgres, the queue or the disk fails; what is not taken then
    is still in the spool. Raises NoReplays as open_replays does.
    """
    names = spool_names(folder)
    if not names and not damaged_files(folder):
        raise ReplayError(f"there is no spool in {folder}; name its folder with --spool")
    in_use: list[SpoolInUse] = []
    async with open_replays(settings) as replays:
        for name in names:
            try:
                async with open_spool(folder, name, settings.spool_max_bytes) as spool:
                    await replay_spool(spool, replays, retry_refused, say)
            except SpoolInUse as error:
                in_use.append(error)
        # A spool that was just opened may have put damaged files aside.
        for path in damaged_files(folder):
            await replay_damaged(path, replays, say)
    if in_use:
        raise ReplayError("\n".join(map(str, in_use)))


async def replay_spool(spool: Spool, replays: Replays, retry_refused: bool, say: Say) -> None:
    """Drain one spool. Raises ReplayError where Postgres, the queue or the disk fails."""
    if retry_refused:
        await spool.requeue_refused()
    say(f"{spool.path}: {spool.depth} events wait")
    try:
        count = await drain(spool, replays.sink, say)
    except StoreUnavailable as error:
        raise ReplayError(
            f"{replays.place} cannot take the events of {spool.path} now "
            f"({error.reason or error}). {spool.depth} are still there: run the command again"
        ) from error
    say(f"{spool.path}: {count.stored} events replayed, {count.refused} refused")
    if spool.refused:
        say(f"{spool.path}: {spool.refused} refused events are kept; --refused tries them again")
    if spool.damaged:
        say(f"{spool.path}: {spool.damaged} events are damaged or missing on disk, since it began")


async def replay_damaged(path: Path, replays: Replays, say: Say) -> None:
    """Write what can be read of a damaged file. Raises ReplayError where Postgres, or the queue,
    fails."""
    found = await asyncio.to_thread(read_damaged, path)
    taken = 0
    try:
        for start in range(0, len(found.rows), BATCH_EVENTS):
            outcomes = await replays.sink.put_each(found.rows[start : start + BATCH_EVENTS])
            taken += sum(isinstance(outcome, EventStatus) for outcome in outcomes)
    except StoreUnavailable as error:
        raise ReplayError(
            f"{replays.place} cannot take the events of {path} now ({error.reason or error}): "
            "run the command again"
        ) from error
    say(
        f"{path}: damaged: {len(found.rows)} events are read, {taken} of them are in "
        f"{replays.place}, {found.missing} cannot be read; the file is kept until you delete it"
    )


async def drain(spool: Spool, sink: Sink, say: Say) -> Count:
    """Move everything, without pauses: no live traffic is in this process.

    Raises StoreUnavailable where the sink or the disk fails; what was moved stays so.
    """
    count = Count()
    refused_before = spool.refused
    said_at = time.monotonic()
    while spool.depth:
        moved = await replay_batch(spool, sink)
        count = Count(count.stored + moved.stored, spool.refused - refused_before)
        if time.monotonic() - said_at >= PROGRESS_SECONDS:
            say(f"{spool.path}: {count.stored} replayed, {spool.depth} wait")
            said_at = time.monotonic()
    return count
