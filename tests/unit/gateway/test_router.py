"""Which route takes a request, as Kong 3.9's default router decides."""

import pytest

from local.gateway.config import Service
from local.gateway.router import Router, join_upstream_path
from tests.unit.gateway.exchanges import SERVICE, make_route


def find(router: Router, method: str, path: str, host: str = "gw.test") -> str | None:
    match = router.find(method, path, host)
    return match.route.name if match else None


ROUTES = Router(
    [
        make_route(name="root", paths=("/",)),
        make_route(name="prefix", paths=("/prefix",)),
        make_route(name="longer", paths=("/prefix/long",)),
        make_route(name="regex", paths=("~/prefix/[0-9]+$",)),
        make_route(name="preferred regex", paths=("~/prefix/[0-9]1$",), regex_priority=5),
        make_route(name="only post", paths=("/post",), methods=("POST", "OPTIONS")),
        make_route(name="by host", paths=("/",), hosts=("other.test",)),
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "host", "name"),
    [
        ("GET", "/", "gw.test", "root"),
        ("GET", "/prefix", "gw.test", "prefix"),
        ("GET", "/prefixed", "gw.test", "prefix"),
        ("GET", "/prefix/long/x", "gw.test", "longer"),
        ("GET", "/prefix/12", "gw.test", "regex"),
        ("GET", "/prefix/12x", "gw.test", "prefix"),
        ("GET", "/prefix/11", "gw.test", "preferred regex"),
        ("POST", "/post", "gw.test", "only post"),
        ("OPTIONS", "/post", "gw.test", "only post"),
        ("HEAD", "/post", "gw.test", "root"),
        ("GET", "/prefix/long", "other.test", "by host"),
        ("GET", "/x/../prefix", "gw.test", "prefix"),
        ("GET", "/%70refix//long", "gw.test", "longer"),
        ("GET", "/%e4", "gw.test", None),
    ],
)
def test_a_request_goes_to_the_route_that_kong_would_choose(
    method: str, path: str, host: str, name: str | None
) -> None:
    assert find(ROUTES, method, path, host) == name


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


# Each row was compared with a real Kong 3.9.1.
@pytest.mark.parametrize(
    ("base", "path", "prefix", "joined"),
    [
        ("/", "/a/b", None, "/a/b"),
        ("/base", "/", None, "/base"),
        ("/base", "/wpn/a", None, "/base/wpn/a"),
        ("/base/", "/wpn/a", None, "/base/wpn/a"),
        ("/", "/strip/it", "/strip/it", "/"),
        ("/", "/strip/it/", "/strip/it", "/"),
        ("/", "/strip/itx", "/strip/it", "/x"),
        ("/base", "/wp", "/wp", "/base"),
        ("/base", "/wp/", "/wp", "/base/"),
        ("/base", "/wpx", "/wp", "/base/x"),
        ("/base/", "/wps", "/wps", "/base"),
        ("/base/", "/wps/", "/wps", "/base/"),
        ("/base/", "/wps/a", "/wps", "/base/a"),
    ],
)
def test_the_services_path_goes_in_front_of_what_is_left(
    base: str, path: str, prefix: str | None, joined: str
) -> None:
    assert join_upstream_path(base, path, prefix) == joined


@pytest.mark.parametrize(
    ("strip_path", "path", "upstream_path", "stripped"),
    [
        (True, "/strip/it/%5bx%5D", "/%5Bx%5D", "/strip"),
        (False, "/strip/~\N{LATIN SMALL LETTER A WITH DIAERESIS}", "/strip/~%C3%A4", None),
    ],
)
def test_the_upstream_gets_a_normalised_path(
    strip_path: bool,
    path: str,
    upstream_path: str,
    stripped: str | None,
) -> None:
    paths = ("/strip/it",) if strip_path else ("/strip",)
    match = Router([make_route(paths=paths, strip_path=strip_path)]).find("GET", path, "gw.test")
    assert match is not None
    assert match.upstream_path == upstream_path
    assert match.stripped_prefix == ("/strip/it" if stripped else None)


def test_cutting_off_the_root_path_names_no_prefix() -> None:
    match = Router([make_route(paths=("/",), service=SERVICE)]).find("GET", "/a", "gw.test")
    assert match is not None
    assert (match.upstream_path, match.stripped_prefix) == ("/a", None)


def test_a_route_without_a_service_still_matches() -> None:
    service: Service | None = None
    assert find(Router([make_route(service=service)]), "GET", "/") == "track"
