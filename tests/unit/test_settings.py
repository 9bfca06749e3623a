"""What a setting may be, where a type alone does not say it."""

import pytest
from pydantic import ValidationError

from collector.api.app import make_app
from collector.settings import Settings

DATABASE = "postgresql://nowhere"


@pytest.mark.parametrize("path", ["/t.js", "/x", "/js/app-1.2.min.js", "/.well/~t_", "/v1"])
def test_the_script_may_have_any_plain_path(path: str) -> None:
    assert Settings(database_url=DATABASE, script_path=path).script_path == path


@pytest.mark.parametrize(
    "path",
    [
        "t.js",
        "https://x.example/t.js",
        "/",
        "/t.js/",
        "//x.example/t.js",
        "/a//t.js",
        "/a/../t.js",
        "/..",
        "/t.js?v=2",
        "/t.js#x",
        "/t.js\n",
        "/my script.js",
        "/%74.js",
        "/ü.js",
        "/{any}",
        "/v1/t.js",
    ],
)
def test_a_path_that_kong_or_a_browser_writes_otherwise_is_refused(path: str) -> None:
    with pytest.raises(ValidationError, match=r"script_path"):
        Settings(database_url=DATABASE, script_path=path)


async def test_the_script_cannot_hide_an_endpoint() -> None:
    settings = Settings(database_url=DATABASE)
    paths = {resource.canonical for resource in make_app(settings).router.resources()}
    assert settings.script_path in paths
    for path in paths - {settings.script_path}:
        with pytest.raises(ValidationError, match=r"path of the collector's own"):
            Settings(database_url=DATABASE, script_path=path)
