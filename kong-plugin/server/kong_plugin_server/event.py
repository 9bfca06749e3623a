"""One phase of one request: runs the plugin's method and carries its calls to Kong.

The method is plain code that calls `kong.request.get_headers()` and goes on with the
result, so it runs in a greenlet: where it needs a result that is not here yet, it is put
aside until Kong has answered. What it only sets is collected, and written together with
the end of the event.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import Any, Final, Protocol

from greenlet import getcurrent, greenlet

from kong_plugin_server.coroutine import take_greenlet
from kong_plugin_server.frames import frame
from kong_plugin_server.hosting import Instance, reads_of
from kong_plugin_server.messages import Decoder, HandleEvent, encode_return
from kong_plugin_server.pdk import EXIT, Kong, Method, PdkError, find_method

logger = logging.getLogger(__name__)

END = frame(b"")
LOG_ERROR = find_method("kong.log.err")
MAX_LOGGED_CHARACTERS = 4_000


class PhaseStopped(BaseException):
    """Unwinds a phase that must not go on. Not an Exception: a plugin does not catch it."""


class PhaseExited(PhaseStopped):
    """The phase called kong.response.exit, after which Kong listens no more."""


class PhaseTimeout(PhaseStopped):
    """The phase took longer than the limit."""


class PhaseAbandoned(PhaseStopped):
    """Kong closed the connection in the middle of the phase."""


# What `Enter` gives where a phase was left standing, never to run again.
STUCK: Final = object()

# Runs a function of a greenlet with its argument, and gives what the greenlet gave.
Enter = Callable[[Callable[[Any], Any], Any], Any]


class Wire(Protocol):
    """The connection that an event runs on."""

    def send(self, data: bytes) -> None:
        """Write bytes to Kong."""

    def await_result(self, decode: Decoder | None) -> None:
        """Kong will send a result; None for one that nobody looks at."""

    def event_ended(self, event: Event, outcome: str) -> None:
        """The event is over: ok, exit, error, timeout or abandoned."""


class Event:
    """Runs one phase of an instance on a connection."""

    __slots__ = (
        "_early",
        "_ending",
        "_enter",
        "_greenlet",
        "_instance",
        "_is_over",
        "_outgoing",
        "_phase",
        "_reads",
        "_sequence",
        "_wire",
        "started_at",
    )

    def __init__(
        self,
        wire: Wire,
        instance: Instance,
        call: HandleEvent,
        now: float,
        enter: Enter,
    ) -> None:
        self._wire = wire
        self._instance = instance
        self._phase = phase = call.phase
        self._sequence = call.sequence
        self._enter = enter
        self.started_at = now
        self._reads = reads_of(instance.plugin, phase)
        self._early: dict[tuple[str, tuple[Any, ...]], Any] = {}
        self._outgoing: list[bytes] = []
        self._is_over = False
        self._ending: PhaseStopped | None = None
        self._greenlet: greenlet | None = None

    def start(self) -> None:
        """Send the calls that the phase begins with; without any, begin it."""
        if not self._reads:
            self._begin()
            return
        for read in self._reads:
            self._wire.await_result(read.method.decode)
        self._wire.send(b"".join(read.frames for read in self._reads))

    def take(self, result: Any) -> None:
        """Kong's result for the oldest call that waits for one.

        A PdkError in its place is raised where the phase asks for the result.
        """
        if len(self._early) < len(self._reads):
            read = self._reads[len(self._early)]
            self._early[read.method.name, read.arguments] = result
            if len(self._early) == len(self._reads):
                self._begin()
        elif self._greenlet is not None:
            self._resume(self._greenlet.switch, result)

    def _begin(self) -> None:
        self._greenlet = take_greenlet()
        self._resume(self._greenlet.switch, self._run)

    def _resume(self, switch: Callable[[Any], Any], value: Any) -> None:
        if self._enter(switch, value) is STUCK:
            self._end(PhaseTimeout("the phase caught what should have ended it, and went on"))

    def stop(self, reason: PhaseStopped) -> None:
        """Unwind the phase, wherever it waits, and end the event."""
        if self._is_over:
            return
        self._ending = reason
        if self._greenlet is not None:
            self._resume(self._greenlet.throw, reason)
        else:  # it waits for what it begins with, and has not begun
            self._end(reason)

    def call(self, method: Method, *arguments: Any) -> Any:
        """A call of the plugin's phase; its result, or None where it has none.

        Raises PdkError outside of the phase, for arguments that Kong cannot take, and for a
        result that cannot be read; a PhaseStopped after an exit, and where the phase is ended.
        """
        phase = self._greenlet
        if phase is None or self._is_over or getcurrent() is not phase:
            raise PdkError(f"{method.name} was called outside of its phase")
        if self._ending is not None:  # the plugin caught it; a new one, without its long traceback
            raise type(self._ending)(*self._ending.args)
        if not method.is_silent and (method.name, arguments) in self._early:
            return result_of(self._early[method.name, arguments])
        message = method.encode(arguments)
        self._outgoing.append(frame(method.wire_name) + frame(message))
        if method.name == EXIT:
            self._ending = PhaseExited()
            raise self._ending
        if method.is_silent:
            self._wire.await_result(None)
            return None
        self._wire.await_result(method.decode)
        self._flush()
        return result_of(phase.parent.switch())

    def _run(self) -> None:
        reason: BaseException | None = None
        try:
            getattr(self._instance.plugin, self._phase)(Kong(self.call))
        except BaseException as raised:  # noqa: BLE001  # sys.exit() ends the phase, not the server
            reason = raised
        self._end(reason)

    def _end(self, reason: BaseException | None) -> None:
        """Write what is left, and end the event; whatever the reason, Kong goes on."""
        reason = self._ending or reason
        outcome = outcome_of(reason)
        self._is_over = True
        if outcome in ("error", "timeout"):
            self._report(reason)
        if outcome != "exit":
            self._outgoing.append(END + frame(encode_return(self._sequence)))
        if outcome != "abandoned":
            self._flush()
        self._wire.event_ended(self, outcome)

    def _report(self, reason: BaseException | None) -> None:
        """To stderr, and through Kong to its error.log, at a level that both show."""
        name = f"{self._instance.hosted.name}: phase {self._phase}"
        logger.error("%s failed", name, exc_info=reason)
        text = "".join(traceback.format_exception(reason)) if reason else ""
        line = f"{name} failed: {text[-MAX_LOGGED_CHARACTERS:]!r}"
        self._outgoing.append(frame(LOG_ERROR.wire_name) + frame(LOG_ERROR.encode((line,))))
        self._wire.await_result(None)

    def _flush(self) -> None:
        self._wire.send(b"".join(self._outgoing))
        self._outgoing.clear()


def result_of(result: Any) -> Any:
    """The result of a call. Raises it where it is an error."""
    if isinstance(result, PdkError):
        raise result
    return result


def outcome_of(reason: BaseException | None) -> str:
    """How an event ended, as the metric's label says it."""
    if reason is None:
        return "ok"
    if isinstance(reason, PhaseExited):
        return "exit"
    if isinstance(reason, PhaseTimeout):
        return "timeout"
    return "abandoned" if isinstance(reason, PhaseAbandoned) else "error"
