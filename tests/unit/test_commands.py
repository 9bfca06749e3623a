"""The commands of `conversion-tracking`, as far as they say what they do."""

from __future__ import annotations

import subprocess
import sys

import pytest

from collector.cli import COMMANDS, main

# What each needs some tenth of a second of a processor to load.
SLOW = {"aiohttp", "asyncpg", "pydantic", "structlog", "ua_parser"}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_what_it_does(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([name, "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith(f"usage: conversion-tracking {name} ")
    assert COMMANDS[name].text in said


def test_the_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert all(f"{name} {command.text}" in said for name, command in COMMANDS.items())


def test_without_a_command_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([])
    assert "the following arguments are required: COMMAND" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "loaded"),
    [
        (["--help"], set()),
        (["migrate", "--help"], {"asyncpg"}),
        (["report", "--help"], {"asyncpg", "pydantic"}),
        (["erase", "--help"], {"asyncpg", "pydantic"}),
    ],
)
def test_a_command_loads_what_it_uses_alone(arguments: list[str], loaded: set[str]) -> None:
    code = f"""
import sys
from collector.cli import main
try:
    main({arguments})
except SystemExit:
    print(*sys.modules, file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stderr.split()) & SLOW == loaded


def test_a_collector_loads_neither_what_it_does_without_nor_what_few_visitors_need() -> None:
    code = """
import sys
import collector.serving.command
from collector.classify import families
from collector.classify.device import DeviceClassifier
from local.history.user_agents import read_user_agents

classifier = DeviceClassifier()
for _, user_agent in read_user_agents():
    classifier.parse_device(user_agent)
assert not families._all_devices.cache_info().currsize
print(*sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"rich", "yaml", "pydantic_settings", "ua_parser_builtins.regexes", "nats", "jinja2"}
    assert set(done.stdout.split()) & heavy == set()
