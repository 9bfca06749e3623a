"""Starting, watching and stopping the processes of the local system."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 30.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.05
LAST_LINES = 15
OWN_PORTS = range(10_000, 32_768)


class LocalSystemError(Exception):
    """The local system cannot start or go on. The message says which part, and why."""


@dataclass(frozen=True, slots=True)
class Child:
    """A process of the system, and the file that its output goes to."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def last_lines(self) -> str:
        """The end of its log: mostly the reason why it ended."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-LAST_LINES:])


def start_child(
    name: str,
    command: Sequence[str],
    settings: Mapping[str, str],
    log_folder: Path,
    user: str | None = None,
) -> Child:
    """Start a process in a session of its own, so that Ctrl-C reaches only us.

    `settings` are added to this process's environment; it runs as this user, or as who we are.
    """
    log = log_folder / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env={**os.environ, **settings},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=user,
        )
    return Child(name, process, log)


def wait_until(ready: Callable[[], bool], child: Child) -> None:
    """Wait until a child does its work. Raises LocalSystemError if it ends, or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        refuse_ended(child)
        if time.monotonic() > deadline:
            raise LocalSystemError(
                f"{child.name} is not ready after {START_SECONDS:.0f} s; see {child.log}"
            )
        time.sleep(POLL_SECONDS)


def refuse_ended(child: Child) -> None:
    """Raises LocalSystemError, with the end of its log, if a child has ended."""
    if child.process.poll() is not None:
        raise LocalSystemError(
            f"{child.name} ended with code {child.process.returncode}:\n{child.last_lines()}"
        )


def stop_child(child: Child, signum: signal.Signals = signal.SIGTERM) -> None:
    """This signal, and SIGKILL where that is not enough."""
    if child.process.poll() is not None:
        return
    child.process.send_signal(signum)
    try:
        child.process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.process.kill()
        child.process.wait()


def free_port() -> int:
    """A port of the loopback address that nothing listens on.

    Not one that the kernel gives to others by itself meanwhile, for connections or where port
    0 is asked for: those begin at 32,768 on Linux (ip_local_port_range), later elsewhere.
    """
    while True:
        port = secrets.choice(OWN_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def refuse_taken_port(port: int, option: str) -> None:
    """Raises LocalSystemError, which names the option of `up`, where this port is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise LocalSystemError(
                f"port {port} is taken; choose another: conversion-tracking up {option} {port + 1}"
                f", or {option[2:].replace('-', '_').upper()}={port + 1} make run"
            ) from None


def accepts_connections(port: int) -> bool:
    """Whether something listens on this port of the loopback address."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
