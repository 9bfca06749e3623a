"""Faults of what stands around a gateway: proxies, clocks, open ports, certificates, names."""

from __future__ import annotations

import subprocess
import tempfile
import time
from contextlib import ExitStack
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web
from multidict import CIMultiDict

from collector.api.stamp import sign_stamp
from collector.doctor import (
    clocks,
    collector_checks,
    cors,
    events,
    exposed,
    plugin,
    preflights,
    reach,
)
from collector.doctor.finding import Status
from conversion_tracking_plugin.nginx import HTTP_FILE, write_files
from local.processes import free_port
from local.up import KONG_YML, System
from tests.integration.plugin import nginx
from tests.integration.plugin_server import probe_plugin, running
from tests.support import serve_app
from tests.system.doctor.conftest import DOCUMENT, RunGateway
from tests.system.doctor.examined import Examined, refuse
from tests.system.doctor.front import Before, Change, run_front

FAILURE, WARNING, SKIPPED = Status.FAILURE, Status.WARNING, Status.SKIPPED
ORIGIN = "https://www.ainative.studio"


def cors_again(request: web.Request, answer: web.Response) -> None:
    answer.headers.add("Access-Control-Allow-Origin", request.headers.get("Origin", "*"))


def cors_together(request: web.Request, answer: web.Response) -> None:
    origin = request.headers.get("Origin", "*")
    answer.headers["Access-Control-Allow-Origin"] = f"{origin}, {origin}"


def without_methods(_request: web.Request, answer: web.Response) -> None:
    answer.headers.pop("Access-Control-Allow-Methods", None)


def date_ahead(seconds: float) -> Change:
    """A clock that is ahead."""

    def change(_request: web.Request, answer: web.Response) -> None:
        answer.headers["Date"] = formatdate(time.time() + seconds, usegmt=True)

    return change


def other_user_agent(_request: web.Request, headers: CIMultiDict[str]) -> None:
    headers["User-Agent"] = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Gecko/20100101 Firefox/146.0"


def signing(secret: str) -> Before:
    """What has the secret, and signs what a client says."""

    def sign(_request: web.Request, headers: CIMultiDict[str]) -> None:
        if "X-Client-IP" in headers:
            now = str(time.time_ns() // 1_000_000)
            made = sign_stamp(headers["X-Client-IP"], now, secret.encode())
            headers.update({"X-Received-At": now, "X-Gateway-Signature": made})

    return sign


def admin_path(request: web.Request, answer: web.Response) -> None:
    if request.path == "/admin/status":
        answer.set_status(200)
        answer.text = '{"server": {"total_requests": 3}, "database": {"reachable": true}}'


@pytest.mark.parametrize(
    ("change", "group", "check", "about", "status", "words"),
    [
        (cors_again, preflights, "preflight.origin", ORIGIN, FAILURE, f"{ORIGIN}, {ORIGIN}"),
        (cors_together, preflights, "preflight.origin", ORIGIN, FAILURE, f"{ORIGIN}, {ORIGIN}"),
        (without_methods, preflights, "preflight.origin", ORIGIN, FAILURE, "without POST"),
        (cors_again, cors, "cors.event", "", FAILURE, f"{ORIGIN}, {ORIGIN}"),
        (cors_again, cors, "cors.error", "", FAILURE, f"{ORIGIN}, {ORIGIN}"),
        (cors_together, cors, "cors.unrouted", "", FAILURE, f"{ORIGIN}, {ORIGIN}"),
        (date_ahead(60), clocks, "clocks.agree", "", WARNING, "gateway +"),
        (date_ahead(-1000), clocks, "clocks.agree", "", FAILURE, "gateway -"),
        (admin_path, exposed, "exposed.admin", "", FAILURE, "/admin/status"),
    ],
)
async def test_what_a_proxy_changes_is_seen(
    healthy: Examined,
    change: Change,
    group: Any,
    *,
    check: str,
    about: str,
    status: Status,
    words: str,
) -> None:
    async with run_front(healthy.options.gateway or "", change) as url:
        seen = await healthy.look(group.GROUP, gateway=url)
    refuse(seen.of(check, about), status, words)


async def test_the_clock_of_a_collector_is_seen(healthy: Examined) -> None:
    async with run_front(healthy.options.collector or "", date_ahead(60)) as url:
        seen = await healthy.look(clocks.GROUP, collector=url)
    refuse(seen.of("clocks.agree"), WARNING, "collector +")


async def test_a_proxy_that_kong_takes_for_the_client_is_seen(healthy: Examined) -> None:
    async with run_front(healthy.options.gateway or "", address="127.0.0.77") as url:
        seen = await healthy.look(events.GROUP, gateway=url)
        said = await healthy.look(events.GROUP, gateway=url, own_address="127.0.0.77")
    refuse(seen.of("event.address"), FAILURE, "127.0.0.77")
    assert seen.of("event.address").expected == "127.0.0.1"
    assert said.of("event.address").status is Status.OK


async def test_a_proxy_that_takes_connection_away_is_no_fault_of_kongs_variable(
    healthy: Examined,
) -> None:
    async with run_front(healthy.options.gateway or "") as url:
        beside = await healthy.look(events.GROUP, gateway=url)
        outside = await healthy.look(events.GROUP, gateway=url, collector=None)
    assert beside.of("event.stripped").status is Status.OK
    assert "a proxy" in beside.of("event.stripped").seen
    refuse(outside.of("event.stripped"), WARNING, "no collector says")


def refusing(status: int) -> Change:
    """A plugin for all of Kong."""

    def change(_request: web.Request, answer: web.Response) -> None:
        answer.set_status(status)
        answer.headers.pop("Content-Encoding", None)  # the script's; its body was read

    return change


@pytest.mark.parametrize(
    ("status", "words", "mend"),
    [(401, "401: a plugin of Kong wants a key", "no key"), (426, "HTTPS alone", "https://")],
)
async def test_a_plugin_that_refuses_everything_is_seen_and_no_route_is_blamed(
    healthy: Examined, *, status: int, words: str, mend: str
) -> None:
    async with run_front(healthy.options.gateway or "", refusing(status)) as url:
        seen = await healthy.look(preflights.GROUP, events.GROUP, gateway=url)
    refuse(seen.of("event.taken"), FAILURE, words)
    assert mend in seen.of("event.taken").mend
    for check, about in (("preflight.bare", ""), ("preflight.origin", ORIGIN)):
        refuse(seen.of(check, about), FAILURE, str(status))
        assert "run_on_preflight" in seen.of(check, about).mend
    refuse(seen.of("event.script"), FAILURE, str(status))
    assert "event.taken" in seen.of("event.script").mend


@pytest.mark.parametrize("sent", [None, "0" * 32], ids=["none", "a client's own"])
async def test_a_kong_that_sends_no_request_id_is_seen(
    healthy: Examined, run_gateway: RunGateway, sent: str | None
) -> None:
    def without_id(_request: web.Request, headers: CIMultiDict[str]) -> None:
        headers.popall("X-Kong-Request-Id", None)
        if sent:
            headers["X-Kong-Request-Id"] = sent

    async with run_front(healthy.options.collector or "", before=without_id) as front:
        with run_gateway(collector_port=int(front.rpartition(":")[2])) as url:
            seen = await healthy.look(events.GROUP, gateway=url)
    refuse(seen.of("event.verified"), FAILURE, "without Kong's X-Kong-Request-Id")
    assert "KONG_HEADERS_UPSTREAM" in seen.of("event.verified").mend


async def test_a_socket_that_is_not_for_the_doctors_user_is_not_called_dead(
    healthy: Examined, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse_user(_path: Path) -> None:  # root, who runs tests in CI, may write to any
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("asyncio.open_unix_connection", refuse_user)
    seen = await healthy.look(plugin.GROUP, plugin_metrics=None)
    refuse(seen.of("plugin.socket"), SKIPPED, "not for this user")


async def test_an_event_that_reports_would_have_is_seen(healthy: Examined) -> None:
    async with run_front(healthy.options.gateway or "", before=other_user_agent) as url:
        seen = await healthy.look(events.GROUP, gateway=url)
    refuse(seen.of("event.row"), WARNING, "does not count as a bot's")


async def test_a_forged_stamp_that_is_believed_is_seen(healthy: Examined, parts: System) -> None:
    sign = signing(parts.gateway_secret)
    async with run_front(healthy.options.collector or "", before=sign) as url:
        seen = await healthy.look(events.GROUP, collector_checks.GROUP, gateway=url, collector=url)
    refuse(seen.of("event.forged"), FAILURE, "203.0.113.66")
    refuse(seen.of("collector.forged"), FAILURE, "stays at")


async def test_open_ports_are_seen_and_named(healthy: Examined, parts: System) -> None:
    async def say_hello(_request: web.Request) -> web.Response:
        return web.json_response({"tagline": "Welcome to kong", "version": "3.9.1"})

    admin = web.Application()
    admin.router.add_get("/{path:.*}", say_hello)
    dashboard, closed = free_port(), free_port()
    parts.start_dashboard(dashboard, "0123456789abcdef")
    async with serve_app(admin) as url:
        port = int(url.rpartition(":")[2])
        ports = (port, dashboard, healthy.collector_port, closed)
        seen = await healthy.look(exposed.GROUP, closed_ports=ports)
    words = (
        f"{port} (Kong's Admin API), {dashboard} (the dashboard), "
        f"{healthy.collector_port} (the collector)"
    )
    refuse(seen.of("exposed.ports"), FAILURE, words)
    assert str(closed) not in seen.of("exposed.ports").seen

    async with run_front(f"http://127.0.0.1:{dashboard}") as front:
        routed = await healthy.look(exposed.GROUP, gateway=front)
    refuse(routed.of("exposed.dashboard"), FAILURE, "/login")


async def test_ports_that_are_closed_are_well(healthy: Examined) -> None:
    seen = await healthy.look(exposed.GROUP, closed_ports=(free_port(),))
    assert seen.of("exposed.ports").status is Status.OK


@pytest.mark.parametrize(
    ("url", "check", "words"),
    [
        ("http://gateway.invalid", "gateway.name", "gateway.invalid has no address"),
        ("http://127.0.0.1:{port}", "gateway.answers", "127.0.0.1"),
        ("https://127.0.0.1:{port}", "gateway.answers", "127.0.0.1"),
    ],
)
async def test_a_gateway_that_is_not_there_is_seen_once(
    healthy: Examined, url: str, check: str, words: str
) -> None:
    away = url.format(port=free_port())
    seen = await healthy.look(reach.GROUP, preflights.GROUP, events.GROUP, cors.GROUP, gateway=away)
    refuse(seen.of(check), FAILURE, words)
    others = {c: s for c, s in seen.not_ok().items() if not c.startswith("gateway.")}
    assert set(others.values()) == {SKIPPED}
    assert seen.of("gateway.certificate").status is not FAILURE


async def test_a_collector_that_is_not_there_fails_where_it_was_named(healthy: Examined) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    named = await healthy.look(collector_checks.GROUP, collector=nowhere)
    guessed = await healthy.look(
        collector_checks.GROUP, collector=nowhere, is_collector_named=False
    )
    refuse(named.of("collector.ready"), FAILURE, nowhere)
    refuse(guessed.of("collector.ready"), SKIPPED, "where the settings have it")


def certificate(folder: Path, days: int) -> tuple[Path, Path]:
    """A certificate for localhost that ends in so many days, and its key, made by openssl."""
    request, names = folder / "request", folder / "names"
    key, file = folder / "tls.key", folder / "tls.crt"
    names.write_text("subjectAltName=DNS:localhost")
    new = ["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    sign = ["openssl", "x509", "-req", "-in", str(request), "-extfile", str(names)]
    new += ["-keyout", str(key), "-out", str(request)]
    sign += ["-signkey", str(key), "-days", str(days)]
    subprocess.run(new, check=True, capture_output=True)
    made = subprocess.run(sign, check=True, capture_output=True).stdout
    file.write_bytes(made)
    return file, key


@pytest.mark.parametrize(
    ("days", "authority", "status", "words"),
    [
        (90, "known", Status.OK, "in 89 days"),
        (10, "known", WARNING, "in 9 days"),
        (90, "unknown", FAILURE, "self-signed certificate"),
        (-1, "known", FAILURE, "certificate has expired"),
    ],
    ids=["good", "ends soon", "of nobody", "ended"],
)
async def test_a_certificate_is_judged(
    healthy: Examined,
    tmp_path: Path,
    *,
    days: int,
    authority: str,
    status: Status,
    words: str,
) -> None:
    file, key = certificate(tmp_path, days)
    with nginx.run_tls(tmp_path, healthy.gateway_port, file, key) as port:
        seen = await healthy.look(
            reach.GROUP,
            gateway=f"https://localhost:{port}",
            ca_file=file if authority == "known" else None,
        )
    refuse(seen.of("gateway.certificate"), status, words)
    is_believed = status is not FAILURE
    refuse(seen.of("gateway.answers"), Status.OK if is_believed else SKIPPED, "")


async def test_nginx_with_its_files_writes_the_headers_of_a_404(
    healthy: Examined, tmp_path: Path
) -> None:
    write_files(KONG_YML, tmp_path)
    with nginx.run_nginx(tmp_path, healthy.gateway_port) as port:
        seen = await healthy.look(cors.GROUP, gateway=f"http://127.0.0.1:{port}")
    assert seen.not_ok() == {}
    refuse((await healthy.look(cors.GROUP)).of("cors.unrouted"), WARNING, "404")


async def test_nginx_files_that_are_older_than_kong_yml_are_seen(
    healthy: Examined, tmp_path: Path
) -> None:
    write_files(KONG_YML, tmp_path)
    changed = tmp_path / "kong.yml"
    text = yaml.safe_dump(DOCUMENT).replace("https://ainative.studio", "https://other.example")
    changed.write_text(text)

    same = await healthy.look(plugin.GROUP, nginx_folder=tmp_path)
    older = await healthy.look(plugin.GROUP, nginx_folder=tmp_path, document_path=changed)
    (tmp_path / HTTP_FILE).unlink()
    missing = await healthy.look(plugin.GROUP, nginx_folder=tmp_path)

    assert same.of("plugin.files").status is Status.OK
    refuse(older.of("plugin.files"), FAILURE, f"{HTTP_FILE}, ")
    assert f"--nginx {tmp_path} {changed}" in older.of("plugin.files").mend
    refuse(missing.of("plugin.files"), WARNING, HTTP_FILE)


def write_older_plugin(folder: Path) -> None:
    """A plugin of another version than the collector."""
    text = Path(probe_plugin.__file__).read_text()
    older = text.replace(f'version = "{probe_plugin.version}"', 'version = "0.0.9"')
    assert older != text
    (folder / "older_plugin.py").write_text(older)


async def test_a_plugin_server_that_is_away_or_of_another_version_is_seen(
    healthy: Examined, tmp_path: Path
) -> None:
    away = await healthy.look(
        plugin.GROUP,
        plugin_socket=tmp_path / "plugin.sock",
        plugin_metrics=f"unix:{tmp_path / 'metrics.sock'}",
    )
    refuse(away.of("plugin.socket"), FAILURE, "No such file")
    refuse(away.of("plugin.version"), FAILURE, "No such file")

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ct-")))
        write_older_plugin(folder)
        server = running.start(folder, module="older_plugin", path=folder)
        stack.callback(running.end, server)
        other = await healthy.look(
            plugin.GROUP,
            plugin_socket=server.socket,
            plugin_metrics=f"unix:{server.metrics_socket}",
        )
    assert other.of("plugin.socket").status is Status.OK
    refuse(other.of("plugin.version"), WARNING, "the plugin is of version 0.0.9")
