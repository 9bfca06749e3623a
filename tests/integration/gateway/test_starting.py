"""Starting and refusing to start: one clear line, exit code 1, never a traceback."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.integration.gateway.harness import (
    PATIENCE_SECONDS,
    make_kong_yml,
    probe,
    probe_environment,
    running_gateway,
    spawn_gateway,
)


def service(**fields: Any) -> dict[str, Any]:
    return {"name": "s", "host": "127.0.0.1", "routes": [{"paths": ["/"]}], **fields}


GOOD = make_kong_yml([service()])


async def refusal(
    directory: Path, kong_yml: object, environment: dict[str, str], *arguments: str
) -> str:
    process = await spawn_gateway(directory, kong_yml, environment, *arguments)
    async with asyncio.timeout(PATIENCE_SECONDS):
        stdout, _ = await process.communicate()
    log = (directory / "gateway.log").read_text()
    assert (process.returncode, stdout) == (1, b""), log
    assert "Traceback" not in log
    return log.strip().splitlines()[-1]


async def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = await refusal(tmp_path, GOOD, {}, "--listen", f"127.0.0.1:{port}")
    assert line.startswith(f"gateway: cannot listen on 127.0.0.1:{port}: Address already in use")


@pytest.mark.parametrize(
    ("kong_yml", "message"),
    [
        (
            make_kong_yml([], consumers=[{"username": "a"}]),
            "gateway: kong.yml: consumers: not implemented by the local gateway",
        ),
        (
            make_kong_yml([service(plugins=[{"name": "key-auth"}])]),
            "gateway: kong.yml: services[0].plugins[0].name: plugin 'key-auth' not enabled",
        ),
        ("no record", "gateway: kong.yml: expected a record"),
    ],
)
async def test_a_kong_yml_that_is_refused_is_explained(
    tmp_path: Path, kong_yml: object, message: str
) -> None:
    assert (await refusal(tmp_path, kong_yml, {})).startswith(message)


async def test_a_config_of_an_external_plugin_is_checked_by_its_own_schema(tmp_path: Path) -> None:
    plugin = {"name": "probe", "config": {"behavior": "nothing"}}
    kong_yml = make_kong_yml([service(plugins=[plugin])])
    line = await refusal(tmp_path, kong_yml, probe_environment(tmp_path))
    assert "services[0].plugins[0].config.behavior: unknown field" in line


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"KONG_PLUGINSERVER_PROBE_QUERY_CMD": "echo nonsense"}, "failed decoding plugin info"),
        ({"KONG_PLUGINSERVER_PROBE_QUERY_CMD": "exit 3"}, "failed with exit code 3"),
        ({"KONG_PLUGINSERVER_PROBE_QUERY_CMD": ""}, "no info query for probe"),
        ({"KONG_PLUGINSERVER_PROBE_START_CMD": "server"}, "PROBE_START_CMD: not implemented"),
        ({"KONG_PLUGINS": "bundled,other"}, "KONG_PLUGINS: other: no plugin server offers it"),
        ({"KONG_PROXY_LISTEN": "here"}, "KONG_PROXY_LISTEN"),
    ],
)
async def test_a_setting_that_cannot_work_is_explained(
    tmp_path: Path, changes: dict[str, str], message: str
) -> None:
    environment = {"KONG_PROXY_LISTEN": "127.0.0.1:0"} | probe_environment(tmp_path) | changes
    line = await refusal(
        tmp_path, make_kong_yml([service(plugins=[probe("nothing")])]), environment
    )
    assert line.startswith("gateway: ")
    assert message in line


async def test_a_query_command_runs_in_a_shell_with_the_whole_environment(tmp_path: Path) -> None:
    dump = tmp_path / "dump.json"
    environment = probe_environment(tmp_path)
    query = environment["KONG_PLUGINSERVER_PROBE_QUERY_CMD"]
    environment["KONG_PLUGINSERVER_PROBE_QUERY_CMD"] = f'{query} | tee "$DUMP_PATH"'
    environment["DUMP_PATH"] = str(dump)
    async with running_gateway(tmp_path, GOOD, environment):
        assert '"Name": "probe"' in dump.read_text()


async def test_a_host_without_an_address_is_explained(tmp_path: Path) -> None:
    line = await refusal(tmp_path, make_kong_yml([service(host="collector", port=8080)]), {})
    assert "say where it is with --resolve collector:8080=ADDRESS:PORT" in line


async def test_help_names_the_flags(tmp_path: Path) -> None:
    process = await spawn_gateway(tmp_path, GOOD, {}, "--help")
    stdout, _ = await process.communicate()
    assert process.returncode == 0
    assert b"--resolve" in stdout
