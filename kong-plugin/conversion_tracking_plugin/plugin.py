"""The phase handler that Kong calls, in kong-pdk's programming model.

Every call of a `kong.` function is a round trip to Kong and back; docs/kong.md, "What a request
costs", has the number a request needs, and a test holds it.

Whatever fails in here is logged and counted, and the request goes on without that part of the
work, but never with a stamp that a client forged.
"""

import itertools
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from importlib import metadata
from typing import Any

from conversion_tracking_plugin import cors
from conversion_tracking_plugin.headers import Headers
from conversion_tracking_plugin.kong import Kong
from conversion_tracking_plugin.request import (
    MAX_HEADERS,
    Request,
    parse_request_id,
    parse_variable,
    read_request,
)
from conversion_tracking_plugin.schema import FILES_VARIABLE, SCHEMA
from conversion_tracking_plugin.stamp import empty_stamp, is_stripped, stamp_headers

NAME = "conversion-tracking"

# The names that kong-pdk reads from a plugin's module.
version = metadata.version("conversion-tracking-plugin")
# Above every plugin of Kong that refuses requests, so that a browser can read the refusal:
# bot-detection has 2500, the auth plugins 1000 to 1900, ip-restriction 990, request-size-limiting
# 951, rate-limiting 910. Below correlation-id and tracing (100000 and more), which refuse nothing.
priority = 3000
Schema = SCHEMA

# The collector refuses to start with fewer: they could be guessed.
MIN_SECRET_LENGTH = 16

# The parent of a trace that a client names: emptied, since the collector believes that of a request
# with a stamp. Kong's opentelemetry plugin, of priority 14, writes its own after it.
NO_PARENT = {"traceparent": ""}

# In the form of the collector's errors (docs/api.md).
STRIPPING_REFUSED = json.dumps(
    {
        "success": False,
        "error": "stamp_stripped",
        "message": "The Connection header names a header that the gateway sets; leave it out.",
        "errors": [],
    }
)

Reads = Mapping[str, tuple[tuple[Any, ...], ...]]

logger = logging.getLogger(__name__)
_faults = itertools.count(1)  # in this process, for the log


class Plugin:
    """One configured plugin: its CORS policy and its secret.

    Neither the constructor nor `access` ever raises: under kong-pdk's own server a phase that
    raises before its first call hangs every later request.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._policy: cors.Policy | None = None
        self._secret = ""
        self._variable = ""
        self._is_nginx_known = False
        self._is_unbound_said = False
        try:
            self._secret = _read_secret(config)
            self._variable = str(config.get("request_variable") or "")
            self._policy = cors.parse_policy(config)
        except Exception:
            logger.exception("fault %d: unusable configuration, no CORS headers", next(_faults))
        self.reads = _reads(self._variable, asks_for_files=True)

    def access(self, kong: Kong) -> None:
        """Kong's access phase: answer OPTIONS here; stamp and let through everything else."""
        try:
            if self._policy and not self._is_nginx_known:
                self._policy = self._ask_for_files(kong, self._policy)
            request = self._read(kong)
            if self._policy and request.is_options:
                _answer_options(kong, self._policy, request.headers)
                return
        except Exception:
            logger.exception("fault %d: could not tell whether this is a preflight", next(_faults))
            request = Request(headers={}, is_options=False)
        if is_stripped(request.connection):
            _refuse_stripping(kong, self._policy, request.headers)
            return
        self._stamp(kong, request)
        if self._policy:
            _add_cors_headers(kong, self._policy, request.headers)

    def _ask_for_files(self, kong: Kong, policy: cors.Policy) -> cors.Policy:
        """The policy when it is known whether nginx writes the CORS headers (nginx.py): once.

        An nginx that gets or loses its files starts new workers, and these start the plugin anew.
        """
        try:
            fingerprint = kong.nginx.get_var(FILES_VARIABLE)
        except Exception:
            logger.exception("fault %d: unknown whether nginx writes the headers", next(_faults))
            return policy
        self._is_nginx_known = True
        self.reads = _reads(self._variable)
        if not fingerprint:
            return policy
        if fingerprint != policy.fingerprint:
            logger.error(
                "nginx writes the CORS headers of another configuration than this one: make its "
                "files anew with --nginx, and restart Kong (docs/kong.md)"
            )
        return replace(policy, by_nginx=True)

    def _read(self, kong: Kong) -> Request:
        value = kong.nginx.get_var(self._variable) if self._variable else None
        if self._variable and not value:
            self._do_without_variable()
        request = parse_variable(value) if value else None
        if request is None:
            request = read_request(kong, parse_request_id(value or ""))
        if not request.request_id and not self._is_unbound_said:
            self._say_unbound()
        return request

    def _say_unbound(self) -> None:
        self._is_unbound_said = True
        if self._secret:
            logger.warning(
                "request_variable: Kong tells no request id, so a stamp is good for any request "
                "while it is fresh. KONG_NGINX_PROXY_SET has to begin with it (docs/kong.md)"
            )

    def _do_without_variable(self) -> None:
        logger.error(
            "request_variable: Kong has no nginx variable %s; each request costs more calls. "
            "KONG_NGINX_PROXY_SET defines it (docs/kong.md)",
            self._variable,
        )
        self._variable = ""
        self.reads = _reads("")

    def _stamp(self, kong: Kong, request: Request) -> None:
        try:
            client_ip = request.client_ip
            if client_ip is None:
                client_ip = kong.client.get_forwarded_ip()
            received_at_ms = time.time_ns() // 1_000_000
            stamp = stamp_headers(client_ip, received_at_ms, self._secret, request.request_id)
            kong.service.request.set_headers(stamp | NO_PARENT)
        except Exception:
            logger.exception("fault %d: could not stamp the request", next(_faults))
            _clear_stamp(kong)


def _reads(variable: str, *, asks_for_files: bool = False) -> Reads:
    """What the access phase begins with.

    Our own plugin server asks Kong for it together, before the phase runs; kong-pdk's does not
    look here, and asks when the phase does.
    """
    calls: list[tuple[Any, ...]] = []
    if variable:
        calls.append(("kong.nginx.get_var", variable))
    else:
        calls += [("kong.request.get_headers", MAX_HEADERS), ("kong.client.get_forwarded_ip",)]
    if asks_for_files:
        calls.append(("kong.nginx.get_var", FILES_VARIABLE))
    return {"access": tuple(calls)}


def _answer_options(kong: Kong, policy: cors.Policy, headers: Headers) -> None:
    body, answer = cors.options_answer(policy, headers)
    if policy.preflight_continue:
        # Kong closes its connection to the plugin server after each exit, and opens another: half
        # of what a preflight costs. The headers stay on the answer of the plugin that exits.
        kong.response.set_headers(answer)
    else:
        kong.response.exit(200, body, answer)


def _refuse_stripping(kong: Kong, policy: cors.Policy | None, headers: Headers) -> None:
    """Without its stamp the event would count as sent past the gateway, from Kong's address."""
    answer = dict(cors.answer_headers(policy, headers)) if policy else {}
    kong.response.exit(400, STRIPPING_REFUSED, answer | {"Content-Type": "application/json"})


def _add_cors_headers(kong: Kong, policy: cors.Policy, headers: Headers) -> None:
    try:
        answer = cors.answer_headers(policy, headers)
        if answer:
            kong.response.set_headers(answer)
    except Exception:
        logger.exception("fault %d: could not add the CORS headers", next(_faults))


def _clear_stamp(kong: Kong) -> None:
    try:
        kong.service.request.set_headers(empty_stamp())
    except Exception:
        logger.exception("fault %d: a forged stamp may reach the collector", next(_faults))


def _read_secret(config: Mapping[str, Any]) -> str:
    secret = str(config.get("secret") or "")
    reference = (config.get("$refs") or {}).get("secret")
    if not secret and reference:
        # Kong starts all the same, and passes an empty text.
        logger.error("secret: Kong found nothing behind %s; nothing is signed", reference)
    elif not secret:
        logger.warning("secret: not set; nothing is signed, and the collector trusts no stamp")
    elif len(secret) < MIN_SECRET_LENGTH:
        # Kong checks no rule of a field that holds a reference, and starts with any secret.
        logger.error(
            "secret: has fewer than %d characters, nothing is signed; `openssl rand -hex 32` "
            "makes one",
            MIN_SECRET_LENGTH,
        )
        return ""
    return secret
