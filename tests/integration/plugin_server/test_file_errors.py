"""What the log says where a file or a socket cannot be had: which one, in one line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.plugin_server import running
from tests.integration.plugin_server.checks import ECHO, NUMBER, echo_of
from tests.integration.plugin_server.conftest import Serve
from tests.integration.plugin_server.kong import Kong
from tests.integration.plugin_server.running import COMMAND, PROBE, ROOT, wait_until

# What root may write is no matter of permissions; without its capabilities it is as others.
AS_OTHERS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all") if os.geteuid() == 0 else ()

PLACES = {
    "a folder that is not there": "missing/file",
    "a folder that is a file": "a file/file",
    "a folder in place of the file": "a folder",
    "a folder that may not be written": "read only/file",
    "a folder that may not be entered": "shut/file",
}
SOCKET_PLACES = PLACES | {
    "a file that is no socket": "a file",
    "a path that is too long for a socket": "x" * 120,
}

TABLE = [
    (option, place)
    for option, places in (
        ("--socket {}", SOCKET_PLACES),
        ("--socket {folder}/plugin.sock --metrics unix:{}", SOCKET_PLACES),
        ("--dump {}", PLACES),
    )
    for place in places.items()
]


@contextmanager
def permissions(folder: Path) -> Iterator[None]:
    """Folders that are not for everybody, and can be removed at the end."""
    for name, mode in (("read only", 0o555), ("shut", 0o000)):
        (folder / name).mkdir()
        (folder / name).chmod(mode)
    try:
        yield
    finally:
        for name in ("read only", "shut"):
            (folder / name).chmod(0o755)


@pytest.mark.parametrize(
    ("options", "place"),
    [(options, place) for options, (_, place) in TABLE],
    ids=[f"{options.split()[-2]}: {why}" for options, (why, _) in TABLE],
)
def test_a_path_that_cannot_be_had_is_named_in_one_line(
    directory: Path, options: str, place: str
) -> None:
    (directory / "a file").write_text("kept")
    (directory / "a folder").mkdir()
    path = directory / place
    arguments = [word.format(path, folder=directory) for word in options.split()]
    with permissions(directory):
        before = sorted(directory.rglob("*"))
        done = subprocess.run(
            [*AS_OTHERS, *COMMAND, "probe", PROBE, *arguments],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        after = sorted(directory.rglob("*"))

    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert f" cannot {'write' if options.startswith('--dump') else 'listen on'} {path}: " in line
    assert line.count(str(directory)) == 1, "what is said beside it is no other path"
    assert after == before
    assert (directory / "a file").read_text() == "kept"


@pytest.mark.parametrize("is_gone", [False, True], ids=["may not be written", "is gone"])
def test_a_socket_that_cannot_be_removed_at_the_end_is_named(
    directory: Path, is_gone: bool
) -> None:
    folder = directory / "folder"
    folder.mkdir()
    server = running.start(directory, "--socket", str(folder / "plugin.sock"), before=AS_OTHERS)
    if is_gone:
        folder.rename(directory / "elsewhere")
    else:
        folder.chmod(0o555)

    assert server.stop() == 0

    said = f"cannot remove {folder / 'plugin.sock'}: Permission denied"
    assert (said in server.log) is not is_gone
    assert "Traceback" not in server.log


def test_a_python_that_is_gone_is_named_and_the_old_worker_goes_on(
    serve: Serve, directory: Path
) -> None:
    """As where the folder of an old version is removed under a running server."""
    python = directory / "python"
    python.symlink_to(sys.executable)
    path = os.pathsep.join(sys.path)
    server = serve(path=path, command=(str(python), "-m", "kong_plugin_server"))
    kong = Kong(server.socket, NUMBER)
    instance = kong.start_instance(ECHO)
    python.unlink()
    os.kill(server.pid, signal.SIGHUP)
    wait_until(lambda: "goes on" in server.log)

    line = server.log.splitlines()[-1]
    assert f"worker 1 cannot be started with {python}: No such file or directory" in line
    assert echo_of(kong.run(instance)) == "7"
    kong.close()
