"""The plugin server's memory stays flat, whatever clients send."""

import subprocess
from pathlib import Path

import pytest

from tests.integration.kong_pdk.kong_driver import KongDriver, Request

NAME = "conversion-tracking"
ORIGIN = "https://www.ainative.studio"
PREFLIGHT = {"origin": ORIGIN, "access-control-request-method": "POST"}
POST = {"content-length": "99"}


@pytest.fixture
def instance(server: subprocess.Popen[str], kong: KongDriver) -> int:
    return kong.start_instance(NAME, {"origins": [ORIGIN], "secret": "a secret of this test"})


def resident_kilobytes(pid: int) -> int:
    (line,) = [
        line
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("VmRSS")
    ]
    return int(line.split()[1])


def open_files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def test_thousands_of_preflights_leave_nothing_behind(
    server: subprocess.Popen[str], kong: KongDriver, instance: int
) -> None:
    preflight = Request("OPTIONS", PREFLIGHT)
    for _ in range(500):
        kong.run(instance, preflight)
    before, files_before = resident_kilobytes(server.pid), open_files(server.pid)

    for _ in range(2000):
        kong.run(instance, preflight)

    # kong-pdk by itself leaks 9.6 KB a preflight, which would be 19 MB here.
    assert resident_kilobytes(server.pid) - before < 2000
    assert open_files(server.pid) == files_before


@pytest.mark.parametrize(
    ("length", "count"),
    [(250, 3000), (7000, 800)],
    ids=["origins that could be real", "origins that are too long"],
)
def test_origins_that_are_never_seen_again_are_forgotten(
    server: subprocess.Popen[str],
    kong: KongDriver,
    instance: int,
    length: int,
    count: int,
) -> None:
    def ask(numbers: range) -> None:
        for number in numbers:
            origin = f"https://{number}.{'x' * length}.example"
            kong.run(instance, Request("POST", POST | {"origin": origin}))

    ask(range(count // 2))
    before = resident_kilobytes(server.pid)
    ask(range(count // 2, count))

    assert resident_kilobytes(server.pid) - before < 1000


def test_a_connection_takes_little_memory_however_long_it_lives(
    server: subprocess.Popen[str], kong: KongDriver, instance: int, socket_path: Path
) -> None:
    large = Request("POST", POST | {"cookie": "x" * 15_000})
    connections = [KongDriver(socket_path) for _ in range(20)]
    for connection in connections:
        connection.run(instance, large)
    before = resident_kilobytes(server.pid)

    for connection in connections:
        for _ in range(70):
            connection.run(instance, large)

    # With msgpack's default buffer each of them would have come to hold a megabyte.
    assert resident_kilobytes(server.pid) - before < 3000
    for connection in connections:
        connection.close()
