"""The instances of a plugin (plugin_module.py), each made with a configuration.

A plugin may have an attribute `reads`: the calls whose results each of its phases begins
with. They are sent to Kong with the first write, and answered without another round trip.
Other plugin servers ignore it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from kong_plugin_server.directory import MAX_INSTANCES
from kong_plugin_server.frames import frame
from kong_plugin_server.messages import encode_instance_return
from kong_plugin_server.pdk import Method, find_method
from kong_plugin_server.plugin_module import HostedPlugin

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Read:
    """A call whose result a phase begins with."""

    method: Method
    arguments: tuple[Any, ...]
    frames: bytes


@lru_cache(maxsize=1_000)
def make_read(name: str, *arguments: Any) -> Read:
    """A call of `reads`, ready to be sent. Raises PdkError for one that Kong does not have."""
    method = find_method(name)
    frames = frame(method.wire_name) + frame(method.encode(arguments))
    return Read(method, arguments, frames)


class UnusablePlugin:
    """Stands for a plugin whose constructor raised: each of its phases raises that error.

    Refusing Kong's call instead would make Kong repeat it without end (pb_rpc.lua takes a
    closed connection for a restarted server).
    """

    reads: Mapping[str, Any] = {}

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __getattr__(self, phase: str) -> Any:
        raise RuntimeError("the plugin could not be made with its configuration") from self._error


def make_plugin(plugin_class: type[Any], config: Any) -> Any:
    """The plugin with a configuration."""
    try:
        plugin = plugin_class(config)
        for calls in getattr(plugin, "reads", {}).values():
            make_reads(calls)
    except BaseException as error:  # sys.exit() and the watchdog end no server
        logger.exception("the plugin cannot be made with its configuration")
        return UnusablePlugin(error)
    return plugin


@dataclass(slots=True)
class Instance:
    """A plugin made with one configuration."""

    id: int
    plugin: Any
    hosted: HostedPlugin
    started_at: int
    used_at: float = 0.0

    def describe(self, sequence: int) -> bytes:
        """The answer to the call that started or closed it."""
        return encode_instance_return(sequence, self.hosted.name, self.id, self.started_at)


class Instances:
    """The instances of this process, by id; those that it gives begin at `first_id`."""

    def __init__(self, hosted: HostedPlugin, first_id: int) -> None:
        self._hosted = hosted
        self._by_id: dict[int, Instance] = {}
        self._next_id = first_id

    def __len__(self) -> int:
        return len(self._by_id)

    def start(self, config: Any) -> Instance:
        """Make the plugin with a configuration; an UnusablePlugin where that fails."""
        self._next_id += 1
        return self.adopt(self._next_id - 1, config)

    def adopt(self, instance_id: int, config: Any) -> Instance:
        """The same for an id that another worker gave."""
        plugin = make_plugin(self._hosted.plugin_class, config)
        instance = Instance(instance_id, plugin, self._hosted, int(time.time()))
        instance.used_at = time.monotonic()
        self._by_id[instance_id] = instance
        if len(self._by_id) > MAX_INSTANCES:
            del self._by_id[min(self._by_id.values(), key=lambda i: i.used_at).id]
        return instance

    def find(self, instance_id: int, now: float) -> Instance | None:
        """The instance of this id, marked as used at a time of the monotonic clock."""
        instance = self._by_id.get(instance_id)
        if instance is not None:
            instance.used_at = now
        return instance

    def close(self, instance_id: int) -> Instance | None:
        """Forget an instance; returns it where there was one."""
        return self._by_id.pop(instance_id, None)


def reads_of(plugin: Any, phase: str) -> Sequence[Read]:
    """The calls whose results a phase begins with; none where the plugin changed them to nonsense.

    The phase then asks by itself.
    """
    try:
        return make_reads(getattr(plugin, "reads", {}).get(phase, ()))
    except Exception:
        logger.exception("the plugin's reads for the phase %s cannot be used", phase)
        return ()


def make_reads(calls: Iterable[tuple[Any, ...]]) -> list[Read]:
    """The calls that a phase begins with, ready to be sent.

    Raises PdkError where Kong does not have one of them, TypeError for what is no call.
    """
    return [make_read(*call) for call in calls]
