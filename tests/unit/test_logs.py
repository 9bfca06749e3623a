"""The form of log lines, and what must not stand in them."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from collector.logs import REQUEST_ID, make_formatter
from collector.settings import Settings

SETTINGS = Settings(database_url="postgresql://localhost/x", log_format="json", log_level="debug")
SECRET = "jane@example.org"


@pytest.fixture(params=["json"])
def stderr(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What the collector's logger, aiohttp's and asyncio's write, in the form of the parameter."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(make_formatter(SETTINGS.model_copy(update={"log_format": request.param})))
    loggers = [logging.getLogger(name) for name in ("collector", "aiohttp", "asyncio")]
    for logger in loggers:
        logger.addHandler(handler)
    yield stream
    for logger in loggers:
        logger.removeHandler(handler)


def logged(stream: io.StringIO) -> dict[str, Any]:
    """The one line that was logged."""
    [line] = stream.getvalue().splitlines()
    fields: dict[str, Any] = json.loads(line)
    return fields


def test_a_line_is_json_with_time_level_logger_and_the_fields_beside_the_message(
    stderr: io.StringIO,
) -> None:
    logging.getLogger("collector.x").warning("%d events", 3, extra={"path": "/v1"})
    line = logged(stderr)
    assert line.pop("time").endswith("Z")
    assert line == {"event": "3 events", "path": "/v1", "level": "warning", "logger": "collector.x"}


@pytest.mark.parametrize("stderr", ["console"], indirect=True)
def test_lines_for_people_are_no_json(stderr: io.StringIO) -> None:
    logging.getLogger("collector.x").warning("%d events", 3)
    assert "3 events" in stderr.getvalue()
    assert not stderr.getvalue().startswith("{")


@pytest.mark.parametrize("stderr", ["auto"], indirect=True)
def test_without_a_terminal_lines_are_json_by_default(stderr: io.StringIO) -> None:
    logging.getLogger("collector.x").warning("x")
    assert logged(stderr)["event"] == "x"


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("9a47173615bc3a5460cf04dcd024b977", True),
        ("550e8400-e29b-41d4-a716-446655440000", True),
        (SECRET, False),
        ("x" * 65, False),
        ("a\nb", False),
        ("", False),
    ],
)
def test_a_request_id_is_shown_if_it_looks_like_one(
    stderr: io.StringIO, sent: str, shown: bool
) -> None:
    token = REQUEST_ID.set(sent)
    logging.getLogger("collector.x").warning("x")
    REQUEST_ID.reset(token)
    assert logged(stderr).get("request_id") == (sent if shown else None)


def raise_chain() -> None:
    """A value in the message of each exception of a chain."""
    try:
        SETTINGS.model_dump()[SECRET]
    except KeyError as error:
        raise asyncpg.UniqueViolationError(f"Key (user)=({SECRET}) exists") from error


def raise_group() -> None:
    """The same in a group."""
    raise ExceptionGroup(SECRET, [ValueError(SECRET)])


@pytest.mark.parametrize(
    ("fail", "types"),
    [
        (raise_chain, ["builtins.KeyError", "asyncpg.exceptions.UniqueViolationError"]),
        (raise_group, ["builtins.ExceptionGroup", "builtins.ValueError"]),
    ],
)
def test_an_exception_is_its_types_and_places_without_its_messages(
    stderr: io.StringIO, fail: Any, types: list[str]
) -> None:
    try:
        fail()
    except Exception:
        logging.getLogger("collector.x").exception("it failed")
    text = logged(stderr)["exception"]
    assert SECRET not in stderr.getvalue()
    assert [line.split()[0] for line in text.splitlines() if line.split()[0] in types] == types
    assert f"in {fail.__name__}" in text


def test_an_error_of_postgres_is_named_by_its_facts(stderr: io.StringIO) -> None:
    error = asyncpg.CheckViolationError(SECRET)
    error.constraint_name, error.detail = "conversion_value_check", SECRET
    logging.getLogger("collector.x").error("it failed", exc_info=error)
    text = logged(stderr)["exception"]
    assert "sqlstate=23514 constraint_name=conversion_value_check" in text
    assert SECRET not in stderr.getvalue()


@pytest.mark.parametrize(
    ("name", "message", "arguments", "shown"),
    [
        ("aiohttp.server", "Error handling request from %s", ("203.0.113.7",), None),
        (
            "asyncio",
            f"Task failed\nfuture: <Task exception=KeyError('{SECRET}')>",
            (),
            "Task failed",
        ),
    ],
)
def test_of_other_libraries_messages_the_arguments_are_left_out(
    stderr: io.StringIO, name: str, message: str, arguments: tuple[str, ...], shown: str | None
) -> None:
    logging.getLogger(name).error(message, *arguments)
    assert logged(stderr)["event"] == (shown or message)
    assert SECRET not in stderr.getvalue()
    assert "203.0.113.7" not in stderr.getvalue()
