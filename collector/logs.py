"""Log lines: structured, with the request's id, and never with what a visitor sent.

Neither a field's value nor an address may stand in a log: logs are kept longer, read by
more people and copied to more places than the database. Three rules see to it:
our own messages name codes and counts; of other libraries' messages only the text that
stands in their source is kept, since their arguments hold addresses and pieces of
requests; and of exceptions the type and the places, since their messages hold values.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Iterator
from contextvars import ContextVar

from collector.settings import Settings
from collector.tracing.current import REQUEST_TRACE
from collector.without import without

# For pictures of exceptions, which are never printed here, 5 MiB and 0.1 s.
with without("rich"):
    import structlog
    from structlog.typing import EventDict, Processor

# Kong's id of the request that this task answers. A stranger may send any text as such.
REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
_REQUEST_ID = re.compile(r"[0-9A-Za-z-]{1,64}")

OURS = "collector"

# What Postgres says of an error without a value of a row; its message and detail have some.
POSTGRES_FACTS = ("sqlstate", "table_name", "column_name", "constraint_name")


def configure_logging(settings: Settings) -> None:
    """Every log line of the process goes to stderr, in the form that the settings name."""
    handler = logging.StreamHandler()
    handler.setFormatter(make_formatter(settings))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)


def make_formatter(settings: Settings) -> logging.Formatter:
    """What turns a record into a line, by the three rules."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            name_event,
            structlog.stdlib.ExtraAdder(),
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            add_request_id,
            add_trace,
            describe_exception,
        ],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer(settings)],
    )


def renderer(settings: Settings) -> Processor:
    """JSON, or a line that is easier on the eye: by default where a person looks on."""
    on_terminal = sys.stderr.isatty()
    if settings.log_format == "console" or (settings.log_format == "auto" and on_terminal):
        return structlog.dev.ConsoleRenderer(colors=on_terminal, timestamp_key="time")
    return structlog.processors.JSONRenderer()


def name_event(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Of another library's message, the first line as its source has it."""
    record: logging.LogRecord = event["_record"]
    if record.name.partition(".")[0] != OURS:
        event["event"] = str(record.msg).partition("\n")[0]
    return event


def add_request_id(_logger: object, _method: str, event: EventDict) -> EventDict:
    """The id under which Kong's log and the stored event have the request."""
    request_id = REQUEST_ID.get()
    if request_id is not None and _REQUEST_ID.fullmatch(request_id):
        event["request_id"] = request_id
    return event


def add_trace(_logger: object, _method: str, event: EventDict) -> EventDict:
    """The ids of the request's span, where it has one."""
    trace = REQUEST_TRACE.get()
    return event if trace is None else {**event, **trace.ids}


def describe_exception(_logger: object, _method: str, event: EventDict) -> EventDict:
    """An exception by its type and the places it came through."""
    exc_info = event.pop("exc_info", None)
    if exc_info and exc_info[1] is not None:
        event["exception"] = "\n".join(exception_lines(exc_info[1]))
    return event


def exception_lines(error: BaseException) -> Iterator[str]:
    """The innermost cause first, as Python prints it, without any message."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        yield from exception_lines(cause)
        yield "which led to:"
    yield from "".join(traceback.format_tb(error.__traceback__)).splitlines()
    facts = [f"{name}={value}" for name in POSTGRES_FACTS if (value := getattr(error, name, None))]
    yield " ".join([f"{type(error).__module__}.{type(error).__qualname__}", *facts])
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from exception_lines(part)
