"""Which route takes a request, as Kong 3.9's default router decides."""

import pytest

from local.gateway.proxying.router import Router
from tests.unit.gateway.exchanges import make_route


def find(router: Router, method: str, path: str) -> str | None:
    route = router.find(method, path)
    return route.name if route else None


ROUTES = Router(
    [
        make_route(name="root", paths=("/",)),
        make_route(name="prefix", paths=("/prefix",)),
        make_route(name="longer", paths=("/prefix/long",)),
        make_route(name="regex", paths=("~/prefix/[0-9]+$",)),
        make_route(name="only post", paths=("/post",), methods=("POST", "OPTIONS")),
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/", "root"),
        ("GET", "/prefix", "prefix"),
        ("GET", "/prefixed", "prefix"),
        ("GET", "/prefix/long/x", "longer"),
        ("GET", "/prefix/12", "regex"),
        ("GET", "/prefix/12x", "prefix"),
        ("POST", "/post", "only post"),
        ("OPTIONS", "/post", "only post"),
        ("HEAD", "/post", "root"),
        ("GET", "/x/../prefix", "prefix"),
        ("GET", "/%70refix//long", "longer"),
        ("GET", "/%e4", None),
    ],
)
def test_a_request_goes_to_the_route_that_kong_would_choose(
    method: str, path: str, name: str | None
) -> None:
    assert find(ROUTES, method, path) == name


@pytest.mark.parametrize(("method", "path"), [("GET", "/track"), ("POST", "/other")])
def test_a_wrong_method_and_a_wrong_path_both_match_nothing(method: str, path: str) -> None:
    router = Router([make_route(paths=("/track",), methods=("POST",))])
    assert find(router, method, path) is None


def test_each_path_of_a_route_competes_by_its_own_length() -> None:
    router = Router(
        [
            make_route(name="two paths", paths=("/a", "/a/b/c/d")),
            make_route(name="middle", paths=("/a/b",)),
        ]
    )
    assert find(router, "GET", "/a/b/c") == "middle"
    assert find(router, "GET", "/a/b/c/d/e") == "two paths"


def test_a_route_without_a_service_still_matches() -> None:
    assert find(Router([make_route(service=None)]), "GET", "/") == "track"
