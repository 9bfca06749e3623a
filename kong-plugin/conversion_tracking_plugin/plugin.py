"""The phase handler that Kong calls, in kong-pdk's programming model.

Every call of a `kong.` function is a round trip to Kong and back; docs/kong.md, "What a request
costs", has the number a request needs, and a test holds it.

Whatever fails in here is logged and counted, and the request goes on without that part of the
work, but never with a stamp that a client forged.
"""

import itertools
import logging
import time
from collections.abc import Mapping
from typing import Any

from conversion_tracking_plugin import cors
from conversion_tracking_plugin.headers import Headers
from conversion_tracking_plugin.schema import SCHEMA
from conversion_tracking_plugin.stamp import empty_stamp, stamp_headers

NAME = "conversion-tracking"

# The names that kong-pdk reads from a plugin's module.
version = "0.1.0"
# Above every plugin of Kong that refuses requests, so that a browser can read the refusal:
# bot-detection has 2500, the auth plugins 1000 to 1900, ip-restriction 990, request-size-limiting
# 951, rate-limiting 910. Below correlation-id and tracing (100000 and more), which refuse nothing.
priority = 3000
Schema = SCHEMA

# Kong's own limit for one call; its default of 100 would hide an Origin behind 100 other headers.
MAX_HEADERS = 1000

# What each phase begins with. Our own plugin server asks Kong for it together, before the
# phase runs; kong-pdk's does not look here, and asks when the phase does.
reads = {"access": (("kong.request.get_headers", MAX_HEADERS), ("kong.client.get_forwarded_ip",))}

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
        try:
            self._secret = _read_secret(config)
            self._policy = cors.parse_policy(config)
        except Exception:
            logger.exception("fault %d: unusable configuration, no CORS headers", next(_faults))

    def access(self, kong: Any) -> None:
        """Kong's access phase: answer OPTIONS here; stamp and let through everything else."""
        try:
            headers: Headers = kong.request.get_headers(MAX_HEADERS)
            if self._policy and _is_options(kong, headers):
                body, answer = cors.options_answer(self._policy, headers)
                kong.response.exit(200, body, answer)
                return
        except Exception:
            logger.exception("fault %d: could not tell whether this is a preflight", next(_faults))
            headers = {}
        self._stamp(kong)
        if self._policy:
            _add_cors_headers(kong, self._policy, headers)

    def _stamp(self, kong: Any) -> None:
        try:
            client_ip = kong.client.get_forwarded_ip()
            received_at_ms = time.time_ns() // 1_000_000
            stamp = stamp_headers(client_ip, received_at_ms, self._secret)
            kong.service.request.set_headers(stamp)
        except Exception:
            logger.exception("fault %d: could not stamp the request", next(_faults))
            _clear_stamp(kong)


def _is_options(kong: Any, headers: Headers) -> bool:
    kind = cors.classify_request(headers)
    if kind is cors.RequestKind.UNDECIDED:
        return bool(kong.request.get_method() == "OPTIONS")
    return kind is cors.RequestKind.PREFLIGHT


def _add_cors_headers(kong: Any, policy: cors.Policy, headers: Headers) -> None:
    try:
        answer = cors.answer_headers(policy, headers)
        if answer:
            kong.response.set_headers(answer)
    except Exception:
        logger.exception("fault %d: could not add the CORS headers", next(_faults))


def _clear_stamp(kong: Any) -> None:
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
    return secret
