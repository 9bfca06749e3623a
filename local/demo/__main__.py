"""``python -m local.demo``: the demo site, for as long as it is not stopped."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys

from aiohttp import web

from local.demo.app import DemoSettings, make_app

HOST = "127.0.0.1"


def main() -> int:
    """Serve until SIGTERM or SIGINT: 0; 1 with one line on stderr where that cannot begin."""
    options = parse_arguments()
    settings = DemoSettings(options.gateway, os.environ["CT_DATABASE_URL"])
    try:
        asyncio.run(serve(settings, options.port))
    except OSError as error:
        print(f"demo: cannot listen on {HOST}:{options.port}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


def parse_arguments() -> argparse.Namespace:
    """The options; the database's address is no option, because it may hold a password."""
    parser = argparse.ArgumentParser(
        prog="python -m local.demo",
        description="A site with the tracker on it, and a page of the last events, which are read "
        "from CT_DATABASE_URL (docs/demo.md).",
    )
    parser.add_argument("--port", type=int, default=5177, help="default: %(default)s")
    parser.add_argument(
        "--gateway", default="http://127.0.0.1:8000", metavar="URL", help="default: %(default)s"
    )
    return parser.parse_args()


async def serve(settings: DemoSettings, port: int) -> None:
    """Serve until a signal. Raises OSError where the port cannot be listened on."""
    stopped = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stopped.set)
    runner = web.AppRunner(make_app(settings), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port).start()
        print(f"demo ready on http://localhost:{port}", flush=True)
        await stopped.wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    sys.exit(main())
