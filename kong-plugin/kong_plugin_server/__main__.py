"""`python -m kong_plugin_server NAME MODULE --socket PATH`: serve any plugin."""

from __future__ import annotations

import sys

from kong_plugin_server.cli import run_command

if __name__ == "__main__":
    usage = "usage: python -m kong_plugin_server NAME MODULE (--dump [FILE] | --socket PATH) ..."
    if len(sys.argv) < 4:
        sys.exit(usage)
    sys.exit(run_command(sys.argv[1], sys.argv[2], "kong_plugin_server", sys.argv[3:]))
