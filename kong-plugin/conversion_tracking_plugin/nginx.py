"""The CORS headers as nginx itself writes them: two files that Kong includes (docs/kong.md).

nginx writes them on every answer, also on those that no plugin sees: a 404, its own 400 and 414,
the 500 while the plugin server is away. The rules are those of cors.py, in nginx's language.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from conversion_tracking_plugin.cors import (
    Policy,
    headers_without_origin,
    options_body,
    origin_headers,
    parse_policy,
)
from conversion_tracking_plugin.origins import DEFAULT_PORTS, MAX_ORIGIN_LENGTH, OriginPattern
from conversion_tracking_plugin.plugin import NAME

# Kong's settings that name the files, and the files.
HTTP_FILE = "conversion-tracking-http.conf"
PROXY_FILE = "conversion-tracking-proxy.conf"

# Below this path every answer is for pages, also that of a path which no route has.
PATHS = "/v1/events/"


# The lines of a map: what is compared, as it stands in the file, and the value.
Entries = dict[str, str]


class NginxFilesError(Exception):
    """The files cannot be made. The message says why."""


def write_files(kong_yml: Path, folder: Path) -> None:
    """Write both files for the plugin's configuration in a declarative file.

    Raises NginxFilesError where the file has no such plugin or several that differ, and OSError.
    """
    document = read_document(kong_yml)
    policy = parse_policy(read_config(document, kong_yml))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / HTTP_FILE).write_text(
        http_file(policy, preflight_paths_of(document)), encoding="utf-8"
    )
    (folder / PROXY_FILE).write_text(proxy_file(policy), encoding="utf-8")


def read_document(kong_yml: Path) -> Mapping[str, Any]:
    """A declarative file. Raises NginxFilesError and OSError."""
    try:
        document = yaml.safe_load(kong_yml.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise NginxFilesError(f"{kong_yml} is no YAML: {error}") from error
    return document if isinstance(document, dict) else {}


def read_config(document: Mapping[str, Any], kong_yml: Path) -> Mapping[str, Any]:
    """The one configuration of the plugin. Raises NginxFilesError."""
    configs = [plugin.get("config") or {} for plugin in plugins_of(document)]
    if not configs:
        raise NginxFilesError(f"{kong_yml} has no plugin {NAME}")
    if any(config != configs[0] for config in configs):
        raise NginxFilesError(
            f"{kong_yml} has the plugin {NAME} with more than one configuration; nginx's files "
            "are for all of Kong, so they must be alike"
        )
    if not configs[0].get("cors_by_nginx"):
        raise NginxFilesError(
            f"{kong_yml}: the plugin {NAME} would write the CORS headers too; set cors_by_nginx: "
            "true in its config, since a browser refuses two"
        )
    config: Mapping[str, Any] = configs[0]
    return config


def plugins_of(entity: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The plugins of this name of a declarative file, a service or a route, and below it."""
    for plugin in entity.get("plugins") or ():
        if plugin.get("name") == NAME:
            yield plugin
    for kind in ("services", "routes"):
        for one in entity.get(kind) or ():
            yield from plugins_of(one)


def preflight_paths_of(document: Mapping[str, Any]) -> list[str]:
    """The paths, as regular expressions, of the routes on which the plugin answers OPTIONS."""
    return [
        path_expression(path)
        for route in document.get("routes") or ()
        if "OPTIONS" in (route.get("methods") or ()) and any(plugins_of(route))
        for path in route.get("paths") or ()
    ]


def path_expression(path: str) -> str:
    """Kong's path as a regular expression; one without ~ is the begin of a path."""
    return path[1:] if path.startswith("~") else re.escape(path)


def http_file(policy: Policy, preflight_paths: Sequence[str]) -> str:
    """What stands in the http block: maps from a request to the values of the headers.

    Outside PATHS no header is set: other services of this Kong have rules of their own.
    """
    preflight = "$ct_preflight:$ct_allow_origin"
    maps = [
        ("$request_uri", "$ct_cors_place", place_entries()),
        ("$http_origin", "$ct_cors_origin", origin_entries(policy)),
        ("$ct_cors_place:$ct_cors_origin", "$ct_allow_origin", allow_origin_entries()),
        ("$ct_allow_origin", "$ct_allow_credentials", credentials_entries(policy)),
        ("$ct_cors_place:$http_origin", "$ct_vary", vary_entries(policy)),
        ("$request_method $uri", "$ct_options", options_entries(preflight_paths)),
        (
            "$ct_options:$http_origin:$http_access_control_request_method",
            "$ct_preflight",
            where("1:[^:].*:[^:]+$", "1"),
        ),
        (preflight, "$ct_expose_headers", where(":.", quote(policy.exposed_headers or ""))),
        (preflight, "$ct_allow_methods", where("1:.", quote(policy.methods))),
        (preflight, "$ct_allow_headers", where("1:.", allowed_headers(policy))),
        (preflight, "$ct_max_age", where("1:.", quote(policy.max_age or ""))),
        (
            f"$http_access_control_request_private_network:{preflight}",
            "$ct_allow_private_network",
            where("true:1:.", quote("true" if policy.private_network else "")),
        ),
        ("$ct_options", "$ct_allow", {"default": quote(""), "1": quote(policy.allow)}),
    ]
    return HEADER + "".join(map_block(*entries) for entries in maps)


def place_entries() -> Entries:
    """Where the headers belong. Of a request line that it cannot read nginx knows no path."""
    return {"default": "other", quote(f"~^{PATHS}"): "events", quote(""): "unread"}


def origin_entries(policy: Policy) -> Entries:
    """The value of Access-Control-Allow-Origin for what the request says of its origin."""
    rules, named = policy.origins, {"default": quote("")}
    of_no_origin = headers_without_origin(policy).get("Access-Control-Allow-Origin", "")
    absent = {quote(""): quote(of_no_origin)}
    # Before all others: regular expressions are tried in their order, after exact texts.
    strange = {quote(f"~^(?![!-~]{{1,{MAX_ORIGIN_LENGTH}}}$)"): quote("")}
    if rules.everyone:
        named["default"] = "$http_origin" if policy.credentials else quote("*")
        return named | absent | strange
    exact = {
        quote(text): quote(origin) for origin in sorted(rules.exact) for text in spelled(origin)
    }
    patterns = {quote(pattern_text(pattern)): "$http_origin" for pattern in rules.patterns}
    return named | absent | exact | strange | patterns


def spelled(origin: str) -> list[str]:
    """An origin, and the same with the port that its scheme has by default."""
    scheme, _, rest = origin.partition("://")
    ports = [port for of_scheme, port in DEFAULT_PORTS if of_scheme == scheme and ":" not in rest]
    return [origin, *(origin + port for port in ports)]


def pattern_text(pattern: OriginPattern) -> str:
    """A configured regular expression in nginx's form; one without a colon is of the host."""
    expression = f"(?:{pattern.regex.pattern})"
    if pattern.by_host:
        expression = f"(?:[A-Za-z0-9][A-Za-z0-9+.-]*://)?{expression}(?::[0-9]+)?"
    return f"~^{expression}$"


def allow_origin_entries() -> Entries:
    """The header's value in its place. A page may read what nginx says of a broken request line:
    whose it was is not known then, and nothing of anybody stands in it."""
    return {
        "default": quote(""),
        quote("~^unread:"): quote("*"),
        quote("~^events:(?<ct_named_origin>.+)$"): "$ct_named_origin",
    }


def credentials_entries(policy: Policy) -> Entries:
    """`true` beside each origin that is named."""
    value = quote("true") if policy.credentials else quote("")
    return {"default": value, quote(""): quote(""), quote("*"): quote("")}


def options_entries(preflight_paths: Sequence[str]) -> Entries:
    """Which OPTIONS are answered by nginx: those that Kong has a route for."""
    paths = {quote(f"~^OPTIONS {path}"): "1" for path in preflight_paths}
    return {"default": quote("")} | paths


def where(expression: str, value: str) -> Entries:
    """A value where something begins with what the expression says, else none."""
    return {"default": quote(""), quote(f"~^{expression}"): value}


def allowed_headers(policy: Policy) -> str:
    """Those of the configuration, else those that the browser asks for."""
    return quote(policy.headers) if policy.headers else "$http_access_control_request_headers"


def vary_entries(policy: Policy) -> Entries:
    """Whether caches must tell origins apart."""
    without = headers_without_origin(policy).get("Vary", "")
    # Of any origin, allowed or not
    with_origin = origin_headers(policy, "").get("Vary", "")
    return {
        "default": quote(""),
        quote("events:"): quote(without),
        quote("~^events:."): quote(with_origin),
    }


HEADER = "# Made by `conversion-tracking-plugin --nginx`; make it anew when kong.yml changes.\n"


HEADERS = {
    "Access-Control-Allow-Origin": "$ct_allow_origin",
    "Access-Control-Allow-Credentials": "$ct_allow_credentials",
    "Access-Control-Expose-Headers": "$ct_expose_headers",
    "Vary": "$ct_vary",
    # Of the answer to OPTIONS alone
    "Access-Control-Allow-Methods": "$ct_allow_methods",
    "Access-Control-Allow-Headers": "$ct_allow_headers",
    "Access-Control-Max-Age": "$ct_max_age",
    "Access-Control-Allow-Private-Network": "$ct_allow_private_network",
    "Allow": "$ct_allow",
}


def proxy_file(policy: Policy) -> str:
    """What stands in the server block of Kong's proxy: the headers, on every answer, and the
    answer to OPTIONS, for which Kong then has nothing to do."""
    body = options_body(policy)
    lines = [f"add_header {name} {value} always;\n" for name, value in HEADERS.items()]
    answer = f"default_type application/json;\nif ($ct_options) {{\n    return 200 '{body}';\n}}\n"
    return HEADER + "".join(lines) + answer


def map_block(source: str, target: str, entries: Entries) -> str:
    """One map of nginx."""
    lines = "".join(f"    {key} {value};\n" for key, value in entries.items())
    return f"map {quote(source)} {target} {{\n{lines}}}\n"


def quote(text: str) -> str:
    """A text as one word of nginx's configuration."""
    return json.dumps(text)
