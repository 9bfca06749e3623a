"""What is plain is taken in every form in which senders write it, and marked."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.contract.models import ConversionEventRequest
from collector.contract.placeholders import SURE_ID, is_placeholder
from collector.contract.reader import EVENTS, STAGES
from collector.contract.wire import WireNumber
from collector.errors import InvalidEvent
from collector.event import FunnelStage, Mark

LEAST = {"session_id": "s1", "event_type": "page_view", "event_name": "Page"}
UUID_TEXT = "018f4d3e-7c1a-7b2e-9a51-2f3c4d5e6f70"
MENDED, PLACEHOLDER = (Mark.FORM_MENDED,), (Mark.PLACEHOLDER_ID,)


def parse(**fields: Any) -> ConversionEventRequest:
    return EVENTS.read({**LEAST, **fields})


@pytest.mark.parametrize(
    ("field", "value", "meant"),
    [
        # An empty value of any form.
        ("metadata", [], {}),
        ("form_data", [], {}),
        ("click_ids", [], {}),
        ("metadata", False, {}),
        ("metadata", "null", None),
        ("metadata", "[object Object]", None),
        ("metadata", " [ ] ", {}),
        ("conversion_value", False, None),
        ("conversion_value", [], None),
        ("conversion_value", "undefined", None),
        ("currency", "null", None),
        ("sequence", "None", None),
        ("user_id", {}, None),
        ("page_title", [], None),
        ("order_id", False, None),
        # A list of one value, and a parameter that was repeated.
        ("conversion_value", ["29.99", "29.99"], Decimal("29.99")),
        ("conversion_value", [29.99], Decimal("29.99")),
        ("currency", ["usd"], "USD"),
        ("user_id", ["u1", "u1"], "u1"),
        ("user_id", [None, "", "u1"], "u1"),
        ("session_id", ["s2"], "s2"),
        ("event_type", ["purchase", "purchase"], "purchase"),
        ("page_url", ["https://a.example/", "https://b.example/"], "https://a.example/"),
        ("event_id", [UUID_TEXT], UUID(UUID_TEXT)),
        ("sequence", [5, 5], 5),
        ("occurred_at", [1_795_860_000_000] * 2, datetime(2026, 11, 28, 10, tzinfo=UTC)),
        ("click_ids", {"gclid": ["Cj0", "Cj0"]}, {"gclid": "Cj0"}),
        # Numbers and objects as text.
        ("sequence", "5", 5),
        ("sequence", " 5.0 ", 5),
        ("metadata", '{"a": [1, "b"]}', {"a": [1, "b"]}),
        ("click_ids", '{"gclid": "Cj0"}', {"gclid": "Cj0"}),
    ],
)
def test_what_is_plain_is_taken_and_marked(field: str, value: object, meant: object) -> None:
    payload = parse(**{field: value})
    assert getattr(payload, field) == meant
    assert payload.marks == MENDED


@pytest.mark.parametrize(
    ("field", "value", "meant"),
    [
        ("conversion_value", "", None),
        ("conversion_value", "  ", None),
        ("currency", " usd ", "USD"),
        ("metadata", "", None),
        ("sequence", "", None),
        ("sequence", WireNumber("5.0"), 5),
        ("sequence", WireNumber("1e1"), 10),
        ("user_id", WireNumber("42.0"), "42"),
        ("session_id", 42, "42"),
        ("event_id", "{" + UUID_TEXT.upper() + "}", UUID(UUID_TEXT)),
        ("event_id", "urn:uuid:" + UUID_TEXT, UUID(UUID_TEXT)),
        ("event_id", UUID_TEXT.replace("-", ""), UUID(UUID_TEXT)),
    ],
)
def test_a_usual_form_needs_no_mark(field: str, value: object, meant: object) -> None:
    payload = parse(**{field: value})
    assert getattr(payload, field) == meant
    assert payload.marks == ()


@pytest.mark.parametrize("tags", [[], "", "null", "{}", False])
def test_campaign_parameters_that_are_empty_are_none(tags: object) -> None:
    utm = parse(utm_params=tags).utm_params
    assert utm is None or utm.utm_source is None


def test_campaign_parameters_are_read_from_lists_and_from_text() -> None:
    payload = parse(utm_params={"utm_source": ["google", "google"], "utm_medium": ["cpc", "email"]})
    assert payload.utm_params is not None
    assert (payload.utm_params.utm_source, payload.utm_params.utm_medium) == ("google", "cpc")
    written = parse(utm_params='{"utm_source": "google", "utm_id": 7}').utm_params
    assert written is not None
    assert written.utm_source == "google"


def test_a_stage_is_read_from_a_list() -> None:
    payload = STAGES.read({"session_id": "s1", "stage": ["visited_docs"]})
    assert payload.stage is FunnelStage.VISITED_DOCS


def test_a_mark_stands_once_however_often_it_applies() -> None:
    assert parse(metadata=[], form_data=[], user_id="null", order_id="null").marks == (
        Mark.PLACEHOLDER_ID,
        Mark.FORM_MENDED,
    )


@pytest.mark.parametrize(
    "text",
    [
        '{"a": ' + "[" * 30 + "]" * 30 + "}",
        '{"a": [' + "1," * 3_000 + "1]}",
        "{" + ",".join(f'"k{n}": 1' for n in range(101)) + "}",
        '{"a": NaN}',
    ],
)
def test_an_object_as_text_is_held_to_the_limits_of_an_event(text: str) -> None:
    with pytest.raises(InvalidEvent) as refusal:
        parse(metadata=text)
    assert [e.field for e in refusal.value.errors] == ["metadata"]


PLACEHOLDERS = [
    *("undefined", "null", "NULL", "None", "nil", "NaN", "0", "00", "-1", "true", "false"),
    *("[object Object]", "(null)", "(not set)", "N/A", "<nil>", "unknown", "anonymous", "guest"),
    *('"null"', "'undefined'", " undefined ", "-", "0.0"),
    *("00000000-0000-0000-0000-000000000000", "0" * 32, "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    *("{{user.id}}", "{{ user.id }}", "${userId}", "#{user_id}", "{user_id}", "[user_id]"),
    *("%%USER%%", "%user_id%", "<%= user.id %>", "<user_id>", "*|UNIQID|*", "[[user_id]]"),
    *("__CLICKID__", "{CHECKOUT_SESSION_ID}", "{{#if user}}{{user.id1}}{{/if}}"),
]
IDS = [
    *("u1", "42", "auth0|x", "jane@example.com", "Nullman", "nina", "undefined-1", "10", "1.50"),
    *("00000000-0000-0000-0000-000000000001", "session_1703721234567_abc", "ORDER-0001"),
    *("{018f4d3e-7c1a-7b2e-9a51-2f3c4d5e6f70}", "cs_test_a1", "_ga", "Zoë", "f" * 31, "x" * 255),
]


@pytest.mark.parametrize("text", PLACEHOLDERS)
@pytest.mark.parametrize(
    "field",
    ["user_id", "visitor_id", "order_id", "stripe_session_id", "ga_client_id", "fb_event_id"],
)
def test_a_placeholder_is_no_id(field: str, text: str) -> None:
    payload = parse(**{field: text})
    assert getattr(payload, field) is None
    assert payload.marks == PLACEHOLDER


@pytest.mark.parametrize("text", IDS)
def test_an_id_is_one_whatever_it_resembles(text: str) -> None:
    payload = parse(user_id=text, order_id=text, session_id=text)
    assert {payload.user_id, payload.order_id, payload.session_id} == {text}
    assert payload.marks == ()


@pytest.mark.parametrize("value", [0, -1, WireNumber("0.0"), float("nan")])
def test_a_number_that_is_no_id_is_none(value: object) -> None:
    assert parse(user_id=value).user_id is None
    assert parse(user_id=value).marks == PLACEHOLDER


@pytest.mark.parametrize("text", PLACEHOLDERS)
def test_a_session_that_is_not_known_is_the_empty_text(text: str) -> None:
    payload = parse(session_id=text)
    assert payload.session_id == ""
    assert payload.marks == PLACEHOLDER


@pytest.mark.parametrize(
    "value",
    [
        *("00000000-0000-0000-0000-000000000000", "0" * 32, "{" + str(UUID(int=0)) + "}"),
        *("ffffffff-ffff-ffff-ffff-ffffffffffff", "F" * 32, "urn:uuid:" + "0" * 32),
        *("undefined", "null", "{{ event.id }}", 0),
    ],
)
def test_the_nil_uuid_and_its_like_are_no_event_id(value: object) -> None:
    payload = parse(event_id=value)
    assert payload.event_id is None
    assert payload.marks == PLACEHOLDER


def test_a_click_id_that_is_a_placeholder_is_none() -> None:
    payload = parse(click_ids={"gclid": "undefined", "fbclid": "{{fbclid}}", "ttclid": "E1"})
    assert payload.click_ids == {"ttclid": "E1"}
    assert payload.marks == PLACEHOLDER


@given(st.from_regex(SURE_ID) | st.from_regex(SURE_ID, fullmatch=True))
def test_what_needs_no_look_is_no_placeholder(text: str) -> None:
    assert not is_placeholder(text)
