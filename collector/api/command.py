"""The command `conversion-tracking openapi`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from collector.api.openapi import openapi_text
from collector.settings import Settings


def add_openapi(command: argparse.ArgumentParser, _read_settings: Callable[[], Settings]) -> None:
    """The command `openapi` and its options. It needs no settings, and runs anywhere."""
    command.add_argument(
        "--script-path",
        default=Settings.model_fields["script_path"].default,
        metavar="PATH",
        help="CT_SCRIPT_PATH of the collectors (default: %(default)s)",
    )
    command.set_defaults(run=lambda options: print(openapi_text(options.script_path), end=""))
