"""Ratios, tables and requests of the collector's benchmark."""

import json
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from bench.collector.copy_rows import make_events, make_row, walk_rows
from bench.collector.long_rows import EMPTY, GROWN, grow, processor_us
from bench.collector.measure import Figures, refuse_lost
from bench.collector.results import find_ratios, format_figures, format_ratios, warn_of_others
from bench.collector.rows import COPY, NOOP, RATIOS, SPEC, TITLES, TRACK, TRACK_BEFORE
from bench.collector.traffic import BATCH_EVENTS, SECRET, join_batches, make_headers
from bench.errors import BenchError
from bench.events import BrowserEvent, generate_events
from bench.load.requests import fill_in
from bench.load.wrk import Load
from collector.api.stamp import is_signed
from collector.event import EVENT_COLUMNS

START_MS = 1_763_800_000_000


@pytest.fixture(scope="module")
def events() -> list[BrowserEvent]:
    return generate_events(1100, seed=1, start_ms=START_MS)


def figures(rate: int, p99: float = 4.0, server_us: float | None = 100.0) -> Figures:
    load = Load(rate, 1.0, 1.0, p99, 8.0, 9.0, bad_status=0, socket_errors=1)
    return Figures(rate, 1.0, server_us, 50.0, load, 9.0, 97.0)


def test_ratios_are_medians_of_the_rounds_ratios() -> None:
    runs = {
        TRACK: [figures(3000), figures(2000), figures(4000)],
        SPEC: [figures(200), figures(200), figures(250)],
        NOOP: [figures(10_000), figures(10_000), figures(10_000)],
    }
    assert find_ratios(runs) == {
        "track_vs_spec_design": 15.0,
        "track_vs_noop": 0.3,
        "two_vs_one": None,
        "batch_vs_copy": None,
    }


def test_another_checkout_is_compared_where_it_was_measured() -> None:
    runs = {TRACK: [figures(970)], TRACK_BEFORE: [figures(1000)]}
    assert find_ratios(runs)["track_vs_before"] == 0.97
    assert "batch_vs_before" not in find_ratios(runs)


def test_ratios_are_of_rows_that_exist() -> None:
    assert {row for ratio in RATIOS for row in (ratio.of, ratio.by)} <= set(TITLES)


def test_the_table_has_medians_and_leaves_out_what_was_not_measured() -> None:
    copied = [Figures(40_000, 1.0, None, 20.0)]
    runs = {TRACK: [figures(3000, 4.0), figures(2000, 6.0), figures(4000, 5.0)], COPY: copied}
    lines = format_figures(runs, {TRACK: 99.5}).splitlines()
    shown = ["3,000", "1.00", "5.00", "8.00", "99.5", "100", "50.0", "9.00", "97.0", "3"]
    assert lines[2].split()[3:] == shown
    assert lines[3].split()[4:] == ["40,000", "20.0", "0"]


def test_a_ratio_stands_beside_what_is_wanted_of_it() -> None:
    ratios = {"track_vs_spec_design": 12.3, "track_vs_noop": 0.4, "batch_vs_copy": None}
    lines = [line.split() for line in format_ratios(ratios).splitlines()]
    assert lines[2] == ["track_vs_spec_design", "12.30", "10", "15"]
    assert lines[4] == ["batch_vs_copy", "not", "measured", "0.55", "0.7"]


def test_growth_is_the_share_by_which_an_event_costs_more() -> None:
    runs = {
        EMPTY: [figures(1000, server_us=100), figures(2000, server_us=100)],
        GROWN: [figures(800, server_us=130), figures(1600, server_us=130)],
    }
    assert grow(runs, lambda run: 1 / run.rate) == 0.25
    assert grow(runs, processor_us) == 0.2


@pytest.mark.parametrize(("shares", "warned"), [((1, 2, 50), False), ((30, 40, 2), True)])
def test_other_work_during_most_runs_is_warned_of(shares: Sequence[float], warned: bool) -> None:
    runs = {TRACK: [replace(figures(1000), others_percent=share) for share in shares]}
    assert ("WARNING" in warn_of_others(runs)) is warned


@pytest.mark.parametrize(("answered", "stored"), [(0, 0), (10, 10), (10, 74)])
def test_what_was_in_flight_at_the_end_may_be_stored_too(answered: int, stored: int) -> None:
    refuse_lost(answered, stored)


def test_an_answer_without_a_row_ends_the_benchmark() -> None:
    with pytest.raises(BenchError, match="10 events were answered, but 9 are stored"):
        refuse_lost(10, 9)


def test_requests_carry_a_stamp_that_the_collector_believes(events: list[BrowserEvent]) -> None:
    headers = make_headers(events[0], 7, START_MS)
    signature = headers["X-Gateway-Signature"]
    secrets = (SECRET.encode(),)
    assert is_signed(headers["X-Client-IP"], headers["X-Received-At"], signature, secrets)


def test_batches_are_full(events: list[BrowserEvent]) -> None:
    batches = [json.loads(fill_in(body, "x", 1)) for _, body in join_batches(events)]
    assert [len(batch["events"]) for batch in batches] == [BATCH_EVENTS, BATCH_EVENTS]
    assert batches[1]["events"][0]["session_id"] == session_of(events[BATCH_EVENTS])


def session_of(event: BrowserEvent) -> str:
    body: dict[str, str] = json.loads(fill_in(event.body, "x", 1))
    return body["session_id"]


def test_copied_rows_have_each_column_and_never_an_id_twice(events: list[BrowserEvent]) -> None:
    stored = make_events(events[:10], START_MS)
    (first, second) = (rows for _, rows in zip(range(2), walk_rows(stored, 15), strict=False))
    ids = [row[0] for row in first + second]
    assert len(set(ids)) == 30
    assert all(isinstance(id_, UUID) for id_ in ids)
    sessions = {row[EVENT_COLUMNS.index("session_id")] for row in first + second}
    assert len(sessions) == 3 * len({event.session_id for event in stored})
    assert {len(row) for row in first} == {len(EVENT_COLUMNS)}
    metadata = json.loads(make_row(stored[0])[EVENT_COLUMNS.index("metadata")])
    assert metadata["screen"]
