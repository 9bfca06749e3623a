"""Endpoints whose requests have a span each, where tracing is on; else they are as they were."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

from collector.api.asked import Asked
from collector.errors import CollectorError
from collector.tracing.current import REQUEST_TRACE

if TYPE_CHECKING:
    from collector.tracing.spans import RequestTrace, Tracing


class Answered(Protocol):
    """A reply of ours, or a response of aiohttp's."""

    @property
    def status(self) -> int:
        """Of HTTP."""


AskedT = TypeVar("AskedT", bound=Asked)
AnsweredT = TypeVar("AnsweredT", bound=Answered)
Ask = Callable[[AskedT], Awaitable[AnsweredT]]
StatusOf = Callable[[CollectorError], int]


def usual_status(error: CollectorError) -> int:
    """The status of an error's answer."""
    return error.status


def traced(
    tracing: Tracing | None,
    route: str,
    endpoint: Ask[AskedT, AnsweredT],
    status_of: StatusOf = usual_status,
) -> Ask[AskedT, AnsweredT]:
    """An endpoint with spans; `status_of` says how it answers errors."""
    if tracing is None:
        return endpoint

    async def ask(request: AskedT) -> AnsweredT:
        trace = tracing.open_request(request.method, route)
        with ended_by_errors(trace, status_of):
            answer = await endpoint(request)
            trace.end(answer.status)
            return answer

    return ask


@contextmanager
def ended_by_errors(trace: RequestTrace, status_of: StatusOf) -> Iterator[None]:
    """An error that leaves the block ends the span.

    Its ids stay in the log lines of the task, which answers this request alone: what is logged
    of an error comes after the block.
    """
    REQUEST_TRACE.set(trace)
    try:
        yield
    except CollectorError as error:
        trace.end(status_of(error), error.code)
        raise
    except asyncio.CancelledError:
        trace.abandon("cancelled")
        raise
    except Exception:
        trace.end(CollectorError.status, CollectorError.code)
        raise
