"""``python -m local.gateway``: a stand-in for Kong, for development and tests."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys

from local.gateway.app import run
from local.gateway.config.settings import read_settings
from local.gateway.errors import StartError
from local.gateway.proxying.targets import parse_overrides


def main() -> int:
    """Run the gateway; 0 after SIGTERM or SIGINT, 1 with one line on stderr otherwise."""
    options = _parse_arguments()
    environment = dict(os.environ)
    if options.config:
        environment["KONG_DECLARATIVE_CONFIG"] = options.config
    if options.listen:
        environment["KONG_PROXY_LISTEN"] = options.listen
    try:
        settings = read_settings(environment)
        overrides = parse_overrides(options.resolve)
        # Kong's log level is "notice".
        logging.basicConfig(
            stream=sys.stderr,
            level=logging.WARNING,
            format="%(asctime)s [%(levelname)s] %(message)s",
        )
        asyncio.run(run(settings, environment, overrides))
    except (StartError, ValueError) as error:
        print(f"gateway: {error}", file=sys.stderr)
        return 1
    return 0


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m local.gateway",
        description="A stand-in for Kong 3.9, for development and tests. It reads Kong's own "
        "environment variables (docs/local-gateway.md).",
    )
    parser.add_argument("--config", metavar="FILE", help="kong.yml (KONG_DECLARATIVE_CONFIG)")
    parser.add_argument("--listen", metavar="HOST:PORT", help="address (KONG_PROXY_LISTEN)")
    parser.add_argument(
        "--resolve",
        metavar="HOST:PORT=HOST:PORT",
        action="append",
        default=[],
        help="connect elsewhere for a target of kong.yml; may be repeated",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
