"""What kong-pdk does wrong by itself, and this project's server does not (docs/kong.md)."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.kong_pdk.conftest import COMMAND, FAULTY_COMMAND, StartServer, stop
from tests.integration.kong_pdk.faulty_plugin_server import LARGE_VALUE
from tests.integration.kong_pdk.faulty_plugin_server import NAME as FAULTY
from tests.integration.kong_pdk.kong_driver import KongDriver, PluginServerError, Request, pack

NAME = "conversion-tracking"


@pytest.mark.parametrize(
    ("behaviour", "calls"),
    [
        ("raise_before_the_first_call", []),
        ("raise_after_a_call", ["kong.request.get_method"]),
    ],
)
def test_a_phase_that_raises_ends_its_event_and_later_requests_work(
    faulty_server: subprocess.Popen[str], kong: KongDriver, behaviour: str, calls: list[str]
) -> None:
    instance = kong.start_instance(FAULTY, {"behaviour": behaviour})

    for _ in range(3):
        assert kong.run(instance, Request()).methods == calls

    log = stop(faulty_server)
    assert log.count("a phase raised; its request goes on") == 3
    assert log.count("RuntimeError: raised ") == 3


def test_an_exit_ends_the_phase_and_its_greenlet(
    faulty_server: subprocess.Popen[str], kong: KongDriver
) -> None:
    leaver = kong.start_instance(FAULTY, {"behaviour": "exit_first"})
    counter = kong.start_instance(FAULTY, {"behaviour": "count_greenlets"})
    before = kong.run(counter, Request()).body

    for _ in range(1000):
        assert kong.run(leaver, Request()).answer_headers == {"X-Exit": "first"}

    assert kong.run(counter, Request()).body == before
    assert "ran on after an exit" not in stop(faulty_server)


def test_events_that_kong_gave_up_are_ended_and_logged(
    start_server: StartServer, kong: KongDriver, socket_path: Path
) -> None:
    server = start_server(*FAULTY_COMMAND, str(socket_path), "0.5")
    waiter = kong.start_instance(FAULTY, {"behaviour": "raise_after_a_call"})
    counter = kong.start_instance(FAULTY, {"behaviour": "count_greenlets"})
    before = kong.run(counter, Request()).body

    given_up = [kong.begin(waiter)[0] for _ in range(20)]
    time.sleep(1.5)

    assert kong.run(counter, Request()).body == before
    with pytest.raises(PluginServerError, match="is over or unknown"):
        kong.rpc("plugin.Step", {"EventId": given_up[0], "Data": "POST"})
    assert stop(server).count("Kong gave up on a request") == 20


def test_the_server_starts_where_python_has_no_path_of_its_own() -> None:
    finished = subprocess.run(
        [sys.executable, "-P", *COMMAND[1:], "--dump"], capture_output=True, timeout=60, check=False
    )

    assert (finished.returncode, finished.stderr) == (0, b"")


def test_an_answer_larger_than_a_socket_buffer_arrives_whole(
    faulty_server: subprocess.Popen[str], kong: KongDriver
) -> None:
    instance = kong.start_instance(FAULTY, {"behaviour": "send_a_large_answer"})

    assert kong.run(instance, Request()).answer_headers == {"X-Large": LARGE_VALUE}


@pytest.mark.parametrize(
    ("method", "argument", "error"),
    [
        ("plugin.HandleEvent", {"InstanceId": 0, "EventName": "access"}, "no plugin instance #0"),
        ("plugin.CloseInstance", 0, "no plugin instance #0"),
        ("plugin.Step", {"EventId": 0}, "event 0 is over or unknown"),
        ("plugin.StartInstance", {"Name": "other", "Config": "{}"}, "other not"),
        ("plugin.StartInstance", {"Name": NAME, "Config": "{"}, "JSONDecodeError"),
        ("plugin.StartInstance", None, "TypeError"),
        ("plugin.GetStatus", None, "no method plugin.GetStatus"),
        ("plugin.Cleanup", None, "no method plugin.Cleanup"),
        ("nonsense", None, "no method nonsense"),
    ],
)
def test_a_call_that_cannot_be_answered_gets_an_error_and_the_server_goes_on(
    server: subprocess.Popen[str], kong: KongDriver, method: str, argument: object, error: str
) -> None:
    with pytest.raises(PluginServerError, match=error):
        kong.rpc(method, argument)

    assert kong.start_instance(NAME, {}) > 0


@pytest.mark.parametrize(
    "nonsense",
    [b"GET / HTTP/1.1\r\n\r\n", b"\xc1\xc1", pack([0, 1]), pack(7), pack([0, 1, [], [1]])],
    ids=repr,
)
def test_bytes_that_are_not_the_protocol_close_their_connection_only(
    server: subprocess.Popen[str], kong: KongDriver, socket_path: Path, nonsense: bytes
) -> None:
    stranger = KongDriver(socket_path)
    stranger.send_raw(nonsense)
    with pytest.raises(ConnectionError):
        stranger.read_message()

    assert kong.start_instance(NAME, {}) > 0
    assert "Traceback" not in stop(server)


def test_an_instance_that_kong_closed_is_gone(
    server: subprocess.Popen[str], kong: KongDriver
) -> None:
    instance = kong.start_instance(NAME, {})

    kong.rpc("plugin.CloseInstance", instance)

    with pytest.raises(PluginServerError, match="no plugin instance"):
        kong.begin(instance)
