"""kong-pdk 0.36's plugin server with the guards that a real Kong has shown to be needed.

Each class names what it replaces in kong_pdk and the fact that asked for it
(docs/plugin-server.md, "What kong-pdk does by itself"). Its model of plugins, instances and PDK
calls stays.
"""

import itertools
import logging
import secrets
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import gevent
import kong_pdk.module
import msgpack
from gevent.queue import Channel, Empty, Full
from greenlet import GreenletExit
from kong_pdk.exception import PDKException, PluginServerException
from kong_pdk.pdk import Kong
from kong_pdk.server import MSG_RET, PluginServer, terminal_methods

# Kong waits 60 s for an answer of the plugin server. What is older than that, nobody waits for.
EVENT_SECONDS = 75.0

# msgpack's default of 1 MiB is filled from one end to the other, so every connection that Kong
# keeps open would come to hold that much (64 MB with 32 connections).
READ_BUFFER_BYTES = 16 * 1024

logger = logging.getLogger(__name__)


class Connection(Protocol):
    """The two calls of gevent's socket that the listener uses."""

    def recv(self, size: int, /) -> bytes: ...
    def sendall(self, data: bytes, /) -> None: ...


class PhaseChannel:
    """The phase's end of an event's channel to Kong.

    Replaces the bare channel that kong_pdk hands to a phase. With it, a phase ends when it has
    called `kong.response.exit` (nobody reads what follows: 9.6 KB leaked on every preflight), and
    when Kong has given up on the event (kong_pdk waits for ever).
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def put(self, call: dict[str, Any]) -> None:
        """Send a PDK call. Raises GreenletExit where the phase is over with it."""
        try:
            self._channel.put(call, timeout=EVENT_SECONDS)
        except Full:
            raise GreenletExit from None
        if call["Method"] in terminal_methods:
            raise GreenletExit

    def get(self) -> Any:
        """Kong's answer to the last call. Raises GreenletExit where none comes."""
        try:
            return self._channel.get(timeout=EVENT_SECONDS)
        except Empty:
            logger.warning("Kong gave up on a request while the plugin waited for its answer")
            raise GreenletExit from None


class GuardedPluginServer(PluginServer):  # type: ignore[misc]  # kong_pdk has no types
    """Replaces kong_pdk's event handling in gevent mode.

    - A phase that raises ends its event and is logged. In kong_pdk, one that raises before its
      first PDK call hangs its request and every later one, because a lock is never given back;
      here no lock is held while a phase runs.
    - The number of an event and of an instance is not used again by the next server process:
      Kong keeps the old numbers, and from 0 on they would mean another route's configuration.
    """

    def __init__(self, name: str, plugin: ModuleType | type) -> None:
        # kong_pdk looks up the age of sys.path[0], which need not exist (python -P).
        kong_pdk.module.FILEPATH = str(Path(__file__).parent)
        super().__init__(use_gevent=True, lua_style=False)
        self.logger = logger  # kong_pdk's own writes to stdout, in GMT+8
        self.plugins[name] = kong_pdk.module.Module(name, module=plugin)
        first = secrets.randbits(31) << 20  # below 2**53, where Kong's numbers stay exact
        self.instance_id = first
        self._event_ids = itertools.count(first)
        self.rpc: dict[str, Callable[[Any], Any]] = {
            "plugin.StartInstance": self.start_instance,
            "plugin.CloseInstance": self.close_instance,
            "plugin.HandleEvent": self.handle_event,
            "plugin.StepError": self.step_error,
        }
        kinds = ("", "MultiMap", "Credential", "Consumer", "Route", "Service", "MemoryStats")
        self.rpc |= {f"plugin.Step{kind}": self.step for kind in kinds}

    def handle_event(self, event: dict[str, Any]) -> dict[str, Any]:
        """Start a phase. Answers its first PDK call, or that it is over.

        Raises PluginServerException where the instance is unknown, and Empty where the phase
        says nothing for EVENT_SECONDS.
        """
        instance = self.instances.get(event["InstanceId"])
        if instance is None:
            # Kong looks for these words, and starts the instance again.
            raise PluginServerException(f"no plugin instance #{event['InstanceId']}")
        phase = getattr(instance.cls, event["EventName"])
        event_id, channel = next(self._event_ids), Channel()
        self.events[event_id] = channel
        gevent.spawn(self._run_phase, phase, event_id, channel)
        return {"Data": channel.get(timeout=EVENT_SECONDS), "EventId": event_id}

    def _step(self, data: dict[str, Any], is_error: bool) -> dict[str, Any]:
        channel = self.events.get(data["EventId"])
        if channel is None:
            raise PluginServerException(f"event {data['EventId']} is over or unknown")
        answer = data.get("Data")
        channel.put((None, answer) if is_error else (answer, None), timeout=EVENT_SECONDS)
        return {"Data": channel.get(timeout=EVENT_SECONDS), "EventId": data["EventId"]}

    def _run_phase(self, phase: Callable[[Any], None], event_id: int, channel: Channel) -> None:
        try:
            self._call_phase(phase, PhaseChannel(channel))
            channel.put(MSG_RET, timeout=EVENT_SECONDS)
        except Full:
            logger.warning("Kong gave up on a request before the plugin was done with it")
        finally:
            del self.events[event_id]

    @staticmethod
    def _call_phase(phase: Callable[[Any], None], channel: PhaseChannel) -> None:
        try:
            phase(Kong(channel, lua_style=False).kong)
        except Exception:
            logger.exception("a phase raised; its request goes on without the rest of it")


class RpcListener:
    """Answers Kong on its connections. Replaces kong_pdk.listener.Server.

    - A header that is not UTF-8 reaches the plugin (as surrogates, PEP 383). kong_pdk's reader
      raises on it and closes the connection, and Kong then proxies the request without the
      plugin: any client could switch the plugin off.
    - An answer larger than the socket's buffer is sent whole; kong_pdk truncates it.
    - Only the protocol's own methods can be called; kong_pdk calls any method of its server.
    """

    def __init__(self, server: GuardedPluginServer) -> None:
        self._server = server

    def handle(self, connection: Connection, _address: object) -> None:
        """Serve one connection until Kong closes it or sends what is not the protocol."""
        unpacker = msgpack.Unpacker(
            _Reader(connection),
            read_size=READ_BUFFER_BYTES,
            strict_map_key=False,
            unicode_errors="surrogateescape",
        )
        try:
            for _kind, message_id, method, arguments in unpacker:
                answer = [1, message_id, *self._call(method, arguments)]
                connection.sendall(msgpack.packb(answer, unicode_errors="surrogateescape"))
        except OSError as lost:
            logger.info("a connection to Kong was lost: %s", lost)
        except (TypeError, ValueError, msgpack.UnpackException) as broken:
            logger.warning("closed a connection that does not speak Kong's MessagePack: %s", broken)

    def _call(self, method: str, arguments: list[Any]) -> tuple[str | None, Any]:
        """The error's text, or None, and the result."""
        function = self._server.rpc.get(method)
        if function is None:
            return f"this plugin server has no method {method}", None
        try:
            return None, function(*arguments)
        except (PluginServerException, PDKException) as refused:
            return str(refused), None
        except Exception as fault:
            logger.exception("%s failed", method)
            return f"{method} failed: {fault!r}", None


class _Reader:
    """A socket in the shape that msgpack reads from."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def read(self, size: int) -> bytes:
        return self._connection.recv(size)
