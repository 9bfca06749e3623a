"""Headers between client, gateway and upstream."""

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from local.gateway.forwarding import add_charset, build_client_headers, build_upstream_headers
from tests.unit.gateway.exchanges import make_exchange, make_route


def test_the_upstream_learns_who_asked_for_what() -> None:
    headers = build_upstream_headers(make_exchange("GET", "/a?b", {"User-Agent": "u"}), "up:8080")
    assert dict(headers) == {
        "Via": "1.1 kong/3.9.1",
        "Host": "up:8080",
        "Connection": "keep-alive",
        "X-Forwarded-For": "192.0.2.1",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "gw.test",
        "X-Forwarded-Port": "8000",
        "X-Forwarded-Path": "/a",
        "X-Real-IP": "192.0.2.1",
        "X-Kong-Request-Id": "f" * 32,
        "User-Agent": "u",
    }


FORWARDED = {
    "X-Forwarded-For": "1.1.1.1",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "h",
    "X-Forwarded-Port": "1",
    "X-Forwarded-Path": "/p",
    "X-Forwarded-Prefix": "/q",
}


@pytest.mark.parametrize("trusted", [False, True])
def test_forwarded_headers_are_kept_only_from_a_trusted_peer(trusted: bool) -> None:
    exchange = make_exchange("GET", "/a", FORWARDED)
    exchange.peer_is_trusted = trusted
    headers = build_upstream_headers(exchange, "up")
    assert headers["X-Forwarded-For"] == "1.1.1.1, 127.0.0.1"
    assert (headers["X-Forwarded-Proto"] == "https") is trusted
    assert (headers["X-Forwarded-Path"] == "/p") is trusted
    assert ("X-Forwarded-Prefix" in headers) is trusted


def test_hop_by_hop_headers_stay_here() -> None:
    sent = {
        "Connection": "X-Hop, keep-alive",
        "X-Hop": "1",
        "Keep-Alive": "3",
        "TE": "deflate, trailers",
        "Proxy": "a",
        "Expect": "100-continue",
        "Upgrade": "h2c",
        "X-Kong-Request-Id": "forged",
        "X-Real-IP": "6.6.6.6",
        "Cookie": "kept",
    }
    headers = build_upstream_headers(make_exchange("GET", "/", sent), "up")
    assert headers["TE"] == "trailers"
    assert headers.getall("X-Kong-Request-Id") == ["f" * 32]
    assert headers.getall("X-Real-IP") == ["192.0.2.1"]
    assert headers["Connection"] == "keep-alive"
    gone = {"X-Hop", "Keep-Alive", "Proxy", "Expect", "Upgrade"}
    assert not gone & set(headers)
    assert headers["Cookie"] == "kept"


@pytest.mark.parametrize(
    ("preserve_host", "set_by_plugin", "host"),
    [(False, None, "up:8080"), (True, None, "Gw.Test:81"), (False, "p.test", "p.test")],
)
def test_the_upstreams_host_is_the_targets_unless_told_otherwise(
    preserve_host: bool, set_by_plugin: str | None, host: str
) -> None:
    route = make_route(preserve_host=preserve_host)
    exchange = make_exchange("GET", "/", {"Host": "Gw.Test:81"}, route=route)
    exchange.upstream_host = set_by_plugin
    assert build_upstream_headers(exchange, "up:8080")["Host"] == host


def test_the_upstreams_headers_come_after_the_plugins_and_both_arrive() -> None:
    upstream = CIMultiDict(
        [
            ("Access-Control-Allow-Origin", "up"),
            ("Vary", "A"),
            ("Vary", "B"),
            ("Content-Type", "up/x"),
            ("Connection", "X-Hop"),
            ("X-Hop", "1"),
            ("Keep-Alive", "1"),
            ("X-Accel-Expires", "0"),
            ("Via", "1.0 fred"),
        ]
    )
    plugins = CIMultiDict(
        [("Access-Control-Allow-Origin", "plugin"), ("Vary", "O"), ("Content-Type", "plugin/x")]
    )
    headers = build_client_headers(CIMultiDictProxy(upstream), plugins)
    assert headers.getall("Access-Control-Allow-Origin") == ["plugin", "up"]
    assert headers.getall("Vary") == ["O", "A", "B"]
    assert headers.getall("Content-Type") == ["up/x"]
    assert headers["Via"] == "1.0 fred, 1.1 kong/3.9.1"
    assert headers["Server"] == "kong/3.9.1"
    assert not {"Connection", "X-Hop", "Keep-Alive", "X-Accel-Expires"} & set(headers)


def test_an_upstreams_own_server_header_stays() -> None:
    upstream = CIMultiDictProxy(CIMultiDict({"Server": "up"}))
    assert build_client_headers(upstream, CIMultiDict())["Server"] == "up"


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("text/plain", "text/plain; charset=UTF-8"),
        ("text/html", "text/html; charset=UTF-8"),
        ("text/plain;charset=x", "text/plain;charset=x"),
        ("application/json", "application/json"),
        ("text/css", "text/css"),
    ],
)
def test_nginx_names_the_charset_of_its_text_types(sent: str, shown: str) -> None:
    headers = CIMultiDict({"Content-Type": sent})
    add_charset(headers)
    assert headers["Content-Type"] == shown
