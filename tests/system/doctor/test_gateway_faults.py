"""Each fault of a gateway, made on a real one: the doctor sees it in its line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from collector.doctor import cors, events, exposed, limits, plugin, preflights
from collector.doctor.finding import Status
from local.processes import free_port
from local.up import REQUEST_VARIABLE
from tests.system.doctor.conftest import RunGateway
from tests.system.doctor.examined import Examined, refuse

Document = dict[str, Any]
Change = Callable[[Document], None]
ORIGIN = "https://www.ainative.studio"
ID = "$kong_request_id "


def no_preflight_routes(document: Document) -> None:
    document["routes"] = []


def limited_preflights(document: Document) -> None:
    limit = {"minute": 100, "limit_by": "ip", "policy": "local"}
    document["routes"][0]["plugins"].append({"name": "rate-limiting", "config": limit})


def origins(*names: str) -> Change:
    """These in place of those of the file."""

    def change(document: Document) -> None:
        for parent in (document["services"][0], *document["routes"]):
            parent["plugins"][0]["config"] |= {"origins": list(names)}

    return change


def no_plugin(document: Document) -> None:
    del document["services"][0]["plugins"][0]


def no_events_route(document: Document) -> None:
    del document["services"][0]["routes"][0]


def no_script_route(document: Document) -> None:
    del document["services"][1]


def older_script_route(document: Document) -> None:
    document["services"][1]["routes"][0]["paths"] = ["~/t\\.js$"]


def body_kilobytes(number: int) -> Change:
    """A size limit."""

    def change(document: Document) -> None:
        document["services"][0]["plugins"][1]["config"]["allowed_payload_size"] = number

    return change


def routed(path: str) -> Change:
    """A route to the collector for one more path."""

    def change(document: Document) -> None:
        route = {**document["services"][1]["routes"][0], "name": "more", "paths": [path]}
        document["services"][1]["routes"].append(route)

    return change


@dataclass(frozen=True)
class Line:
    """What the doctor must say."""

    check: str
    status: Status
    words: str
    about: str = ""


FAILURE, WARNING, SKIPPED = Status.FAILURE, Status.WARNING, Status.SKIPPED


@pytest.mark.parametrize(
    ("change", "group", "lines"),
    [
        (
            no_preflight_routes,
            preflights,
            [
                Line("preflight.bare", FAILURE, "track 404"),
                Line("preflight.origin", FAILURE, "answered 404", ORIGIN),
            ],
        ),
        (limited_preflights, preflights, [Line("preflight.unlimited", FAILURE, "events/track")]),
        (
            origins("https://a.example"),
            preflights,
            [Line("preflight.origin", FAILURE, "Allow-Origin: none", ORIGIN)],
        ),
        (origins("https://a.example"), cors, [Line("cors.event", FAILURE, "200 with")]),
        (origins("*"), preflights, [Line("preflight.forbidden", FAILURE, "allow-origin")]),
        (
            no_plugin,
            events,
            [
                Line("event.verified", FAILURE, "false"),
                Line("event.stripped", FAILURE, "answered 200"),
            ],
        ),
        (no_plugin, cors, [Line("cors.error", FAILURE, "415 with")]),
        (
            no_events_route,
            events,
            [
                Line("event.taken", FAILURE, "404"),
                Line("event.row", SKIPPED, "event.taken"),
                Line("event.stripped", SKIPPED, "event.taken"),
            ],
        ),
        (
            no_script_route,
            events,
            [Line("event.script", FAILURE, "/t.js 404, /t.extra.js 404, /t.pixels")],
        ),
        (older_script_route, events, [Line("event.script", FAILURE, "answered: /t.extra.js 404")]),
        (body_kilobytes(512), limits, [Line("limit.gateway", FAILURE, "Kong, or a proxy")]),
        (body_kilobytes(2048), limits, [Line("limit.gateway", WARNING, "lets 1048577")]),
        (routed("~/metrics$"), exposed, [Line("exposed.operators", FAILURE, "/metrics of")]),
        (routed("~/readyz$"), exposed, [Line("exposed.operators", FAILURE, "/readyz of")]),
        (routed("~/openapi[.]json$"), exposed, [Line("exposed.operators", FAILURE, "/openapi")]),
        (routed("~/healthz$"), exposed, [Line("exposed.operators", WARNING, "/healthz is")]),
    ],
)
async def test_a_fault_of_kong_yml_is_seen(
    healthy: Examined, run_gateway: RunGateway, change: Change, group: Any, lines: Sequence[Line]
) -> None:
    with run_gateway(change) as url:
        seen = await healthy.look(group.GROUP, gateway=url)
    for line in lines:
        refuse(seen.of(line.check, line.about), line.status, line.words)


@pytest.mark.parametrize(
    ("variable", "check", "words"),
    [
        ("", "plugin.variable", "went from"),
        (REQUEST_VARIABLE.replace(ID, ""), "plugin.variable", "went from"),
        (REQUEST_VARIABLE.replace(f" {ID}$http_connection", ""), "event.stripped", "200"),
    ],
    ids=["none", "without the id", "without Connection"],
)
async def test_an_nginx_variable_that_is_not_the_one_of_today_is_seen(
    healthy: Examined, run_gateway: RunGateway, variable: str, check: str, words: str
) -> None:
    with run_gateway(request_variable=variable) as url:
        seen = await healthy.look(events.GROUP, plugin.GROUP, gateway=url)
    refuse(seen.of(check), FAILURE, words)


async def test_a_kong_without_its_secret_is_seen(
    healthy: Examined, run_gateway: RunGateway
) -> None:
    with run_gateway(gateway_secret="") as url:
        seen = await healthy.look(events.GROUP, gateway=url)
    refuse(seen.of("event.verified"), FAILURE, "false")
    assert "secret:" in seen.of("event.verified").mend


async def test_a_kong_that_reaches_no_collector_is_seen(
    healthy: Examined, run_gateway: RunGateway
) -> None:
    with run_gateway(collector_port=free_port()) as url:
        seen = await healthy.look(events.GROUP, gateway=url)
    refuse(seen.of("event.taken"), FAILURE, "502: Kong reaches no collector")


async def test_a_kong_without_its_plugin_server_is_seen(
    healthy: Examined, run_gateway: RunGateway, tmp_path: Path
) -> None:
    with run_gateway(data=tmp_path) as url:
        seen = await healthy.look(events.GROUP, preflights.GROUP, gateway=url)
    refuse(seen.of("event.taken"), FAILURE, "500: Kong cannot ask the plugin server")
    for check, about in (("preflight.bare", ""), ("preflight.origin", ORIGIN)):
        refuse(seen.of(check, about), FAILURE, "500")
        assert "plugin server" in seen.of(check, about).mend
