"""``python -m local.history``: fill an empty database with months of a site's traffic."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from datetime import UTC, datetime

import asyncpg

from local.history.fill import HistoryError, fill_history
from local.history.traffic import Traffic


def main() -> int:
    """Fill: 0; 1 with one line on stderr where that cannot be done."""
    options = parse_arguments()
    traffic = Traffic(options.events, options.days, options.until, options.seed)
    begin = time.monotonic()
    try:
        events = asyncio.run(
            fill_history(options.database, traffic, lambda line: print(line, flush=True))
        )
    except (OSError, HistoryError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        print(f"history: {error}", file=sys.stderr)
        return 1
    print(f"{events:,} events in {time.monotonic() - begin:.0f} s")
    return 0


def parse_arguments() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="python -m local.history",
        description="Fill an empty database with made-up traffic, the same at every run.",
    )
    parser.add_argument("--database", required=True, metavar="URL")
    parser.add_argument("--events", type=int, default=200_000, help="default: %(default)s")
    parser.add_argument("--days", type=int, default=90, help="default: %(default)s")
    parser.add_argument(
        "--until",
        type=utc_time,
        default=datetime.now(UTC),
        metavar="TIME",
        help="when the traffic ends, such as 2026-11-01 or 2026-11-01T12:00 (UTC); default: now",
    )
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    return parser.parse_args()


def utc_time(text: str) -> datetime:
    """A time in UTC. Raises ValueError where the text is none."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


if __name__ == "__main__":
    sys.exit(main())
