"""A web server with the pages of a site that is tracked, on another origin than the gateway."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from string import Template

from aiohttp import web

PAGES = Path(__file__).parent / "pages"
NEVER_STORE = {"Cache-Control": "no-store"}


def default_options() -> dict[str, str]:
    """Playwright drives the browser, and a tracker without this leaves such browsers alone."""
    return {"automation": "true"}


@dataclass
class PageServer:
    """Serves `pages/NAME` as `/NAME`, and `other_paths` at every other path.

    `$script`, `$endpoint` and `$options` in a page are replaced: the tracker's address, the
    gateway's, and the attributes that configure the tracker; `values` replaces more. `headers`
    are those of the pages. `scripts` are further scripts, NAME served as `/scripts/NAME`.
    `loaded` is what tracked.html said when it had loaded: its state (visible, hidden,
    prerendering) and path.
    """

    script: Path
    endpoint: str
    options: dict[str, str] = field(default_factory=default_options)
    values: dict[str, str] = field(default_factory=dict)
    # With no-store a page cannot enter the back-forward cache, and loads as a new one does.
    headers: dict[str, str] = field(default_factory=NEVER_STORE.copy)
    scripts: dict[str, Path] = field(default_factory=dict)
    other_paths: str = "tracked.html"
    loaded: list[str] = field(default_factory=list)

    def make_app(self) -> web.Application:
        """The server's application."""
        app = web.Application()
        app.router.add_get("/t.js", self._serve_tracker)
        app.router.add_get("/scripts/{name}", self._serve_script)
        app.router.add_get("/favicon.ico", self._serve_nothing)
        app.router.add_get("/loaded/{state_and_path:.*}", self._note_loaded)
        app.router.add_get("/{path:.*}", self._serve_page)
        return app

    async def _serve_tracker(self, _request: web.Request) -> web.Response:
        return answer_script(self.script)

    async def _serve_script(self, request: web.Request) -> web.Response:
        return answer_script(self.scripts[request.match_info["name"]])

    async def _serve_nothing(self, _request: web.Request) -> web.Response:
        return web.Response(status=204)

    async def _note_loaded(self, request: web.Request) -> web.Response:
        self.loaded.append(request.match_info["state_and_path"])
        return web.Response(status=204)

    async def _serve_page(self, request: web.Request) -> web.Response:
        page = PAGES / request.match_info["path"]
        if not page.is_file():
            page = PAGES / self.other_paths
        text = Template(page.read_text(encoding="utf-8")).safe_substitute(
            self.values, script="/t.js", endpoint=self.endpoint, options=self._attributes()
        )
        return web.Response(text=text, content_type="text/html", headers=self.headers)

    def _attributes(self) -> str:
        return " ".join(f'data-{name}="{escape(value)}"' for name, value in self.options.items())


def answer_script(script: Path) -> web.Response:
    """A script, as it is now."""
    headers = {**NEVER_STORE, "Content-Type": "text/javascript; charset=utf-8"}
    return web.Response(body=script.read_bytes(), headers=headers)
