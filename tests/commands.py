"""The commands of the project, each in a process of its own that need not be loaded anew.

To start Python and import what a command uses takes up to half a second of a processor; to fork a
process that has done so takes hundredths. That the installed command starts by itself is tested in
tests/integration/test_cli.py.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path

from collector.cli import COMMANDS, main

LONGEST_SECONDS = 60
STREAMS = ("stdin", "stdout", "stderr")


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """`conversion-tracking` with these settings alone, and a spool that is removed.

    Raises subprocess.TimeoutExpired after a minute.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CT_")}
    with tempfile.TemporaryDirectory(prefix="ct-spool-") as spool:
        given = environment | {"CT_SPOOL_DIR": spool} | settings
        return run_command(*arguments, environment=given)


def run_command(
    *arguments: str, environment: Mapping[str, str], stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """`conversion-tracking` with these arguments, until it ends.

    Raises subprocess.TimeoutExpired after a minute.
    """
    with tempfile.TemporaryDirectory(prefix="ct-command-") as folder:
        stdin_file, stdout_file, stderr_file = (Path(folder) / name for name in STREAMS)
        stdin_file.write_text(stdin, encoding="utf-8")
        process = loaded().Process(target=become, args=(arguments, dict(environment), folder))
        process.start()
        process.join(LONGEST_SECONDS)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(arguments, LONGEST_SECONDS)
        return subprocess.CompletedProcess(
            arguments, process.exitcode, stdout_file.read_text(), stderr_file.read_text()
        )


@cache
def loaded() -> ForkServerContext:
    """What forks the process that has imported every command."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([f"collector.{module}" for _, module in COMMANDS.values()])
    return context


def become(arguments: Sequence[str], environment: Mapping[str, str], folder: str) -> None:
    """Turn this process into the command's, and leave it as that does."""
    for descriptor, name in enumerate(STREAMS):
        opened = os.open(Path(folder) / name, os.O_RDWR | os.O_CREAT)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.stdin = io.TextIOWrapper(io.FileIO(0))
    sys.stdout, sys.stderr = (io.TextIOWrapper(io.FileIO(n, "w")) for n in (1, 2))
    os.environ.clear()
    os.environ.update(environment)
    raise SystemExit(main(arguments))
