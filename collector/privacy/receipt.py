"""What the commands of privacy print. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from collector.privacy.erase import Erased
from collector.rejects.lines import printable_json, printable_line


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an erasure took away, and what is left to do."""

    asked_by: str
    erased: Erased
    spooled_events: int
    left: list[str]

    @property
    def counts(self) -> dict[str, int]:
        """How many rows went, by table, and events from spools."""
        return {**self.erased.counts, "spools": self.spooled_events}

    def as_json(self) -> str:
        """One line, without any id: `erase --again` reads its tombstones."""
        return json.dumps(
            {
                "erased_at": self.erased.erased_at.isoformat(),
                "asked_by": self.asked_by,
                "counts": self.counts,
                "left": self.left,
                "tombstones": [stone.as_text() for stone in self.erased.tombstones],
            }
        )

    def lines(self) -> Iterator[str]:
        """The same to be read."""
        yield f"erased at {self.erased.erased_at.isoformat()}"
        yield from row_lines(self.counts, "gone")
        yield f"{len(self.erased.tombstones)} tombstones"
        for line in self.left:
            yield f"left: {printable_line(line)}"


def row_lines(rows: Mapping[str, int], became: str) -> list[str]:
    """How many rows of which table; addresses and user_data are emptied in rows that stay."""
    return [f"{name_of(place)}: {count} {became}" for place, count in rows.items()]


def name_of(place: str) -> str:
    """A table, and what of it: `deliveries (user_data)`."""
    for emptied in ("addresses", "user_data"):
        place = place.replace(f"_{emptied}", f" ({emptied})")
    return place


def export_line(place: str, row: str) -> str:
    """A row as a line of JSON that cannot steer a terminal; `row` is JSON already."""
    return printable_json(f'{{"table": {json.dumps(place)}, "row": {row}}}')
