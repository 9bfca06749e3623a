"""A plugin that does what a plugin must not do, served by the project's plugin server.

Run as `python -m tests.integration.kong_pdk.faulty_plugin_server SOCKET [EVENT_SECONDS]`; the
configuration's `behaviour` chooses what an event does.
"""

import gc
import sys
from pathlib import Path
from typing import Any

from greenlet import greenlet

NAME = "faulty"
LARGE_VALUE = "x" * 4_000_000


class FaultyPlugin:
    """What kong-pdk expects of a plugin's module, as a class."""

    version = "0.0.1"
    priority = 1
    Schema: list[dict[str, Any]] = []  # noqa: RUF012 - kong-pdk reads it from here

    class Plugin:
        def __init__(self, config: dict[str, Any]) -> None:
            self._behaviour = getattr(self, config["behaviour"])

        def access(self, kong: Any) -> None:
            self._behaviour(kong)

        def raise_before_the_first_call(self, kong: Any) -> None:
            raise RuntimeError("raised before the first call")

        def raise_after_a_call(self, kong: Any) -> None:
            kong.request.get_method()
            raise RuntimeError("raised after a call")

        def exit_first(self, kong: Any) -> None:
            kong.response.exit(200, "", {"X-Exit": "first"})
            raise RuntimeError("ran on after an exit")

        def send_a_large_answer(self, kong: Any) -> None:
            kong.response.set_headers({"X-Large": LARGE_VALUE})

        def count_greenlets(self, kong: Any) -> None:
            gc.collect()
            alive = sum(isinstance(thing, greenlet) for thing in gc.get_objects())
            kong.response.exit(200, str(alive), {"X-Counted": "greenlets"})


if __name__ == "__main__":
    # Here: importing kong-pdk warns, and the tests import this module.
    from conversion_tracking_plugin.hosts.kong_pdk import guards, server

    if len(sys.argv) > 2:
        guards.EVENT_SECONDS = float(sys.argv[2])
    server.serve(NAME, FaultyPlugin, Path(sys.argv[1]))
