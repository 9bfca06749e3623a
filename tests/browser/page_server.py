"""A web server with the pages of a site that is tracked, on another origin than the gateway."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from string import Template

from aiohttp import web

from tests.browser.waiting import wait_until

PAGES = Path(__file__).parent / "pages"
STATIC = Path(__file__).parents[2] / "collector" / "static"
NEVER_STORE = {"Cache-Control": "no-store"}


@dataclass
class PageServer:
    """Serves `pages/NAME` as `/NAME`, and `other_paths` at every other path.

    `$script` and `$options` in a page are replaced: the address of the tracker's script, and
    the attributes that configure it; `values` replaces more. This server has the script too, so
    that it loads while the gateway is away, and further `scripts`, NAME as `/scripts/NAME`.
    `headers` and `status` are those of the pages. `loaded` is what tracked.html said when it had
    loaded: its state (visible, hidden, prerendering) and path.
    """

    options: dict[str, str]
    script: str = "/t.js"
    values: dict[str, str] = field(default_factory=dict)
    # With no-store a page cannot enter the back-forward cache, and loads as a new one does.
    headers: dict[str, str] = field(default_factory=NEVER_STORE.copy)
    scripts: dict[str, Path] = field(default_factory=dict)
    other_paths: str = "tracked.html"
    status: int = 200
    loaded: list[str] = field(default_factory=list)

    async def wait_for_loaded(self, state_and_path: str) -> None:
        """Wait until a page has loaded, such as `hidden/pricing`."""
        await wait_until(
            lambda: state_and_path in self.loaded, lambda: f"loaded were {self.loaded}"
        )

    def make_app(self) -> web.Application:
        """The server's application."""
        app = web.Application()
        app.router.add_get("/{name:t(.[a-z]+)?.js}", self._serve_tracker)
        app.router.add_get("/scripts/{name}", self._serve_script)
        app.router.add_get("/favicon.ico", self._serve_nothing)
        app.router.add_get("/loaded/{state_and_path:.*}", self._note_loaded)
        app.router.add_get("/{path:.*}", self._serve_page)
        return app

    async def _serve_tracker(self, request: web.Request) -> web.Response:
        return answer_script(STATIC / request.match_info["name"])

    async def _serve_script(self, request: web.Request) -> web.Response:
        return answer_script(self.scripts[request.match_info["name"]])

    async def _serve_nothing(self, _request: web.Request) -> web.Response:
        return web.Response(status=204)

    async def _note_loaded(self, request: web.Request) -> web.Response:
        self.loaded.append(request.match_info["state_and_path"])
        # A sandboxed frame asks from an origin of its own.
        return web.Response(status=204, headers={"Access-Control-Allow-Origin": "*"})

    async def _serve_page(self, request: web.Request) -> web.Response:
        page = PAGES / request.match_info["path"]
        if not page.is_file():
            page = PAGES / self.other_paths
        text = Template(page.read_text(encoding="utf-8")).safe_substitute(
            self.values, script=self.script, options=self._attributes()
        )
        return web.Response(
            status=self.status, text=text, content_type="text/html", headers=self.headers
        )

    def _attributes(self) -> str:
        return " ".join(f'data-{name}="{escape(value)}"' for name, value in self.options.items())


def answer_script(script: Path) -> web.Response:
    """A script, as it is now; for a sandboxed frame, too, whose origin is another."""
    headers = {
        **NEVER_STORE,
        "Content-Type": "text/javascript; charset=utf-8",
        "Access-Control-Allow-Origin": "*",
    }
    return web.Response(body=script.read_bytes(), headers=headers)
