"""A process that fills a spool until it is killed: `spool_child.py FOLDER FIRST [MAX_FILE_BYTES]`.

Prints the number of each event when it is on disk. Run by test_spool.py.
"""

from __future__ import annotations

import asyncio
import itertools
import resource
import sys
from pathlib import Path

from collector.errors import SpoolUnavailable
from collector.spool.spool import open_spool
from tests.unit.events import event_row

BATCH = 7


async def fill(folder: Path, first: int) -> None:
    """Append batch after batch; say which events were taken."""
    async with open_spool(folder, "spool-0", 1_000_000_000) as spool:
        say("open")
        for start in itertools.count(first, BATCH):
            numbers = range(start, start + BATCH)
            try:
                await spool.append([event_row(n, page_title="x" * 200) for n in numbers])
            except SpoolUnavailable as error:
                say(error.code)
                return
            say(*numbers)


def say(*words: object) -> None:
    """A line for the test, at once."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if len(sys.argv) > 3:
        # The kernel refuses to let a file grow past this, as a full disk would.
        limit = int(sys.argv[3])
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    asyncio.run(fill(Path(sys.argv[1]), int(sys.argv[2])))
