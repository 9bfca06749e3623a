"""`python -m kong_plugin_server NAME MODULE --socket PATH`: serve any plugin."""

from __future__ import annotations

import sys

from kong_plugin_server.cli import run_command

USAGE = "usage: python -m kong_plugin_server NAME MODULE (--dump [FILE] | --socket PATH) ..."

if __name__ == "__main__":
    match sys.argv[1:]:
        case [name, module, _, *_]:
            sys.exit(run_command(name, module, "kong_plugin_server", sys.argv[3:]))
        case _:
            sys.exit(USAGE)
