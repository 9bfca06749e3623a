"""decK reads kong.yml and kong.multi-node.yml, and refuses what a hand may break in them."""

from __future__ import annotations

import copy
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DECK = ROOT / "var" / "bin" / "deck"
LINT = ROOT / "kong" / "lint.yml"
# Through JSON, so that what the file names twice by an anchor can be broken in one place.
MULTI_NODE = json.loads(
    json.dumps(yaml.safe_load((ROOT / "kong" / "kong.multi-node.yml").read_text()))
)
MISSING = object()

# .ci/run runs `make check-kong` first, so there decK is built.
pytestmark = pytest.mark.skipif(
    not DECK.exists(), reason="decK is not built: run `make deck`, which needs Go 1.26 or newer"
)


def deck(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """decK's exit code and words; no settings of the user's reach it."""
    return subprocess.run(
        [str(DECK), "file", *arguments, "--analytics=false"],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        env={"HOME": "/nowhere"},
        check=False,
    )


def validate(state: str) -> subprocess.CompletedProcess[str]:
    return deck("validate", "-", stdin=state)


def lint(state: str) -> subprocess.CompletedProcess[str]:
    return deck("lint", str(LINT), "--state", "-", stdin=state)


def broken(place: str, value: object) -> str:
    """kong.multi-node.yml with another value at the place, or none where it is MISSING."""
    document = copy.deepcopy(MULTI_NODE)
    *steps, last = place.split(".")
    parent: Any = document
    for step in steps:
        parent = parent[int(step) if step.isdigit() else step]
    if value is MISSING:
        del parent[last]
    else:
        parent[last] = value
    return yaml.safe_dump(document)


def texts_of_rules() -> dict[str, str]:
    """What decK prints for each rule of lint.yml, by the rule's name."""
    rules = yaml.safe_load(LINT.read_text())["rules"]
    return {name: rule.get("message") or rule["description"] for name, rule in rules.items()}


@pytest.mark.parametrize("name", ["kong.yml", "kong.multi-node.yml"])
def test_deck_finds_nothing_wrong_in_a_file(name: str) -> None:
    state = (ROOT / "kong" / name).read_text()
    # decK's lint does not look behind an alias.
    spelled_out = json.dumps(yaml.safe_load(state))

    for result in (validate(state), lint(state), lint(spelled_out)):
        # A rule that decK cannot apply is no failure, but is reported here.
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


ROUTE = "services.0.routes.0"
LIMIT = f"{ROUTE}.plugins.0"
BROKEN_RULES = [
    ("tagged", "services.0.tags", MISSING),
    ("tagged", f"{ROUTE}.tags", []),
    ("tagged", f"{LIMIT}.tags", ["other"]),
    ("tagged", "services.0.plugins.0.tags", MISSING),
    ("tagged", "upstreams.0.tags", MISSING),
    ("tagged", "upstreams.0.targets.0.tags", MISSING),
    ("tagged", "plugins", [{"name": "prometheus"}]),
    ("methods-listed", f"{ROUTE}.methods", MISSING),
    ("methods-listed", f"{ROUTE}.methods", []),
    ("methods-listed", f"{ROUTE}.methods", ["POST", "OPTION"]),
    ("path-kept", f"{ROUTE}.strip_path", MISSING),
    ("path-kept", f"{ROUTE}.strip_path", True),
    ("protocols-listed", f"{ROUTE}.protocols", MISSING),
    ("protocols-listed", f"{ROUTE}.protocols", []),
    ("protocols-listed", f"{ROUTE}.protocols", ["grpc"]),
    ("diff-settles", "services.0.plugins.0.protocols", MISSING),
    ("timeouts-short", "services.0.connect_timeout", 60_000),
    ("timeouts-short", "services.0.write_timeout", MISSING),
    ("timeouts-short", "services.0.read_timeout", 15_000),
    ("secrets-referenced", "services.0.plugins.0.config.secret", "s3cret"),
    ("secrets-referenced", "services.0.plugins.0.config.secret", None),
    ("secrets-referenced", f"{LIMIT}.config.redis.password", "x {vault://env/a}"),
    ("rate-limit-counted-somewhere", f"{LIMIT}.config.policy", MISSING),
    ("rate-limit-counted-somewhere", f"{LIMIT}.config.policy", "cluster"),
    ("rate-limit-counted-somewhere", f"{LIMIT}.config", MISSING),
]


@pytest.mark.parametrize(("rule", "place", "value"), BROKEN_RULES)
def test_lint_refuses_what_breaks_a_rule_and_says_which(
    rule: str, place: str, value: object
) -> None:
    result = lint(broken(place, value))

    assert result.returncode == 1
    findings = [line for line in result.stdout.splitlines() if line.startswith("[error]")]
    assert findings
    assert all(texts_of_rules()[rule] in finding for finding in findings)


def test_every_rule_is_seen_to_refuse_something() -> None:
    assert {rule for rule, _, _ in BROKEN_RULES} == texts_of_rules().keys()


def test_a_secret_in_the_file_does_not_get_into_the_log() -> None:
    result = lint(broken("services.0.plugins.0.config.secret", "s3cret"))

    assert "s3cret" not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("place", "value", "complaint"),
    [
        ("servces", [], "Additional property servces is not allowed"),
        ("services.0.hosts", "x", "services.0: Additional property hosts is not allowed"),
        (f"{ROUTE}.strip_pth", False, f"{ROUTE}: Additional property strip_pth is not allowed"),
        ("services.0.port", "8080", "services.0.port: Invalid type. Expected: integer"),
        (
            "upstreams.0.healthchecks.active.htp_path",
            "/",
            "upstreams.0.healthchecks.active: Additional property htp_path is not allowed",
        ),
        (
            "plugins",
            [{"name": "prometheus", "service": "nowhere"}],
            "service nowhere for plugin prometheus: entity not found",
        ),
        (
            "routes",
            [{"name": "other", "paths": ["/other"], "service": {"name": "nowhere"}}],
            "services (nowhere): entity not found",
        ),
        (
            "services.0.routes.1.name",
            MULTI_NODE["services"][0]["routes"][0]["name"],
            "entity already exists",
        ),
    ],
)
def test_validation_refuses_a_misspelt_entity_and_a_reference_to_nothing(
    place: str, value: object, complaint: str
) -> None:
    result = validate(broken(place, value))

    assert result.returncode == 1
    assert complaint in result.stderr


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("services.0.plugins.0.config.orgins", ["*"]),
        (f"{LIMIT}.config.minute", "many"),
        ("services.0.plugins.0.name", "conversion-trackin"),
        ("services.0.host", "nowhere"),
        ("services.0.port", 80_800),
        ("upstreams.0.algorithm", "round"),
        (f"{ROUTE}.paths", ["~/v1/(events"]),
        ("_format_version", "9.0"),
    ],
)
def test_what_only_a_running_kong_sees_passes_here_as_documented(place: str, value: object) -> None:
    """docs/kong.md lists these; where a newer decK sees one of them, the list is to change."""
    state = broken(place, value)

    assert validate(state).returncode == 0
    assert lint(state).returncode == 0
