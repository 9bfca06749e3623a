"""Answers as CSV and as a table: what a stranger sent stays text."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.reports.csv_file import FORMULA, defuse, write_csv
from collector.reports.text_table import MOST_WIDTH, write_table
from tests.unit.reports.answers import answer_of, named

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=80)
ORDERS = '{"EUR": [2, 30.00], "JPY": [1, 700]}'


def read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1", "\uff20x"]
)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    [row] = read_csv(write_csv(answer_of("channels", [named(text, 1)])))
    assert row["channel"] == f"'{text}"


@given(st.dictionaries(NAMES, st.integers(0, 10**6), max_size=5))
def test_csv_parses_back_to_the_same_rows(counts: dict[str, int]) -> None:
    records = [named(name, count) for name, count in counts.items()]
    rows = read_csv(write_csv(answer_of("channels", records)))
    assert [(row["channel"], int(row["sessions"])) for row in rows] == [
        (defuse(name), count) for name, count in counts.items()
    ]
    assert not any(row["channel"].startswith(FORMULA) for row in rows)


def test_an_amount_has_a_column_for_each_currency_and_no_symbol() -> None:
    records = [named("a", 4, conversions=3, order_values=ORDERS), named("b", 1)]
    first, second = read_csv(write_csv(answer_of("channels", records)))
    assert (first["revenue_EUR"], first["revenue_JPY"]) == ("30.00", "700")
    assert (first["average_order_EUR"], first["orders"]) == ("15.00", "3")
    assert (second["revenue_EUR"], second["average_order_EUR"]) == ("0", "")
    assert first["conversion_rate"] == "0.7500"


def test_what_is_left_is_named_with_its_number() -> None:
    records = [named("a", 4), named(None, 3, names=7)]
    assert read_csv(write_csv(answer_of("channels", records)))[1]["channel"] == "other (7 more)"


@given(NAMES, NAMES)
def test_a_table_is_lines_of_printable_text_whatever_the_names(one: str, other: str) -> None:
    records = [named(f"1{one}", 1), named(f"2{other}", 22)]
    lines = write_table(answer_of("channels", records)).split("\n")
    assert len(lines) == 4  # head, two rows, total
    assert all(line.isprintable() for line in lines)
    assert all(len(line) < MOST_WIDTH + 120 for line in lines)


def test_an_empty_answer_is_its_head_and_its_total() -> None:
    head, total = write_table(answer_of("channels", [])).split("\n")
    assert head.split()[:2] == ["channel", "sessions"]
    assert total.split()[0] == "total"


def test_averages_are_rounded_to_the_units_of_their_currency_half_up() -> None:
    cells: Any = answer_of(
        "channels", [named("a", 2, order_values='{"EUR": [8, 1.00], "JPY": [2, 5]}')]
    ).rows[0]
    assert cells["average_order"] == {"EUR": Decimal("0.13"), "JPY": Decimal(3)}


def test_no_rate_is_divided_by_nothing() -> None:
    answer = answer_of("channels", [named("a", 0)])
    assert answer.rows[0]["conversion_rate"] is None
    assert read_csv(write_csv(answer))[0]["conversion_rate"] == ""
