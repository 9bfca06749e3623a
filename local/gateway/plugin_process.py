"""The query command and the start command of a plugin server (plugin_servers/process.lua)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import subprocess
from pathlib import Path

from local.gateway.errors import StartError
from local.gateway.settings import PluginServerSettings

log = logging.getLogger(__name__)

_RESPAWN_SECONDS = 1.0
_READY_SECONDS = 15.0
_STOP_SECONDS = 5.0
_COMMAND_NOT_FOUND = 127


def query_plugin_dump(server: PluginServerSettings) -> str:
    """Run the query command in a shell with the whole environment, and give its stdout.

    Raises StartError if there is no command, or it fails and prints nothing.
    """
    if not server.query_command:
        raise StartError(f"no info query for {server.name}: set {server.variable('QUERY_CMD')}")
    done = subprocess.run(  # noqa: S602 (Kong's popen uses the shell as well)
        server.query_command, shell=True, stdout=subprocess.PIPE, check=False, text=True
    )
    if done.returncode != 0 and not done.stdout.strip():
        raise StartError(
            f"{server.variable('QUERY_CMD')}: {server.query_command!r} failed with exit code "
            f"{done.returncode}"
        )
    return done.stdout


class PluginProcess:
    """Runs the start command, again whenever it ends, at most once a second."""

    def __init__(self, server: PluginServerSettings) -> None:
        self._server = server
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the server and wait for its socket. Raises StartError if none comes.

        Kong does not wait: its first requests may get 500. Here the gateway's line on
        stdout says that all of it is ready.
        """
        if self._server.start_command is None:
            log.warning(
                "%s is not set: plugin server '%s' is managed by somebody else",
                self._server.variable("START_CMD"),
                self._server.name,
            )
            return
        await asyncio.to_thread(Path(self._server.socket).unlink, missing_ok=True)
        self._keeper = asyncio.create_task(self._keep_running(self._server.start_command))
        if not await self._wait_until_ready(self._keeper):
            await self.stop()
            raise StartError(
                f"plugin server '{self._server.name}' did not open {self._server.socket}; "
                f"run it by hand to see why: {self._server.start_command}"
            )

    async def stop(self) -> None:
        """Stop the server that this gateway started."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _keep_running(self, command: str) -> None:
        while True:
            status, _ = await asyncio.gather(self._run(command), asyncio.sleep(_RESPAWN_SECONDS))
            log.warning("plugin server '%s' ended with status %s", self._server.name, status)
            if status == _COMMAND_NOT_FOUND:
                log.error("not respawned, command not found: %s", command)
                return

    async def _run(self, command: str) -> int:
        # Kong gives the server an almost empty environment, without a PATH.
        self._process = process = await asyncio.create_subprocess_exec(
            "/bin/sh",
            "-c",
            f"exec {command}",
            env={},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        assert process.stdout is not None  # noqa: S101 (it is a pipe)
        # Kong logs the output at INFO: a traceback is invisible at the default level.
        async for line in process.stdout:
            log.info(
                "[%s:%d] %s", self._server.name, process.pid, line.decode(errors="replace").rstrip()
            )
        return await process.wait()

    async def _wait_until_ready(self, keeper: asyncio.Task[None]) -> bool:
        deadline = asyncio.get_running_loop().time() + _READY_SECONDS
        while asyncio.get_running_loop().time() < deadline and not keeper.done():
            try:
                _, writer = await asyncio.open_unix_connection(self._server.socket)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return True
        return False
