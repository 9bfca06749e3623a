"""One connection of Kong: frames in, frames out, one event at a time.

Kong sends a call and keeps the connection for the whole event; between events it pools
it. The results of calls that only set something arrive after the event's end, and are
passed over. Anything else that is not expected ends this connection, and no other.
"""

from __future__ import annotations

import json
import logging
import socket
import time
from collections import deque
from typing import Any

from kong_plugin_server.colleagues import Colleagues
from kong_plugin_server.event import Event, PhaseAbandoned, PhaseStopped
from kong_plugin_server.frames import FrameReader, WireError, frame
from kong_plugin_server.hosting import Instance, Instances, UnusablePlugin
from kong_plugin_server.messages import (
    CloseInstance,
    Decoder,
    HandleEvent,
    StartInstance,
    decode_call,
)
from kong_plugin_server.metrics import Metrics
from kong_plugin_server.pdk import PdkError
from kong_plugin_server.readiness import Readiness
from kong_plugin_server.stream import Stream
from kong_plugin_server.watchdog import Watchdog

logger = logging.getLogger(__name__)

CLOSING_SECONDS = 5.0


def decode_result(decode: Decoder, message: bytes) -> Any:
    """Kong's result; a PdkError in its place where it cannot be read."""
    try:
        return decode(message)
    except (WireError, ValueError, OSError) as error:
        return PdkError(f"Kong's result cannot be read: {error}")


class Connections:
    """The open connections of this process, and what they share."""

    def __init__(
        self,
        instances: Instances,
        colleagues: Colleagues,
        metrics: Metrics,
        watchdog: Watchdog,
    ) -> None:
        self.instances = instances
        self.colleagues = colleagues
        self.metrics = metrics
        self.watchdog = watchdog
        self.readiness = Readiness()
        self.open: set[Connection] = set()
        self.is_draining = False

    def serve(self, connected: socket.socket) -> None:
        """Serve a connection that was accepted."""
        Connection(self, connected).start()

    def stop_late_events(self, now: float, limit: float, reason: type[PhaseStopped]) -> None:
        """End the events that began more than `limit` seconds ago."""
        for connection in list(self.open):
            event = connection.event
            if event is not None and now - event.started_at > limit:
                event.stop(reason(f"the phase took longer than {limit} s"))

    def cut_late_closers(self, now: float) -> None:
        """Cut the connections that were ended, and that the other side does not close."""
        for connection in list(self.open):
            if connection.ended_at and now - connection.ended_at > CLOSING_SECONDS:
                connection.cut()

    def drain(self) -> None:
        """From now on, end each connection after the next answer on it.

        An idle connection is left alone: Kong may be sending a call on it just now, and a
        call to start an instance that meets a closed connection is a 500.
        """
        self.is_draining = True

    def end_idle(self) -> None:
        """End the connections on which nothing is going on."""
        for connection in list(self.open):
            if connection.is_idle():
                connection.close()


class Connection:
    """See the module."""

    def __init__(self, shared: Connections, connected: socket.socket) -> None:
        self._shared = shared
        self._stream = Stream(connected, shared.readiness, self._receive)
        self._reader = FrameReader()
        self._awaited: deque[Decoder | None] = deque()
        # Kong's call for an instance that the other workers are asked for.
        self._asking: HandleEvent | CloseInstance | None = None
        self.event: Event | None = None
        self.ended_at = 0.0

    def is_idle(self) -> bool:
        """Whether Kong waits for nothing here."""
        return self.event is None and self._asking is None

    def start(self) -> None:
        """Serve; mostly Kong's call is here already."""
        self._shared.open.add(self)
        self._stream.read()

    def send(self, data: bytes) -> None:
        """Write bytes to Kong."""
        self._stream.send(data)

    def await_result(self, decode: Decoder | None) -> None:
        """Kong will send a result; None for one that nobody looks at."""
        self._awaited.append(decode)
        self._shared.metrics.pdk_calls += 1

    def event_ended(self, event: Event, outcome: str) -> None:
        """The event is over; Kong may send the next."""
        self.event = None
        if outcome == "exit":  # a call like others, but without a result
            self._shared.metrics.pdk_calls += 1
        # A result that the phase no longer waits for will come all the same.
        self._awaited = deque([None] * len(self._awaited))
        self._shared.metrics.count_event(outcome, time.monotonic() - event.started_at)
        if self._shared.is_draining:
            self.close()

    def close(self) -> None:
        """End this connection, after what was written.

        Kong is told that nothing more comes, and then closes. Closed from here, bytes that
        were not read would make it a reset, which Kong answers with a 500.
        """
        if not self.ended_at:
            self.ended_at = time.monotonic()
            self._stream.end()

    def cut(self) -> None:
        """End this connection at once; the supervisor's copy of it as well."""
        self._stream.cut()

    def _receive(self, data: bytes) -> None:
        """Bytes of Kong, cut anywhere; none when Kong has closed."""
        if not data:
            self._lose()
        elif not self.ended_at:  # else Kong will repeat on another connection what it sends here
            self._take_bytes(data)

    def _lose(self) -> None:
        self._stream.close()
        self._shared.open.discard(self)
        self._asking = None
        if self.event is not None:
            self.event.stop(PhaseAbandoned())

    def _take_bytes(self, data: bytes) -> None:
        try:
            for message in self._reader.feed(data):
                self._take(message)
        except WireError as error:
            logger.warning("closing a connection: %s", error)
            self._shared.metrics.protocol_errors += 1
            self.close()

    def _take(self, message: bytes) -> None:
        if self._awaited:
            decode = self._awaited.popleft()
            if decode is not None and self.event is not None:
                self.event.take(decode_result(decode, message))
        elif self.is_idle():
            self._answer(message)
        else:
            raise WireError("a frame that nothing waits for")

    def _answer(self, message: bytes) -> None:
        call = decode_call(message)
        if isinstance(call, StartInstance):
            self._start_instance(call)
            return
        now = time.monotonic()
        instance = self._shared.instances.find(call.instance_id, now)
        if instance is None:
            self._asking = call
            self._shared.colleagues.ask(call.instance_id, self._learn)
        elif isinstance(call, HandleEvent):
            self._start_event(call, instance, now)
        else:
            self._close_instance(call, instance)

    def _learn(self, instance: Instance | None) -> None:
        """The instance that this worker did not know; None where the others do not either."""
        call, self._asking = self._asking, None
        if call is None:  # Kong has closed meanwhile
            return
        if instance is None:
            # Kong takes a closed connection for a restarted server: it starts the
            # instance again and repeats the event (pb_rpc.lua, handle_event).
            self.close()
        elif isinstance(call, HandleEvent):
            self._start_event(call, instance, time.monotonic())
        else:
            self._close_instance(call, instance)

    def _start_event(self, call: HandleEvent, instance: Instance, now: float) -> None:
        self.event = Event(self, instance, call, now, self._shared.watchdog.run)
        self.event.start()

    def _start_instance(self, call: StartInstance) -> None:
        """Before Kong knows its id, the supervisor does: Kong may use it with any worker."""
        config = json.dumps(call.config).encode()
        instance = self._shared.watchdog.run(self._shared.instances.start, call.config)
        if isinstance(instance.plugin, UnusablePlugin):
            self._shared.metrics.failed_starts += 1
        self._shared.colleagues.tell_started(
            instance.id, config, lambda: self._send_instance(instance, call.sequence)
        )

    def _close_instance(self, call: CloseInstance, instance: Instance) -> None:
        self._shared.instances.close(instance.id)
        self._shared.colleagues.tell_closed(instance.id)
        self._send_instance(instance, call.sequence)

    def _send_instance(self, instance: Instance, sequence: int) -> None:
        self.send(frame(instance.describe(sequence)))
        if self._shared.is_draining:
            self.close()
