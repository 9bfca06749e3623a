"""The pixel's query, as templates of mails and pages write it."""

from __future__ import annotations

from typing import Any

import pytest
from multidict import MultiDict
from yarl import URL

from collector.api.pixel import parse_query


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("event_type=open&utm_source=a", {"event_type": "open", "utm_params": {"utm_source": "a"}}),
        (
            "event_type=open&amp;session_id=s&amp;utm_source=a",
            {"event_type": "open", "session_id": "s", "utm_params": {"utm_source": "a"}},
        ),
        ("UTM_Source=a&Utm%5FMedium=b", {"utm_params": {"utm_source": "a", "utm_medium": "b"}}),
        ("amp;sequence=3", {"sequence": 3}),
        ("Unknown=a", {"Unknown": "a"}),
        ("utm_source=", {}),
    ],
)
def test_a_parameter_is_read_under_the_name_that_was_meant(
    query: str, fields: dict[str, Any]
) -> None:
    assert parse_query(MultiDict(URL(f"/?{query}").query)) == fields
