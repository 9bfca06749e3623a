"""An aiohttp handler that reads the body and answers: what the server costs without any work.

It runs as the collector runs: the same loop, the same runner. `python -m bench.noop --port N`.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import Sequence

from aiohttp import web

from collector.serve import make_runner, new_event_loop

# As long as the collector's answer.
ANSWER = (
    b'{"success": true, "event_id": "0198f3c2-7d5a-7c41-9f0e-3a6d5b1c2e4f", '
    b'"message": "Event \'Pricing | AINative Studio\' tracked successfully"}'
)


async def answer(request: web.Request) -> web.Response:
    """Read all, and say that all is well."""
    await request.read()
    return web.Response(body=ANSWER, content_type="application/json", charset="utf-8")


async def serve(port: int) -> None:
    """Answer every path and method until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stopped.set)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = make_runner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await stopped.wait()
    finally:
        await runner.cleanup()


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve on the port that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    port: int = parser.parse_args(arguments).port
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(serve(port))


if __name__ == "__main__":
    main()
