"""What bounds the connections, and what becomes of requests that are no HTTP."""

from __future__ import annotations

import asyncio
import logging
import resource
from collections.abc import Callable

from aiohttp import web
from aiohttp.http import HttpProcessingError
from aiohttp.web_protocol import RequestHandler

from collector.api.errors import malformed_response

logger = logging.getLogger(__name__)

# Descriptors beside those of clients and of Postgres: spools, logs, the loop's own.
OTHER_DESCRIPTORS = 64


class ReadableErrors(RequestHandler):
    """Answers what is no HTTP in the form of every other error."""

    __slots__ = ()

    def resume_reading(self, resume_parser: bool = True) -> None:
        """See aiohttp, whose bodies ask for it each time that they are read.

        It would parse nothing, and ask the kernel, where nothing is paused.
        """
        if self._reading_paused or self._buffer_paused:
            super().resume_reading(resume_parser)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """See aiohttp, which logs the error, and closes the connection after the answer."""
        answer = super().handle_error(request, status, exc, message)
        if isinstance(exc, HttpProcessingError):
            answer = malformed_response(exc)
            answer.force_close()
        return answer


class ConnectionLimit:
    """Closes each connection at once that is one too many, and has the others' errors readable.

    It stands before the server's own account of them: aiohttp has no limit.
    """

    def __init__(self, server: web.Server, most: int, count: Callable[[], None]) -> None:
        self.open = 0
        self._most = most
        self._count = count
        self._made, self._lost = server.connection_made, server.connection_lost

    def made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """A client has connected."""
        handler.__class__ = ReadableErrors  # aiohttp's server makes its own class alone
        self._made(handler, transport)
        self.open += 1
        if self.open > self._most:
            self._count()
            transport.abort()

    def lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        """A connection is over."""
        self.open -= 1
        self._lost(handler, exc)


def limit_connections(server: web.Server, most: int, count: Callable[[], None]) -> None:
    """Keep no more than so many connections open; `count` is told of each that is too many."""
    limit = ConnectionLimit(server, most, count)
    server.connection_made = limit.made  # type: ignore[method-assign]  # aiohttp has no hook
    server.connection_lost = limit.lost  # type: ignore[method-assign]  # nor one for this


def warn_of_few_descriptors(connections: int, pool_size: int) -> None:
    """Say in one line where the process may not open as many files as the settings want."""
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    wanted = connections + pool_size + OTHER_DESCRIPTORS
    if allowed != resource.RLIM_INFINITY and allowed < wanted:
        logger.warning(
            "this process may open %d files, and needs %d for CT_MAX_CONNECTIONS=%d: "
            "raise the limit (ulimit -n), or lower the setting",
            allowed,
            wanted,
            connections,
        )


class MalformedRequests(logging.Filter):
    """What aiohttp logs of a request that is no HTTP: counted, and one line at debug.

    Anybody can send such, so it must cost no traceback each.
    """

    def __init__(self, count: Callable[[], None]) -> None:
        super().__init__()
        self._count = count

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is logged, and as what."""
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, HttpProcessingError):
            return logger.isEnabledFor(record.levelno)
        self._count()
        logger.debug("malformed request: %s", type(error).__name__)
        return False


def http_logger(count_malformed: Callable[[], None]) -> logging.Logger:
    """The logger of one server."""
    server_logger = logging.Logger("aiohttp.server")  # of this server alone
    server_logger.setLevel(logging.DEBUG)  # aiohttp tells of some at debug alone
    server_logger.parent = logging.getLogger()
    server_logger.addFilter(MalformedRequests(count_malformed))
    return server_logger
