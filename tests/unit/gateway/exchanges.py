"""Exchanges for tests: a request as it would have come in."""

from multidict import CIMultiDict, CIMultiDictProxy

from local.gateway.config import Route, Service
from local.gateway.exchange import Exchange, IncomingRequest
from local.gateway.router import RouteMatch
from local.gateway.uri import split_target

SERVICE = Service("service-1", "collector", "collector.invalid", 8080, None, 2, 1.0, 1.0)


def make_route(**fields: object) -> Route:
    values: dict[str, object] = {
        "id": "route-1",
        "name": "track",
        "service": SERVICE,
        "protocols": ("http", "https"),
        "methods": (),
        "hosts": (),
        "paths": ("/",),
        "regex_priority": 0,
        "strip_path": True,
        "preserve_host": False,
    }
    return Route(**(values | fields))  # type: ignore[arg-type]  # the fields are a Route's


def make_exchange(
    method: str = "GET",
    target: str = "/",
    headers: dict[str, str] | list[tuple[str, str]] | None = None,
    *,
    body: bytes = b"",
    route: Route | None = None,
    address: str = "192.0.2.1",
) -> Exchange:
    async def read_body() -> bytes:
        return body

    path, query = split_target(target)
    sent = CIMultiDict(headers or {})
    return Exchange(
        request=IncomingRequest(
            method=method,
            target=target,
            path=path,
            query=query,
            http_version="1.1",
            headers=CIMultiDictProxy(sent),
            host="gw.test",
            peer="127.0.0.1",
            server_port=8000,
            read_body=read_body,
        ),
        match=RouteMatch(route or make_route(), path, None),
        client_address=address,
        peer_is_trusted=False,
        request_id="f" * 32,
        headers=sent.copy(),
    )
