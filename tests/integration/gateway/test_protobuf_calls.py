"""A ProtoBuf:1 plugin server behind the gateway: what was measured on a Kong 3.9.1."""

import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.integration.gateway.harness import (
    Reply,
    RunningGateway,
    make_kong_yml,
    probe_environment,
    running_gateway,
    running_upstream,
)
from tests.integration.gateway.protobuf_behaviours import BEHAVIOURS, FAILING_CALLS
from tests.integration.gateway.protobuf_endings import FAILING_ENDS, REPEATED, START_ANSWERS
from tests.integration.gateway.protobuf_server import (
    DUMP,
    ScriptedServer,
    running_scripted_server,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

READ_TIMEOUT_SECONDS = 1.0


@dataclass
class Probe:
    """The gateway, and the plugin server behind it."""

    gateway: RunningGateway
    server: ScriptedServer

    async def get(self, path: str, headers: list[tuple[str, str]] | None = None) -> Reply:
        return await self.gateway.ask("GET", path, headers=headers)


def make_routes() -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "paths": [f"/{name}"],
            "strip_path": False,
            "plugins": [{"name": "probe", "config": {"behaviour": name}}],
        }
        for name in BEHAVIOURS
    ]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def probe(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Probe]:
    directory: Path = tmp_path_factory.mktemp("protobuf")
    dump = directory / "dump.json"
    dump.write_text(json.dumps(DUMP))
    environment = probe_environment(directory) | {
        "KONG_PLUGINSERVER_PROBE_QUERY_CMD": f"cat {dump}",
        "KONG_NGINX_PROXY_LUA_SOCKET_READ_TIMEOUT": f"{READ_TIMEOUT_SECONDS:.0f}s",
    }
    async with (
        running_scripted_server(directory / "probe.sock", BEHAVIOURS, START_ANSWERS) as server,
        running_upstream() as port,
    ):
        service = {"name": "up", "host": "127.0.0.1", "port": port, "routes": make_routes()}
        async with running_gateway(directory, make_kong_yml([service]), environment) as gateway:
            yield Probe(gateway, server)


def upstream_headers(reply: Reply) -> list[list[str]]:
    """The request headers that the upstream received, as lines."""
    headers: list[list[str]] = json.loads(reply.body)["headers"]
    return [line for line in headers if line[0].startswith("X-")]


def assert_failed(reply: Reply) -> None:
    assert reply.status == 500
    assert json.loads(reply.body)["message"] == "An unexpected error occurred"


async def test_calls_of_one_write_are_answered_in_order(probe: Probe) -> None:
    reply = await probe.get("/pipelined")
    assert (reply.status, reply.headers["X-Set"]) == (200, "by plugin")
    assert ["X-Stamp", "127.0.0.1"] in upstream_headers(reply)


async def test_frames_may_come_byte_by_byte(probe: Probe) -> None:
    assert (await probe.get("/byte_by_byte")).headers["X-Set"] == "by plugin"


async def test_events_share_a_connection_and_an_instance(probe: Probe) -> None:
    await probe.get("/nothing")
    before = probe.server.connections
    for _ in range(3):
        assert (await probe.get("/nothing")).status == 200
    assert probe.server.connections == before
    assert probe.server.starts["nothing"] == 1


async def test_what_the_pdk_reads_goes_out_in_these_bytes(probe: Probe) -> None:
    headers = [("X-Two", "1"), ("X-Two", "2"), ("X-Empty", "")]
    host = b"gw.test:123"
    reply = await probe.gateway.ask(
        "POST", "/show", headers=[("Host", host.decode()), *headers], data=b"body"
    )
    shown = dict(line.split(" ") for line in reply.body.decode().splitlines())
    frames = {name: bytes.fromhex(frame) for name, frame in shown.items()}
    assert frames == {
        "forwarded_ip": b"\x0a\x09127.0.0.1",
        "method": b"\x0a\x04POST",
        "header": b"\x0a\x011",
        "absent_header": b"",
        "empty_header": b"",
        "var_two": b"\x0a\x041, 2",
        "var_absent": b"",
        "headers_of_one": b"\x0a\x15\x0a\x04host\x12\x0d\x1a\x0b" + host,
        "junk_argument": b"\x0a\x04POST",
        "second_wins": b"\x0a\x011",
    }


@pytest.mark.parametrize("behaviour", ["set_values", "set_tables"])
async def test_values_become_header_lines_as_in_kong(probe: Probe, behaviour: str) -> None:
    forged = [(name, "forged") for name in ("X-Nothing", "X-Null", "X-False")]
    reply = await probe.get(f"/{behaviour}", forged)
    expected = [
        ["X-Big", "1795364921355"],
        ["X-Empty", ""],
        ["X-Evil", "a%0D%0AX-Injected: 1"],
        ["X-Half", "1.5"],
        ["X-Hole", "a"],
        ["X-List", "a"],
        ["X-List", "b"],
        ["X-Null", "NULL_VALUE"],
        ["X-Number", "7200"],
        ["X-Text", "a"],
        ["X-True", "true"],
        ["X-Zero", "0"],
    ]
    names = {name for name, _ in expected}
    assert sorted([k, v] for k, v in reply.headers.items() if k in names) == expected
    # An empty list or table takes the client's line away; false leaves it.
    received = [line for line in upstream_headers(reply) if line[0] in {*names, *dict(forged)}]
    assert sorted(received) == sorted([*expected, ["X-False", "forged"]])


async def test_the_parts_of_a_log_call_are_one_line(probe: Probe) -> None:
    assert (await probe.get("/write_log")).status == 200
    assert "a line of 2 parts" in probe.gateway.read_log()


async def test_an_exit_answers_and_ends_the_connection_without_a_word(probe: Probe) -> None:
    probe.server.ended.clear()
    reply = await probe.get("/exit_text")
    assert (reply.status, reply.body) == (200, b"hello")
    assert ("aLLoW", "POST") in reply.headers.items()
    assert reply.headers.getall("Vary") == ["B", "C"]
    assert (reply.headers["X-Age"], reply.headers["X-Before"]) == ("5", "1")
    assert "Content-Type" not in reply.headers
    assert await probe.server.wait_for_last_words() == b""


async def test_an_exit_without_a_body_keeps_its_headers(probe: Probe) -> None:
    reply = await probe.get("/exit_no_content")
    assert (reply.status, reply.body, reply.headers["X-Kept"]) == (204, b"", "1")


async def test_nothing_is_read_after_an_exit(probe: Probe) -> None:
    reply = await probe.get("/exit_and_go_on")
    assert (reply.status, "X-Late" in reply.headers) == (202, False)


@pytest.mark.parametrize("behaviour", FAILING_CALLS)
async def test_a_call_that_kong_refuses_is_a_500_without_an_answer(
    probe: Probe, behaviour: str
) -> None:
    probe.server.ended.clear()
    reply = await probe.get(f"/{behaviour}?bare")
    assert_failed(reply)
    assert reply.headers["X-Before"] == "1"
    assert await probe.server.wait_for_last_words() == b""


async def test_a_method_that_only_kong_has_is_a_500_and_a_line_in_the_log(probe: Probe) -> None:
    assert_failed(await probe.get("/not_implemented"))
    line = "kong.router.get_route is not implemented by the local gateway"
    assert line in probe.gateway.read_log()


@pytest.mark.parametrize("behaviour", FAILING_ENDS)
async def test_an_event_that_does_not_end_well_is_a_500_every_time(
    probe: Probe, behaviour: str
) -> None:
    for _ in range(2):
        started = time.monotonic()
        assert_failed(await probe.get(f"/{behaviour}"))
        waits = behaviour in {"hang", "hang_in_a_frame", "announce_4_gigabytes"}
        assert (time.monotonic() - started > READ_TIMEOUT_SECONDS * 0.9) is waits
    # The event was not run a second time for one request.
    assert probe.server.events[behaviour] == 2


@pytest.mark.parametrize("behaviour", REPEATED)
async def test_a_closed_connection_starts_the_instance_and_the_event_again(
    probe: Probe, behaviour: str
) -> None:
    assert (await probe.get(f"/{behaviour}")).status == 200
    assert (probe.server.starts[behaviour], probe.server.events[behaviour]) == (2, 2)
    assert (await probe.get(f"/{behaviour}")).status == 200
    assert (probe.server.starts[behaviour], probe.server.events[behaviour]) == (2, 3)


async def test_what_an_interrupted_event_did_is_not_undone(probe: Probe) -> None:
    probe.server.events["close_after_a_call"] = 0
    reply = await probe.get("/close_after_a_call")
    assert (reply.headers["X-Round-0"], reply.headers["X-Round-1"]) == ("0", "1")


async def test_bytes_behind_the_return_end_the_connection(probe: Probe) -> None:
    await probe.get("/nothing")
    before = probe.server.connections
    assert (await probe.get("/trailing_bytes")).status == 200
    assert (await probe.get("/nothing")).status == 200
    assert probe.server.connections == before + 1


@pytest.mark.parametrize("behaviour", sorted(set(START_ANSWERS) - {"start_closes"}))
async def test_a_start_that_is_answered_wrongly_is_a_500(probe: Probe, behaviour: str) -> None:
    assert_failed(await probe.get(f"/{behaviour}"))
    assert probe.server.events[behaviour] == 0


async def test_a_start_that_is_not_answered_is_tried_again_by_the_next_request(
    probe: Probe,
) -> None:
    for starts in (1, 2):
        assert_failed(await probe.get("/start_closes"))
        assert probe.server.starts["start_closes"] == starts
