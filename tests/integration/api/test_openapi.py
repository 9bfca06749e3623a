"""The OpenAPI document as it is served and printed; schemathesis asks a collector by it.

That each answer of the other tests stands in it: tests/described.py.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from collector.api.openapi import openapi_document, openapi_text
from tests.described import Described
from tests.integration.served import COMMAND, serving
from tests.support import Collector, run_collector, serve_app

HERE = Path(__file__).parent
ROOT = Path(__file__).parents[3]
SCHEMATHESIS = str(Path(sys.executable).parent / "schemathesis")
# Of each operation, beside the few hundred cases at the edges of what the document says.
EXAMPLES = 8


async def test_it_is_served_to_operators(database: str) -> None:
    async with (
        run_collector(database, script_path="/js/a.js") as collector,
        collector.client.get("/openapi.json") as answer,
    ):
        assert answer.content_type == "application/json"
        assert await answer.json() == openapi_document("/js/a.js")


def test_a_command_prints_it_where_nothing_is_set() -> None:
    environment = {name: v for name, v in os.environ.items() if not name.startswith("CT_")}
    for options, path in (([], "/t.js"), (["--script-path", "/a.js"], "/a.js")):
        printed = subprocess.run(
            [COMMAND, "openapi", *options], env=environment, capture_output=True, check=True
        )
        assert printed.stdout.decode() == openapi_text(path)


@pytest.mark.parametrize(
    ("path", "answer", "fault"),
    [
        ("/v1/events/track", web.json_response({}, status=418), "418: not documented"),
        ("/v1/events/track", web.json_response({"success": True}), "'event_id' is a required"),
        ("/v1/events/track", web.Response(text="x"), "text/plain is not documented"),
        ("/v1/events/track", web.json_response({}, status=429), "Retry-After is missing"),
        ("/healthz", web.json_response({"status": "ok", "more": 1}), "an operation that"),
    ],
)
async def test_an_answer_that_does_not_stand_in_it_is_seen(
    path: str, answer: web.Response, fault: str
) -> None:
    async def handle(_request: web.Request) -> web.Response:
        return answer

    app, described = web.Application(), Described("/t.js")
    app.router.add_post(path, handle)
    app.on_response_prepare.append(described.note)
    async with serve_app(app) as url, aiohttp.ClientSession(url) as client, client.post(path):
        pass
    assert fault in "\n".join(described.wrong)


async def test_a_method_that_is_not_in_it_is_refused(collector: Collector) -> None:
    for path, operations in openapi_document("/t.js")["paths"].items():
        for method in {"get", "post", "put", "delete", "patch", "options"} - set(operations):
            async with collector.client.request(method, path) as answer:
                assert answer.status == 405
                allowed = {name.strip().lower() for name in answer.headers["Allow"].split(",")}
                assert allowed == set(operations)


async def test_schemathesis_finds_no_answer_that_the_document_does_not_have(
    database: str, tmp_path: Path
) -> None:
    with serving(database, tmp_path) as collector:
        found = await asyncio.to_thread(ask_by_document, collector.url, tmp_path)
    assert found.returncode == 0, found.stdout[-20_000:]
    # It asks each operation but the one that it reads the document by.
    operations = sum(map(len, openapi_document("/t.js")["paths"].values())) - 1
    assert f"Tested: {operations}\n" in found.stdout


def ask_by_document(url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """All that schemathesis makes of the document of a collector, valid and not, sent to it."""
    config = ["--config-file", str(HERE / "schemathesis.toml")]
    run = ["run", f"{url}/openapi.json", f"--max-examples={EXAMPLES}", "--continue-on-failure"]
    return subprocess.run(
        [SCHEMATHESIS, *config, *run, "--no-color"],
        cwd=folder,  # where it keeps what has failed
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
