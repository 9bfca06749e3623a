"""Kong's log levels on stderr."""

from __future__ import annotations

import logging
import sys

NOTICE = 25
LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "notice": NOTICE,
    "warn": logging.WARNING,
    "error": logging.ERROR,
    "crit": logging.CRITICAL,
    "alert": logging.CRITICAL,
    "emerg": logging.CRITICAL,
}


def set_up_logging(level: str) -> None:
    """Log to stderr from one of KONG_LOG_LEVEL's values upwards."""
    logging.addLevelName(NOTICE, "NOTICE")
    logging.basicConfig(
        stream=sys.stderr,
        level=LEVELS[level],
        format="%(asctime)s [%(levelname)s] %(message)s",
    )
