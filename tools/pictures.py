"""Takes the pictures of the README, of the dashboard of a `make demo` that runs: make pictures."""

from __future__ import annotations

import argparse
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "pictures"
TOKEN_FILE = ROOT / "var" / "demo" / "dashboard-token"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",  # as root, Chromium starts only without its sandbox
    "--hide-scrollbars",
    "--disable-lcd-text",  # text without colours makes a picture half as large
]

PHONE = (390, 844)


@dataclass(frozen=True, slots=True)
class Picture:
    """A view of the dashboard, and on what screen, in pixels; or only a part of it."""

    name: str
    path: str
    size: tuple[int, int] = (1280, 710)
    scheme: Literal["light", "dark"] = "light"
    part: str = ""


PICTURES = (
    Picture("overview", "/?compare=previous"),
    Picture("overview-dark", "/?compare=previous", scheme="dark"),
    Picture("attribution", "/revenue", part="section.card:has(.matrix)"),
    Picture("phone", "/?compare=previous", PHONE),
)


def main() -> None:
    """Write all pictures, and say how large each is."""
    parser = argparse.ArgumentParser(prog="python -m tools.pictures", description=__doc__)
    parser.add_argument("--url", default="http://localhost:8090", help="of the dashboard")
    url = parser.parse_args().url
    token = TOKEN_FILE.read_text(encoding="utf-8").strip()
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for picture in PICTURES:
            file = FOLDER / f"{picture.name}.png"
            take(browser, url, token, picture, file)
            print(f"{file.relative_to(ROOT)}: {file.stat().st_size:,} bytes")
        browser.close()


def take(browser: Browser, url: str, token: str, picture: Picture, file: Path) -> None:
    """One picture: of what a screen shows without scrolling, or of the part."""
    width, height = picture.size
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=picture.scheme
    )
    page = context.new_page()
    page.goto(f"{url}/login")
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{url}/")
    page.goto(f"{url}{picture.path}")
    if picture.part:
        page.locator(picture.part).screenshot(path=file)
    else:
        page.screenshot(path=file)
    context.close()


if __name__ == "__main__":
    main()
