"""Who may import whom: one table, from the bottom up. What is not in it is not allowed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Each line may import what stands above it, and of that only what it names: so no circle can
# close. A new import that fails here is a question about the design, not about this table.
MAY_IMPORT: dict[str, set[str]] = {
    "address": set(),
    "background": set(),
    "client_ip": set(),
    "complaints": set(),
    "errors": set(),
    "event": set(),
    "sql": set(),
    "version": set(),
    "without": set(),
    "allowance": set(),
    "cookieless": {"address", "client_ip"},
    "metrics": {"errors", "version"},
    "clocks": {"event"},
    "money": set(),
    "outage": set(),
    "redaction": set(),
    "classify": {"address", "errors", "event", "without"},
    "contract": {"address", "errors", "event", "metrics"},
    "settings": {"address", "client_ip", "contract", "errors"},
    "enrich": {
        "address",
        "classify",
        "clocks",
        "contract",
        "cookieless",
        "event",
        "money",
        "redaction",
        "settings",
    },
    "event_row": {"contract", "errors", "event"},
    "codec": {"event", "event_row"},
    "sink": {"event_row"},
    "one_by_one": {"errors", "event_row", "sink"},
    "tracing": {"errors", "event_row", "settings", "version"},
    "logs": {"settings", "tracing", "without"},
    "postgres": {"errors", "event_row", "sql"},
    "facts": {"background", "errors", "postgres", "settings", "sql"},
    "reports": {"classify", "errors", "money", "postgres", "settings", "sql"},
    "queue": {
        "background",
        "codec",
        "complaints",
        "errors",
        "event_row",
        "settings",
    },
    "replays": {"errors", "postgres", "queue", "settings", "sink"},
    "spool": {
        "background",
        "codec",
        "complaints",
        "errors",
        "event_row",
        "logs",
        "one_by_one",
        "outage",
        "replays",
        "settings",
        "sink",
        "sql",
    },
    "durable": {"errors", "event_row", "outage", "settings", "sink", "spool", "tracing"},
    "rejects": {
        "allowance",
        "background",
        "client_ip",
        "contract",
        "enrich",
        "errors",
        "event",
        "event_row",
        "metrics",
        "postgres",
        "replays",
        "settings",
        "sink",
        "sql",
    },
    "privacy": {
        "background",
        "contract",
        "cookieless",
        "errors",
        "facts",
        "postgres",
        "rejects",
        "settings",
        "spool",
        "sql",
    },
    "api": {
        "address",
        "allowance",
        "background",
        "client_ip",
        "complaints",
        "contract",
        "cookieless",
        "durable",
        "enrich",
        "errors",
        "event",
        "event_row",
        "facts",
        "logs",
        "metrics",
        "outage",
        "postgres",
        "privacy",
        "queue",
        "rejects",
        "settings",
        "sink",
        "spool",
        "tracing",
        "version",
    },
    "serving": {
        "api",
        "background",
        "enrich",
        "errors",
        "logs",
        "metrics",
        "settings",
        "spool",
        "tracing",
    },
    "conversions": {
        "background",
        "errors",
        "logs",
        "metrics",
        "postgres",
        "redaction",
        "serving",
        "settings",
        "sql",
        "tracing",
        "version",
    },
    "consume": {
        "codec",
        "complaints",
        "durable",
        "errors",
        "event_row",
        "logs",
        "metrics",
        "one_by_one",
        "postgres",
        "queue",
        "rejects",
        "serving",
        "settings",
        "sink",
        "version",
    },
    "dashboard": {
        "allowance",
        "api",
        "errors",
        "logs",
        "money",
        "reports",
        "serving",
        "settings",
        "sql",
    },
    "doctor": {
        "api",
        "client_ip",
        "conversions",
        "errors",
        "postgres",
        "queue",
        "settings",
        "spool",
        "sql",
        "tracing",
    },
    "up": {"errors"},
    # Of the packages that hold its commands it knows the names alone.
    "cli": {"errors", "settings", "version"},
}

# Where a library is known; everywhere else it would tie pure code to HTTP or to a database.
ONLY_IN = {
    "aiohttp": {"api", "consume", "conversions", "dashboard", "doctor", "serving"},
    "nats": {"consume", "queue"},
    "asyncpg": {
        "conversions",
        "dashboard",
        "doctor",
        "facts",
        "postgres",
        "privacy",
        "rejects",
        "reports",
    },
    "google": {"conversions"},
    "jinja2": {"dashboard"},
    "opentelemetry": {"tracing"},
    "yaml": {"doctor"},
    "sqlite3": {"spool"},
    "prometheus_client": {"consume", "conversions", "metrics", "rejects", "serving"},
}

# What asks others over HTTP: the doctor, and who sends conversions on (SECURITY.md).
CLIENTS = {"ClientSession", "HTTPConnection", "HTTPSConnection", "urlopen", "create_connection"}

# What the collector's distribution does not hold. The command `up` imports local/ when it runs.
NOT_ITS_OWN = {"local": {"up"}, "bench": set(), "tests": set(), "tools": set()}


def imports_of(file: Path) -> Iterator[str]:
    """The full names of all modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert not node.level, f"{file}: relative imports hide where a thing is from"
            names = [f".{name.name}" for name in node.names] if node.module == "collector" else [""]
            yield from (node.module + name for name in names)


def imports_by_layer() -> Iterator[tuple[str, str, Path]]:
    """Each import in collector/: the layer that it stands in, what it imports, and the file."""
    for file in sorted((ROOT / "collector").rglob("*.py")):
        layer = layer_of(file)
        if layer != "__init__":
            yield from ((layer, name, file) for name in imports_of(file))


def test_the_table_names_every_package_and_no_other() -> None:
    assert {layer for layer, _, _ in imports_by_layer()} == set(MAY_IMPORT)


def test_the_table_leaves_no_way_round_in_a_circle() -> None:
    layers = list(MAY_IMPORT)
    for number, layer in enumerate(layers):
        assert MAY_IMPORT[layer] <= set(layers[:number]), f"{layer} imports what stands below it"


def test_a_package_imports_only_what_the_table_allows() -> None:
    found: dict[str, set[str]] = {layer: set() for layer in MAY_IMPORT}
    for layer, name, _ in imports_by_layer():
        top, _, rest = name.partition(".")
        other = rest.partition(".")[0]
        if top == "collector" and other != layer:
            found[layer].add(other)
    assert found == MAY_IMPORT  # what is not used any more leaves the table


@pytest.mark.parametrize(
    ("library", "layers"),
    [*ONLY_IN.items(), *NOT_ITS_OWN.items()],
    ids=[*ONLY_IN, *NOT_ITS_OWN],
)
def test_a_library_is_imported_only_where_it_belongs(library: str, layers: set[str]) -> None:
    found = {layer for layer, name, _ in imports_by_layer() if name.partition(".")[0] == library}
    assert found == layers


def test_only_who_sends_conversions_and_the_doctor_ask_others_over_http() -> None:
    files = {
        layer_of(file)
        for file in (ROOT / "collector").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Name | ast.Attribute | ast.alias) and name_of(node) in CLIENTS
    }
    assert files == {"conversions", "doctor"}


def name_of(node: ast.Name | ast.Attribute | ast.alias) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else node.name


def layer_of(file: Path) -> str:
    return file.relative_to(ROOT / "collector").with_suffix("").parts[0]
