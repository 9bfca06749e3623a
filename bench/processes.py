"""Memory and processor time of processes, from the kernel's own counts."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.errors import BenchError

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of a tree of processes, in MiB.

    rss counts what processes share once for each; pss shares it out among them, so it is
    what the tree costs the machine. `largest` is the rss of its largest process.
    """

    rss_mib: float
    pss_mib: float
    largest_mib: float

    def __str__(self) -> str:
        return f"{self.rss_mib} MiB (PSS {self.pss_mib}, largest process {self.largest_mib})"


@dataclass(frozen=True, slots=True)
class Tree:
    """A process and all that it started, under a name for tables."""

    name: str
    pid: int

    def processes(self) -> list[psutil.Process]:
        """Those that live now. Raises BenchError where the first one has ended."""
        try:
            first = psutil.Process(self.pid)
            return [first, *first.children(recursive=True)]
        except psutil.NoSuchProcess:
            raise BenchError(
                f"there is no process {self.pid} ({self.name}); did it end, or is a pid file old?"
            ) from None

    def memory(self) -> Memory:
        """What the tree holds now. Raises BenchError where the kernel does not let us see."""
        rss, pss = [0], 0
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                try:
                    full = process.memory_full_info()
                except psutil.AccessDenied:
                    raise BenchError(
                        f"the memory of process {process.pid} ({self.name}) cannot be read; "
                        "run as its user or as root"
                    ) from None
                rss.append(full.rss)
                pss += full.pss
        return Memory(*(round(size / MIB, 1) for size in (sum(rss), pss, max(rss))))

    def cpu_seconds(self) -> float:
        """Processor time, in user and kernel mode, of the tree and of its ended children."""
        total = 0.0
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                total += times.user + times.system
                total += times.children_user + times.children_system
        return total

    def peak_rss_mib(self) -> float:
        """The sum of each process's own highest resident memory so far, in MiB."""
        return round(sum(map(read_peak_kib, self.processes())) / 1024, 1)


@dataclass(frozen=True, slots=True)
class Moment:
    """How much processor time everything on the machine, and we of it, had used by then."""

    wall: float
    all_seconds: float
    own_seconds: float

    def busy_percent(self, later: Moment) -> float:
        """How much of all processors was used until `later`, by whomever."""
        return self._percent(later, later.all_seconds - self.all_seconds)

    def others_percent(self, later: Moment) -> float:
        """What others took of all processors until `later`: 100 is all of them."""
        others = (later.all_seconds - self.all_seconds) - (later.own_seconds - self.own_seconds)
        return self._percent(later, others)

    def _percent(self, later: Moment, seconds: float) -> float:
        room = (later.wall - self.wall) * (os.cpu_count() or 1)
        return round(max(seconds / room, 0) * 100, 1)


def look_now(own: Sequence[Tree]) -> Moment:
    """This moment, where `own` are the trees that belong to us."""
    times = psutil.cpu_times()
    used = times.user + times.nice + times.system + times.irq + times.softirq + times.steal
    return Moment(time.monotonic(), used, sum(tree.cpu_seconds() for tree in own))


def read_peak_kib(process: psutil.Process) -> int:
    """VmHWM of a process; 0 where it has ended."""
    with suppress(FileNotFoundError, ProcessLookupError):
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0


def find_tree(name: str, pid_or_file: str) -> Tree:
    """The tree of a process, given as its id or as the file that holds it.

    Raises BenchError where it is neither.
    """
    text = pid_or_file
    if not text.isdecimal():
        try:
            text = Path(pid_or_file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise BenchError(
                f"{pid_or_file!r} is no process id and no readable pid file: {error.strerror}"
            ) from None
    if not text.isdecimal():
        raise BenchError(f"the file {pid_or_file!r} holds no process id")
    tree = Tree(name, int(text))
    tree.processes()
    return tree
