"""The command `conversion-tracking-plugin`: the process that Kong talks to.

`--dump [FILE]` prints or writes what Kong must know about the plugin (Kong's query command);
`--socket PATH` serves it. docs/kong.md has the lines of kong.conf; the server itself, which can
host any plugin, is described in docs/plugin-server.md.
"""

import sys
from collections.abc import Sequence

from conversion_tracking_plugin import plugin
from kong_plugin_server.cli import run_command


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point. Returns the exit code: 0, or 1 after one line that says what is wrong."""
    return run_command(plugin.NAME, plugin.__name__, "conversion-tracking-plugin", arguments)


if __name__ == "__main__":
    sys.exit(main())
