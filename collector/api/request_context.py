"""Who sent a request, and when: as the gateway signed it, where it did."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from aiohttp import web
from aiohttp.typedefs import Handler

from collector.api.stamp import verify_stamp
from collector.contract.wire import clean_text
from collector.errors import UnsignedRequest
from collector.event import RequestContext
from collector.logs import REQUEST_ID
from collector.settings import Settings

REQUEST_ID_HEADER = "X-Kong-Request-Id"
MAX_USER_AGENT = 1024
MAX_REQUEST_ID = 64
MAX_CONTENT_TYPE = 100


class ContextReader:
    """Reads requests as the settings say; `count_unsigned` is told of each without a stamp."""

    def __init__(self, settings: Settings, count_unsigned: Callable[[], None]) -> None:
        self._secrets = settings.gateway_secrets
        self._max_age = timedelta(seconds=settings.stamp_max_age_seconds)
        self._refuse_unsigned = settings.unsigned_requests == "refuse"
        self._count_unsigned = count_unsigned

    def read(self, request: web.Request) -> RequestContext:
        """What the request says beside its body.

        Raises UnsignedRequest where no stamp is believed, and the settings want one.
        """
        now = datetime.now(UTC)
        stamp = verify_stamp(request.headers, self._secrets, now, self._max_age)
        if stamp is None:
            self._count_unsigned()
            if self._refuse_unsigned:
                raise UnsignedRequest("Only requests that came through the gateway are taken.")
        return RequestContext(
            client_ip=stamp.client_ip if stamp else request.remote,
            stamp_verified=stamp is not None,
            received_at=stamp.received_at if stamp else now,
            user_agent=read_header(request, "User-Agent", MAX_USER_AGENT),
            request_id=read_header(request, REQUEST_ID_HEADER, MAX_REQUEST_ID),
            endpoint=request.path,
            content_type=read_header(request, "Content-Type", MAX_CONTENT_TYPE),
        )


@web.middleware
async def bind_request_id(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every line that is logged while a request is answered has its id (logs.py)."""
    token = REQUEST_ID.set(request.headers.get(REQUEST_ID_HEADER))
    try:
        return await handler(request)
    finally:
        REQUEST_ID.reset(token)


def read_header(request: web.Request, name: str, length: int) -> str | None:
    """A header as storable text, cut; a header in bytes that are not UTF-8 has surrogates."""
    return clean_text(request.headers.get(name, ""))[:length] or None
