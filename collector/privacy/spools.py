"""Taking a person out of the spools of a folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from collector.privacy.identity import Matcher
from collector.spool.damaged import damaged_files
from collector.spool.lock import SpoolInUse
from collector.spool.look import look_at_spool
from collector.spool.spool import open_spool, spool_names


async def erase_from_spools(
    folders: Iterable[Path], matcher: Matcher, max_bytes: int
) -> tuple[int, list[str]]:
    """Take events out of each spool that no process has open.

    Returns how many they were, and what is left to do, a line each. Raises SpoolOpenError and
    SpoolUnavailable where the disk does not let us.
    """
    dropped, left = 0, []
    for folder in folders:
        for name in spool_names(folder):
            try:
                async with open_spool(folder, name, max_bytes) as spool:
                    dropped += await spool.drop(matcher.matches)
            except SpoolInUse as error:
                left += lines_of_open(folder, name, error)
        left += [f"{path} is damaged and kept: delete it" for path in damaged_files(folder)]
    return dropped, left


def lines_of_open(folder: Path, name: str, error: SpoolInUse) -> list[str]:
    """What is to be said of a spool that a process has open, if it holds anything."""
    look = look_at_spool(folder, name)
    where = f"{folder / name} (process {error.pid})"
    lines = []
    if look.waiting:
        lines.append(
            f"{where}: {look.waiting} events wait; a person's are left out when they are written"
        )
    if look.refused:
        lines.append(
            f"{where}: {look.refused} events are set aside; stop the process, and run "
            "`erase --again`"
        )
    return lines
