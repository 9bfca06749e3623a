"""The command `conversion-tracking-plugin-kong-pdk`: the plugin in kong-pdk's server.

It takes the options of `conversion-tracking-plugin` that both servers have.
"""

import json
import logging
import sys
from collections.abc import Sequence

from conversion_tracking_plugin import plugin
from kong_plugin_server.cli import make_parser, write_dump
from kong_plugin_server.log import log_to_stderr

logger = logging.getLogger(__name__)

MISSING = (
    "%s is not installed: pip install 'conversion-tracking-plugin[kong-pdk]', on Python 3.11 "
    "(this is %d.%d). The command conversion-tracking-plugin does without it."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point. Returns the exit code: 0, or 1 after one line that says what is wrong."""
    options = make_parser("conversion-tracking-plugin-kong-pdk").parse_args(arguments)
    log_to_stderr()
    try:
        # Here, since kong-pdk is optional.
        from conversion_tracking_plugin.hosts.kong_pdk import server  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        logger.error(MISSING, missing.name, *sys.version_info[:2])  # noqa: TRY400  # one line
        return 1
    try:
        if options.dump is not None:
            write_dump(json.dumps(server.dump(plugin.NAME, plugin)), options.dump)
        else:
            server.serve(
                plugin.NAME,
                plugin,
                options.socket,
                mode=options.socket_mode,
                exit_with_parent=options.exit_with_parent,
            )
    except OSError as problem:
        logger.error("%s", problem)  # noqa: TRY400  # a user's mistake needs no traceback
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
