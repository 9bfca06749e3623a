"""The way of one request: route, plugins, upstream (kong/init.lua)."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from dataclasses import dataclass

import aiohttp
from multidict import CIMultiDict

from local.gateway import answers
from local.gateway.answers import Answer, error_answer, error_page
from local.gateway.errors import EarlyAnswerError, PluginFailedError
from local.gateway.exchange import Exchange, IncomingRequest, decode_headers, set_headers
from local.gateway.plugins.chain import ConfiguredPlugin, PluginChain
from local.gateway.proxying.headers import build_client_headers
from local.gateway.proxying.paths import is_acceptable
from local.gateway.proxying.proxy import Proxy, UpstreamFailedError
from local.gateway.proxying.router import Router

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

    def __init__(self, router: Router, chain: PluginChain, proxy: Proxy) -> None:
        self._router = router
        self._chain = chain
        self._proxy = proxy

    async def answer(self, request: IncomingRequest) -> Reply:
        """Give the reply to a request; the caller releases the upstream's response."""
        started_at, request_id = time.monotonic(), secrets.token_hex(16)
        refused = _find_refusal(request)
        if refused:
            return make_error_page(refused, request_id)
        route = self._router.find(request.method, request.path)
        if route is None:
            not_found = error_answer(404, answers.NO_ROUTE, request_id)
            return _make_own_reply(not_found, CIMultiDict(), request_id, started_at)
        exchange = Exchange(
            request, route, request_id, CIMultiDict(request.headers), started_at=started_at
        )
        try:
            await _run_access(exchange, self._chain.select(route))
            return await self._forward(exchange)
        except EarlyAnswerError as early:
            answer = early.answer
        except PluginFailedError as error:
            # Without a traceback: the fault lies in the plugin, and the message says it.
            log.error("%s %s: %s", request.method, request.path, error)  # noqa: TRY400
            answer = error_answer(500, answers.UNEXPECTED, request_id)
        return _make_own_reply(answer, exchange.response_headers, request_id, started_at)

    async def _forward(self, exchange: Exchange) -> Reply:
        service = exchange.route.service
        if service is None:
            raise EarlyAnswerError(error_answer(503, answers.NO_SERVICE, exchange.request_id))
        body = await exchange.request.read_body()
        sent_at = time.monotonic()
        try:
            response = await self._proxy.send(exchange, service, body)
        except UpstreamFailedError as failure:
            reply = _make_failure_reply(exchange, failure.status)
        else:
            headers = build_client_headers(
                decode_headers(response.raw_headers), exchange.response_headers
            )
            reply = Reply(response.status, response.reason, headers, upstream=response)
        reply.headers["X-Kong-Upstream-Latency"] = _milliseconds_since(sent_at)
        proxy_latency = round((sent_at - exchange.started_at) * 1000)
        reply.headers["X-Kong-Proxy-Latency"] = str(proxy_latency)
        reply.headers["X-Kong-Request-Id"] = exchange.request_id
        return reply


def make_error_page(status: int, request_id: str | None = None) -> Reply:
    """Build Kong's page for a request that nginx refuses before Kong sees it."""
    request_id = request_id or secrets.token_hex(16)
    page = error_page(status, request_id)
    reply = _make_own_reply(page, CIMultiDict(), request_id, time.monotonic())
    reply.headers["Connection"] = "close"
    return reply


async def _run_access(exchange: Exchange, plugins: list[ConfiguredPlugin]) -> None:
    # Kong does not notice in this phase that a client went away: a plugin is never left
    # in the middle of its event. Only the request to the upstream is given up.
    phase = asyncio.ensure_future(_run_in_order(exchange, plugins))
    phase.add_done_callback(lambda done: done.cancelled() or done.exception())
    await asyncio.shield(phase)


async def _run_in_order(exchange: Exchange, plugins: list[ConfiguredPlugin]) -> None:
    for configured in plugins:
        await configured.plugin.access(exchange, configured.config)


def _find_refusal(request: IncomingRequest) -> int | None:
    if request.method in {"TRACE", "CONNECT"}:
        return 405
    # nginx would pass on header bytes that are not UTF-8; aiohttp would drop them.
    is_utf8 = all(_is_utf8(value) for value in request.headers.values())
    return None if is_utf8 and is_acceptable(request.path) else 400


def _is_utf8(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _make_failure_reply(exchange: Exchange, status: int) -> Reply:
    page = error_page(status, exchange.request_id)
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


def _milliseconds_since(started_at: float) -> str:
    return str(int((time.monotonic() - started_at) * 1000))
