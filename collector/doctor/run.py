"""Running the doctor: from the command line to the exit code."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from collector.doctor.check import Group, run_groups
from collector.doctor.deployment import open_deployment
from collector.doctor.finding import Line
from collector.doctor.groups import GROUPS
from collector.doctor.kong_file import GROUP as KONG_FILE
from collector.doctor.kong_rules import plain_origins
from collector.doctor.options import Options
from collector.doctor.report import exit_code, json_of, summary, text_of_group
from collector.errors import OperatorError
from collector.settings import (
    ENV_PREFIX,
    ORIGIN,
    Settings,
    SettingsError,
    check_database_url,
    load_settings,
    unknown_settings,
)

NOTHING = (
    "nothing to look at: name --gateway and --database, or --file, or run it with the settings of "
    "a collector in the environment"
)
EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104  # where it listens


class DoctorError(OperatorError):
    """The doctor was told of something that is not there. The message says what."""


def run(command: argparse.Namespace) -> int:
    """Look, and say what was found. Returns the exit code. Raises DoctorError."""
    lints_only = command.file and not (command.gateway or command.database or command.collector)
    groups: Sequence[Group] = (KONG_FILE,) if lints_only else GROUPS
    options = read_options(command, os.environ)
    if not (options.gateway or options.database or options.document or options.settings_error):
        raise DoctorError(NOTHING)
    lines = asyncio.run(look(groups, options, command.json))
    print(json_of(lines) if command.json else summary(lines))
    return exit_code(lines, strict=command.strict)


async def look(groups: Sequence[Group], options: Options, is_json: bool) -> list[Line]:
    """Make all checks; as text each group is printed when it is through."""
    lines: list[Line] = []
    async with open_deployment(options) as deployment:
        async for group, found in run_groups(groups, deployment):
            lines += found
            if not is_json:
                print(text_of_group(group, found), flush=True)
    return lines


def read_options(command: argparse.Namespace, environment: Mapping[str, str]) -> Options:
    """What the command line and the environment say. Raises DoctorError."""
    refuse_other_addresses(command)
    settings, error = read_settings(command.database, environment)
    document = read_document(command.file) if command.file else None
    origins = tuple(command.origin) or (plain_origins(document) if document else ())
    return Options(
        gateway=command.gateway,
        database=read_database(command.database) or (settings.database_url if settings else None),
        collector=command.collector or (collector_url(settings) if settings else None),
        is_collector_named=command.collector is not None,
        document=document,
        document_path=command.file,
        origins=origins,
        own_address=command.address,
        ca_file=command.ca_file,
        closed_ports=tuple(command.closed_port),
        nginx_folder=command.nginx_folder,
        plugin_socket=command.plugin_socket,
        plugin_metrics=command.plugin_metrics,
        settings=settings,
        settings_error=error,
        unknown_settings=tuple(unknown_settings()),
    )


def refuse_other_addresses(command: argparse.Namespace) -> None:
    """Raises DoctorError where an address of a server or an origin is none."""
    named = [("--gateway", command.gateway), ("--collector", command.collector)]
    for name, address in [*named, *(("--origin", origin) for origin in command.origin)]:
        if address is not None and not ORIGIN.fullmatch(address):
            raise DoctorError(f"{name} {address!r} is no address such as https://www.example.com")


def read_settings(
    database: str | None, environment: Mapping[str, str]
) -> tuple[Settings | None, str]:
    """The settings of a collector, and what is wrong with them; neither where there are none."""
    if not any(name.startswith(ENV_PREFIX) for name in environment):
        return None, ""
    try:
        return load_settings(database_url=database), ""
    except SettingsError as error:
        return None, str(error)


def read_database(url: str | None) -> str | None:
    """The address of --database. Raises DoctorError where it is none, without showing it."""
    if url is None:
        return None
    try:
        check_database_url(url)
    except ValueError as error:
        raise DoctorError(f"--database {error}") from None
    return url


def collector_url(settings: Settings) -> str:
    """Where the settings have the collector listen."""
    host = EVERY_ADDRESS.get(settings.host, settings.host)
    return f"http://{host}:{settings.port}"


def read_document(path: Path) -> Mapping[str, Any]:
    """A declarative file. Raises DoctorError where it cannot be read."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DoctorError(f"--file {path}: {error}") from error
    if not isinstance(document, dict):
        raise DoctorError(f"--file {path} is no declarative file of Kong")
    return document
