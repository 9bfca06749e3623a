"""Alert rules and dashboard ask for what a running collector and plugin server show."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from promql_parser import AggregateExpr, Expr, Matcher, MatchOp, VectorSelector

from collector.consume import metrics as of_consumers
from collector.conversions import metrics as of_deliver
from collector.metrics import BUILD_INFO, COUNTERS, GAUGES, HISTOGRAMS
from tests.faults.collector_process import collector, consumer, deliver
from tests.integration.plugin_server import running
from tests.integration.served import serving
from tests.nats import as_environment, run_queue

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "conversion-tracking.json").read_text())
PRODUCTION = (ROOT / "docs" / "production.md").read_text()
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]
]
PANELS: list[dict[str, Any]] = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = [(panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]]
# What Prometheus adds to each sample that it scrapes.
OF_PROMETHEUS = {"instance", "job"}
# What Grafana puts in place of its variables.
OF_GRAFANA = {"$instance": ".*", "$__rate_interval": "1m"}
ALL_COUNTERS = {**COUNTERS, **of_consumers.COUNTERS, **of_deliver.COUNTERS}
DESTINATIONS = '[shop]\nplatform = "ga4"\nmeasurement_id = "G-ABC123"\napi_secret = "env:SECRET"\n'
Samples = dict[str, list[dict[str, str]]]


def samples_of(page: str) -> Samples:
    """The labels of each sample of a page, by the sample's name."""
    samples: Samples = {}
    for family in text_string_to_metric_families(page):
        counted = ALL_COUNTERS.get(family.name)
        if counted and not family.samples:  # of what was not counted yet the label alone is known
            samples[f"{family.name}_total"] = [dict.fromkeys(counted[1:], "")]
        for sample in family.samples:
            samples.setdefault(sample.name, []).append(sample.labels)
    return samples


def faults_of(expression: str, samples: Samples) -> Iterator[str]:
    """What an expression asks for that no sample has."""
    for node in nodes_of(expression):
        if isinstance(node, VectorSelector):
            yield from faults_of_selector(node, samples)
        if isinstance(node, AggregateExpr) and node.modifier:
            asked = set(node.modifier.labels) - OF_PROMETHEUS
            names = [
                n.name or "" for n in nodes_of(str(node.expr)) if isinstance(n, VectorSelector)
            ]
            known = set().union(*(labels for n in names for labels in samples.get(n, [])))
            yield from (f"{names} have no label {label}" for label in asked - known)


def nodes_of(expression: str) -> list[Expr]:
    """Each part of an expression."""
    nodes: list[Expr] = []
    promql_parser.walk(promql_parser.parse(expression), nodes.append)
    return nodes


def faults_of_selector(selector: VectorSelector, samples: Samples) -> Iterator[str]:
    """What a selector asks for that no sample has."""
    shown = samples.get(selector.name or "")
    if shown is None:
        yield f"{selector.name} is not shown"
        return
    for matcher in selector.matchers.matchers:
        if matcher.name not in OF_PROMETHEUS:
            values = {labels.get(matcher.name) for labels in shown}
            yield from (
                f"{selector.name} has no {matcher.name}={value!r}"
                for value in values_of(matcher)
                if value not in values
            )


def values_of(matcher: Matcher) -> list[str]:
    """Each value that a matcher takes."""
    assert matcher.op in (MatchOp.Equal, MatchOp.Re)
    return matcher.value.split("|") if matcher.op == MatchOp.Re else [matcher.value]


def as_grafana_asks(expression: str) -> str:
    """An expression of the dashboard, as Grafana sends it."""
    for variable, value in OF_GRAFANA.items():
        expression = expression.replace(variable, value)
    assert "$" not in expression
    return expression


async def read_pages(database: str, folder: Path) -> str:
    """What they show that have just started: a collector of two workers, one with a queue, a
    consumer, `deliver`, a plugin server."""
    ages = {"CT_RETENTION_EVENTS_DAYS": "400"}  # else nothing of retention is shown
    with serving(database, folder, "--workers", "2", **ages) as collector:
        async with aiohttp.ClientSession() as client, client.get(f"{collector.url}/metrics") as got:
            page = await got.text()
    page += await asyncio.to_thread(read_queued_pages, database, folder)
    page += await asyncio.to_thread(read_deliver_page, database, folder)
    with tempfile.TemporaryDirectory(prefix="ct-") as short:
        server = running.start(Path(short))
        try:
            return page + running.scrape(server.metrics_socket)
        finally:
            running.end(server)


def read_queued_pages(database: str, folder: Path) -> str:
    """What a collector and a consumer show, with a queue."""
    with run_queue() as cluster:
        settings = as_environment(cluster)
        with (
            collector(folder, database, **settings) as receiving,
            consumer(folder, database, **settings) as consuming,
        ):
            return receiving.metrics_page() + consuming.metrics_page()


def read_deliver_page(database: str, folder: Path) -> str:
    """What `deliver` shows."""
    destinations = folder / "destinations.toml"
    destinations.write_text(DESTINATIONS)
    with deliver(folder, database, destinations, SECRET="a secret of nobody") as sending:
        return sending.metrics_page()


async def test_each_expression_asks_for_what_is_shown_from_the_start(
    database: str, tmp_path: Path
) -> None:
    samples = samples_of(await read_pages(database, tmp_path))
    asked = [
        *((rule["alert"], rule["expr"]) for rule in RULES),
        *((title, as_grafana_asks(expression)) for title, expression in QUERIES),
    ]
    assert [
        (name, fault) for name, expression in asked for fault in faults_of(expression, samples)
    ] == []


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("ct_event_total", "ct_event_total is not shown"),
        ('rate(ct_events_total{result="lost"}[5m])', "ct_events_total has no result='lost'"),
        ('ct_events_total{result=~"stored|lost"} > 0', "ct_events_total has no result='lost'"),
        ('ct_events_total{status="stored"}', "ct_events_total has no status='stored'"),
        ("sum by (status) (ct_events_total)", "['ct_events_total'] have no label status"),
        ("sum by (instance) (rate(ct_events_total[5m])) / ct_x", "ct_x is not shown"),
    ],
)
def test_what_is_not_shown_is_seen(expression: str, fault: str) -> None:
    page = '# TYPE ct_events_total counter\nct_events_total{result="stored"} 0\n'
    assert list(faults_of(expression, samples_of(page))) == [fault]


def test_each_alert_says_what_it_is_and_what_to_do() -> None:
    names = [rule["alert"] for rule in RULES]
    assert len(names) == len(set(names))
    for rule in RULES:
        assert set(rule) - {"for"} == {"alert", "expr", "labels", "annotations"}
        assert rule["labels"].keys() == {"severity"}
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        assert set(rule["annotations"]) == {"summary", "description", "runbook"}
        assert all(rule["annotations"].values())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_s_runbook_names_it(rule: dict[str, Any]) -> None:
    document, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert document == "docs/production.md"
    sections = re.split(r"^#+ ", PRODUCTION, flags=re.MULTILINE)
    (section,) = [s for s in sections if anchor_of(s.partition("\n")[0]) == anchor]
    assert f"`{rule['alert']}`" in section


def anchor_of(heading: str) -> str:
    """The anchor that GitHub gives a heading of plain words."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def test_each_metric_of_the_collector_is_on_the_dashboard() -> None:
    expressions = " ".join(expression for _, expression in QUERIES)
    names = {BUILD_INFO[0], *GAUGES, *of_consumers.GAUGES, *of_deliver.GAUGES, *HISTOGRAMS}
    names.add(of_deliver.SECONDS[0])
    names |= {f"{name}_total" for name in ALL_COUNTERS}
    assert [name for name in sorted(names) if not re.search(rf"\b{name}", expressions)] == []


def test_the_dashboard_asks_the_prometheus_that_its_user_chooses() -> None:
    variables = {v["name"]: v["type"] for v in DASHBOARD["templating"]["list"]}
    assert variables == {"DS_PROMETHEUS": "datasource", "instance": "query"}
    assert DASHBOARD["uid"] == "conversion-tracking"
    assert DASHBOARD["schemaVersion"] >= 39
    chosen = {"type": "prometheus", "uid": "${DS_PROMETHEUS}"}
    for panel in PANELS:
        assert panel["description"]
        assert [panel["datasource"], *(t["datasource"] for t in panel["targets"])] == [
            chosen,
            *[chosen] * len(panel["targets"]),
        ]


def test_no_two_panels_lie_on_each_other() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in DASHBOARD["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) == 23


@pytest.mark.skipif(
    shutil.which("promtool") is None,
    reason="promtool, of Prometheus, is not installed; promql-parser reads the expressions anyway",
)
def test_prometheus_takes_the_rules() -> None:
    checked = subprocess.run(
        ["promtool", "check", "rules", "--lint-fatal", str(ALERTS)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
