"""Exchanges for tests: a request as it would have come in."""

from multidict import CIMultiDict, CIMultiDictProxy

from local.gateway.config.types import Route, Service
from local.gateway.exchange import Exchange, IncomingRequest

SERVICE = Service("collector.invalid", 8080, 1.0, 1.0)


def make_route(**fields: object) -> Route:
    values: dict[str, object] = {
        "name": "track",
        "service": SERVICE,
        "methods": (),
        "paths": ("/",),
    }
    return Route(**(values | fields))  # type: ignore[arg-type]  # the fields are a Route's


def make_exchange(
    method: str = "GET",
    target: str = "/",
    headers: dict[str, str] | list[tuple[str, str]] | None = None,
    *,
    body: bytes = b"",
    address: str = "192.0.2.1",
) -> Exchange:
    async def read_body() -> bytes:
        return body

    path, mark, query = target.partition("?")
    sent = CIMultiDict(headers or {})
    return Exchange(
        request=IncomingRequest(
            method=method,
            path=path,
            query=query if mark else None,
            headers=CIMultiDictProxy(sent),
            host="gw.test",
            peer=address,
            server_port=8000,
            read_body=read_body,
        ),
        route=make_route(),
        request_id="f" * 32,
        headers=sent.copy(),
    )
