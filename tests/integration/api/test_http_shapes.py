"""Every shape of HTTP is answered by serving/posted.py as aiohttp's application would answer it."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from collector.api.app import make_app
from collector.api.keys import ENDPOINTS, METRICS
from collector.serving.serve import bounds_of
from collector.settings import Settings
from tests.support import serve_app
from tests.waiting import BUSY_SECONDS

EVENT = b'{"session_id": "s", "event_type": "page_view", "event_name": "Page"}'
BATCH = b'{"events": [' + EVENT + b", 1]}"
ZIPPED = gzip.compress(EVENT)
# What is sent after each shape: where its answer comes, nothing was taken for a part of it.
LAST = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

Answers = list[tuple[str, int, bytes, dict[str, str]]]


def post(
    *headers: bytes,
    path: bytes = b"/v1/events/track",
    body: bytes = EVENT,
    version: bytes = b"HTTP/1.1",
    length: bytes | None = None,
) -> bytes:
    """A POST; `length` in place of the true one, which b"" leaves out."""
    size = str(len(body)).encode() if length is None else length
    of_body = [b"Content-Length: " + size] if size else []
    first = b"POST " + path + b" " + version
    return b"\r\n".join([first, b"Host: x", *headers, *of_body, b"", body])


def chunked(*chunks: bytes, headers: tuple[bytes, ...] = ()) -> bytes:
    """A POST whose body is these bytes as they are."""
    coding = b"Transfer-Encoding: chunked"
    return post(coding, *headers, body=b"".join(chunks), length=b"")


CHUNK = f"{len(EVENT):x}".encode()
END = b"0\r\n\r\n"
WHOLE = CHUNK + b"\r\n" + EVENT + b"\r\n"

SHAPES = {
    "an event": post(),
    "a stage": post(
        path=b"/v1/events/funnel", body=b'{"session_id": "s", "stage": "visited_docs"}'
    ),
    "a batch": post(path=b"/v1/events/batch", body=BATCH),
    "no body": post(body=b""),
    "an empty body": post(body=b"", length=b"0"),
    "neither length nor coding": post(length=b""),
    "no JSON": post(body=b"{"),
    "a broken event": post(body=b"{}"),
    "a broken batch": post(path=b"/v1/events/batch", body=b"[]"),
    "gzip": post(b"Content-Encoding: gzip", body=ZIPPED),
    "broken gzip": post(b"Content-Encoding: gzip", body=ZIPPED[:-9]),
    "x-gzip in capitals": post(b"content-encoding: X-GZIP", body=ZIPPED),
    "brotli": post(b"Content-Encoding: br"),
    "text/plain": post(b"Content-Type: text/plain;charset=UTF-8"),
    "a form": post(b"Content-Type: application/x-www-form-urlencoded"),
    "latin-1": post(b"Content-Type: application/json; charset=iso-8859-1"),
    "an empty type": post(b"Content-Type:"),
    "two types": post(b"Content-Type: text/plain", b"Content-Type: text/html"),
    "a type of any bytes": post(b"Content-Type: \xff\xfe"),
    "over the limit": post(body=b" " * 3_000),
    "announced over the limit": post(length=b"1000000"),
    "over the limit unpacked": post(b"Content-Encoding: gzip", body=gzip.compress(b" " * 100_000)),
    "HTTP/1.0": post(version=b"HTTP/1.0"),
    "HTTP/1.0, kept alive": post(b"Connection: keep-alive", version=b"HTTP/1.0"),
    "HTTP/1.1, closed": post(b"Connection: close"),
    "HTTP/1.1, close among others": post(b"Connection: Keep-Alive, close"),
    "HTTP/2.0": post(version=b"HTTP/2.0"),
    "HTTP/1.2": post(version=b"HTTP/1.2"),
    "no version": b"POST /v1/events/track\r\n\r\n",
    "Expect": post(b"Expect: 100-continue"),
    "Expect in capitals": post(b"EXPECT: 100-CONTINUE"),
    "Expect of something else": post(b"Expect: a miracle"),
    "Expect before too large a body": post(b"Expect: 100-continue", length=b"100000", body=b""),
    "Upgrade to a WebSocket": post(b"Connection: Upgrade", b"Upgrade: websocket"),
    "Upgrade to h2c": post(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c"),
    "Upgrade alone": post(b"Upgrade: websocket"),
    "a query": post(path=b"/v1/events/track?a=1"),
    "a fragment": post(path=b"/v1/events/track#a"),
    "an absolute target": post(path=b"http://x/v1/events/track"),
    "a target of another host": post(path=b"http://evil.example/v1/events/track"),
    "an encoded path": post(path=b"/v1/events/%74rack"),
    "a path with a dot": post(path=b"/v1/./events/track"),
    "a path with two dots": post(path=b"/v1/events/x/../track"),
    "two slashes": post(path=b"//v1/events/track"),
    "a slash at the end": post(path=b"/v1/events/track/"),
    "another path": post(path=b"/v1/events/nothing"),
    "the path in capitals": post(path=b"/V1/EVENTS/TRACK"),
    "a path of any bytes": post(path=b"/v1/events/track\xff"),
    "a path with a tab": post(path=b"/v1/events/track\t"),
    "an asterisk": post(path=b"*"),
    "a method in small letters": post().replace(b"POST", b"post", 1),
    "a method that is none": post().replace(b"POST", b"P\xffST", 1),
    **{
        f"the method {method.decode()}": post().replace(b"POST", method, 1)
        for method in (b"GET", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE", b"CONNECT")
    },
    "X-HTTP-Method-Override": post(b"X-HTTP-Method-Override: DELETE"),
    "two spaces": post().replace(b"POST ", b"POST  ", 1),
    "a tab in the first line": post().replace(b"POST ", b"POST\t", 1),
    "empty lines before": b"\r\n\r\n" + post(),
    "a space before": b" " + post(),
    "no Host": post().replace(b"Host: x\r\n", b"", 1),
    "two hosts": post(b"Host: y"),
    "a host of any bytes": post().replace(b"Host: x", b"Host: \xff", 1),
    # What two servers may read in two ways.
    "chunks": chunked(WHOLE, END),
    "many chunks": chunked(
        *(b"1\r\n" + EVENT[i : i + 1] + b"\r\n" for i in range(len(EVENT))), END
    ),
    "no chunk": chunked(END),
    "length and coding": post(b"Transfer-Encoding: chunked", body=WHOLE + END),
    "coding and length": post(body=WHOLE + END).replace(
        b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n", 1
    ),
    "two lengths that are the same": post(b"Content-Length: %d" % len(EVENT)),
    "two lengths that are not": post(b"Content-Length: 1"),
    "a list of lengths": post(length=b"%d, %d" % (len(EVENT), len(EVENT))),
    "a length with a sign": post(length=b"+%d" % len(EVENT)),
    "a negative length": post(length=b"-1"),
    "a hexadecimal length": post(length=b"0x10"),
    "a length with an underscore": post(length=b"6_8"),
    "a length in other digits": post(length="\u0666\u0668".encode()),
    "a length that is none": post(length=b"many"),
    "an empty length": post(b"Content-Length:", length=b""),
    "a length with zeros": post(length=b"000%d" % len(EVENT)),
    "a length over 64 bits": post(length=b"99999999999999999999"),
    "a length of 64 bits": post(length=b"18446744073709551615"),
    "a length in two words": post(length=b"6 8"),
    "chunked twice": chunked(WHOLE, END, headers=(b"Transfer-Encoding: chunked",)),
    "chunked, identity": chunked(WHOLE, END).replace(b": chunked", b": chunked, identity"),
    "identity": post(b"Transfer-Encoding: identity"),
    "gzip, chunked": chunked(WHOLE, END).replace(b": chunked", b": gzip, chunked"),
    "chunked in capitals": chunked(WHOLE, END).replace(b": chunked", b": CHUNKED"),
    "xchunked": chunked(WHOLE, END).replace(b": chunked", b": xchunked"),
    "chunked in quotes": chunked(WHOLE, END).replace(b": chunked", b': "chunked"'),
    "chunked after a tab": chunked(WHOLE, END).replace(b": chunked", b":\tchunked"),
    "a space before the colon": post(b"X-A : 1"),
    "a space before the coding's colon": chunked(WHOLE, END).replace(b"ing: ", b"ing : "),
    "a space before the length's colon": post().replace(b"Length:", b"Length :"),
    "a folded header": post(b"X-A: 1\r\n 2"),
    "a folded length": post(length=b"\r\n %d" % len(EVENT)),
    "a folded coding": chunked(WHOLE, END).replace(b": chunked", b":\r\n chunked"),
    "a first header that is folded": post().replace(b"Host", b" Host", 1),
    "bare line feeds": post().replace(b"\r\n", b"\n"),
    "one bare line feed": post(b"X-A: 1\nX-B: 2"),
    "a bare carriage return": post(b"X-A: 1\rX-B: 2"),
    "a zero in a header": post(b"X-A: 1\x002"),
    "a zero in a name": post(b"X-\x00A: 1"),
    "a bell in a header": post(b"X-A: \x07"),
    "a header without a colon": post(b"X-A"),
    "a header without a name": post(b": 1"),
    "a name with a space": post(b"X A: 1"),
    "a name of any bytes": post(b"X-\xff: 1"),
    "a name in other letters": post("Content-\u017fize: 1".encode()),
    "a header of any bytes": post(b"X-A: \xff\xfe"),
    "a user agent of any bytes": post(b"User-Agent: \xff\xed\xa0\x80"),
    "128 headers": post(*(b"X-%d: 1" % n for n in range(126))),
    "129 headers": post(*(b"X-%d: 1" % n for n in range(127))),
    "a long header": post(b"X-A: " + b"a" * 9_000),
    "a long target": post(path=b"/v1/events/track?" + b"a" * 9_000),
    "a chunk extension": chunked(CHUNK + b";a=1\r\n" + EVENT + b"\r\n", END),
    "a chunk extension in quotes": chunked(CHUNK + b';a="\r\n"\r\n' + EVENT + b"\r\n", END),
    "a chunk extension with a line feed": chunked(CHUNK + b";a\nb\r\n" + EVENT + b"\r\n", END),
    "a long chunk extension": chunked(CHUNK + b";" + b"a" * 20_000 + b"\r\n", EVENT, b"\r\n", END),
    "a chunk size over 64 bits": chunked(b"fffffffffffffffff\r\n", EVENT, b"\r\n", END),
    "a chunk size of 64 bits": chunked(b"ffffffffffffffff\r\n", EVENT, b"\r\n", END),
    "a chunk size with a sign": chunked(b"+" + WHOLE, END),
    "a negative chunk size": chunked(b"-1\r\n", EVENT, b"\r\n", END),
    "a chunk size with 0x": chunked(b"0x" + WHOLE, END),
    "a chunk size with an underscore": chunked(b"4_4\r\n", EVENT, b"\r\n", END),
    "a chunk size after a space": chunked(b" " + WHOLE, END),
    "a chunk size before a space": chunked(CHUNK + b" \r\n" + EVENT + b"\r\n", END),
    "an empty chunk size": chunked(b"\r\n", EVENT, b"\r\n", END),
    "a chunk size with many zeros": chunked(b"0" * 40 + WHOLE, END),
    "a chunk that is too long": chunked(b"1\r\n" + EVENT + b"\r\n", END),
    "a chunk with a bare line feed": chunked(CHUNK + b"\n" + EVENT + b"\n", b"0\n\n"),
    "trailers": chunked(WHOLE, b"0\r\nX-A: 1\r\n\r\n"),
    "a length as a trailer": chunked(WHOLE, b"0\r\nContent-Length: 5\r\n\r\n"),
    "a trailer that is none": chunked(WHOLE, b"0\r\nX-A 1\r\n\r\n"),
    "chunks of HTTP/1.0": chunked(WHOLE, END).replace(b"HTTP/1.1", b"HTTP/1.0"),
    "chunks over the limit": chunked(*(b"400\r\n" + b" " * 1_024 + b"\r\n" for _ in range(3)), END),
    "gzip in chunks": chunked(
        f"{len(ZIPPED):x}\r\n".encode() + ZIPPED + b"\r\n",
        END,
        headers=(b"Content-Encoding: gzip",),
    ),
    # More than one on a connection.
    "three events": post() * 3,
    "fifty events": post() * 50,
    "an event, another path, an event": post() + post(path=b"/nothing") + post(),
    "an event, the health, a batch": post()
    + LAST.replace(b"Connection: close\r\n", b"")
    + post(path=b"/v1/events/batch", body=BATCH),
    "an event, a broken one, an event": post() + post(body=b"{") + post(),
    "an event, chunks, an event": post() + chunked(WHOLE, END) + post(),
    "an event that closes, and another": post(b"Connection: close") + post(),
    "an event, no HTTP": post() + b"\x16\x03\x01\r\n\r\n",
    "an event, Expect, an event": post() + post(b"Expect: 100-continue") + post(),
    "an event, OPTIONS, an event": post()
    + b"OPTIONS /v1/events/track HTTP/1.1\r\nHost: x\r\n\r\n"
    + post(),
    "an event, its length too short": post(length=b"10"),
    "a request in a body": post(body=post()),
    "a body that is too large, an event": post(body=b" " * 3_000) + post(),
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}

ARRIVING = (
    "an event",
    "a batch",
    "chunks",
    "gzip in chunks",
    "Expect",
    "HTTP/1.0, kept alive",
    "an event, another path, an event",
    "an event, chunks, an event",
)


@dataclass(frozen=True)
class Ways:
    """Two collectors on one database: as it is served, and aiohttp's application alone."""

    posted: int
    application: int


@pytest.fixture
async def ways(database: str, tmp_path: Path) -> AsyncIterator[Ways]:
    async with AsyncExitStack() as stack:
        ports = []
        for name in ("posted", "application"):
            settings = Settings(
                database_url=database,
                spool_dir=tmp_path / name,
                max_body_bytes=2_048,
                body_timeout_seconds=0.3,
                idle_timeout_seconds=2,
            )
            app = make_app(settings)
            bounds = replace(bounds_of(settings, app[METRICS]), shutdown_seconds=1)
            if name == "application":
                app[ENDPOINTS] = {}
            url = await stack.enter_async_context(serve_app(app, bounds))
            ports.append(int(url.rpartition(":")[2]))
        yield Ways(*ports)


async def exchange(port: int, sent: list[bytes]) -> Answers:
    """What is answered until the server closes, to pieces that it reads one by one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in sent:
            writer.write(piece)
            for _ in range(3 if len(sent) > 1 else 0):  # the server reads in the same loop
                await asyncio.sleep(0)
        async with asyncio.timeout(BUSY_SECONDS):
            return parse(await reader.read())
    except ConnectionError:
        return []
    finally:
        writer.close()


def parse(received: bytes) -> Answers:
    """Version, status, what the body says, and what headers say of the connection."""
    answers = []
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        version, status, _ = first.split(" ", 2)
        headers = dict(line.split(": ", 1) for line in lines)
        size = int(headers.get("Content-Length", "0"))
        body, received = rest[:size], rest[size:]
        assert len(body) == size
        told = re.sub(rb"[0-9a-f]{8}-[0-9a-f-]{27}", b"ID", body)
        headers.pop("Date", None)
        answers.append((version, int(status), told, headers))
    return answers


async def test_every_shape_is_answered_as_by_the_application(ways: Ways) -> None:
    async def both(shape: bytes) -> list[Answers]:
        sent = [shape + LAST]
        return [await exchange(port, sent) for port in (ways.posted, ways.application)]

    answers = await asyncio.gather(*map(both, SHAPES.values()))
    different = {
        name: {"posted": posted, "application": application}
        for name, (posted, application) in zip(SHAPES, answers, strict=True)
        if posted != application
    }
    assert different == {}


async def test_a_shape_that_arrives_byte_by_byte_is_answered_as_at_once(ways: Ways) -> None:
    for name in ARRIVING:
        whole = SHAPES[name] + LAST
        pieces = [whole[i : i + 1] for i in range(len(whole))]
        by_application = await exchange(ways.application, [whole])
        assert (name, await exchange(ways.posted, pieces)) == (name, by_application)
