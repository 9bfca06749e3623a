"""Send a request to the upstream."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp
from yarl import URL

from local.gateway.config.types import Service
from local.gateway.exchange import Exchange
from local.gateway.proxying.headers import build_upstream_headers
from local.gateway.proxying.paths import escape, normalize
from local.gateway.proxying.targets import Target

_NOT_MADE_UP = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class UpstreamFailedError(Exception):
    """The target gave no answer; ``status`` is 502 or 504."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def open_session() -> aiohttp.ClientSession:
    """Open the pool of connections to upstreams."""
    return aiohttp.ClientSession(
        # Kong's upstream_keepalive_idle_timeout; no limit on parallel connections.
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=_NOT_MADE_UP,
    )


class Proxy:
    """Forwards requests to the targets of their services."""

    def __init__(self, session: aiohttp.ClientSession, targets: Mapping[Service, Target]) -> None:
        self._session = session
        self._targets = targets

    async def send(
        self, exchange: Exchange, service: Service, body: bytes
    ) -> aiohttp.ClientResponse:
        """Send the request, once.

        Gives the upstream's response with its body unread; the caller releases it. Raises
        UpstreamFailedError.
        """
        target = self._targets[service]
        headers = build_upstream_headers(exchange, target.host_header)
        has_body = body or "Content-Length" in exchange.request.headers
        if has_body:
            headers["Content-Length"] = str(len(body))
        try:
            return await self._session.request(
                exchange.request.method,
                _build_url(exchange, target),
                headers=headers,
                data=body if has_body else None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    sock_connect=service.connect_timeout, sock_read=service.read_timeout
                ),
            )
        except TimeoutError as error:
            raise UpstreamFailedError(504) from error
        except (aiohttp.ClientError, ConnectionError) as error:
            raise UpstreamFailedError(502) from error


def _build_url(exchange: Exchange, target: Target) -> URL:
    path, query = escape(normalize(exchange.request.path)), exchange.request.query
    sent_target = path if query is None else f"{path}?{query}"
    return URL(f"http://{target.address.host}:{target.address.port}{sent_target}", encoded=True)
