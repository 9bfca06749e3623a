"""The command `conversion-tracking`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from collector.api.openapi import openapi_text
from collector.classify.source_lists import SourceListError
from collector.classify.stages import StageRulesError
from collector.dashboard.command import DashboardSettingsError, add_dashboard
from collector.doctor.command import DoctorError, add_doctor
from collector.facts.command import FactsError, add_facts
from collector.logs import configure_logging
from collector.postgres.migrate import MigrationError, migrate
from collector.postgres.store import UnfitDatabase
from collector.privacy.command import PrivacyError, add_erase, add_export, add_retention
from collector.queue.errors import QueueError
from collector.rejects.command import RejectsError, add_rejects
from collector.reports.command import add_report
from collector.reports.errors import QuestionError, ReportsUnavailable, ReportTimeout
from collector.serving.listening import ListenError
from collector.serving.serve import serve
from collector.serving.workers import WorkersError, serve_with_workers
from collector.settings import Settings, SettingsError, load_settings, unknown_settings
from collector.spool.file import SpoolOpenError
from collector.spool.replay_command import ReplayError, replay
from collector.tracing.environment import TracingError
from collector.version import VERSION

INTERRUPTED = 130  # by convention 128 and the number of the signal


class CommandError(Exception):
    """A command failed in a way that its user can mend. The message says how."""


FAILURES = (
    CommandError,
    DashboardSettingsError,
    DoctorError,
    FactsError,
    ListenError,
    SettingsError,
    MigrationError,
    PrivacyError,
    QuestionError,
    QueueError,
    RejectsError,
    ReplayError,
    ReportTimeout,
    ReportsUnavailable,
    SourceListError,
    SpoolOpenError,
    StageRulesError,
    TracingError,
    UnfitDatabase,
    WorkersError,
    OSError,  # a file, a folder or a descriptor that the message names
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. Returns the exit code: 0, or 1 with a clear line on stderr, or 130; the
    doctor's says what it found."""
    command = make_parser().parse_args(arguments)
    try:
        return command.run(command) or 0
    except FAILURES as error:
        for line in str(error).splitlines():
            print(f"conversion-tracking: {line}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


def make_parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    parser = argparse.ArgumentParser(
        prog="conversion-tracking",
        description="Conversion tracking behind Kong. Settings are environment variables that "
        "begin with CT_; the README has them all.",
    )
    parser.add_argument("--version", action="version", version=f"conversion-tracking {VERSION}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add_serve(commands)
    text = "bring the database's schema up to date"
    commands.add_parser("migrate", help=text, description=text).set_defaults(run=run_migrate)
    add_dashboard(commands, read_settings)
    add_report(commands, read_settings)
    add_facts(commands, read_settings)
    add_rejects(commands, read_settings)
    add_replay(commands)
    add_retention(commands, read_settings)
    add_erase(commands, read_settings)
    add_export(commands, read_settings)
    add_doctor(commands)
    add_queue(commands)
    add_consume(commands)
    add_openapi(commands)
    add_up(commands)
    return parser


def add_serve(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command `serve` and its options."""
    text = "receive events and store them in Postgres"
    command = commands.add_parser("serve", help=text, description=text)
    command.add_argument(
        "--workers",
        type=positive,
        default=1,
        metavar="N",
        help="processes on the one port, for machines with more cores (default: %(default)s)",
    )
    command.set_defaults(run=run_serve)


def positive(text: str) -> int:
    """A whole number from 1. Raises ValueError, which argparse turns into a clear line."""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def add_replay(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command `replay` and its options."""
    text = "write the events that a stopped collector left on disk to Postgres"
    command = commands.add_parser("replay", help=text, description=text)
    command.add_argument(
        "--spool", type=Path, metavar="DIR", help="folder of the spools (default: CT_SPOOL_DIR)"
    )
    command.add_argument(
        "--refused", action="store_true", help="try events again that Postgres refused before"
    )
    command.set_defaults(run=run_replay)


def add_queue(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command `queue`."""
    text = "make the streams of the queue before Postgres, and look at its servers"
    commands.add_parser("queue", help=text, description=text).set_defaults(run=run_queue)


def add_consume(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command `consume`."""
    text = "write the events of the queue to Postgres, beside other consumers"
    commands.add_parser("consume", help=text, description=text).set_defaults(run=run_consume)


def add_openapi(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command `openapi` and its options."""
    text = "print the OpenAPI document of the collector's endpoints"
    command = commands.add_parser("openapi", help=text, description=text)
    command.add_argument(
        "--script-path",
        default=Settings.model_fields["script_path"].default,
        metavar="PATH",
        help="CT_SCRIPT_PATH of the collectors (default: %(default)s)",
    )
    command.set_defaults(run=run_openapi)


def add_up(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command `up` and its options."""
    text = "start the whole system on this machine, without Docker, for development"
    up = commands.add_parser("up", help=text, description=text)
    up.add_argument("--gateway-port", type=int, default=8000, help="default: %(default)s")
    up.add_argument("--collector-port", type=int, default=8080, help="default: %(default)s")
    up.add_argument("--demo-port", type=int, default=5177, help="default: %(default)s")
    up.add_argument("--dashboard-port", type=int, default=8090, help="default: %(default)s")
    up.add_argument(
        "--data", type=Path, default=Path("var"), help="folder of the data (default: %(default)s)"
    )
    up.add_argument(
        "--traffic-days",
        type=int,
        default=0,
        metavar="DAYS",
        help="fill an empty database with so many days of made-up traffic first",
    )
    up.add_argument(
        "--queue",
        action="store_true",
        help="with a queue before Postgres: three servers, two collectors, two consumers",
    )
    up.set_defaults(run=run_up)


def run_serve(command: argparse.Namespace) -> None:
    """`serve`. Raises CommandError where its address cannot be listened on."""
    settings = read_settings()
    if command.workers == 1:
        serve(settings)
    else:
        serve_with_workers(settings, command.workers)


def run_migrate(_command: argparse.Namespace) -> None:
    """`migrate`. Raises CommandError where the database cannot be used."""
    settings = read_settings()
    for name in asyncio.run(migrate(settings.database_url)):
        print(f"applied {name}")
    print("the schema is up to date")


def run_replay(command: argparse.Namespace) -> None:
    """`replay`."""
    settings = read_settings()
    configure_logging(settings)
    folder = command.spool or settings.spool_dir
    asyncio.run(replay(settings, folder, command.refused, print))


def run_queue(_command: argparse.Namespace) -> None:
    """`queue`. Raises QueueError."""
    # The client of NATS is loaded where it is used alone.
    from collector.queue.command import run_queue as prepare  # noqa: PLC0415

    prepare(read_settings())


def run_consume(_command: argparse.Namespace) -> None:
    """`consume`. Raises as consume does."""
    from collector.consume.serve import consume  # noqa: PLC0415  # as above

    consume(read_settings())


def run_openapi(command: argparse.Namespace) -> None:
    """`openapi`. It needs no settings, so that it runs where no collector does."""
    print(openapi_text(command.script_path), end="")


def run_up(command: argparse.Namespace) -> None:
    """`up`. Raises CommandError where it is not installed, or a part does not start."""
    try:
        # A distribution of its own, which production does not need.
        from local.processes import LocalSystemError  # noqa: PLC0415
        from local.up import Ports, up  # noqa: PLC0415
    except ImportError as error:
        raise CommandError(
            f"up needs what pip install 'conversion-tracking[local]' brings ({error})"
        ) from error
    ports = Ports(
        gateway=command.gateway_port,
        collector=command.collector_port,
        demo=command.demo_port,
        dashboard=command.dashboard_port,
    )
    try:
        up(ports, command.data, command.traffic_days, command.queue)
    except LocalSystemError as error:
        raise CommandError(str(error)) from error


def read_settings() -> Settings:
    """The settings. A name in the environment that looks like a setting and is none is reported."""
    for name in unknown_settings():
        print(f"conversion-tracking: {name} is not a setting; is it misspelt?", file=sys.stderr)
    return load_settings()
