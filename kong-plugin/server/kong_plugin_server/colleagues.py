"""A worker's colleagues, by way of the supervisor: who knows an instance that this one does not?

directory.py has the other end.
"""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any

from kong_plugin_server.channel import (
    CLOSED,
    KNOWN,
    STARTED,
    UNKNOWN,
    WANTED,
    Channel,
    Packet,
)
from kong_plugin_server.hosting import Instance, Instances
from kong_plugin_server.watchdog import Watchdog

logger = logging.getLogger(__name__)

Learn = Callable[[Instance | None], None]


class Colleagues:
    """What the other workers are told, and asked for."""

    def __init__(self, channel: Channel, instances: Instances, watchdog: Watchdog) -> None:
        self._channel = channel
        self._instances = instances
        self._watchdog = watchdog
        self._asking: defaultdict[int, list[Learn]] = defaultdict(list)

    def tell_started(self, instance_id: int, config: bytes, told: Callable[[], None]) -> None:
        """Kong has started an instance here; `told` is called when the supervisor can know it."""
        try:
            self._channel.send_text(STARTED, instance_id, config, told)
        except OSError as problem:
            logger.error("cannot pass on a configuration: %s", problem)  # noqa: TRY400  # one line
            told()

    def tell_closed(self, instance_id: int) -> None:
        """Kong has closed an instance."""
        self._channel.send(CLOSED, instance_id)

    def ask(self, instance_id: int, learn: Learn) -> None:
        """Call `learn` with the instance, made here too; with None where nobody knows it."""
        self._asking[instance_id].append(learn)
        if not self._channel.is_open:
            self._learn(instance_id, None)
        elif len(self._asking[instance_id]) == 1:
            self._channel.send(WANTED, instance_id)

    def take(self, packet: Packet) -> None:
        """The supervisor's answer."""
        if packet.kind == UNKNOWN:
            self._learn(packet.number, None)
        elif packet.kind == KNOWN:
            adopt = partial(self._instances.adopt, packet.number)
            config: Any = json.loads(packet.read_text())
            self._learn(packet.number, self._watchdog.run(adopt, config))

    def lose(self) -> None:
        """The supervisor has ended: nobody will answer."""
        for instance_id in list(self._asking):
            self._learn(instance_id, None)

    def _learn(self, instance_id: int, instance: Instance | None) -> None:
        for learn in self._asking.pop(instance_id, ()):
            learn(instance)
