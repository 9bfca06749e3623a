"""Whatever happens in a check becomes a line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from collector.doctor import check as checking
from collector.doctor.check import Check, Group, run_groups
from collector.doctor.deployment import Deployment, open_deployment
from collector.doctor.finding import Finding, Line, Skipped, Status, failure, ok, warning
from collector.doctor.once import Once
from collector.doctor.options import Options
from collector.doctor.report import exit_code, json_of, summary, text_of_group


@pytest.fixture
async def deployment() -> AsyncIterator[Deployment]:
    async with open_deployment(Options()) as empty:
        yield empty


async def well(_deployment: Deployment) -> Finding:
    return ok("all right")


async def two(_deployment: Deployment) -> list[Finding]:
    return [ok("one", "a"), warning("two", "none", "mend it", "b")]


async def skips(_deployment: Deployment) -> Finding:
    raise Skipped("not here")


async def breaks(_deployment: Deployment) -> Finding:
    values: dict[str, str] = {}
    return ok(values["a secret of somebody"])


async def hangs(_deployment: Deployment) -> Finding:
    await asyncio.Event().wait()
    return ok("never")


async def lines_of(deployment: Deployment, *checks: Check) -> list[Line]:
    """The lines of one group."""
    group = Group("Some Subject", checks)
    return [line async for _, lines in run_groups([group], deployment) for line in lines]


async def test_each_check_has_its_lines_in_their_order(deployment: Deployment) -> None:
    lines = await lines_of(deployment, Check("a.two", two), Check("a.well", well))
    assert [(line.check, line.finding.status) for line in lines] == [
        ("a.two", Status.OK),
        ("a.two", Status.WARNING),
        ("a.well", Status.OK),
    ]
    assert {line.anchor for line in lines} == {"docs/doctor.md#some-subject"}


async def test_a_check_that_fails_by_itself_is_a_failure_without_a_value(
    deployment: Deployment,
) -> None:
    broken, whole = await lines_of(deployment, Check("a.breaks", breaks), Check("a.well", well))
    assert broken.finding.status is Status.FAILURE
    assert broken.finding.seen.startswith("KeyError in breaks, line ")
    assert whole.finding.status is Status.OK


async def test_a_check_that_hangs_is_a_failure(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "CHECK_SECONDS", 0.05)
    hung, whole = await lines_of(deployment, Check("a.hangs", hangs), Check("a.well", well))
    assert (hung.finding.status, hung.finding.seen) == (Status.FAILURE, "no answer in time")
    assert whole.finding.status is Status.OK


async def test_a_group_that_is_skipped_as_a_whole_is_one_line(deployment: Deployment) -> None:
    lines = await lines_of(deployment, Check("a.one", skips), Check("a.two", skips))
    group = Group("Some Subject", ())
    assert text_of_group(group, lines) == "Some Subject\nskipped  all 2: not here\n"


def test_what_a_server_says_does_not_move_the_terminals_cursor() -> None:
    line = Line("a.b", ok("\x1b[2J\u202ehello"), "docs/doctor.md")
    assert "\x1b" not in text_of_group(Group("Some", ()), [line])
    assert "\u202e" not in text_of_group(Group("Some", ()), [line])


OK = Line("a.ok", ok("x"), "d")
WARN = Line("a.warn", warning("x", "y", "z"), "d")
FAIL = Line("a.fail", failure("x", "y", "z"), "d")
SKIP = Line("a.skip", Finding(Status.SKIPPED, "x"), "d")


@pytest.mark.parametrize(
    ("lines", "lenient", "strict"),
    [
        ([], 0, 0),
        ([OK, SKIP], 0, 0),
        ([OK, WARN], 0, 2),
        ([WARN, FAIL], 1, 1),
        ([FAIL], 1, 1),
    ],
)
def test_the_exit_code_says_what_was_found(lines: list[Line], lenient: int, strict: int) -> None:
    assert exit_code(lines, strict=False) == lenient
    assert exit_code(lines, strict=True) == strict


def test_the_counts_are_of_all_lines() -> None:
    assert summary([OK, OK, WARN, SKIP]) == "2 ok, 1 warning, 0 failure, 1 skipped"
    assert '"failure": 1' in json_of([OK, FAIL])


async def test_what_several_need_is_done_once_also_where_it_fails() -> None:
    calls = []

    async def work() -> str:
        calls.append(1)
        await asyncio.sleep(0)
        raise LookupError("no")

    once = Once(work)
    found = await asyncio.gather(once(), once(), return_exceptions=True)
    assert [type(error) for error in found] == [LookupError, LookupError]
    assert len(calls) == 1
