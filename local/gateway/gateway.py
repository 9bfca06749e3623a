"""The way of one request: route, plugins, upstream, header filters (kong/init.lua)."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from multidict import CIMultiDict

from local.gateway import answers
from local.gateway.answers import Answer, error_answer, error_page
from local.gateway.balancer import NoPeerError
from local.gateway.client_address import AddressRules, resolve_client_address
from local.gateway.errors import EarlyAnswerError, PluginFailedError
from local.gateway.exchange import Exchange, IncomingRequest, decode_headers, set_headers
from local.gateway.forwarding import add_charset, build_client_headers
from local.gateway.plugin_chain import ConfiguredPlugin, PluginChain
from local.gateway.proxy import Proxy, UpstreamFailedError
from local.gateway.router import RouteMatch, Router
from local.gateway.uri import is_acceptable

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reply:
    """What goes to the client: ``body``, or where there is one the upstream's body."""

    status: int
    reason: str | None
    headers: CIMultiDict[str]
    body: bytes = b""
    upstream: aiohttp.ClientResponse | None = None


class Gateway:
    """Answers requests as Kong would with the same kong.yml."""

    def __init__(
        self, router: Router, chain: PluginChain, proxy: Proxy, rules: AddressRules
    ) -> None:
        self._router = router
        self._chain = chain
        self._proxy = proxy
        self._rules = rules

    async def answer(self, request: IncomingRequest) -> Reply:
        """Give the reply to a request; the caller releases the upstream's response."""
        started_at, request_id = time.monotonic(), secrets.token_hex(16)
        refused = _find_refusal(request)
        if refused:
            return make_error_page(refused, request.headers, request_id)
        match = self._router.find(request.method, request.path, request.host)
        if match is None:
            # Without a route no plugin runs, not even a global one.
            accept = request.headers.get("Accept")
            not_found = error_answer(404, answers.NO_ROUTE, accept, request_id)
            return _make_own_reply(not_found, CIMultiDict(), request_id, started_at)
        exchange = self._open_exchange(request, match, request_id, started_at)
        plugins = self._chain.select(match.route)
        try:
            await self._run_access(exchange, plugins)
            return await self._forward(exchange, plugins)
        except EarlyAnswerError as early:
            answer = early.answer
        except PluginFailedError as error:
            # Without a traceback: the fault lies in the plugin, and the message says it.
            log.error("%s %s: %s", request.method, request.path, error)  # noqa: TRY400
            answer = _make_error(exchange, 500, answers.UNEXPECTED)
        except NoPeerError as error:
            answer = _make_error(exchange, 503, str(error))
        reply = _make_own_reply(answer, exchange.response_headers, request_id, started_at)
        _run_header_filters(exchange, plugins, reply)
        return reply

    def _open_exchange(
        self, request: IncomingRequest, match: RouteMatch, request_id: str, started_at: float
    ) -> Exchange:
        return Exchange(
            request=request,
            match=match,
            client_address=resolve_client_address(request.peer, request.headers, self._rules),
            peer_is_trusted=self._rules.trusts(request.peer),
            request_id=request_id,
            headers=CIMultiDict(request.headers),
            started_at=started_at,
        )

    async def _run_access(self, exchange: Exchange, plugins: list[ConfiguredPlugin]) -> None:
        _require_https(exchange)
        # Kong does not notice in this phase that a client went away: a plugin is never left
        # in the middle of its event. Only the request to the upstream is given up.
        phase = asyncio.ensure_future(_run_in_order(exchange, plugins))
        phase.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.shield(phase)

    async def _forward(self, exchange: Exchange, plugins: list[ConfiguredPlugin]) -> Reply:
        service = exchange.match.route.service
        if service is None:
            raise NoPeerError(answers.NO_SERVICE)
        peer = await self._proxy.find_first_peer(service)
        try:
            answer = await self._proxy.send(exchange, service, peer)
        except UpstreamFailedError as failure:
            reply, sent_at = _make_failure_reply(exchange, failure.status), failure.sent_at
        else:
            response, sent_at = answer.response, answer.sent_at
            headers = build_client_headers(
                decode_headers(response.raw_headers), exchange.response_headers
            )
            reply = Reply(response.status, response.reason, headers, upstream=response)
        reply.headers["X-Kong-Upstream-Latency"] = _milliseconds_since(sent_at)
        proxy_latency = round((sent_at - exchange.started_at) * 1000)
        reply.headers["X-Kong-Proxy-Latency"] = str(proxy_latency)
        reply.headers["X-Kong-Request-Id"] = exchange.request_id
        _run_header_filters(exchange, plugins, reply)
        return reply


async def _run_in_order(exchange: Exchange, plugins: list[ConfiguredPlugin]) -> None:
    for configured in plugins:
        await configured.plugin.access(exchange, configured.config)


def make_error_page(status: int, asked: Mapping[str, str], request_id: str | None = None) -> Reply:
    """Build Kong's page for a request that nginx refuses before Kong sees it."""
    request_id = request_id or secrets.token_hex(16)
    page = error_page(status, asked.get("Accept"), asked.get("Content-Type"), request_id)
    reply = _make_own_reply(page, CIMultiDict(), request_id, time.monotonic())
    reply.headers["Connection"] = "close"
    return reply


def _find_refusal(request: IncomingRequest) -> int | None:
    if request.method in {"TRACE", "CONNECT"}:
        return 405
    # nginx would pass on header bytes that are not UTF-8; aiohttp would drop them.
    is_utf8 = all(_is_utf8(value) for value in request.headers.values())
    return None if is_utf8 and is_acceptable(request.path) else 400


def _is_utf8(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _require_https(exchange: Exchange) -> None:
    route = exchange.match.route
    trusted = exchange.request.headers if exchange.peer_is_trusted else {}
    if "http" in route.protocols or trusted.get("X-Forwarded-Proto") == "https":
        return
    headers = {"Connection": "Upgrade", "Upgrade": "TLS/1.2, HTTP/1.1"}
    raise EarlyAnswerError(_make_error(exchange, 426, "Please use HTTPS protocol", headers))


def _make_error(
    exchange: Exchange, status: int, message: str, headers: dict[str, str] | None = None
) -> Answer:
    accept = exchange.headers.get("Accept")
    return error_answer(status, message, accept, exchange.request_id, headers)


def _make_failure_reply(exchange: Exchange, status: int) -> Reply:
    asked = exchange.headers
    page = error_page(status, asked.get("Accept"), asked.get("Content-Type"), exchange.request_id)
    headers = exchange.response_headers.copy()
    set_headers(headers, page.headers)
    headers["Via"] = f"1.1 {answers.SERVER}"
    headers["Server"] = answers.SERVER
    return Reply(status, None, headers, page.body)


def _make_own_reply(
    answer: Answer, set_by_plugins: CIMultiDict[str], request_id: str, started_at: float
) -> Reply:
    headers = set_by_plugins.copy()
    set_headers(headers, answer.headers)
    headers["X-Kong-Response-Latency"] = _milliseconds_since(started_at)
    headers["Server"] = answers.SERVER
    headers["X-Kong-Request-Id"] = request_id
    return Reply(answer.status, None, headers, answer.body)


def _run_header_filters(exchange: Exchange, plugins: list[ConfiguredPlugin], reply: Reply) -> None:
    for configured in plugins:
        configured.plugin.header_filter(exchange, configured.config, reply.headers)
    add_charset(reply.headers)


def _milliseconds_since(started_at: float) -> str:
    return str(int((time.monotonic() - started_at) * 1000))
