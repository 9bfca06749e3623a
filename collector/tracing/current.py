"""The trace of the request that a task answers: all that most of the collector knows of tracing.

OpenTelemetry is not imported here, nor anywhere before start.py is told to.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collector.tracing.spans import RequestTrace

REQUEST_TRACE: ContextVar[RequestTrace | None] = ContextVar("request_trace", default=None)
