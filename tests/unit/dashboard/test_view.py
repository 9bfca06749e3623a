"""What an address asks for, read and written again."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict

from collector.dashboard.errors import InvalidRequest
from collector.dashboard.responses import local_path
from collector.dashboard.tokens import network_of
from collector.dashboard.view import PARAMETERS, csv_address, read_view, write_query
from collector.reports.reading import Asked

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SINGLE = st.dictionaries(st.sampled_from(sorted(PARAMETERS)), TEXT)


@given(SINGLE, st.lists(TEXT, max_size=4), st.dictionaries(st.sampled_from(["model"]), TEXT))
def test_what_is_written_is_read_again(
    single: dict[str, str], filters: list[str], extras: dict[str, str]
) -> None:
    query = MultiDict([*single.items(), *(("filter", one) for one in filters), *extras.items()])
    view = read_view("overview", query, "UTC", ["model"])
    again = MultiDict(parse_qsl(view.query(), keep_blank_values=True))
    assert read_view("overview", again, "Europe/Berlin", ["model"]) == view
    assert view.query() == read_view("overview", again, "UTC", ["model"]).query()


@given(st.text(min_size=1, max_size=10))
def test_no_other_name_is_taken(name: str) -> None:
    if name in (*PARAMETERS, "filter"):
        return
    with pytest.raises(InvalidRequest):
        read_view("overview", MultiDict({name: "x"}), "UTC")


def test_the_address_of_a_table_asks_what_its_panel_asked() -> None:
    asked = Asked(report="channels", range="7d", filters=("channel=A & B",), limit="10")
    assert csv_address(asked) == (
        "/v1/reports/channels?range=7d&tz=UTC&bots=exclude&limit=10"
        "&filter=channel%3DA+%26+B&format=csv"
    )
    assert "report" not in write_query(asked)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/", "/"),
        ("/?range=7d&filter=channel%3DEmail", "/?range=7d&filter=channel%3DEmail"),
        ("/pages?x=//y", "/pages?x=//y"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("pages", "/"),
        ("/\x00", "/"),
        ("/é", "/"),
        ("/ /", "/"),
        ("", "/"),
    ],
)
def test_only_a_path_of_ours_is_gone_on_to(text: str, path: str) -> None:
    assert local_path(text) == path


@given(st.text(max_size=30))
def test_no_text_leads_away(text: str) -> None:
    path = local_path(text)
    assert path.startswith("/")
    assert path[1:2] not in ("/", "\\")
    assert path.isprintable()


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::1", "2001:db8:1:2::"),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.7"),
        ("", ""),
        (None, None),
    ],
)
def test_who_has_a_network_of_ipv6_is_one_client(address: str | None, network: str | None) -> None:
    assert network_of(address) == network
