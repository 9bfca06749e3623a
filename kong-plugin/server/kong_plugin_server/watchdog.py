"""Interrupts plugin code that blocks the whole process: a sleep, an endless loop.

Plugin code runs in the main thread, in turn with everything else. A second thread looks at
how long the present one has run, and sends the main thread a signal; its handler raises
PhaseTimeout in the middle of the plugin's code. A phase that catches even that is left
standing where it is when the limit has passed once more.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from greenlet import getcurrent, greenlet

from kong_plugin_server.event import STUCK, PhaseTimeout

SIGNAL = signal.SIGUSR1


class Watchdog:
    """Runs the plugin's code; `limit` in seconds."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._entered_at = 0.0
        self._is_interrupted = False
        self._is_stopped = threading.Event()
        # Kept: the end of a greenlet would run what it still has to do.
        self._stuck: list[greenlet] = []

    def run(self, function: Callable[[Any], Any], argument: Any) -> Any:
        """The function's result; STUCK where its greenlet would not be interrupted."""
        self._is_interrupted = False
        self._entered_at = time.monotonic()
        try:
            return function(argument)
        finally:
            self._entered_at = 0.0

    def start(self) -> None:
        """Watch from now on; called in the main thread."""
        signal.signal(SIGNAL, self._interrupt)
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def stop(self) -> None:
        """Watch no more."""
        self._is_stopped.set()

    def _watch(self) -> None:
        main = threading.main_thread().ident
        while not self._is_stopped.wait(self._limit / 4):
            if main is not None and self._is_late():
                signal.pthread_kill(main, SIGNAL)

    def _is_late(self) -> bool:
        entered_at = self._entered_at
        return entered_at > 0 and time.monotonic() - entered_at > self._limit

    def _interrupt(self, _signal: int, _frame: FrameType | None) -> None:
        """In the middle of the plugin's code: in its greenlet, for a phase."""
        if not self._is_late():
            return
        phase = getcurrent()
        if self._is_interrupted and phase.parent is not None:
            self._stuck.append(phase)
            phase.parent.switch(STUCK)  # does not return
        self._is_interrupted = True
        self._entered_at = time.monotonic()  # it has the limit once more to end
        raise PhaseTimeout(f"the phase blocked the server for more than {self._limit} s")
