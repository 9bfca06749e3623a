"""The command line of a plugin server, for any plugin."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from kong_plugin_server.crew import WorkerError
from kong_plugin_server.listening import naming
from kong_plugin_server.log import log_to_stderr
from kong_plugin_server.plugin_module import load_plugin
from kong_plugin_server.supervisor import Service, supervise

logger = logging.getLogger(__name__)

STANDARD_OUTPUT = Path("-")


def run_command(
    name: str, module: str, program: str, arguments: Sequence[str] | None, epilog: str = ""
) -> int:
    """Serve or describe the plugin `name` in `module`. `epilog` ends what `--help` says.

    Returns the exit code: 0, or 1 after one line that says what is wrong. Raises what
    `load_plugin` and `HostedPlugin.dump` raise: a mistake in the plugin wants its traceback.
    """
    parser = with_limits(make_parser(program))
    parser.epilog = epilog
    options = parser.parse_args(arguments)
    log_to_stderr()
    dump = json.dumps(load_plugin(name, module).dump()) if options.dump is not None else None
    try:
        if dump is not None:
            write_dump(dump, options.dump)
        else:
            supervise(read_service(name, module, options))
    except (OSError, WorkerError) as problem:
        logger.error("%s", problem)  # noqa: TRY400  # a user's mistake needs no traceback
        return 1
    return 0


def write_dump(text: str, file: Path) -> None:
    """To standard output, or in one step to a file that Kong may be reading.

    Raises OSError that names the file.
    """
    if file == STANDARD_OUTPUT:
        sys.stdout.write(text)
        return
    new = file.with_name(file.name + ".new")
    with naming(f"cannot write {file}"):
        try:
            new.write_text(text, encoding="utf-8")
            new.rename(file)
        except OSError:
            new.unlink(missing_ok=True)
            raise


def read_service(name: str, module: str, options: argparse.Namespace) -> Service:
    """What the options ask for."""
    return Service(
        name=name,
        module=module,
        socket=options.socket,
        socket_mode=options.socket_mode,
        workers=options.workers,
        metrics=options.metrics,
        phase_limit=options.phase_limit,
        exit_with_parent=options.exit_with_parent,
    )


def make_parser(program: str) -> argparse.ArgumentParser:
    """The options that every plugin server has."""
    parser = argparse.ArgumentParser(prog=program, description="A plugin server for Kong.")
    task = parser.add_mutually_exclusive_group(required=True)
    task.add_argument(
        "--dump",
        type=Path,
        nargs="?",
        const=STANDARD_OUTPUT,
        metavar="FILE",
        help="print what Kong must know about the plugin, or write it to a file, and exit",
    )
    task.add_argument("--socket", type=Path, metavar="PATH", help="serve on this Unix socket")
    parser.add_argument(
        "--socket-mode",
        type=lambda text: int(text, 8),
        default=0o660,
        metavar="OCTAL",
        help="permissions of the sockets; Kong must be able to write to it (default: 660)",
    )
    parser.add_argument(
        "--exit-with-parent",
        action="store_true",
        help="stop when the process that started this server ends; for Kong's start command",
    )
    return parser


def with_limits(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The options that this server has besides."""
    parser.add_argument(
        "--workers",
        type=positive,
        default=1,
        metavar="N",
        help="processes that share the connections (default: %(default)s)",
    )
    parser.add_argument(
        "--metrics", metavar="ADDRESS", help="serve metrics on unix:PATH or HOST:PORT"
    )
    parser.add_argument(
        "--phase-limit",
        type=float,
        default=5.0,
        metavar="SECONDS",
        help="end an event that takes longer (default: %(default)s)",
    )
    return parser


def positive(text: str) -> int:
    """A whole number from 1 on. Raises ValueError."""
    if int(text) < 1:
        raise ValueError(text)
    return int(text)
