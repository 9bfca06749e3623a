"""`conversion-tracking consume` of the next version, which knows one more form of events."""

import sys
from unittest.mock import patch

from collector import cli, codec
from collector.event_row import EventRow

NEXT = b'{"version":%d,' % (codec.VERSION + 1)


def decode_row(data: bytes) -> EventRow:
    """As ours, and what the next version writes."""
    return codec.decode_row(data.replace(NEXT, b'{"version":%d,' % codec.VERSION))


if __name__ == "__main__":
    with patch("collector.consume.storing.decode_row", decode_row):
        sys.exit(cli.main())
