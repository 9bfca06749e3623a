"""Rules of a declarative file of Kong that Kong itself does not check. Pure.

Each rule gives the places that break it, such as `services[0].routes[1]`. A file may hold other
people's services as well, as that of a DB-less Kong does: they are not judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

TAG = "conversion-tracking"
PLUGIN = "conversion-tracking"
ENTITIES = {"services", "routes", "plugins", "upstreams", "targets"}
# Without one of these a plugin is for all of Kong.
SCOPES = {"service", "route", "consumer", "consumer_group"}
REFERENCE = re.compile(r"\{vault://[\w-]+/[\w/-]+\}", re.ASCII)
SECRET_FIELDS = {"secret", "password"}
TIMEOUTS = ("connect_timeout", "write_timeout", "read_timeout")
# The tracker gives up after this; Kong must have answered before.
TRACKER_PATIENCE_MS = 15_000
KONGS_TIMEOUT_MS = 60_000
LONGEST_REDIS_TIMEOUT_MS = 1_000
UNIT_BYTES = {"megabytes": 2**20, "kilobytes": 2**10, "bytes": 1}
KONGS_BODY_MEGABYTES = 128

Document = Mapping[str, Any]


def entities(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Kind, place and content of every entity of this system, nested ones too."""
    for kind, place, entity in children(document):
        if is_ours(entity):
            yield kind, place, entity
            yield from nested(entity, f"{place}.")


def children(parent: Document, prefix: str = "") -> Iterator[tuple[str, str, Document]]:
    """Kind, place and content of the entities in one, without what is nested in them."""
    for kind in sorted(ENTITIES & parent.keys()):
        for position, entity in enumerate(parent[kind] or ()):
            yield kind, f"{prefix}{kind}[{position}]", entity


def nested(parent: Document, prefix: str) -> Iterator[tuple[str, str, Document]]:
    """Kind, place and content of every entity below one."""
    for kind, place, entity in children(parent, prefix):
        yield kind, place, entity
        yield from nested(entity, f"{place}.")


def is_ours(entity: Document) -> bool:
    """By its tag, its name (of the plugin too), or the plugin somewhere in it."""
    return (
        TAG in (entity.get("tags") or ())
        or str(entity.get("name", "")).startswith(TAG)
        or any(child.get("name") == PLUGIN for _, _, child in nested(entity, ""))
    )


def secret_values(value: object, place: str = "") -> Iterator[tuple[str, object]]:
    """Place and value of every field that holds a secret."""
    if isinstance(value, list):
        for position, item in enumerate(value):
            yield from secret_values(item, f"{place}[{position}]")
    if isinstance(value, dict):
        for name, item in value.items():
            if name in SECRET_FIELDS:
                yield f"{place}.{name}", item
            yield from secret_values(item, f"{place}.{name}")


def untagged(document: Document) -> list[str]:
    """What is in Kong without the tag, `deck gateway sync --select-tag` does not find again."""
    return [
        place for _, place, entity in entities(document) if TAG not in (entity.get("tags") or ())
    ]


def routes(document: Document) -> Iterator[tuple[str, Document]]:
    """Place and content of every route."""
    return ((place, entity) for kind, place, entity in entities(document) if kind == "routes")


def routes_that_lose_paths(document: Document) -> list[str]:
    """Kong cuts the path off by default, and matches only its beginning."""
    return [
        place
        for place, route in routes(document)
        if route.get("strip_path", True) or not are_whole(route.get("paths") or [])
    ]


def are_whole(paths: list[str]) -> bool:
    """Whether they are expressions that end where the path does."""
    return all(path.startswith("~/") and path.endswith("$") for path in paths)


def routes_that_lose_preflights(document: Document) -> list[str]:
    """Kong answers 404 to an OPTIONS that no route lists; a service's plugins could refuse it."""
    places = list(routes(document))
    answered = [
        path
        for place, route in places
        if set(route.get("methods") or ()) == {"OPTIONS"} and not place.startswith("services")
        for path in route.get("paths") or ()
    ]
    return [
        place
        for place, route in places
        if "POST" in (route.get("methods") or ())
        and not all(
            any(re.fullmatch(p[1:], path[1:-1]) for p in answered)
            for path in route.get("paths") or ()
        )
    ]


def impatient_trackers(document: Document) -> list[str]:
    """Kong's default of 60 s outlasts the tracker's patience."""
    return [
        place
        for kind, place, service in entities(document)
        if kind == "services"
        and any(service.get(name, KONGS_TIMEOUT_MS) >= TRACKER_PATIENCE_MS for name in TIMEOUTS)
    ]


def secrets_in_the_file(document: Document) -> list[str]:
    """A secret is a reference, to an environment variable of Kong or to another vault."""
    return [
        place
        for _, entity_place, entity in children(document)
        if is_ours(entity)
        for place, value in secret_values(entity, entity_place)
        if not (isinstance(value, str) and REFERENCE.fullmatch(value))
    ]


def plugins(document: Document, name: str) -> Iterator[tuple[str, Document]]:
    """Place and configuration of every plugin of this name, and of those for all of Kong."""
    ours = [(place, entity) for kind, place, entity in entities(document) if kind == "plugins"]
    theirs = [(place, e) for place, e in plugins_for_all(document) if not is_ours(e)]
    return (
        (place, entity.get("config") or {})
        for place, entity in [*ours, *theirs]
        if entity.get("name") == name
    )


def plugins_for_all(document: Document) -> list[tuple[str, Document]]:
    """Place and content of every plugin for all of Kong, which stands before our routes too."""
    return [
        (place, entity)
        for kind, place, entity in children(document)
        if kind == "plugins" and not SCOPES & entity.keys()
    ]


def origins_of_no_site(document: Document) -> list[str]:
    """Without TLS, as on a developer's machine, whatever else has the address reads answers too."""
    return [
        place
        for place, config in plugins(document, PLUGIN)
        if not all(o.startswith("https://") for o in config.get("origins") or ["*"])
    ]


def odd_rate_limits(document: Document) -> list[str]:
    """A limit says where it is counted, and lets requests through where it cannot count.

    Kong's own default, `cluster` in a Kong with a database, writes to it at each request.
    """
    return [
        place for place, limit in plugins(document, "rate-limiting") if not is_lenient_limit(limit)
    ]


def is_lenient_limit(limit: Document) -> bool:
    """Whether a rate limit stops a flood and nothing else."""
    if limit.get("policy") == "redis":
        timeout = (limit.get("redis") or {}).get("timeout", LONGEST_REDIS_TIMEOUT_MS + 1)
        return bool(limit.get("fault_tolerant", True)) and bool(timeout <= LONGEST_REDIS_TIMEOUT_MS)
    return limit.get("policy") == "local" and bool(limit.get("fault_tolerant", True))


def limited_preflights(document: Document) -> list[str]:
    """A preflight that a limit refuses is a CORS error to a page."""
    of_routes = [
        place
        for place, route in routes(document)
        if set(route.get("methods") or ()) == {"OPTIONS"}
        and any(plugin.get("name") == "rate-limiting" for plugin in route.get("plugins") or ())
    ]
    for_all = [place for place, e in plugins_for_all(document) if e.get("name") == "rate-limiting"]
    return of_routes + for_all


def routes_without_limit(document: Document) -> list[str]:
    """What stores events has a limit, of the route's own or of its service."""
    return [
        f"services[{number}].routes[{at}]"
        for number, service in enumerate(document.get("services") or ())
        if any(plugin.get("name") == PLUGIN for plugin in service.get("plugins") or ())
        for at, route in enumerate(service.get("routes") or ())
        if not any(
            plugin.get("name") == "rate-limiting"
            for plugin in [*(route.get("plugins") or ()), *(service.get("plugins") or ())]
        )
    ]


def other_body_limits(document: Document, max_bytes: int) -> list[str]:
    """The service of the events refuses the same bodies as the collector."""
    return [
        f"services[{number}]"
        for number, service in enumerate(document.get("services") or ())
        if any(plugin.get("name") == PLUGIN for plugin in service.get("plugins") or ())
        and body_limits(service) != {max_bytes}
    ]


def body_limits(service: Document) -> set[int]:
    """The size limits of a service, in bytes."""
    return {
        config.get("allowed_payload_size", KONGS_BODY_MEGABYTES)
        * UNIT_BYTES.get(config.get("size_unit", "megabytes"), 0)
        for plugin in service.get("plugins") or ()
        if plugin.get("name") == "request-size-limiting"
        for config in [plugin.get("config") or {}]
    }


def traces_of_visitors(document: Document) -> list[str]:
    """A trace begins at Kong, and the collector is told of it (docs/tracing.md#kongs-part).

    Without `extract` and `inject` Kong's plugin takes the context of a visitor, in any format.
    """
    return [
        place
        for place, config in plugins(document, "opentelemetry")
        for propagation in [config.get("propagation") or {}]
        if propagation.get("extract") or "w3c" not in (propagation.get("inject") or ())
    ]


def plain_origins(document: Document) -> tuple[str, ...]:
    """The origins that the file names letter by letter, none twice."""
    named = [o for _, config in plugins(document, PLUGIN) for o in config.get("origins") or ()]
    return tuple(dict.fromkeys(o for o in named if re.fullmatch(r"https?://[\w.:-]+", o, re.ASCII)))
