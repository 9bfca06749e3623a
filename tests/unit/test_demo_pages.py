"""How the demo's files become pages."""

import pytest

from local.demo.pages import fill, mark_current


def test_a_value_is_text_and_never_html() -> None:
    filled = fill('<a title="{{name}}">{{name}}</a>', {"name": '"><script>{{name}}'})
    assert filled == (
        '<a title="&quot;&gt;&lt;script&gt;{{name}}">&quot;&gt;&lt;script&gt;{{name}}</a>'
    )


def test_a_value_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError, match="prize"):
        fill("{{prize}}", {"price": "9"})


def test_only_links_to_the_page_itself_are_marked() -> None:
    marked = mark_current('<a href="/docs">1</a><a href="/docs/first-check">2</a>', "/docs")
    assert marked == ('<a href="/docs" aria-current="page">1</a><a href="/docs/first-check">2</a>')
