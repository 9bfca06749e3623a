"""Who sent a request, and when: as the gateway signed it, where it did."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from multidict import istr

from collector.api.asked import Asked
from collector.api.stamp import REQUEST_ID_HEADER, Stamp, verify_stamp
from collector.api.used_stamps import Use, UsedStamps
from collector.client_ip import stored_ip
from collector.complaints import Complaints
from collector.contract.wire import clean_text
from collector.errors import UnsignedRequest
from collector.event import RequestContext
from collector.logs import REQUEST_ID
from collector.metrics import Metrics
from collector.settings import Settings
from collector.tracing.current import REQUEST_TRACE

REFUSED_STAMPS = {
    Use.AGAIN: "came a second time: somebody sends copies of requests, or Kong sent one again; "
    "such requests are taken as unsigned",
    Use.FORGOTTEN: "is older than those that are remembered: the clocks of two gateways differ, or "
    "it is a copy; such requests are taken as unsigned",
}
# Browsers send 1 or nothing; a 0 says that there was a choice.
GPC_HEADER = istr("Sec-GPC")
GPC = {"1": True, "0": False}
TRACEPARENT_HEADER = istr("traceparent")
MAX_USER_AGENT = 1024
MAX_REQUEST_ID = 64
MAX_CONTENT_TYPE = 100


class ContextReader:
    """Reads requests as the settings say, and counts those without a stamp that is believed."""

    def __init__(
        self, settings: Settings, metrics: Metrics, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._secrets = settings.gateway_secrets
        self._max_age = timedelta(seconds=settings.stamp_max_age_seconds)
        self._ip_storage = settings.client_ip_storage
        self._refuse_unsigned = settings.unsigned_requests == "refuse"
        self._metrics = metrics
        self._used = UsedStamps(self._max_age)
        self._complaints = Complaints("a stamp of the gateway", clock)

    def read(self, request: Asked) -> RequestContext:
        """What the request says beside its body.

        Raises UnsignedRequest where no stamp is believed, and the settings want one.
        """
        now = datetime.now(UTC)
        stamp = self._believe(request.headers, now)
        if (trace := REQUEST_TRACE.get()) is not None:
            # Anybody can send the header; the gateway writes its own over it (docs/tracing.md).
            trace.begin(request.headers.get(TRACEPARENT_HEADER) if stamp else None)
        if stamp is None:
            self._metrics.unsigned.inc()
            if self._refuse_unsigned:
                raise UnsignedRequest("Only requests that came through the gateway are taken.")
        client_ip = stamp.client_ip if stamp else request.remote
        return RequestContext(
            client_ip=client_ip,
            stamp_verified=stamp is not None,
            received_at=stamp.received_at if stamp else now,
            user_agent=read_header(request, hdrs.USER_AGENT, MAX_USER_AGENT),
            request_id=read_header(request, REQUEST_ID_HEADER, MAX_REQUEST_ID),
            endpoint=request.path,
            content_type=read_header(request, hdrs.CONTENT_TYPE, MAX_CONTENT_TYPE),
            gpc=GPC.get(request.headers.get(GPC_HEADER, "")),
            stored_ip=stored_ip(client_ip, self._ip_storage),
        )

    def _believe(self, headers: Mapping[str, str], now: datetime) -> Stamp | None:
        """The stamp of a request, if the gateway signed it and it was not used before."""
        stamp = verify_stamp(headers, self._secrets, now, self._max_age)
        if stamp is None:
            return None
        if not stamp.request_id:
            self._metrics.unbound_stamps.inc()
            return stamp
        use = self._used.use(stamp, now)
        if use is Use.FIRST:
            return stamp
        self._metrics.count_refused_stamp(use.value)
        self._complaints.say(use.value, REFUSED_STAMPS[use])
        return None


@web.middleware
async def bind_request_id(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every line that is logged while a request is answered has its id (logs.py)."""
    token = REQUEST_ID.set(request.headers.get(REQUEST_ID_HEADER))
    try:
        return await handler(request)
    finally:
        REQUEST_ID.reset(token)


def read_header(request: Asked, name: str, length: int) -> str | None:
    """A header as storable text, cut; a header in bytes that are not UTF-8 has surrogates."""
    return clean_text(request.headers.get(name, ""))[:length] or None
