"""Answers that are pages, files, or the way to another page."""

from __future__ import annotations

from aiohttp import web

CSV_TYPE = "text/csv"


def html(text: str, status: int = 200) -> web.Response:
    """A page."""
    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8")


def see_other(path: str) -> web.Response:
    """Go on to a page of ours with GET."""
    return web.Response(status=303, headers={"Location": path})


def csv_download(text: str, name: str) -> web.Response:
    """A file to save. `name` is one of ours, without a quote."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return web.Response(text=text, content_type=CSV_TYPE, charset="utf-8", headers=headers)


def local_path(text: str) -> str:
    """The path to go on to, "/" where it leads away or is none.

    Browsers take backslashes for slashes and pass over tabs and line ends.
    """
    plain = text.isascii() and text.isprintable() and "\\" not in text and " " not in text
    return text if plain and text.startswith("/") and not text.startswith("//") else "/"
