"""Log lines on stderr, in UTC: stdout is the dump's."""

from __future__ import annotations

import logging
import sys
import time


def log_to_stderr() -> None:
    """One record a line; a traceback follows its record."""
    logging.Formatter.converter = time.gmtime
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO,
        format="%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s",
        datefmt="%Y-%m-%dT%H:%M:%S",
    )
