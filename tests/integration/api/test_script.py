"""The script over HTTP: what browsers and caches are told about it."""

import gzip
import json
import re

import pytest
from multidict import CIMultiDictProxy

from collector.api.script import PARTS, SCRIPT_FILE, part_file, part_path
from tests.support import SECRET, Collector, run_collector

SCRIPT = "/t.js"
SOURCE = SCRIPT_FILE.read_bytes()
FORMS = [("identity", SOURCE), ("gzip", gzip.compress(SOURCE, mtime=0))]
ETAG = re.compile(r'"[0-9a-f]{32}"')


async def get(
    collector: Collector, method: str = "GET", accept_encoding: str = "identity", **headers: str
) -> tuple[int, CIMultiDictProxy[str], bytes]:
    """Status, headers and bytes of the script, as they came over the wire."""
    headers = {"Accept-Encoding": accept_encoding, **headers}
    async with collector.client.request(
        method, SCRIPT, headers=headers, auto_decompress=False
    ) as answer:
        return answer.status, answer.headers, await answer.read()


@pytest.mark.parametrize(("accept_encoding", "body"), FORMS)
async def test_the_script_is_served_whole_for_pages_of_any_origin(
    collector: Collector, accept_encoding: str, body: bytes
) -> None:
    status, headers, received = await get(collector, accept_encoding=accept_encoding)
    assert (status, received) == (200, body)
    assert headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert headers["Content-Length"] == str(len(body))
    assert headers.get("Content-Encoding", "identity") == accept_encoding
    assert headers["Cache-Control"] == "public, max-age=86400, stale-while-revalidate=86400"
    assert headers["Vary"] == "Accept-Encoding"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert ETAG.fullmatch(headers["ETag"])


async def test_each_encoding_has_an_etag_of_its_own_that_stays(
    collector: Collector, database: str
) -> None:
    etags = [(await get(collector, accept_encoding=name))[1]["ETag"] for name, _ in FORMS]
    assert len(set(etags)) == len(FORMS)
    async with run_collector(database) as another:
        assert etags == [(await get(another, accept_encoding=name))[1]["ETag"] for name, _ in FORMS]


@pytest.mark.parametrize("accept_encoding", [name for name, _ in FORMS])
async def test_a_head_has_the_headers_of_a_get(collector: Collector, accept_encoding: str) -> None:
    _, expected, _ = await get(collector, accept_encoding=accept_encoding)
    status, headers, body = await get(collector, "HEAD", accept_encoding)
    assert (status, body) == (200, b"")
    assert {**headers, "Date": ""} == {**expected, "Date": ""}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("accept_encoding", [name for name, _ in FORMS])
@pytest.mark.parametrize("known", ["{}", "W/{}", '"other", W/{}', '"other",{}', "*"])
async def test_who_has_the_script_is_told_that_it_is_still_this_one(
    collector: Collector, method: str, accept_encoding: str, known: str
) -> None:
    _, first, _ = await get(collector, accept_encoding=accept_encoding)
    status, headers, body = await get(
        collector, method, accept_encoding, **{"If-None-Match": known.format(first["ETag"])}
    )
    assert (status, body) == (304, b"")
    told = {"Cache-Control", "Vary", "ETag", "Access-Control-Allow-Origin"}
    assert {name: headers[name] for name in told} == {name: first[name] for name in told}


@pytest.mark.parametrize("known", ['"other"', 'W/"other", "more"', "", "no quotes", '"', '"é"'])
async def test_who_has_another_script_gets_this_one(collector: Collector, known: str) -> None:
    status, _, body = await get(collector, **{"If-None-Match": known})
    assert (status, body) == (200, SOURCE)


async def test_the_etag_of_another_encoding_is_another_script(collector: Collector) -> None:
    _, plain, _ = await get(collector)
    status, _, _ = await get(collector, accept_encoding="gzip", **{"If-None-Match": plain["ETag"]})
    assert status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_the_script_takes_no_other_method(collector: Collector, method: str) -> None:
    status, headers, _ = await get(collector, method)
    assert (status, headers["Allow"]) == (405, "GET,HEAD,OPTIONS")


async def test_any_page_may_ask_before_it_fetches_the_script(collector: Collector) -> None:
    status, headers, body = await get(collector, "OPTIONS")
    assert (status, headers["Allow"]) == (200, "GET, HEAD, OPTIONS")
    assert json.loads(body) == {"allow": "GET, HEAD, OPTIONS"}
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Access-Control-Allow-Methods"] == "GET, HEAD"
    assert headers["Access-Control-Allow-Headers"] == "*"


async def test_a_setting_renames_the_script(database: str) -> None:
    async with run_collector(database, script_path="/js/site.js") as collector:
        async with collector.client.get("/js/site.js") as answer:
            # By its path it knows that it came from a gateway.
            expected = SOURCE.replace(b'"/t.js"', b'"/js/site.js"')
            assert (answer.status, await answer.read()) == (200, expected)
            assert expected != SOURCE
        for part in PARTS:
            async with collector.client.get(f"/js/site.{part}.js") as answer:
                assert (answer.status, await answer.read()) == (200, part_file(part).read_bytes())
        assert (await get(collector))[0] == 404


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(("script", "pattern"), [("/t.js", "/t.{}.js"), ("/x", "/x.{}")])
async def test_a_part_stands_beside_the_script_and_is_served_as_it_is(
    database: str, script: str, pattern: str, part: str
) -> None:
    assert part_path(script, part) == pattern.format(part)
    async with run_collector(database, script_path=script) as collector:
        async with collector.client.get(part_path(script, part)) as answer:
            assert (answer.status, await answer.read()) == (200, part_file(part).read_bytes())
            headers = answer.headers
        async with collector.client.get(script) as answer:
            own = ("ETag", "Date", "Content-Length")
            for name in headers.keys() - own:
                assert headers[name] == answer.headers[name], name


async def test_the_script_needs_no_stamp_of_the_gateway(database: str) -> None:
    settings = {"gateway_secret": SECRET, "unsigned_requests": "refuse"}
    async with run_collector(database, **settings) as collector:
        assert (await get(collector))[0] == 200
