"""The command `conversion-tracking-plugin`: the process that Kong talks to.

`--dump [FILE]` prints or writes what Kong must know about the plugin (Kong's query command);
`--socket PATH` serves it; `--nginx` writes the files by which nginx sets the CORS headers.
docs/kong.md has the lines of kong.conf; the server itself, which can host any plugin, is described
in docs/plugin-server.md.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from conversion_tracking_plugin import nginx, plugin
from kong_plugin_server.cli import run_command
from kong_plugin_server.log import log_to_stderr

logger = logging.getLogger(__name__)

PROGRAM = "conversion-tracking-plugin"
EPILOG = f"{PROGRAM} --nginx FOLDER KONG_YML writes what Kong's nginx sets the CORS headers by."


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point. Returns the exit code: 0, or 1 after one line that says what is wrong."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["--nginx"]:
        return write_nginx_files(given)
    return run_command(plugin.NAME, plugin.__name__, PROGRAM, given, EPILOG)


def write_nginx_files(arguments: Sequence[str]) -> int:
    """`--nginx`: write the files of nginx.py. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description=f"Write {nginx.HTTP_FILE} and {nginx.PROXY_FILE}, by which nginx itself sets "
        "the CORS headers of every answer, for the origins in a declarative file of Kong.",
    )
    parser.add_argument("--nginx", type=Path, metavar="FOLDER", required=True)
    parser.add_argument("kong_yml", type=Path, metavar="KONG_YML")
    options = parser.parse_args(arguments)
    log_to_stderr()
    try:
        nginx.write_files(options.kong_yml, options.nginx)
    except (OSError, nginx.NginxFilesError) as problem:
        logger.error("%s", problem)  # noqa: TRY400  # a user's mistake needs no traceback
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
