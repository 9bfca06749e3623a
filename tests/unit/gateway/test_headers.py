"""Headers between client, gateway and upstream."""

from multidict import CIMultiDict, CIMultiDictProxy

from local.gateway.proxying.headers import build_client_headers, build_upstream_headers
from tests.unit.gateway.exchanges import make_exchange


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


def test_forwarded_headers_are_the_gateways_own_but_for_the_list_of_addresses() -> None:
    headers = build_upstream_headers(make_exchange("GET", "/a", FORWARDED), "up")
    assert headers["X-Forwarded-For"] == "1.1.1.1, 192.0.2.1"
    assert headers.getall("X-Forwarded-Proto") == ["http"]
    assert headers.getall("X-Forwarded-Path") == ["/a"]
    assert "X-Forwarded-Prefix" not in headers


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
    assert headers.getall("X-Kong-Request-Id") == ["f" * 32]
    assert headers.getall("X-Real-IP") == ["192.0.2.1"]
    assert headers["Connection"] == "keep-alive"
    gone = {"X-Hop", "TE", "Keep-Alive", "Proxy", "Expect", "Upgrade"}
    assert not gone & set(headers)
    assert headers["Cookie"] == "kept"


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
