"""Kong's bundled cors plugin (kong/plugins/cors/handler.lua)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from multidict import CIMultiDict

from local.gateway.answers import Answer
from local.gateway.errors import EarlyAnswerError
from local.gateway.exchange import Exchange, append_header, set_header
from local.gateway.plugins.base import PluginConfig
from local.gateway.schema import compile_pcre

_METHODS = ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS", "TRACE", "CONNECT"]
_STRINGS = {"type": "array", "elements": {"type": "string"}}
_PLAIN_ORIGIN = re.compile(r"[A-Za-z0-9.:/-]+\Z")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_ANSWERED = "cors answered the preflight"


class Cors:
    """Answers preflights in access, and adds CORS headers to every other response."""

    name = "cors"
    priority = 2000
    config_schema = {  # noqa: RUF012 (a constant; Plugin asks for an attribute)
        "type": "record",
        "required": True,
        "fields": [
            {"origins": _STRINGS},
            {"headers": _STRINGS},
            {"exposed_headers": _STRINGS},
            {
                "methods": {
                    "type": "array",
                    "default": _METHODS,
                    "elements": {"type": "string", "one_of": _METHODS},
                }
            },
            {"max_age": {"type": "number"}},
            {"credentials": {"type": "boolean", "required": True, "default": False}},
            {"private_network": {"type": "boolean", "required": True, "default": False}},
            {"preflight_continue": {"type": "boolean", "required": True, "default": False}},
        ],
    }

    def find_config_errors(self, config: PluginConfig) -> list[str]:
        """An origin is ``*``, a plain origin or a regular expression."""
        errors = []
        for origin in config.get("origins", ()):
            try:
                compile_pcre(origin if origin != "*" else "")
            except re.error:
                errors.append(f"origins: '{origin}' is not a valid regex")
        return errors

    async def access(self, exchange: Exchange, config: PluginConfig) -> None:
        """Answer a preflight; an OPTIONS that lacks one of its headers passes on."""
        asked = exchange.headers
        is_preflight = "Origin" in asked and "Access-Control-Request-Method" in asked
        if exchange.request.method != "OPTIONS" or not is_preflight:
            return
        exchange.plugin_notes[_ANSWERED] = True
        if config["preflight_continue"]:
            return
        headers = exchange.response_headers
        self._set_origin(asked, config, headers, in_access=True)
        self._set_preflight_headers(asked, config, headers)
        raise EarlyAnswerError(Answer(200, {"Content-Length": "0"}))

    def header_filter(
        self, exchange: Exchange, config: PluginConfig, headers: CIMultiDict[str]
    ) -> None:
        """Add the headers of an actual response, replacing the upstream's."""
        if exchange.plugin_notes.get(_ANSWERED):
            return
        self._set_origin(exchange.headers, config, headers, in_access=False)
        if config.get("exposed_headers"):
            exposed = ",".join(config["exposed_headers"])
            set_header(headers, "Access-Control-Expose-Headers", exposed)

    def _set_origin(
        self,
        asked: CIMultiDict[str],
        config: PluginConfig,
        headers: CIMultiDict[str],
        *,
        in_access: bool,
    ) -> None:
        allowed, varies = find_allowed_origin(config.get("origins", []), asked.get("Origin"))
        add_vary = set_header if in_access else append_header
        if varies:
            add_vary(headers, "vary", "Origin")
        set_header(headers, "Access-Control-Allow-Origin", allowed or [])
        if not config["credentials"]:
            return
        if allowed != "*":
            set_header(headers, "Access-Control-Allow-Credentials", "true")
        elif "Origin" in asked:
            add_vary(headers, "vary", "Origin")
            set_header(headers, "Access-Control-Allow-Origin", asked["Origin"])
            set_header(headers, "Access-Control-Allow-Credentials", "true")

    def _set_preflight_headers(
        self, asked: CIMultiDict[str], config: PluginConfig, headers: CIMultiDict[str]
    ) -> None:
        allowed = ",".join(config.get("headers", ()))
        allowed = allowed or asked.get("Access-Control-Request-Headers", "")
        set_header(headers, "Access-Control-Allow-Headers", allowed or [])
        set_header(headers, "Access-Control-Allow-Methods", ",".join(config["methods"]))
        if "max_age" in config:
            set_header(headers, "Access-Control-Max-Age", f"{config['max_age']:.14g}")
        wants_private = asked.get("Access-Control-Request-Private-Network") == "true"
        if config["private_network"] and wants_private:
            set_header(headers, "Access-Control-Allow-Private-Network", "true")


def find_allowed_origin(origins: list[str], origin: str | None) -> tuple[str | None, bool]:
    """Give the value of Access-Control-Allow-Origin, and whether Vary: Origin is due.

    One plain origin is answered to everybody, whatever the request's Origin.
    """
    if origins in ([], ["*"]):
        return "*", False
    if len(origins) == 1 and _PLAIN_ORIGIN.match(origins[0]):
        return origins[0], True
    if origin is None:
        return None, True
    if "*" in origins:
        return "*", True
    normalized = normalize_origin(origin)
    if any(_allows(entry, normalized, origin) for entry in origins):
        return normalized, True
    return None, True


def normalize_origin(origin: str) -> str:
    """Drop a scheme's default port from an origin."""
    parts = urlsplit(origin)
    if not parts.netloc:
        return origin
    try:
        port = parts.port
    except ValueError:
        return origin
    host = parts.netloc if port is None else parts.netloc.rpartition(":")[0]
    is_default = port is None or port == _DEFAULT_PORTS.get(parts.scheme)
    return f"{parts.scheme}://{host}" + ("" if is_default else f":{port}")


def _allows(entry: str, normalized: str, origin: str) -> bool:
    if _PLAIN_ORIGIN.match(entry):
        return normalized == normalize_origin(entry)
    # An expression without a colon is matched against the host alone, and both are
    # anchored at their ends whether the user wrote ^ and $ or not.
    subject = normalized if ":" in entry else urlsplit(origin).hostname or origin
    return (
        compile_pcre(entry.removeprefix("^").removesuffix("$") + r"\Z").match(subject) is not None
    )
