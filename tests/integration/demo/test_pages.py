"""The demo's pages over HTTP: all there, whole, accessible, and under their policy."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

import aiohttp
import pytest

from collector.event import FunnelStage
from local.demo.pages import PAGES
from tests.integration.demo.conftest import GATEWAY

PATHS = [page.path for page in PAGES]
TRACKED = [path for path in PATHS if path != "/events"]


@dataclass
class Read(HTMLParser):
    """A page's elements: each its name and attributes."""

    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))

    def values(self, attribute: str, *tags: str) -> list[str]:
        """The attribute's values in elements of these names, or in all."""
        found = [a.get(attribute) for tag, a in self.elements if not tags or tag in tags]
        return [value for value in found if value is not None]


async def read(demo: aiohttp.ClientSession, path: str) -> Read:
    """A page, parsed."""
    async with demo.get(path) as answer:
        assert answer.status == 200
        assert answer.content_type == "text/html"
        page = Read()
        page.feed(await answer.text())
        return page


async def test_another_path_is_a_page_that_says_so_and_is_tracked(
    demo: aiohttp.ClientSession,
) -> None:
    async with demo.get("/no/such-page?id=7") as answer:
        assert (answer.status, answer.content_type) == (404, "text/html")
        text = await answer.text()
    assert "There is no such page." in text
    assert f'src="{GATEWAY}/t.js"' in text


@pytest.mark.parametrize(
    "path", ["/events", "/api/last", "/assets/site.css", "/api/accounts", "/x"]
)
@pytest.mark.parametrize(
    "host",
    ["evil.example:5177", "localhost.evil.example", "127.0.0.2:5177", "[::2]", "127.0.0.1:", ""],
)
async def test_another_hosts_name_reads_nothing(
    demo: aiohttp.ClientSession, path: str, host: str
) -> None:
    async with demo.get(path, headers={"Host": host}) as answer:
        assert answer.status == 421
        assert await answer.text() == (
            "The demo answers to the hosts localhost, 127.0.0.1 and [::1] only.\n"
        )


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:5177", "127.0.0.1:80", "[::1]:5177"])
async def test_this_machines_names_are_answered(demo: aiohttp.ClientSession, host: str) -> None:
    async with demo.get("/api/last", headers={"Host": host}) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("path", PATHS)
async def test_a_page_runs_under_a_policy_that_allows_nothing_inline(
    demo: aiohttp.ClientSession, path: str
) -> None:
    async with demo.get(path) as answer:
        policy = answer.headers["Content-Security-Policy"]
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["connect-src"] == f"'self' {GATEWAY}"
    assert directives["style-src"] == "'self'"
    assert "unsafe" not in policy
    page = await read(demo, path)
    assert all("src" in attributes for tag, attributes in page.elements if tag == "script")
    assert "style" not in {tag for tag, _ in page.elements}
    names = {name for _, attributes in page.elements for name in attributes}
    assert [name for name in names if name == "style" or name.startswith("on")] == []


@pytest.mark.parametrize("path", TRACKED)
async def test_a_page_loads_the_tracker_from_the_gateway_after_the_queue(
    demo: aiohttp.ClientSession, path: str
) -> None:
    page = await read(demo, path)
    scripts = [attributes for tag, attributes in page.elements if tag == "script"]
    assert [script["src"] for script in scripts][:2] == ["/assets/queue.js", f"{GATEWAY}/t.js"]
    assert scripts[1]["data-endpoint"] == GATEWAY
    assert "async" in scripts[1]


async def test_the_page_of_the_events_makes_none(demo: aiohttp.ClientSession) -> None:
    assert (await read(demo, "/events")).values("src", "script") == ["/assets/events.js"]


@pytest.mark.parametrize("path", PATHS)
async def test_everything_that_a_page_names_is_there(
    demo: aiohttp.ClientSession, path: str
) -> None:
    page = await read(demo, path)
    named = page.values("href", "a", "link") + page.values("src", "script", "img")
    own = {address for address in named if address.startswith("/")} - {"/no-such-page"}
    assert own
    for address in own:
        async with demo.get(address) as answer:
            assert (address, answer.status) == (address, 200)


@pytest.mark.parametrize("path", PATHS)
async def test_a_page_says_what_it_is_and_labels_its_fields(
    demo: aiohttp.ClientSession, path: str
) -> None:
    page = await read(demo, path)
    tags = [tag for tag, _ in page.elements]
    assert (tags.count("title"), tags.count("h1"), tags.count("main")) == (1, 1, 1)
    assert page.values("lang", "html") == ["en"]
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert set(page.values("id", "input", "select")) == set(page.values("for", "label"))
    assert len(page.values("alt", "img")) == tags.count("img")
    referred = page.values("aria-labelledby") + page.values("aria-describedby")
    assert set(referred) <= set(ids)


@pytest.mark.parametrize("path", ["/", "/events"])
async def test_the_stages_stand_in_the_order_of_the_funnel(
    demo: aiohttp.ClientSession, path: str
) -> None:
    assert (await read(demo, path)).values("data-stage") == list(FunnelStage)


@pytest.mark.parametrize(
    ("query", "plan", "value"),
    [
        ("?plan=studio", "studio", "79.00"),
        ("", "team", "29.00"),
        ("?plan=%22%3E%3Cscript%3E", "team", "29.00"),
    ],
)
async def test_the_checkout_sells_the_chosen_plan(
    demo: aiohttp.ClientSession, query: str, plan: str, value: str
) -> None:
    page = await read(demo, f"/checkout{query}")
    assert page.values("data-plan") == [plan]
    assert page.values("data-value") == [value]
    assert page.values("data-currency") == ["USD"]
    [checkout_session] = page.values("data-checkout-session")
    assert checkout_session.startswith("cs_demo_")


@pytest.mark.parametrize(
    ("path", "field"), [("/api/accounts", "user_id"), ("/api/payments", "order_id")]
)
async def test_the_products_own_server_gives_a_new_id_each_time(
    demo: aiohttp.ClientSession, path: str, field: str
) -> None:
    given = set()
    for _ in range(2):
        async with demo.post(path) as answer:
            assert answer.status == 201
            given.add((await answer.json())[field])
    assert len(given) == 2
