"""The CORS headers that nginx writes are those of the plugin, also where no plugin runs."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer

from conversion_tracking_plugin.nginx import PROXY_FILE, NginxFilesError, write_files
from conversion_tracking_plugin.schema import FILES_VARIABLE
from conversion_tracking_plugin.server import main
from tests.integration.plugin.conftest import RunningServer
from tests.integration.plugin.nginx import ask, ask_raw, run_nginx
from tests.integration.plugin.servers import Kong, Request
from tests.unit.plugin.cors_case import SHOP, CorsCase, preflight
from tests.unit.plugin.cors_cases import CASES

KONG_YML = Path(__file__).parents[3] / "kong" / "kong.yml"
TRACK = "/v1/events/track"
IMAGE = "/v1/events/image"


def kong_yml(folder: Path, *configs: dict[str, object]) -> Path:
    """A declarative file with a service and a preflight route, each with the plugin."""
    plugins = [{"name": "conversion-tracking", "config": config} for config in configs]
    images = [{"name": "images", "methods": ["GET", "OPTIONS"], "paths": [f"~{IMAGE}$"]}]
    of_images = [
        {"name": "conversion-tracking", "config": config | {"allow": ["GET", "OPTIONS"]}}
        for config in configs
    ]
    document: dict[str, list[dict[str, object]]] = {
        "services": [
            {"name": "collector", "plugins": plugins},
            {"name": "images", "plugins": of_images, "routes": images},
        ],
        "routes": [
            {
                "name": "preflight",
                "methods": ["OPTIONS"],
                "paths": [f"~{TRACK}$"],
                "plugins": plugins,
            }
        ],
    }
    file = folder / "kong.yml"
    file.write_text(yaml.safe_dump(document))
    return file


def make_files(folder: Path, **config: object) -> Path:
    """The folder with the files of a configuration."""
    write_files(kong_yml(folder, config), folder)
    return folder


def cors_part(headers: list[tuple[str, str]]) -> dict[str, str]:
    """The CORS headers of an answer, each of which must stand there once."""
    named = [
        (name, value)
        for name, value in headers
        if name == "vary" or name.startswith("access-control-")
    ]
    assert len(dict(named)) == len(named)
    return dict(named)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_nginx_writes_what_the_plugin_would(case: CorsCase, tmp_path: Path) -> None:
    with run_nginx(make_files(tmp_path, **case.config)) as port:
        status, headers, _ = ask(port, case.method, TRACK, case.request)
    assert status == (200 if case.method == "OPTIONS" else 502)
    assert cors_part(headers) == case.expected


def test_options_are_answered_by_nginx_alone(tmp_path: Path) -> None:
    with run_nginx(make_files(tmp_path, origins=[SHOP])) as port:
        for request in (preflight(SHOP), {}, {"origin": SHOP}):
            status, headers, body = ask(port, "OPTIONS", TRACK, request)
            assert (status, json.loads(body)) == (200, {"allow": "POST, OPTIONS"})
            assert ("allow", "POST, OPTIONS") in headers
            assert ("content-type", "application/json") in headers


def test_a_preflight_of_an_unknown_path_lets_the_page_read_the_404(tmp_path: Path) -> None:
    with run_nginx(make_files(tmp_path, origins=[SHOP])) as port:
        status, headers, body = ask(port, "OPTIONS", "/v1/events/unknown", preflight(SHOP))
    assert (status, json.loads(body)) == (200, {"allow": "OPTIONS"})
    assert cors_part(headers)["access-control-allow-origin"] == SHOP


def test_the_answer_to_options_allows_what_the_route_of_the_path_does(tmp_path: Path) -> None:
    with run_nginx(make_files(tmp_path, origins=[SHOP])) as port:
        status, headers, body = ask(port, "OPTIONS", IMAGE, preflight(SHOP))
    assert (status, json.loads(body)) == (200, {"allow": "GET, OPTIONS"})
    assert ("allow", "GET, OPTIONS") in headers
    assert cors_part(headers)["access-control-allow-origin"] == SHOP


@pytest.mark.parametrize(
    "path", ["/v1/events/unknown", "/v1/events/track/", "//v1/events//track", TRACK]
)
def test_every_answer_below_the_events_has_the_headers(tmp_path: Path, path: str) -> None:
    with run_nginx(make_files(tmp_path, origins=[SHOP], exposed_headers=["Retry-After"])) as port:
        _, headers, _ = ask(port, "POST", path, {"origin": SHOP})
    assert cors_part(headers) == {
        "access-control-allow-origin": SHOP,
        "access-control-expose-headers": "Retry-After",
        "vary": "Origin",
    }


def test_other_services_of_the_gateway_get_no_headers(tmp_path: Path) -> None:
    with run_nginx(make_files(tmp_path, origins=[SHOP])) as port:
        for method in ("GET", "OPTIONS"):
            _, headers, _ = ask(port, method, "/shop", preflight(SHOP))
            assert cors_part(headers) == {}


def test_a_page_can_read_what_nginx_itself_refuses(tmp_path: Path) -> None:
    big = b"a" * 40_000
    origin = f"Origin: {SHOP}\r\n".encode()
    with run_nginx(make_files(tmp_path, origins=[SHOP], credentials=True)) as port:
        head = b"POST /v1/events/track HTTP/1.1\r\nHost: a\r\n" + origin
        too_large = ask_raw(port, head + b"X-Big: " + big + b"\r\n\r\n")
        no_length = ask_raw(port, head + b"Content-Length: x\r\n\r\n")
        before_origin = ask_raw(
            port, b"POST /v1/events/track HTTP/1.1\r\nX-Big: " + big + b"\r\n" + origin + b"\r\n"
        )
        too_long = ask_raw(
            port, b"GET /v1/events/track?" + big + b" HTTP/1.1\r\n" + origin + b"\r\n"
        )
    for answer, status in ((too_large, "400"), (no_length, "400")):
        assert answer.startswith(f"http/1.1 {status} ")
        assert answer.count(f"access-control-allow-origin: {SHOP}\r\n") == 1
    # Of a request line that does not fit, and behind a header that does not, nothing is read:
    # nobody is named.
    for answer, status in ((too_long, "414"), (before_origin, "400")):
        assert answer.startswith(f"http/1.1 {status} ")
        assert answer.count("access-control-allow-origin: *\r\n") == 1
        assert "credentials" not in answer


OF_UPSTREAM = {
    "access-control-allow-origin": "https://upstream.example",
    "access-control-allow-credentials": "true",
    "access-control-expose-headers": "X-Upstream",
    "access-control-allow-methods": "PURGE",
    "access-control-allow-headers": "x-upstream",
    "access-control-max-age": "1",
    "access-control-allow-private-network": "true",
}


@pytest.fixture
async def upstream() -> AsyncIterator[int]:
    """The port of a service that sets CORS headers of its own."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(headers=OF_UPSTREAM)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(application) as server:
        assert server.port
        yield server.port


@pytest.mark.parametrize(
    ("path", "origin", "expected"),
    [
        (TRACK, SHOP, {"access-control-allow-origin": SHOP, "vary": "Origin"}),
        (TRACK, "https://other.example", {"vary": "Origin"}),
        (TRACK, "https://upstream.example", {"vary": "Origin"}),
        # Another service's answers are its own.
        ("/shop", SHOP, OF_UPSTREAM),
    ],
)
async def test_the_cors_headers_of_the_service_itself_never_reach_a_page(
    tmp_path: Path, upstream: int, path: str, origin: str, expected: dict[str, str]
) -> None:
    with run_nginx(make_files(tmp_path, origins=[SHOP]), upstream) as port:
        _, headers, _ = await asyncio.to_thread(ask, port, "POST", path, {"origin": origin})
    assert cors_part(headers) == expected


def fingerprint_in(folder: Path) -> str:
    """Of the configuration that the files in a folder were made for."""
    (found,) = re.findall(rf'set \${FILES_VARIABLE} "(\w+)";', (folder / PROXY_FILE).read_text())
    return str(found)


def test_the_plugin_leaves_the_headers_to_nginx_where_the_files_are(
    kong: Kong, server: RunningServer, tmp_path: Path
) -> None:
    config = {"origins": [SHOP], "credentials": True, "max_age": 60}
    written = {FILES_VARIABLE: fingerprint_in(make_files(tmp_path, **config))}
    instance = kong.start_instance(config)

    for request in (
        Request("POST", {"origin": SHOP, "content-length": "9"}),
        Request("OPTIONS", preflight(SHOP)),
    ):
        answer = kong.run(instance, replace(request, variables=written))
        assert answer.answer_headers.keys() <= {"Allow", "Content-Type"}
    assert "another configuration" not in server.log.read_text()


def test_files_of_another_configuration_are_reported_and_nothing_is_set_twice(
    kong: Kong, server: RunningServer, tmp_path: Path
) -> None:
    written = {
        FILES_VARIABLE: fingerprint_in(make_files(tmp_path, origins=["https://old.example"]))
    }
    instance = kong.start_instance({"origins": [SHOP]})

    for _ in range(2):
        request = Request("POST", {"origin": SHOP, "content-length": "9"}, variables=written)
        assert kong.run(instance, request).answer_headers == {}
    assert server.log.read_text().count("of another configuration than this one") == 1


def test_the_command_tells_of_the_files(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "--nginx FOLDER KONG_YML" in capsys.readouterr().out


def test_the_command_writes_the_files_of_our_kong_yml(tmp_path: Path) -> None:
    assert main(["--nginx", str(tmp_path), str(KONG_YML)]) == 0
    with run_nginx(tmp_path) as port:
        status, headers, _ = ask(
            port, "OPTIONS", "/v1/events/batch", preflight("https://ainative.studio")
        )
    assert status == 200
    assert cors_part(headers)["access-control-max-age"] == "7200"


@pytest.mark.parametrize(
    ("configs", "problem"),
    [
        ([], "has no plugin conversion-tracking"),
        ([{}, {"max_age": 1}], "must be alike"),
        ([{"origins": [SHOP]}, {"origins": ["https://b.example"]}], "must be alike"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(
    tmp_path: Path, configs: list[dict[str, object]], problem: str
) -> None:
    with pytest.raises(NginxFilesError, match=problem):
        write_files(kong_yml(tmp_path, *configs), tmp_path)
