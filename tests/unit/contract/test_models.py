"""The wire contract, field by field."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.contract.models import ConversionEventRequest
from collector.contract.reader import EVENTS, STAGES, event_of
from collector.contract.wire import WireNumber, load_json
from collector.errors import InvalidEvent
from collector.event import FunnelStage, Mark

LEAST = {"session_id": "s1", "event_type": "page_view", "event_name": "Page"}
NOON = datetime(2026, 11, 22, 12, 0, 0, 123_000, tzinfo=UTC)
UUID_TEXT = "018f4d3e-7c1a-7b2e-9a51-2f3c4d5e6f70"

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def parse(**fields: Any) -> ConversionEventRequest:
    return EVENTS.read({**LEAST, **fields})


def refused(**fields: Any) -> list[str]:
    with pytest.raises(InvalidEvent) as refusal:
        parse(**fields)
    return [e.field for e in refusal.value.errors]


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        (WireNumber("29.99"), "29.99"),
        ("29.99", "29.99"),
        (" 5 ", "5"),
        (0, "0"),
        (WireNumber("-0.0"), "0.0"),
        (WireNumber("0.005"), "0.005"),
        (WireNumber("2.5e1"), "25"),
        ("99999999.994", "99999999.994"),
        (10**15, "1000000000000000"),
        ("1e15", "1E+15"),
    ],
)
def test_an_amount_keeps_its_digits_until_its_currency_is_known(value: object, amount: str) -> None:
    assert str(parse(conversion_value=value).conversion_value) == amount


@pytest.mark.parametrize(
    "value",
    [
        WireNumber("1e400"),
        WireNumber("1000000000000000.001"),
        10**15 + 1,
        -1,
        WireNumber("-0.001"),
        float("nan"),
        float("inf"),
        True,
        "NaN",
        "1_000",
        "1,5",
        "29.99 USD",
        "٣",
        "9" * 5_000,
        "1,234.50",
        "€ 12.50",
        [1, 2],
        {"amount": 1},
    ],
)
def test_what_is_no_amount_or_over_the_limit_is_refused(value: object) -> None:
    assert refused(conversion_value=value) == ["conversion_value"]


@pytest.mark.parametrize(
    ("value", "currency"), [("usd", "USD"), ("EUR", "EUR"), (None, None), ("", None)]
)
def test_a_currency_is_three_letters_in_capitals(value: object, currency: str | None) -> None:
    assert parse(currency=value).currency == currency


@pytest.mark.parametrize("value", ["US", "EURO", "U$D", "ÄÖÜ", 840, ["USD", "EUR"], "USD\n"])
def test_what_is_no_currency_is_refused(value: object) -> None:
    assert refused(currency=value) == ["currency"]


@pytest.mark.parametrize("value", ["", "  ", "x" * 256, None, True, [], ["s", "t"], {}])
@pytest.mark.parametrize("field", ["session_id", "event_name"])
def test_a_required_text_must_be_a_text_that_fits(field: str, value: object) -> None:
    assert refused(**{field: value}) == [field]


def test_every_broken_field_is_named_at_once() -> None:
    with pytest.raises(InvalidEvent) as refusal:
        EVENTS.read({"event_type": "x" * 101, "utm_params": {"utm_source": True}})
    fields = {e.field for e in refusal.value.errors}
    assert fields == {"session_id", "event_type", "event_name", "utm_params.utm_source"}


def test_a_refusal_does_not_repeat_the_value() -> None:
    with pytest.raises(InvalidEvent) as refusal:
        parse(user_id="private" * 100, currency="private")
    assert "private" not in repr(refusal.value.errors)


@pytest.mark.parametrize("field", ["user_id", "order_id", "visitor_id"])
def test_an_identifier_that_is_too_long_is_refused(field: str) -> None:
    assert refused(**{field: "x" * 256}) == [field]
    assert getattr(parse(**{field: "x" * 255}), field) == "x" * 255


@pytest.mark.parametrize(
    ("field", "length"),
    [
        ("page_title", 500),
        ("device_type", 50),
        ("browser", 100),
        ("os", 100),
        ("ga_client_id", 255),
        ("stripe_session_id", 255),
        ("google_ads_click_id", 255),
    ],
)
def test_any_other_text_is_cut_to_its_column_and_marked(field: str, length: int) -> None:
    payload = parse(**{field: "é" * (length + 1)})
    assert getattr(payload, field) == "é" * length
    assert payload.cut == (field,)


def test_a_text_that_fits_is_not_marked() -> None:
    assert parse(page_title="x" * 500).cut == ()


def test_campaign_parameters_are_cut_and_marked_by_their_own_names() -> None:
    payload = parse(utm_params={"utm_source": "s" * 101, "utm_campaign": "c" * 256})
    assert payload.utm_params is not None
    assert payload.utm_params.utm_source == "s" * 100
    assert payload.cut == ("utm_source", "utm_campaign")


@pytest.mark.parametrize(("value", "text"), [(42, "42"), (WireNumber("1.50"), "1.50"), ("", None)])
def test_numbers_are_read_as_texts_and_empty_texts_as_none(value: object, text: str | None) -> None:
    assert parse(ga_session_id=value).ga_session_id == text
    assert parse(user_id=value).user_id == text


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-22T12:00:00.123Z",
        "2026-11-22T13:00:00.123+01:00",
        "2026-11-22T12:00:00.123",
        1_795_348_800_123,
        "1795348800123",
        WireNumber("1795348800123.0"),
        WireNumber("1795348800123.0000000000000"),
        WireNumber("1.795348800123e12"),
        WireNumber("1.795348800123E+12"),
        WireNumber("17953488001230E-1"),
        "1795348800123.0",
        "1.795348800123e12",
        "+1795348800123",
        "0001795348800123",
    ],
)
def test_a_time_is_iso_8601_or_epoch_milliseconds(value: object) -> None:
    assert parse(occurred_at=value).occurred_at == NOON


@pytest.mark.parametrize(
    "value",
    [
        *("yesterday", "2026-13-01", "0000-01-01", "11/28/2026", "null", " ", [1, 2], {"a": 1}),
        *(True, 10**20, WireNumber("1e400"), WireNumber("1e9999"), float("nan"), "9" * 400),
        *("1e9999", "1.7e", "e12"),
    ],
)
def test_a_time_that_cannot_be_read_costs_the_mark_and_never_the_event(value: object) -> None:
    payload = parse(sent_at=value)
    assert payload.sent_at is None
    assert payload.marks == (Mark.TIME_UNREADABLE,)


@given(json_values)
def test_any_time_is_read_or_left_out(value: object) -> None:
    time = parse(occurred_at=load_json(json.dumps(value))).occurred_at
    assert time is None or time.tzinfo is UTC


@pytest.mark.parametrize(
    "value", [0, -1, 2**31, WireNumber("1.5"), True, "0", "1.5", "2147483648", [1, 2]]
)
def test_a_sequence_is_a_whole_number_from_one(value: object) -> None:
    assert refused(sequence=value) == ["sequence"]
    assert parse(sequence=2**31 - 1).sequence == 2**31 - 1


@pytest.mark.parametrize(
    "text", ["018F4D3E-7C1A-7B2E-9A51-2F3C4D5E6F70", "018f4d3e7c1a7b2e9a512f3c4d5e6f70"]
)
def test_an_event_id_is_a_uuid_in_either_case_with_hyphens_or_without(text: str) -> None:
    assert parse(event_id=text).event_id == UUID("018f4d3e-7c1a-7b2e-9a51-2f3c4d5e6f70")


@pytest.mark.parametrize(
    "value",
    [
        *("x", "order-123", "018f4d3-e7c1a-7b2e-9a51-2f3c4d5e6f70", 7, True),
        *("{" + "0" * 36, "{" + UUID_TEXT, UUID_TEXT + "}", [UUID_TEXT, "x"]),
    ],
)
def test_what_is_no_uuid_is_refused_as_event_id(value: object) -> None:
    assert refused(event_id=value) == ["event_id"]


@pytest.mark.parametrize("field", ["form_data", "metadata", "utm_params", "click_ids"])
@pytest.mark.parametrize("value", [[1], "text", 1, True, "[1]", '{"a": 1', "7"])
def test_an_object_field_must_be_an_object(field: str, value: object) -> None:
    assert refused(**{field: value}) == [field]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), WireNumber("1e400")])
def test_numbers_that_json_in_postgres_cannot_hold_are_refused(value: float) -> None:
    assert refused(metadata={"a": [{"b": value}]}) == ["metadata"]


def test_click_ids_are_texts_by_parameter() -> None:
    payload = parse(click_ids={"gclid": "a" * 2_000, "ttclid": 5, "fbclid": None})
    assert payload.click_ids == {"gclid": "a" * 1_024, "ttclid": "5"}
    assert payload.cut == ("click_ids.gclid",)


@pytest.mark.parametrize(
    "value", [{"": "x"}, {"k" * 51: "x"}, {"k": [1, 2]}, {str(n): "x" for n in range(33)}]
)
def test_click_ids_of_another_form_are_refused(value: dict[str, object]) -> None:
    assert refused(click_ids=value) == ["click_ids"]


def test_unknown_fields_are_ignored_and_counted() -> None:
    payload = parse(new_field=1, other={}, utm_params={"utm_source": "x", "utm_id": "y"})
    assert payload.unknown == 3


def test_a_stage_stands_for_an_event_of_its_name() -> None:
    body = {"session_id": "s1", "stage": "completed_signup", "conversion_value": WireNumber("9.5")}
    event = event_of(STAGES.read(body))
    assert (event.event_type, event.event_name) == ("completed_signup", "completed_signup")
    assert event.conversion_value == Decimal("9.50")


@pytest.mark.parametrize("stage", ["paid", "", None, 3])
def test_a_stage_that_is_none_of_the_eight_is_refused(stage: object) -> None:
    with pytest.raises(InvalidEvent) as refusal:
        STAGES.read({"session_id": "s1", "stage": stage})
    assert [e.field for e in refusal.value.errors] == ["stage"]
    assert len(FunnelStage) == 8
