"""Whether the plugin server's memory grows with the number of events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from bench.errors import BenchError
from bench.gateway.measure import Loaded
from bench.load.wrk import send_load
from bench.processes import Memory, Tree
from bench.report import Report

# Pools and caches fill in the first tenth. After it, a leak of 10 bytes an event would
# show as 19 MiB in two million events; buffers move by less than this.
WARM_UP_SHARE = 0.1
FLAT_MIB = 2.0
# With fewer events the caches are still filling.
ENOUGH_EVENTS = 200_000


@dataclass(frozen=True, slots=True)
class Sample:
    """Memory after a number of events."""

    events: int
    memory: Memory


@dataclass(frozen=True, slots=True)
class Growth:
    """What the memory did, and how the load fared."""

    samples: Sequence[Sample]
    errors: int

    @property
    def mib(self) -> float:
        """Growth of the resident memory from the end of the warm-up to the end, in MiB."""
        warm_up = self.samples[-1].events * WARM_UP_SHARE
        first = next(s for s in self.samples if s.events >= warm_up)
        return round(self.samples[-1].memory.rss_mib - first.memory.rss_mib, 1)

    @property
    def is_flat(self) -> bool:
        """Whether that is no more than noise."""
        return self.mib <= FLAT_MIB

    def summarize(self) -> str:
        """One line."""
        first, last = self.samples[0], self.samples[-1]
        return (
            f"memory of the plugin server: {self.verdict}. {first.memory} before, "
            f"{last.memory} after {last.events:,} events; "
            f"{self.mib:+} MiB since the first tenth of them"
        )

    @property
    def verdict(self) -> str:
        """In words."""
        if self.samples[-1].events < ENOUGH_EVENTS:
            return f"too few events to tell (flat or not shows from {ENOUGH_EVENTS:,} on)"
        return "flat" if self.is_flat else "NOT FLAT"

    def as_json(self) -> dict[str, object]:
        """Every sample."""
        samples = [{"events": s.events, **asdict(s.memory)} for s in self.samples]
        return {"samples": samples, "growth_mib": self.mib, "verdict": self.verdict}


@dataclass(frozen=True, slots=True)
class Slices:
    """How long each kind of request is sent before the other, on how many connections."""

    seconds: float
    connections: int


def watch_memory(
    kinds: Sequence[Loaded], events: int, tree: Tree, slices: Slices, report: Report
) -> Growth:
    """Send at least `events` of each kind, in turns, and look at the memory after each turn.

    Raises BenchError where the gateway answers nothing any more.
    """
    sent = {loaded.case.key: 0 for loaded in kinds}
    samples, errors = [Sample(0, tree.memory())], 0
    while min(sent.values()) < events:
        loaded = min(kinds, key=lambda kind: sent[kind.case.key])
        load = send_load(loaded.base, loaded.requests, slices.seconds, slices.connections)
        if not load.requests:
            raise BenchError(f"{loaded.case.title}: no answer in {slices.seconds:.0f} s")
        sent[loaded.case.key] += load.requests
        errors += load.errors
        samples.append(Sample(sum(sent.values()), tree.memory()))
        report(describe_sample(samples[-1], events * len(kinds)))
    return Growth(samples, errors)


def describe_sample(sample: Sample, wanted: int) -> str:
    """A line of progress."""
    share = min(sample.events / wanted, 1)
    return f"{share:4.0%}  {sample.events:>11,} events  {sample.memory}"
