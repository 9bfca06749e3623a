"""Tables of the benchmark of reports."""

from bench.collector.measure import Figures
from bench.load.wrk import Load
from bench.reports.ingest import Beside
from bench.reports.results import format_ingest, format_reports, format_views, warn_of_others


def test_the_slowest_report_is_the_first_and_a_median_stands_beside_what_it_must_be() -> None:
    warm = {"channels": [0.1, 0.2, 9.0], "attribution": [1.0, 1.5, 1.1]}
    lines = format_reports(warm, {"channels": [4.0]}).splitlines()
    assert lines[2].split() == ["attribution", "1.10", "2.2", "times"]
    assert lines[3].split() == ["channels", "0.20", "met", "4.00", "2.0", "times"]


def test_reports_that_were_only_asked_cold_have_a_row_too() -> None:
    assert format_reports({}, {"channels": [1.0]}).splitlines()[2].split()[1:] == ["1.00", "met"]


def test_views_keep_the_order_in_which_they_were_asked_for() -> None:
    lines = format_views({"overview": [0.5], "acquisition": [2.0]}).splitlines()
    assert [line.split() for line in lines[2:]] == [
        ["overview", "0.50", "met"],
        ["acquisition", "2.00", "2.0", "times"],
    ]


def beside(alone: int, beside: int) -> Beside:
    loads = [Load(n, 1.0, 1.0, p99, 8.0, 9.0, 0, 0) for n, p99 in ((alone, 10), (beside, 20))]
    first, second = (Figures(load.requests, 1.0, None, None, load) for load in loads)
    return Beside(1000, first, second, reports=7)


def test_what_reports_cost_is_the_median_of_the_rounds() -> None:
    text = format_ingest([beside(1000, 950), beside(1000, 980), beside(1000, 500)])
    assert "1,000 a second, beside 21 reports: 5.0% lost (must: 10%)" in text
    assert text.endswith("p99 20.0 ms where it was 10.0")


def test_other_work_is_warned_of_by_part() -> None:
    assert warn_of_others({"warm": 3.0, "views": 14.0}) == ""
    assert "views 40 %" in warn_of_others({"warm": 3.0, "views": 40.0})
