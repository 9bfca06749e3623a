"""The CORS headers that nginx writes are those of the plugin, also where no plugin runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from conversion_tracking_plugin import cors
from conversion_tracking_plugin.nginx import NginxFilesError, write_files
from conversion_tracking_plugin.server import main
from tests.integration.plugin.nginx import ask, ask_raw, run_nginx
from tests.unit.plugin.cors_case import SHOP, CorsCase, preflight
from tests.unit.plugin.cors_cases import CASES

KONG_YML = Path(__file__).parents[3] / "kong" / "kong.yml"
TRACK = "/v1/events/track"


def kong_yml(folder: Path, *configs: object) -> Path:
    """A declarative file with a service and a preflight route, each with the plugin."""
    plugins = [{"name": "conversion-tracking", "config": config} for config in configs]
    document: dict[str, list[dict[str, object]]] = {
        "services": [{"name": "collector", "plugins": plugins}],
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
    write_files(kong_yml(folder, {"cors_by_nginx": True, **config}), folder)
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


@pytest.mark.parametrize("path", ["/v1/events/unknown", "/v1/events/track/", TRACK])
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
        too_long = ask_raw(
            port, b"GET /v1/events/track?" + big + b" HTTP/1.1\r\n" + origin + b"\r\n"
        )
    for answer, status in ((too_large, "400"), (no_length, "400")):
        assert answer.startswith(f"http/1.1 {status} ")
        assert answer.count(f"access-control-allow-origin: {SHOP}\r\n") == 1
    # The headers of a request line that does not fit are never read: nobody is named.
    assert too_long.startswith("http/1.1 414 ")
    assert too_long.count("access-control-allow-origin: *\r\n") == 1
    assert "credentials" not in too_long


def test_the_plugin_leaves_out_what_nginx_writes() -> None:
    policy = cors.parse_policy(
        {"origins": [SHOP], "credentials": True, "cors_by_nginx": True, "max_age": 60}
    )
    _, of_preflight = cors.options_answer(policy, preflight(SHOP, request_headers="x"))
    assert sorted(of_preflight) == [
        "Access-Control-Allow-Headers",
        "Access-Control-Allow-Methods",
        "Access-Control-Max-Age",
        "Allow",
        "Content-Type",
    ]
    assert cors.answer_headers(policy, {"origin": SHOP}) == {}


def test_the_command_writes_the_files_of_our_kong_yml(tmp_path: Path) -> None:
    text = KONG_YML.read_text().replace("cors_by_nginx: false", "cors_by_nginx: true")
    (tmp_path / "kong.yml").write_text(text)
    assert main(["--nginx", str(tmp_path), str(tmp_path / "kong.yml")]) == 0
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
        ([{"cors_by_nginx": True}, {"cors_by_nginx": True, "max_age": 1}], "more than one"),
        ([{"origins": [SHOP]}], "set cors_by_nginx: true"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(
    tmp_path: Path, configs: list[object], problem: str
) -> None:
    with pytest.raises(NginxFilesError, match=problem):
        write_files(kong_yml(tmp_path, *configs), tmp_path)
