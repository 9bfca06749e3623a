"""Each host of a URL by itself."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from collector.postgres.hosts import urls_of

READ_WRITE = "target_session_attrs=read-write"


@pytest.mark.parametrize(
    ("url", "urls"),
    [
        ("postgresql://u:p@h/db", ["postgresql://u:p@h/db"]),
        ("postgresql:///db?host=/run/a", ["postgresql:///db?host=/run/a"]),
        ("postgresql:///db", ["postgresql:///db"]),
        (
            "postgresql://u:p%40@h1:1,[::1]:2/db",
            [
                f"postgresql://u:p%40@h1:1/db?{READ_WRITE}",
                f"postgresql://u:p%40@[::1]:2/db?{READ_WRITE}",
            ],
        ),
        (
            "postgresql://h1,h2/db?target_session_attrs=primary&sslmode=require",
            [
                "postgresql://h1/db?target_session_attrs=primary&sslmode=require",
                "postgresql://h2/db?target_session_attrs=primary&sslmode=require",
            ],
        ),
        (
            "postgresql://u@/db?host=/a,/b",
            [
                f"postgresql://u@/db?{READ_WRITE}&host=%2Fa",
                f"postgresql://u@/db?{READ_WRITE}&host=%2Fb",
            ],
        ),
        (
            "postgresql://u@/db?host=a,b&port=1,2",
            [
                f"postgresql://u@/db?{READ_WRITE}&host=a&port=1",
                f"postgresql://u@/db?{READ_WRITE}&host=b&port=2",
            ],
        ),
    ],
)
def test_each_host_has_its_url_and_is_asked_for_writes(url: str, urls: Sequence[str]) -> None:
    assert urls_of(url) == urls
