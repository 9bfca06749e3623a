"""The command `conversion-tracking migrate`."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from typing import Protocol

from collector.postgres.migrate import migrate


class HasDatabase(Protocol):
    """What it needs of the settings."""

    database_url: str


def add_migrate(command: argparse.ArgumentParser, read_settings: Callable[[], HasDatabase]) -> None:
    """The command `migrate`."""
    command.set_defaults(run=lambda _options: run_migrate(read_settings().database_url))


def run_migrate(database_url: str) -> None:
    """`migrate`. Raises MigrationError where the database cannot be used."""
    for name in asyncio.run(migrate(database_url)):
        print(f"applied {name}")
    print("the schema is up to date")
