"""The command conversion-tracking, as a process."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.commands import run

COMMAND = str(Path(sys.executable).parent / "conversion-tracking")


def run_installed(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """The command that was installed; tests.commands has a quicker one."""
    return subprocess.run(
        [COMMAND, *arguments],
        env={k: v for k, v in os.environ.items() if not k.startswith("CT_")} | settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def serving(*options: str, **settings: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`serve` as a process, and its address."""
    spool = tempfile.TemporaryDirectory(prefix="ct-spool-")
    process = subprocess.Popen(
        [COMMAND, "serve", *options],
        env={**os.environ, "CT_SPOOL_DIR": spool.name, **settings},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if found := re.search(r"http://[\w.:]+", line):
                yield process, found[0]
                return
        raise AssertionError("the collector did not say where it listens")
    finally:
        process.kill()
        process.communicate()
        spool.cleanup()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CT_PORT", "many"),
        ("CT_PORT", "70000"),
        ("CT_DATABASE_URL", "mysql://x"),
        ("CT_UNSIGNED_REQUESTS", "perhaps"),
        ("CT_FUNNEL_STAGES_FILE", "/no/such/file"),
        ("CT_DEFAULT_CURRENCY", "Euro"),
        ("CT_OWN_DOMAINS", "example.com, not a domain"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_a_line_that_names_it(name: str, value: str) -> None:
    settings = {"CT_DATABASE_URL": "postgresql://localhost/x", name: value}
    result = run("serve", **settings)
    assert result.returncode == 1
    [line] = result.stderr.splitlines()
    assert name in line


def test_a_missing_setting_is_named() -> None:
    result = run_installed("serve")
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert "CT_DATABASE_URL" in result.stderr


def test_a_secret_is_never_printed() -> None:
    result = run("serve", CT_GATEWAY_SECRET="hush", CT_PORT="x")
    assert "hush" not in result.stderr


@pytest.mark.parametrize("command", ["serve", "migrate", "rejects", "replay"])
def test_a_wrong_database_url_is_one_line_without_the_password(command: str) -> None:
    result = run(*command.split(), CT_DATABASE_URL="postgresql://ct:hush#hush@127.0.0.1/ct")
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert result.stderr.startswith("conversion-tracking: CT_DATABASE_URL: holds a '#'")
    assert "hush" not in result.stderr


def test_a_folder_that_cannot_be_written_is_named_not_the_address(
    database: str, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.touch()
    result = run("serve", CT_DATABASE_URL=database, CT_PORT="0", CT_SPOOL_DIR=str(file / "spool"))
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert str(file / "spool") in result.stderr
    assert "cannot listen" not in result.stderr


def test_a_misspelt_setting_is_pointed_out(database: str) -> None:
    result = run_installed("migrate", CT_DATABASE_URL=database, CT_PROT="1")
    assert result.returncode == 0
    assert "CT_PROT is not a setting" in result.stderr


def test_a_wrong_file_of_stages_is_named(tmp_path: Path) -> None:
    file = tmp_path / "stages.toml"
    file.write_text("[[rule]]\nstage = 'moon'\nevent_types = ['x']\n")
    result = run(
        "serve", CT_DATABASE_URL="postgresql://localhost/x", CT_FUNNEL_STAGES_FILE=str(file)
    )
    assert result.returncode == 1
    assert "stages.toml" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_folder_for_the_spool_that_cannot_be_written_is_named(
    tmp_path: Path, workers: str
) -> None:
    (tmp_path / "file").write_text("")
    result = run(
        *("serve", "--workers", workers),
        CT_DATABASE_URL="postgresql://localhost/x",
        CT_PORT="0",
        CT_SPOOL_DIR=str(tmp_path / "file" / "spool"),
    )
    assert result.returncode == 1
    assert "CT_SPOOL_DIR" in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr


def test_migrate_says_that_a_database_cannot_be_reached(tmp_path: Path) -> None:
    result = run("migrate", CT_DATABASE_URL=f"postgresql://postgres@/postgres?host={tmp_path}")
    assert result.returncode == 1
    [line] = result.stderr.splitlines()
    assert "CT_DATABASE_URL" in line


def test_a_taken_port_is_one_clear_line(database: str) -> None:
    with serving(CT_DATABASE_URL=database, CT_PORT="0") as (_, url):
        result = run("serve", CT_DATABASE_URL=database, CT_PORT=url.rsplit(":", 1)[1])
    assert result.returncode == 1
    line = result.stderr.splitlines()[-1]
    assert "CT_PORT" in line
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_code_0(database: str, signum: signal.Signals) -> None:
    with serving(CT_DATABASE_URL=database, CT_PORT="0") as (process, url):
        with urlopen(url + "/readyz") as answer:
            assert answer.status == 200
        process.send_signal(signum)
        assert process.wait(60) == 0
