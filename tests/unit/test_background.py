"""Background work that fails is started again, and seen."""

from __future__ import annotations

import asyncio

import pytest

from collector.background import Supervisor


async def test_work_that_fails_or_ends_is_started_again_and_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    restarts: list[str] = []
    starts = 0
    runs_on = asyncio.Event()

    async def work() -> None:
        nonlocal starts
        starts += 1
        if starts == 1:
            raise PermissionError("a file cannot be renamed")
        if starts == 3:
            runs_on.set()
            await asyncio.Event().wait()

    supervisor = Supervisor(restarts.append, first_pause_seconds=0.01)
    async with supervisor.run("rename", work):
        await asyncio.wait_for(runs_on.wait(), 10)
        assert restarts == ["rename", "rename"]
        assert supervisor.is_running == {"rename": True}
    assert "the background task rename failed" in caplog.text
    assert "a file cannot be renamed" in caplog.text
    assert "the background task rename ended" in caplog.text


async def test_while_work_waits_to_be_started_again_it_is_not_running() -> None:
    failed = asyncio.Event()

    async def work() -> None:
        raise ValueError

    supervisor = Supervisor(lambda _name: failed.set(), first_pause_seconds=60)
    async with supervisor.run("fails", work):
        await asyncio.wait_for(failed.wait(), 10)
        assert supervisor.is_running == {"fails": False}
