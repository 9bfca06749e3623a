"""The commands of privacy, as processes."""

from __future__ import annotations

import os
import subprocess

from tests.integration.test_cli import COMMAND


def run(
    database: str, *arguments: str, stdin: str = "", **settings: str
) -> subprocess.CompletedProcess[str]:
    """`conversion-tracking` with these arguments and settings, until it ends."""
    return subprocess.run(
        [COMMAND, *arguments],
        env={**os.environ, "CT_DATABASE_URL": database, **settings},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
