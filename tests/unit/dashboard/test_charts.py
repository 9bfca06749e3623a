"""The geometry of charts."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.dashboard.charts import (
    HEIGHT,
    MOST_LABELS,
    TOP,
    LineChart,
    Sample,
    choose_scale,
    draw_columns,
    draw_line_chart,
)

VALUES = st.none() | st.integers(0, 10**15) | st.decimals(-(10**6), 10**12, places=3)


def sample(value: Decimal | int | None, **more: object) -> Sample:
    return Sample(label="Thu 5 Nov", tick="5 Nov", value=value, text=str(value), **more)  # type: ignore[arg-type]


def draw(*values: Decimal | int | None) -> LineChart:
    return draw_line_chart([sample(value) for value in values], whole=True)


@pytest.mark.parametrize(
    ("most", "whole", "top", "step"),
    [
        (0, True, 1, 1),
        (1, True, 1, 1),
        (3, True, 3, 1),
        (7, True, 8, 2),
        (10, True, 12, 3),
        (100, True, 100, 25),
        (431, True, 600, 200),
        (0, False, "0.25", "0.25"),
        ("0.031", False, "0.04", "0.01"),
        (10**15, True, 10**15, 25 * 10**13),
    ],
)
def test_an_axis_ends_at_a_round_number(
    most: int | str, whole: bool, top: int | str, step: int | str
) -> None:
    assert choose_scale(Decimal(most), whole=whole) == (Decimal(top), Decimal(step))


@given(st.integers(0, 10**18), st.booleans())
def test_an_axis_reaches_the_highest_value_in_few_steps(most: int, whole: bool) -> None:
    top, step = choose_scale(most, whole=whole)
    assert top >= most
    assert 1 <= top / step <= 5
    assert top % step == 0
    assert not whole or step == int(step)


def test_a_line_goes_from_edge_to_edge() -> None:
    chart = draw(0, 50, 100)
    assert chart.line == f"M0 {HEIGHT}L500 {(HEIGHT + TOP) / 2:g}L1000 {TOP}"
    assert chart.area == f"{chart.line}L1000 {HEIGHT}L0 {HEIGHT}Z"
    assert [point.x for point in chart.points] == [0, 50, 100]


def test_without_points_there_is_an_empty_chart() -> None:
    chart = draw()
    assert (chart.line, chart.area, chart.before, chart.points, chart.labels) == (
        "",
        "",
        "",
        (),
        (),
    )


def test_a_single_point_stands_in_the_middle_and_is_no_line() -> None:
    chart = draw(7)
    assert chart.line == ""
    [point] = chart.points
    assert (point.x, point.left, point.width) == (50, 0, 100)


def test_nothing_at_all_is_a_line_at_the_foot() -> None:
    assert draw(0, 0, 0).line == f"M0 {HEIGHT}L500 {HEIGHT}L1000 {HEIGHT}"


def test_what_is_not_known_is_a_gap() -> None:
    chart = draw(10, 10, None, 10, 10)
    assert chart.line.count("M") == 2
    assert chart.points[2].y is None


def test_what_is_not_over_is_dashed_from_the_last_that_is() -> None:
    chart = draw_line_chart([sample(8), sample(8), sample(4, is_complete=False)], whole=True)
    assert chart.line == f"M0 {TOP}L500 {TOP}"
    assert chart.unfinished == f"M500 {TOP}L1000 {(HEIGHT + TOP) / 2:g}"


def test_what_has_not_begun_is_not_drawn() -> None:
    running = [sample(8), sample(4, is_complete=False), sample(None, is_complete=False)]
    chart = draw_line_chart(running, whole=True)
    assert chart.unfinished.endswith(f"L500 {(HEIGHT + TOP) / 2:g}")


def test_an_earlier_time_shares_the_axis() -> None:
    samples = [sample(5, before=10), sample(5, before=20)]
    chart = draw_line_chart(samples, whole=True)
    assert chart.before == f"M0 {(HEIGHT + TOP) / 2:g}L1000 {TOP}"
    assert chart.grid[-1].value == 20


def test_below_zero_is_at_the_foot() -> None:
    assert draw(-5, 10).points[0].y == HEIGHT


def test_texts_at_the_edges_stay_inside() -> None:
    chart = draw(*range(10))
    assert [label.anchor for label in chart.labels] == ["start", *["middle"] * 8, "end"]


@given(st.lists(VALUES, max_size=400), st.booleans())
def test_everything_is_drawn_inside(values: list[Decimal | int | None], whole: bool) -> None:
    chart = draw_line_chart([sample(value, before=value) for value in values], whole=whole)
    for path in (chart.line, chart.before, chart.area):
        for x, y in re.findall(r"[ML]([\d.e+-]+) ([\d.e+-]+)", path):
            assert 0 <= float(x) <= 1000
            assert 0 <= float(y) <= HEIGHT
    assert len(chart.labels) <= MOST_LABELS
    assert len([label for label in chart.labels if not label.is_wide]) <= 4


@given(st.lists(VALUES, min_size=1, max_size=400))
def test_each_place_of_the_pointer_belongs_to_one_point(values: list[Decimal | int | None]) -> None:
    points = draw(*values).points
    assert points[0].left == 0
    assert sum(point.width for point in points) == pytest.approx(100, abs=0.5)
    assert all(point.left <= point.x + 0.001 for point in points)


def test_a_column_shows_the_stage_before_it() -> None:
    first, second, third = draw_columns([200, 100, 150])
    assert (first.height, first.before) == (100, 100)
    assert (second.height, second.before) == (50, 100)
    assert (third.height, third.before) == (75, 50)


@given(st.lists(st.integers(0, 10**12), max_size=8))
def test_columns_are_at_most_the_full_height(values: list[int]) -> None:
    for column in draw_columns(values):
        assert 0 <= column.height <= 100
        assert 0 <= column.before <= 100
