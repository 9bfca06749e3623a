"""The commands of privacy, as processes."""

from __future__ import annotations

import os
import subprocess

from tests.commands import run_command


def run(
    database: str, *arguments: str, stdin: str = "", **settings: str
) -> subprocess.CompletedProcess[str]:
    """`conversion-tracking` with these arguments and settings, until it ends."""
    environment = {**os.environ, "CT_DATABASE_URL": database, **settings}
    return run_command(*arguments, environment=environment, stdin=stdin)
