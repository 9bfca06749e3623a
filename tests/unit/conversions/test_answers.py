"""Whatever a platform, or a proxy before it, answers: it means something, and ends no sender."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from collector.conversions.conversion import Answer, Refused
from collector.conversions.platform import Platform
from collector.conversions.platforms.data_manager import GoogleAds, GoogleDestination
from collector.conversions.platforms.ga4 import Ga4, Ga4Destination
from collector.conversions.platforms.linkedin import LinkedIn, LinkedInDestination
from collector.conversions.platforms.meta import Meta, MetaDestination
from collector.conversions.platforms.tiktok import TikTok, TikTokDestination

SECRET = SecretStr("a-secret-of-the-tests")
NO_TOKEN: Any = None
SENT = {"access_token": "env:A"}
PLATFORMS: tuple[Platform, ...] = (
    Meta(MetaDestination.model_validate(SENT | {"platform": "meta", "pixel_id": 1}), SECRET),
    Ga4(
        Ga4Destination.model_validate(
            {"platform": "ga4", "measurement_id": "G-ABCD", "api_secret": "env:A"}
        ),
        SECRET,
    ),
    GoogleAds(
        GoogleDestination.model_validate(
            {
                "platform": "google",
                "customer_id": "1234567890",
                "credentials": "env:A",
                "events": {"purchase": 1},
            }
        ),
        NO_TOKEN,
    ),
    LinkedIn(
        LinkedInDestination.model_validate(
            SENT | {"platform": "linkedin", "events": {"purchase": 1}}
        ),
        SECRET,
    ),
    TikTok(
        TikTokDestination.model_validate(
            SENT | {"platform": "tiktok", "pixel_code": "CTESTPIXEL123"}
        ),
        SECRET,
    ),
)
NAMES = [
    "error",
    "code",
    "error_subcode",
    "is_transient",
    "messages",
    "message",
    "events_received",
    "details",
    "@type",
    "reason",
    "metadata",
    "fieldViolations",
    "fieldWarnings",
    "field",
    "status",
    "elements",
    "request_id",
    "requestId",
]
TEXTS = st.sampled_from(
    [
        "Index: 3, ERROR :: x",
        "indices [1]",
        "Batch.2.x",
        "events.events[4].x",
        "destinations[0].x",
        "type.googleapis.com/google.rpc.ErrorInfo",
        "type.googleapis.com/google.rpc.BadRequest",
        "INVALID_ARGUMENT",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner),
    max_leaves=12,
)
BODIES = st.binary() | VALUES.map(lambda value: json.dumps(value).encode())
STATUSES = st.integers(200, 599) | st.sampled_from([200, 400, 401, 403, 422, 429, 503])


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: type(platform).__name__)
@given(status=STATUSES, body=BODIES, pause=st.text())
def test_any_answer_means_something(
    platform: Platform, status: int, body: bytes, pause: str
) -> None:
    answer = platform.read(status, {"retry-after": pause}, body)
    assert isinstance(answer, Answer)
    assert not isinstance(answer, Refused) or answer.reasons


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: type(platform).__name__)
@pytest.mark.parametrize("status", [400, 401, 403, 422])
def test_what_is_kept_of_an_answer_names_no_person(platform: Platform, status: int) -> None:
    personal = f"wrong: mary@example.com {'0a' * 32}"
    error = {"code": 100, "message": personal, "status": "INVALID_ARGUMENT"}
    body = {"error": error, "message": f"Index: 0, ERROR :: {personal}", "code": 40002}
    answer = repr(platform.read(status, {}, json.dumps(body).encode()))
    assert "mary@" not in answer
    assert "0a0a" not in answer
