"""The command `conversion-tracking`: each of its commands is loaded when it is called."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from collector.errors import OperatorError
from collector.version import VERSION

if TYPE_CHECKING:  # they take a while to load, and --help does without
    from collector.settings import Settings

INTERRUPTED = 130  # by convention 128 and the number of the signal

# Gives a command its options, and what it runs; settings are read when it runs.
AddOptions = Callable[[argparse.ArgumentParser, "Callable[[], Settings]"], None]


class Command(NamedTuple):
    """What a command does, and the module that has its function `add_NAME`."""

    text: str
    module: str


COMMANDS = {
    "serve": Command("receive events and store them in Postgres", "serving.command"),
    "migrate": Command("bring the database's schema up to date", "postgres.command"),
    "dashboard": Command("serve the reports as pages, as JSON and as CSV", "dashboard.command"),
    "report": Command("answer a question about the stored events", "reports.command"),
    "facts": Command(
        "bring the facts of sessions and their sums, which reports read, up to the events now",
        "facts.command",
    ),
    "rejects": Command("count and list what broke the contract", "rejects.command"),
    "replay": Command(
        "write the events that a stopped collector left on disk to Postgres, or the queue",
        "spool.replay_command",
    ),
    "retention": Command(
        "delete what is older than the settings CT_RETENTION_... keep it, as collectors do",
        "privacy.command",
    ),
    "erase": Command(
        "delete all that is kept of a person, and keep it from coming back", "privacy.command"
    ),
    "export": Command("write all that is kept of a person as lines of JSON", "privacy.command"),
    "doctor": Command(
        "look at a deployment from outside and beside a collector, and say what mends it",
        "doctor.command",
    ),
    "queue": Command(
        "make the streams of the queue before Postgres, and look at its servers", "queue.command"
    ),
    "consume": Command(
        "write the events of the queue to Postgres, beside other consumers", "consume.command"
    ),
    "deliver": Command("send conversions to ad platforms", "conversions.command"),
    "deliveries": Command(
        "show what waits for ad platforms and what became of it, and send it again",
        "conversions.command",
    ),
    "openapi": Command("print the OpenAPI document of the collector's endpoints", "api.command"),
    "up": Command("start the whole system on this machine, without Docker, for development", "up"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. Returns the exit code: 0, or 1 with a clear line on stderr, or 130; the
    doctor's says what it found."""
    arguments = sys.argv[1:] if arguments is None else arguments
    command = make_parser(arguments).parse_args(arguments)
    try:
        return command.run(command) or 0
    except (OperatorError, OSError) as error:  # OSError: the message names the file or folder
        for line in str(error).splitlines():
            print(f"conversion-tracking: {line}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


def make_parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """The commands; of the one that is called its options too."""
    parser = argparse.ArgumentParser(
        prog="conversion-tracking",
        description="Conversion tracking behind Kong. Settings are environment variables that "
        "begin with CT_; the README has them all.",
    )
    parser.add_argument("--version", action="version", version=f"conversion-tracking {VERSION}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (text, module) in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text)
        if name in arguments[:1]:
            add_options: AddOptions = getattr(import_module(f"collector.{module}"), f"add_{name}")
            add_options(command, read_settings)
    return parser


def read_settings() -> Settings:
    """The settings. A name in the environment that looks like a setting and is none is reported.

    Raises SettingsError.
    """
    from collector.settings import load_settings, unknown_settings  # noqa: PLC0415

    for name in unknown_settings():
        print(f"conversion-tracking: {name} is not a setting; is it misspelt?", file=sys.stderr)
    return load_settings()
