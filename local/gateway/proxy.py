"""Send a request to the upstream, trying further targets where nginx would."""

from __future__ import annotations

import time
from dataclasses import dataclass

import aiohttp
from yarl import URL

from local.gateway.balancer import Balancer, NoPeerError, Peer
from local.gateway.config import Service
from local.gateway.exchange import Exchange
from local.gateway.forwarding import build_upstream_headers
from local.gateway.health import Failure

# nginx does not repeat these once they were sent (proxy_next_upstream, non_idempotent).
_NOT_REPEATED = frozenset({"POST", "LOCK", "PATCH"})
_NOT_MADE_UP = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class UpstreamFailedError(Exception):
    """No target gave an answer; ``status`` is 502 or 504."""

    def __init__(self, status: int, sent_at: float) -> None:
        super().__init__(status)
        self.status = status
        self.sent_at = sent_at


@dataclass(frozen=True)
class UpstreamAnswer:
    """An answer whose body is still to be read; ``sent_at`` is on the monotonic clock."""

    response: aiohttp.ClientResponse
    sent_at: float


def open_session() -> aiohttp.ClientSession:
    """Open the pool of connections to upstreams."""
    return aiohttp.ClientSession(
        # Kong's upstream_keepalive_idle_timeout; no limit on parallel connections.
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60, use_dns_cache=False),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=_NOT_MADE_UP,
    )


class Proxy:
    """Forwards requests by the balancer's choice of targets."""

    def __init__(self, session: aiohttp.ClientSession, balancer: Balancer) -> None:
        self._session = session
        self._balancer = balancer

    async def find_first_peer(self, service: Service) -> Peer:
        """Choose the target of the first try. Raises NoPeerError."""
        return await self._balancer.find_peer(service)

    async def send(self, exchange: Exchange, service: Service, peer: Peer) -> UpstreamAnswer:
        """Send the request, to further targets if the first fails.

        Gives the upstream's response with its body unread; the caller releases it. Raises
        UpstreamFailedError.
        """
        body = await exchange.request.read_body()
        tries_left = service.retries
        while True:
            sent_at = time.monotonic()
            try:
                response = await self._try(exchange, service, peer, body)
            except _TryFailedError as failure:
                is_last = failure.was_sent and exchange.request.method in _NOT_REPEATED
                if is_last or tries_left == 0:
                    _report_last_try(peer, failure)
                    raise UpstreamFailedError(failure.status, sent_at) from failure
                peer.report_failure(failure.kind)
                peer = await self._find_next_peer(service, failure, sent_at)
                tries_left -= 1
            else:
                peer.report_status(response.status)
                return UpstreamAnswer(response, sent_at)

    async def _find_next_peer(
        self, service: Service, failure: _TryFailedError, sent_at: float
    ) -> Peer:
        try:
            return await self._balancer.find_peer(service)
        except NoPeerError as error:
            raise UpstreamFailedError(failure.status, sent_at) from error

    async def _try(
        self, exchange: Exchange, service: Service, peer: Peer, body: bytes
    ) -> aiohttp.ClientResponse:
        headers = build_upstream_headers(exchange, peer.host_header)
        has_body = body or "Content-Length" in exchange.request.headers
        if has_body:
            headers["Content-Length"] = str(len(body))
        try:
            return await self._session.request(
                exchange.request.method,
                _build_url(exchange, peer),
                headers=headers,
                data=body if has_body else None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    sock_connect=service.connect_timeout, sock_read=service.read_timeout
                ),
            )
        except aiohttp.ConnectionTimeoutError as error:
            raise _TryFailedError(504, "timeouts", was_sent=False) from error
        except (TimeoutError, aiohttp.ServerTimeoutError) as error:
            raise _TryFailedError(504, "timeouts", was_sent=True) from error
        except aiohttp.ClientConnectorError as error:
            raise _TryFailedError(502, "tcp_failures", was_sent=False) from error
        except (aiohttp.ClientError, ConnectionError) as error:
            raise _TryFailedError(502, "tcp_failures", was_sent=True) from error


class _TryFailedError(Exception):
    def __init__(self, status: int, kind: Failure, *, was_sent: bool) -> None:
        super().__init__(status)
        self.status = status
        self.kind: Failure = kind
        self.was_sent = was_sent


def _report_last_try(peer: Peer, failure: _TryFailedError) -> None:
    # Kong counts a TCP failure only when it tries again; the last try counts by its status.
    if failure.kind == "timeouts":
        peer.report_failure("timeouts")
    else:
        peer.report_status(failure.status)


def _build_url(exchange: Exchange, peer: Peer) -> URL:
    host = f"[{peer.address.host}]" if ":" in peer.address.host else peer.address.host
    query = exchange.request.query
    path = exchange.match.upstream_path + (f"?{query}" if query is not None else "")
    return URL(f"http://{host}:{peer.address.port}{path}", encoded=True)
