"""A collector in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

COMMAND = str(Path(sys.executable).parent / "conversion-tracking")


@dataclass(frozen=True)
class Served:
    """A collector in a process of its own."""

    process: subprocess.Popen[bytes]
    url: str
    spool: Path


@contextmanager
def serving(database: str, folder: Path, *options: str, **settings: str) -> Iterator[Served]:
    """`serve`, with its spool in the folder; killed if the test has not ended it."""
    log = folder / "log"
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("CT_")}
    ours = {
        "CT_DATABASE_URL": database,
        "CT_PORT": "0",
        "CT_SPOOL_DIR": str(folder / "spool"),
        **settings,
    }
    with log.open("wb") as output:
        environment = {**inherited, **ours}
        process = subprocess.Popen([COMMAND, "serve", *options], env=environment, stderr=output)
    try:
        yield Served(process, wait_for_url(process, log), folder / "spool")
    finally:
        process.kill()
        process.wait()


def wait_for_url(process: subprocess.Popen[bytes], log: Path) -> str:
    """The address that it says it listens on."""
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if found := re.search(r"ready on (http://[^\s\"]+)", log.read_text()):
            return found[1]
        time.sleep(0.05)
    raise AssertionError(log.read_text())
