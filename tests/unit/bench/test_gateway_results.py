"""Ratios, tables and verdicts of the gateway's benchmark."""

import pytest

from bench.errors import BenchError
from bench.gateway.cases import CASES, choose_cases, find_problem, names_of, parse_target
from bench.gateway.growth import Growth, Sample
from bench.gateway.measure import Run
from bench.gateway.results import collect_ratios, format_rows, summarize
from bench.load.wrk import Load
from bench.medians import median_ratio
from bench.processes import Memory
from bench.text_table import format_number, format_table

ORIGIN = "https://www.ainative.studio"


def run(rate: int, p99: float, errors: int = 0) -> Run:
    load = Load(rate, 1.0, p99 / 2, p99, p99, p99, bad_status=errors, socket_errors=0)
    return Run(load, {"server": 1e6 / rate})


def test_the_ratio_is_the_median_of_the_rounds_ratios() -> None:
    # A ratio of medians would be 40 / 100.
    assert median_ratio([50, 30, 40], [100, 100, 50]) == 0.5


def test_each_case_is_compared_with_its_baseline() -> None:
    runs = {
        "post_plain": [run(1000, 3.0), run(500, 4.0), run(800, 3.0)],
        "post_ours": [run(400, 9.0, errors=1), run(250, 8.0), run(200, 12.0, errors=2)],
    }
    cases = [names_of(CASES)[key] for key in runs]
    plain, ours = summarize(cases, runs)
    assert (plain.rate, plain.rate_ratio, plain.errors) == (800, None, 0)
    assert (ours.rate, ours.rate_ratio, ours.p99_ratio, ours.errors) == (250, 0.4, 3.0, 3)
    assert collect_ratios([plain, ours]) == {
        "post_ours_vs_post_plain": 0.4,
        "post_ours_vs_post_plain_p99": 3.0,
    }
    table = format_rows([plain, ours]).splitlines()
    assert table[0].split() == [
        *("requests/s", "ratio", "p50", "ms", "p99", "ms", "p99", "ratio", "errors", "server", "µs")
    ]
    assert table[3].split() == [
        *("POST,", "our", "plugin", "250", "0.40", "4.50", "9.00", "3.00", "3", "4,000")
    ]


def test_a_case_whose_baseline_was_not_measured_has_no_ratio() -> None:
    (row,) = summarize([names_of(CASES)["post_ours"]], {"post_ours": [run(10, 1.0)]})
    assert (row.rate_ratio, row.p99_ratio) == (None, None)


def test_only_cases_of_given_routes_are_chosen() -> None:
    target = parse_target("http://127.0.0.1:8000/ours")
    chosen = [case.key for case in choose_cases({"ours": target}, with_get=True)]
    assert chosen == ["post_ours", "preflight_ours", "get_ours"]


@pytest.mark.parametrize("url", ["127.0.0.1:8000/x", "https://host/x", "http:///x", ""])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(BenchError, match="no address of a route"):
        parse_target(url)


@pytest.mark.parametrize(
    ("key", "status", "allow_origin", "problem"),
    [
        ("post_plain", 200, None, None),
        ("post_plain", 404, None, "404"),
        ("post_plain", 200, ORIGIN, "some plugin"),
        ("post_ours", 200, ORIGIN, None),
        ("post_ours", 200, None, "is the plugin there"),
        ("preflight_cors", 200, "*", None),
        ("preflight_ours", 500, ORIGIN, "500"),
        ("preflight_ours", 200, "https://other.example", "is the plugin there"),
    ],
)
def test_an_answer_is_looked_at_before_it_is_timed(
    key: str, status: int, allow_origin: str | None, problem: str | None
) -> None:
    found = find_problem(names_of(CASES)[key], ORIGIN, status, allow_origin)
    assert (problem in found) if problem and found else found == problem


@pytest.mark.parametrize(
    ("sizes", "verdict"),
    [
        ([27, 31, 31, 31.5, 31], "flat"),
        ([27, 31, 33, 36, 40], "NOT FLAT"),
        ([27, 27, 27, 27, 29.5], "NOT FLAT"),
    ],
)
def test_growth_counts_from_the_end_of_the_warm_up(sizes: list[float], verdict: str) -> None:
    samples = [Sample(i * 100_000, Memory(size, size, size)) for i, size in enumerate(sizes)]
    assert Growth(samples, 0).verdict == verdict


def test_few_events_tell_nothing_of_growth() -> None:
    samples = [Sample(n, Memory(n, n, n)) for n in (0, 10, 100)]
    assert "too few events" in Growth(samples, 0).verdict


def test_a_table_is_as_wide_as_its_widest_cells() -> None:
    table = format_table(["", "rate"], [["a long name", "1"], ["b", "12,345"]])
    assert table.splitlines() == [
        "               rate",
        "-----------  ------",
        "a long name       1",
        "b            12,345",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [(12345.6, "12,346"), (123.4, "123"), (12.34, "12.3"), (1.234, "1.23"), (0, "0.00")],
)
def test_numbers_have_about_three_figures(value: float, text: str) -> None:
    assert format_number(value) == text
