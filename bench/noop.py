"""An aiohttp handler that reads the body and answers: what the server costs without any work.

It is served by the collector's own code: the same loop, runner and garbage collection.
`python -m bench.noop --port N`.
"""

from __future__ import annotations

import argparse
import socket
from collections.abc import Sequence

from aiohttp import web

from collector.metrics import Metrics
from collector.serving.listening import open_sockets
from collector.serving.serve import bounds_of, run_loop, serve_until, stop_on_signals
from collector.settings import Settings

# As long as the collector's answer.
ANSWER = (
    b'{"success": true, "event_id": "0198f3c2-7d5a-7c41-9f0e-3a6d5b1c2e4f", '
    b'"message": "Event \'Pricing | AINative Studio\' tracked successfully"}'
)


async def answer(request: web.Request) -> web.Response:
    """Read the body, and answer as much as the collector would."""
    await request.read()
    return web.Response(body=ANSWER, content_type="application/json", charset="utf-8")


def make_app() -> web.Application:
    """Answers every path and method."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    return app


async def serve(sockets: Sequence[socket.socket]) -> None:
    """Serve until SIGTERM or SIGINT."""
    bounds = bounds_of(Settings(database_url="postgresql://unused"), Metrics())
    await serve_until(stop_on_signals(), make_app(), bounds, sockets)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve on the port that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    port: int = parser.parse_args(arguments).port
    run_loop(serve(open_sockets("127.0.0.1", port)))


if __name__ == "__main__":
    main()
