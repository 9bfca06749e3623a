"""Asking Postgres for pages: so many questions at once, and the same question only once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TypeAlias

import asyncpg

from collector.dashboard.errors import TooBusy
from collector.dashboard.shared_work import SharedWork
from collector.reports.answer import Answer
from collector.reports.ask import ask_as_of, find_as_of
from collector.reports.errors import ReportsUnavailable, ReportTimeout
from collector.reports.question import Question

# How much longer than a report may take a question waits for others to end, and when who has
# waited in vain may come again.
WAIT_SECONDS = 1.0
RETRY_SECONDS = 5

# Postgres itself gives a statement up in its time; a question has up to two. One whose Postgres
# hangs is given up after that.
STATEMENTS = 2
GRACE_SECONDS = 3.0

# How long the facts are taken to be as old as they were, and an answer for the same facts is kept.
AS_OF_SECONDS = 1.0
KEEP_SECONDS = 5.0
KEEP_ROWS = 20_000  # of all answers together: some 40 MB

# What fails for one question, and may go well for those beside it.
NotInTime: TypeAlias = ReportTimeout | TooBusy


class Asker:
    """Asks questions over a pool, at most so many at once. `timeout_seconds`: of a statement."""

    def __init__(
        self, pool: asyncpg.Pool[asyncpg.Record], most: int, timeout_seconds: float
    ) -> None:
        self._pool = pool
        self._places = asyncio.Semaphore(most)
        self._wait_seconds = timeout_seconds + WAIT_SECONDS
        self._most_seconds = STATEMENTS * timeout_seconds + GRACE_SECONDS
        self._as_of: SharedWork[None, datetime | None] = SharedWork(AS_OF_SECONDS, 1)
        self._answers: SharedWork[tuple[Question, datetime | None], Answer] = SharedWork(
            KEEP_SECONDS, KEEP_ROWS, weigh
        )

    async def ask_each(self, questions: Sequence[Question]) -> list[Answer | NotInTime]:
        """The answers, in the order of the questions, which are asked side by side.

        One that Postgres gives up, or that never had its turn, has its error in the place of an
        answer. Raises ReportsUnavailable and QuestionError, and TooBusy where nothing could be
        asked; then, and where the caller is cancelled, what is still being asked is cancelled in
        Postgres, unless another caller waits for the same.
        """
        as_of = await self._as_of.get(None, self._ask_as_of)
        try:
            async with asyncio.TaskGroup() as group:
                asked = [group.create_task(self._answer(one, as_of)) for one in questions]
        except BaseExceptionGroup as failed:
            raise failed.exceptions[0] from None
        return [one.result() for one in asked]

    async def close(self) -> None:
        """Cancel what is being asked."""
        await self._as_of.close()
        await self._answers.close()

    async def _answer(self, question: Question, as_of: datetime | None) -> Answer | NotInTime:
        async def work() -> Answer:
            async with self._connection() as connection:
                return await ask_as_of(connection, question, as_of)

        try:
            return await self._answers.get((question, as_of), work)
        except (ReportTimeout, TooBusy) as error:
            return error

    async def _ask_as_of(self) -> datetime | None:
        async with self._connection() as connection:
            return await find_as_of(connection)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
        """A connection, once there is a place for one more question."""
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._places.acquire()
        except TimeoutError:
            raise TooBusy("many reports are being asked for; try again", RETRY_SECONDS) from None
        try:
            async with self._pool.acquire() as connection, self._in_time(connection):
                yield connection
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise ReportsUnavailable(f"Postgres cannot be asked: {error}") from error
        finally:
            self._places.release()

    @asynccontextmanager
    async def _in_time(self, connection: asyncpg.Connection[asyncpg.Record]) -> AsyncIterator[None]:
        """Raises TimeoutError; the connection is given up, since its end might never come."""
        try:
            async with asyncio.timeout(self._most_seconds):
                yield
        except TimeoutError:
            connection.terminate()
            raise


def weigh(answer: Answer) -> int:
    """How many rows an answer holds."""
    before = len(answer.before.rows) if answer.before else 0
    return 1 + len(answer.rows) + before
