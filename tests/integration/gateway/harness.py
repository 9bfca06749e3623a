"""Start the gateway as a process, in front of a real upstream, with the probe plugin."""

import asyncio
import contextlib
import gzip
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from aiohttp import web
from multidict import CIMultiDict

PROBE = Path(__file__).with_name("probe_plugin.py")
ROOT = Path(__file__).parents[3]
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Reply:
    """A response, read whole."""

    status: int
    headers: CIMultiDict[str]
    body: bytes


@dataclass
class RunningGateway:
    """A gateway process and the client to talk to it."""

    process: asyncio.subprocess.Process
    port: int
    log_path: Path
    session: aiohttp.ClientSession

    async def ask(self, method: str, path: str, **options: Any) -> Reply:
        options.setdefault("skip_auto_headers", ["Content-Type"])
        url = f"http://127.0.0.1:{self.port}{path}"
        async with self.session.request(method, url, allow_redirects=False, **options) as response:
            # aiohttp's own headers lose the case of names.
            headers = CIMultiDict(
                (name.decode(), value.decode()) for name, value in response.raw_headers
            )
            return Reply(response.status, headers, await response.read())

    def read_log(self) -> str:
        return self.log_path.read_text()


def probe_environment(directory: Path) -> dict[str, str]:
    """Kong's variables for the probe plugin; the test runs its server."""
    return {
        "KONG_PLUGINS": "bundled,probe",
        "KONG_PLUGINSERVER_NAMES": "probe",
        "KONG_PLUGINSERVER_PROBE_SOCKET": str(directory / "probe.sock"),
        "KONG_PLUGINSERVER_PROBE_QUERY_CMD": f"{sys.executable} {PROBE} --dump",
        "PROBE_SECRET": "s3cret",
    }


def probe(behaviour: str) -> dict[str, Any]:
    """The probe plugin's entry in kong.yml."""
    return {
        "name": "probe",
        "config": {"behaviour": behaviour, "secret": "{vault://env/probe-secret}"},
    }


def make_kong_yml(services: list[dict[str, Any]], **entities: Any) -> dict[str, Any]:
    """A kong.yml with these services; their routes keep their paths."""
    for service in services:
        for route in service.get("routes", ()):
            route.setdefault("strip_path", False)
    return {"_format_version": "3.0", "services": services, **entities}


async def spawn_gateway(
    directory: Path, kong_yml: object, environment: dict[str, str], *arguments: str
) -> asyncio.subprocess.Process:
    """Start the process; its log goes to gateway.log in the directory."""
    path = directory / "kong.yml"
    path.write_text(yaml.safe_dump(kong_yml))
    with (directory / "gateway.log").open("w") as log:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "local.gateway", "--config", str(path), *arguments),
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
        )


@contextlib.asynccontextmanager
async def running_gateway(
    directory: Path, kong_yml: object, environment: dict[str, str], *arguments: str
) -> AsyncIterator[RunningGateway]:
    """Run the gateway on a free port; at the end SIGTERM must give exit code 0."""
    process = await spawn_gateway(
        directory, kong_yml, environment, "--listen", "127.0.0.1:0", *arguments
    )
    log_path = directory / "gateway.log"
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_SECONDS):
        line = (await process.stdout.readline()).decode()
    assert line.startswith("gateway ready on http://127.0.0.1:"), line + log_path.read_text()
    connector = aiohttp.TCPConnector(force_close=True)
    session = aiohttp.ClientSession(connector=connector, auto_decompress=False)
    try:
        yield RunningGateway(process, int(line.rsplit(":", 1)[1]), log_path, session)
    finally:
        await session.close()
        assert await stop(process) == 0, log_path.read_text()


async def stop(process: asyncio.subprocess.Process) -> int:
    """Ask a process to end and give its exit code."""
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await process.wait()


@contextlib.asynccontextmanager
async def running_probe_server(directory: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the probe's plugin server by itself, until its socket answers."""
    with (directory / "probe.log").open("w") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *(str(PROBE), "-g", "--no-lua-style"),
            *("-p", str(directory), "--socket-name", "probe.sock"),
            stdout=log,
            stderr=log,
        )
    try:
        await wait_for_socket(directory / "probe.sock")
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def wait_for_socket(path: Path) -> None:
    """Wait until a Unix socket takes connections."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                _, writer = await asyncio.open_unix_connection(str(path))
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


@contextlib.asynccontextmanager
async def running_upstream(port: int = 0) -> AsyncIterator[int]:
    """Run an upstream that answers with what it received; give its port."""
    server = web.Server(_echo, auto_decompress=False)
    runner = web.ServerRunner(server, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def _echo(request: web.BaseRequest) -> web.StreamResponse:
    """Answer with JSON of the request; the query gives the status, a wait and headers."""
    body = await request.read()
    await asyncio.sleep(float(request.query.get("wait", "0")))
    if "reset" in request.query:
        assert request.transport is not None
        request.transport.abort()
    headers = CIMultiDict[str]()
    for entry in request.query.getall("h", []):
        name, _, value = entry.partition(":")
        headers.add(name, value)
    if "gzip" in request.query:
        body = gzip.compress(b"compressed by the upstream")
        return web.Response(body=body, headers={"Content-Encoding": "gzip"})
    return web.json_response(
        {
            "method": request.method,
            "target": request.raw_path,
            "headers": [[name, value] for name, value in request.headers.items()],
            "body": body.hex(),
        },
        status=int(request.query.get("status", "200")),
        headers=headers,
    )
