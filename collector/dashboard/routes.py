"""Which address is answered where, and for whom."""

from __future__ import annotations

from aiohttp import web

from collector.dashboard import api, files, go, login, saved, share
from collector.dashboard.access import for_api, for_forms, signed_in
from collector.dashboard.pages import PAGES
from collector.dashboard.show import make_page_handler

NUMBER = r"{number:\d{1,18}}"
SHARE = r"/share/{token:[\w-]{43}}"


def add_routes(app: web.Application) -> None:
    """Every address of the dashboard."""
    get, post = app.router.add_get, app.router.add_post
    # For anybody.
    get("/healthz", files.healthz)
    get("/static/{file}", files.static_file)
    get("/login", login.login_form)
    post("/login", login.log_in)
    # For who has a share link.
    get(SHARE, share.share_page)
    get(SHARE + r"/{panel:\w+}.csv", share.share_csv)
    # For who has a token.
    for page in PAGES.values():
        get(page.path, signed_in(make_page_handler(page)))
    get("/go", signed_in(go.go))
    get("/share-links", signed_in(saved.list_share_links))
    get("/v1/reports", for_api(api.list_reports))
    get("/v1/reports/{name}", for_api(api.report))
    # Changes.
    post("/logout", for_forms(login.log_out))
    post("/views", for_forms(saved.save_view))
    post(f"/views/{NUMBER}/delete", for_forms(saved.delete_view))
    post("/share-links", for_forms(saved.add_share_link))
    post(f"/share-links/{NUMBER}/revoke", for_forms(saved.revoke_share_link))
    post("/annotations", for_forms(saved.add_annotation))
    post(f"/annotations/{NUMBER}/delete", for_forms(saved.delete_annotation))
