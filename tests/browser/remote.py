"""A browser as a process of its own, which is spoken to over a WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp


@asynccontextmanager
async def run_browser(
    *command: str, read_address: Callable[[], Awaitable[str]]
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """Start it, and connect to where it listens by then; the block has to tell it to end."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        address = await read_address()
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(address, max_msg_size=0) as protocol,
        ):
            yield protocol
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
