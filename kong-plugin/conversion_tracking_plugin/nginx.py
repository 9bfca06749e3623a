"""The CORS headers as nginx itself writes them: two files that Kong includes (docs/kong.md).

nginx writes them on every answer, also on those that no plugin sees: a 404, its own 400 and 414,
the 500 while the plugin server is away. The rules are those of cors.py, in nginx's language.
"""

import json
import re
from collections.abc import Iterator, Mapping
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
from conversion_tracking_plugin.schema import FILES_VARIABLE

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
    policy = read_policy(document, kong_yml)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / HTTP_FILE).write_text(http_file(policy, allowed_on(document)), encoding="utf-8")
    (folder / PROXY_FILE).write_text(proxy_file(policy), encoding="utf-8")


def read_document(kong_yml: Path) -> Mapping[str, Any]:
    """A declarative file. Raises NginxFilesError and OSError."""
    try:
        document = yaml.safe_load(kong_yml.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise NginxFilesError(f"{kong_yml} is no YAML: {error}") from error
    return document if isinstance(document, dict) else {}


def read_policy(document: Mapping[str, Any], kong_yml: Path) -> Policy:
    """The one CORS policy of the plugin in a file. Raises NginxFilesError."""
    policies = [parse_policy(plugin.get("config") or {}) for plugin in plugins_of(document)]
    if not policies:
        raise NginxFilesError(f"{kong_yml} has no plugin {NAME}")
    if len({policy.fingerprint for policy in policies}) > 1:
        raise NginxFilesError(
            f"{kong_yml} has the plugin {NAME} with origins or other fields of CORS that differ; "
            "nginx's files are for all of Kong, so they must be alike"
        )
    return policies[0]


def plugins_of(entity: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The plugins of this name of a declarative file, a service or a route, and below it."""
    yield from plugins_at(entity)
    for kind in ("services", "routes"):
        for one in entity.get(kind) or ():
            yield from plugins_of(one)


def plugins_at(entity: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The plugins of this name at one place of a declarative file."""
    return (p for p in entity.get("plugins") or () if p.get("name") == NAME)


def allowed_on(document: Mapping[str, Any]) -> dict[str, str]:
    """The paths, as regular expressions, of the routes on which the plugin answers OPTIONS, and
    what is allowed there."""
    return {
        path_expression(path): parse_policy(plugin.get("config") or {}).allow
        for route, plugin in routes_of(document)
        if "OPTIONS" in (route.get("methods") or ())
        for path in route.get("paths") or ()
    }


def routes_of(document: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Each route that has the plugin, by itself or of its service, and the plugin."""
    for owner in (document, *(document.get("services") or ())):
        for route in owner.get("routes") or ():
            for plugin in [*plugins_at(route), *plugins_at(owner)][:1]:
                yield route, plugin


def path_expression(path: str) -> str:
    """Kong's path as a regular expression; one without ~ is the begin of a path."""
    return path[1:] if path.startswith("~") else re.escape(path)


def http_file(policy: Policy, allowed: Mapping[str, str]) -> str:
    """What stands in the http block: maps from a request to the values of the headers.

    Outside PATHS no header is set: other services of this Kong have rules of their own.
    `allowed`: what the answer to OPTIONS allows, by the path's regular expression.
    """
    preflight = "$ct_preflight:$ct_allow_origin"
    maps = [
        ("$request_uri", "$ct_cors_place", place_entries()),
        ("$http_origin", "$ct_cors_origin", origin_entries(policy)),
        ("$status:$http_origin", "$ct_broken", where("4(00|94):$", "broken")),
        ("$ct_broken:$ct_cors_place:$ct_cors_origin", "$ct_allow_origin", allow_origin_entries()),
        ("$ct_allow_origin", "$ct_allow_credentials", credentials_entries(policy)),
        ("$ct_cors_place:$http_origin", "$ct_vary", vary_entries(policy)),
        ("$request_method $uri", "$ct_options", options_entries(allowed)),
        (
            "$ct_options:$http_origin:$http_access_control_request_method",
            "$ct_preflight",
            where("[^:]+:[^:].*:[^:]+$", "1"),
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
    ]
    maps += [
        ("$ct_cors_place", written_variable(name), written(name, value))
        for name, value in CORS_HEADERS.items()
    ]
    return HEADER + "".join(map_block(*entries) for entries in maps)


def place_entries() -> Entries:
    """Where the headers belong. Of a request line that it cannot read nginx knows no path."""
    return {
        "default": "other",
        quote(f"~^{PATHS.replace('/', '/+')}"): "events",
        quote(""): "unread",
    }


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
    """The header's value in its place. A page may read what nginx says of a request of which it
    has not read the Origin: whose it was is not known then, and nothing of anybody stands in it."""
    return {
        "default": quote(""),
        quote("~^(broken)?:unread:"): quote("*"),
        quote("~^broken:events:"): quote("*"),
        quote("~^:events:(?<ct_named_origin>.+)$"): "$ct_named_origin",
    }


def credentials_entries(policy: Policy) -> Entries:
    """`true` beside each origin that is named."""
    value = quote("true") if policy.credentials else quote("")
    return {"default": value, quote(""): quote(""), quote("*"): quote("")}


def options_entries(allowed: Mapping[str, str]) -> Entries:
    """Which OPTIONS are answered by nginx, and what they allow.

    Also those of paths that no route has: a page whose preflight fails cannot read the 404.
    """
    paths = {quote(f"~^OPTIONS {path}"): quote(allow) for path, allow in allowed.items()}
    return {"default": quote("")} | paths | {quote(f"~^OPTIONS {PATHS}"): quote("OPTIONS")}


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


CORS_HEADERS = {
    "Access-Control-Allow-Origin": "$ct_allow_origin",
    "Access-Control-Allow-Credentials": "$ct_allow_credentials",
    "Access-Control-Expose-Headers": "$ct_expose_headers",
    # Of the answer to OPTIONS alone
    "Access-Control-Allow-Methods": "$ct_allow_methods",
    "Access-Control-Allow-Headers": "$ct_allow_headers",
    "Access-Control-Max-Age": "$ct_max_age",
    "Access-Control-Allow-Private-Network": "$ct_allow_private_network",
}


def written(name: str, value: str) -> Entries:
    """What stands in a header before Kong's plugins set theirs: ours where the events are, also
    in place of an upstream's; elsewhere what the upstream sent, if anything."""
    return {"default": value, "other": f"$sent_http_{variable_part(name)}"}


def written_variable(name: str) -> str:
    """The variable of what nginx writes in a header; long names fit no bucket of nginx's."""
    return f"$ct_written_{variable_part(name).removeprefix('access_control_')}"


def variable_part(name: str) -> str:
    """A header's name as it stands in the names of nginx's variables."""
    return name.lower().replace("-", "_")


def proxy_file(policy: Policy) -> str:
    """What stands in the server block of Kong's proxy: the headers, on every answer, and the
    answer to OPTIONS, for which Kong then has nothing to do."""
    lines = [
        # OpenResty's, which replaces what an upstream sent, and which a plugin of Kong's replaces.
        *(f'more_set_headers "{name}: {written_variable(name)}";' for name in CORS_HEADERS),
        "add_header Vary $ct_vary always;",
        "add_header Allow $ct_options always;",
        f"set ${FILES_VARIABLE} {quote(policy.fingerprint)};",
        "default_type application/json;",
        f"if ($ct_options) {{ return 200 '{options_body('$ct_options')}'; }}",
    ]
    return HEADER + "".join(f"{line}\n" for line in lines)


def map_block(source: str, target: str, entries: Entries) -> str:
    """One map of nginx."""
    lines = "".join(f"    {key} {value};\n" for key, value in entries.items())
    return f"map {quote(source)} {target} {{\n{lines}}}\n"


def quote(text: str) -> str:
    """A text as one word of nginx's configuration."""
    return json.dumps(text)
