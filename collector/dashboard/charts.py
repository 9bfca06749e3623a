"""Charts as geometry: what a template needs to draw SVG with attributes alone.

Places across are shares of the width, in percent, so that a chart is as wide as its page and its
texts keep their size; places down are pixels. A page's Content-Security-Policy allows no style
attributes, so that nothing here needs one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from itertools import pairwise

WIDTH = 1000  # of the box in which lines are drawn, stretched to the width of the page
HEIGHT = 220
TOP = 18  # room for the text of the highest line of the grid
INTERVALS = 4
MOST_LABELS = 10
MOST_LABELS_NARROW = 4  # on a phone
# What ticks are multiples of, by a power of ten.
STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))

Number = Decimal | int


@dataclass(frozen=True, slots=True)
class Sample:
    """A point of a trend as texts and numbers. `value` is None where there is none to show."""

    label: str
    tick: str
    value: Number | None
    text: str
    is_complete: bool = True
    before: Number | None = None
    before_label: str = ""
    before_text: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GridLine:
    """A line across, and the value that it stands for."""

    y: float
    value: Decimal


@dataclass(frozen=True, slots=True)
class Point:
    """Where a sample is; `left` and `width` say where the pointer is nearest to it, in percent."""

    sample: Sample
    x: float
    y: float | None
    before_y: float | None
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Label:
    """A text below the chart. `is_wide`: only where there is room."""

    x: float
    text: str
    anchor: str
    is_wide: bool


@dataclass(frozen=True, slots=True)
class LineChart:
    """A line over time. Paths are what SVG takes for `d`, "" where there is nothing to draw."""

    points: tuple[Point, ...]
    grid: tuple[GridLine, ...]
    labels: tuple[Label, ...]
    line: str
    unfinished: str  # the part that leads to what is not over yet
    area: str
    before: str
    height: int = HEIGHT


def draw_line_chart(samples: Sequence[Sample], *, whole: bool) -> LineChart:
    """The chart of a trend, from 0 on. `whole`: its values are whole numbers."""
    values = [one for s in samples for one in (s.value, s.before) if one is not None]
    top, step = choose_scale(max(values, default=0), whole=whole)
    points = tuple(place(samples, top))
    complete, unfinished = split_paths(points)
    return LineChart(
        points=points,
        grid=tuple(grid_lines(top, step)),
        labels=tuple(choose_labels(samples, points)),
        line=join_lines(complete),
        unfinished=join_lines(unfinished),
        area="".join(area_below(line) for line in complete),
        before=join_lines(runs([(one.x, one.before_y) for one in points])),
    )


def choose_scale(most: Number, *, whole: bool) -> tuple[Decimal, Decimal]:
    """The upper end of an axis from 0, and the step between its ticks: round, and not below."""
    least = Decimal(most) / INTERVALS
    if least <= 0:
        least = Decimal(1) / INTERVALS
    power = Decimal(1).scaleb(least.adjusted())
    step = next(power * one for one in STEPS if power * one >= least)
    if whole and step < 1:
        step = Decimal(1)
    if whole and step != step.to_integral():
        step = step.to_integral(ROUND_CEILING)
    intervals = max(int((Decimal(most) / step).to_integral(ROUND_CEILING)), 1)
    return step * intervals, step


def grid_lines(top: Decimal, step: Decimal) -> list[GridLine]:
    """The lines of the grid, from 0 up."""
    return [GridLine(height_of(step * n, top), step * n) for n in range(int(top / step) + 1)]


def height_of(value: Number, top: Decimal) -> float:
    """How far down a value is. Below 0, as refunds can bring it, is at the foot."""
    share = min(max(Decimal(value) / top, Decimal(0)), Decimal(1))
    return round(float(HEIGHT - (HEIGHT - TOP) * share), 1)


def place(samples: Sequence[Sample], top: Decimal) -> list[Point]:
    """Each sample at its place; a single one stands in the middle."""
    count = len(samples)
    places = [50.0] if count == 1 else [100 * n / (count - 1) for n in range(count)]
    middles = [(one + other) / 2 for one, other in pairwise(places)]
    edges = [0.0, *middles, 100.0]
    return [
        Point(
            sample=sample,
            x=round(x, 3),
            y=None if sample.value is None else height_of(sample.value, top),
            before_y=None if sample.before is None else height_of(sample.before, top),
            left=round(left, 3),
            width=round(right - left, 3),
        )
        for sample, x, left, right in zip(samples, places, edges, edges[1:], strict=False)
    ]


Line = list[tuple[float, float]]


def split_paths(points: Sequence[Point]) -> tuple[list[Line], list[Line]]:
    """The lines through what is over, and those that lead on to what is not."""
    complete = [(one.x, one.y if one.sample.is_complete else None) for one in points]
    unfinished = [
        (one.x, one.y if not one.sample.is_complete or is_last_complete(points, n) else None)
        for n, one in enumerate(points)
    ]
    return runs(complete), [line for line in runs(unfinished) if len(line) > 1]


def is_last_complete(points: Sequence[Point], number: int) -> bool:
    """Whether the next point is one that is not over."""
    following = points[number + 1 : number + 2]
    return bool(following) and not following[0].sample.is_complete


def runs(places: Sequence[tuple[float, float | None]]) -> list[Line]:
    """The lines without gaps."""
    lines: list[Line] = [[]]
    for x, y in places:
        if y is None:
            lines.append([])
        else:
            lines[-1].append((x, y))
    return [line for line in lines if line]


def join_lines(lines: Sequence[Line]) -> str:
    """Lines as the `d` of a path."""
    return "".join(write_line(line) for line in lines if len(line) > 1)


def write_line(line: Line) -> str:
    """M where it begins, L to each place after."""
    return "".join(f"{'L' if n else 'M'}{x * WIDTH / 100:g} {y:g}" for n, (x, y) in enumerate(line))


def area_below(line: Line) -> str:
    """What is between a line and the foot."""
    if len(line) < 2:  # noqa: PLR2004  # one point is no line
        return ""
    first, last = line[0][0] * WIDTH / 100, line[-1][0] * WIDTH / 100
    return f"{write_line(line)}L{last:g} {HEIGHT}L{first:g} {HEIGHT}Z"


def choose_labels(samples: Sequence[Sample], points: Sequence[Point]) -> list[Label]:
    """The texts below, as many as fit; a phone shows the first of every few of them."""
    every = -(-len(samples) // MOST_LABELS) if samples else 1
    shown = list(range(0, len(samples), every))
    narrow = -(-len(shown) // MOST_LABELS_NARROW) if shown else 1
    return [
        Label(
            x=points[n].x,
            text=samples[n].tick,
            anchor=anchor_at(points[n].x),
            is_wide=place % narrow != 0,
        )
        for place, n in enumerate(shown)
    ]


def anchor_at(x: float) -> str:
    """Texts at the edges stay inside."""
    if x < 3:  # noqa: PLR2004  # percent
        return "start"
    return "end" if x > 97 else "middle"  # noqa: PLR2004


@dataclass(frozen=True, slots=True)
class Column:
    """A stage of a funnel: `height` of those who came, `lost` of those who did not, in percent."""

    left: float
    width: float
    height: float
    before: float


def draw_columns(values: Sequence[int]) -> list[Column]:
    """Columns side by side, the largest value the full height; each shows the one before it."""
    most = max(values, default=0) or 1
    width = 100 / max(len(values), 1)
    return [
        Column(
            left=round(n * width, 3),
            width=round(width, 3),
            height=round(100 * value / most, 2),
            before=round(100 * values[max(n - 1, 0)] / most, 2),
        )
        for n, value in enumerate(values)
    ]
