"""What is kept of a rejected body says nothing of who the customer is."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.errors import EventRefused, InvalidEvent
from collector.event import RequestContext
from collector.rejects.reject import MAX_BODY, make_refused, make_reject, make_unreadable
from collector.rejects.without_user_data import without_user_data
from tests.unit.events import event_row

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ID = UUID(int=7)
JANE = b"jane@x.ch"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        # JSON: everything else keeps its bytes.
        (b'{"a":1.50,"user_data":{"email":"jane@x.ch"},"b":[1,  2]}', b'{"a":1.50,"b":[1,  2]}'),
        (b'{"user\\u005fdata":{"email":"jane@x.ch"},"z":"\\u00e9"}', b'{"z":"\\u00e9"}'),
        (b'{"user_data":"{\\"email\\": \\"jane@x.ch\\"}"}', b"{}"),
        (b'{"user_data":"jane@x.ch","user_data":1,"a":2}', b'{"a":2}'),
        (b'{"events":[{"user_data":"jane@x.ch","a":1.50},2]}', b'{"events":[{"a":1.50},2]}'),
        (b'{"user_data":{"email":"jane@x.ch"},"a":"\xff"}', b'{"a":"\xff"}'),
        # Python's json alone reads these.
        (b'{"user_data":{"email":"jane@x.ch"},"a":NaN}', b'{"a": NaN}'),
        (b'{"events":[{"user_data":"jane@x.ch"},NaN]}', b'{"events": [{}, NaN]}'),
        # Nothing reads these.
        (b'{"a":1,"user_data":{"email":"jane@x.ch"', b'{"a":1,"user_data":null'),
        (b'{"user_data":{"x":{"y":"}"},"email":"jane@x.ch"},"b":', b'{"user_data":null,"b":'),
        (b'{"user_data": "x\\"jane@x.ch', b'{"user_data": null'),
        (b'{"user_data":["]","jane@x.ch"],"b"', b'{"user_data":null,"b"'),
        (b'[{"user_data":{"email":"jane@x.ch"}}]', b'[{"user_data":null}]'),
        (b'{"user_data":{"email":"jane@x.ch","city":"\xff"', b'{"user_data":null'),
    ],
)  # fmt: skip
def test_the_field_is_cut_out_of_what_can_be_read(sent: bytes, kept: bytes) -> None:
    assert JANE in sent
    assert without_user_data(sent) == kept


@pytest.mark.parametrize(
    "sent",
    [
        b'{"a": 1.50 }',
        b'{"events": [1, "user_data"] }',
        b'{"metadata": {"x": "user_data"} }',
        b'{"a": "\\u00e9" }',
        b"user_data",
        b"\xff\\u0000",
        b"",
    ],
)
def test_a_body_without_the_field_stays_as_it_was_sent(sent: bytes) -> None:
    assert without_user_data(sent) == sent


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
fields = st.dictionaries(st.sampled_from(["user_data", "a", "events"]) | st.text(), json_values)


@given(fields | st.builds(lambda events: {"events": events}, st.lists(fields)))
def test_of_any_object_just_the_field_goes(sent: dict[str, Any]) -> None:
    kept = json.loads(without_user_data(json.dumps(sent).encode()))
    expected = {name: value for name, value in sent.items() if name != "user_data"}
    if isinstance(events := expected.get("events"), list):
        expected["events"] = [
            {n: v for n, v in each.items() if n != "user_data"} if isinstance(each, dict) else each
            for each in events
        ]
    assert repr(kept) == repr(expected)


@given(st.binary() | st.from_regex(rb'\A[\[{"user_data\\: }\]]*\Z'))
def test_no_body_is_too_odd(sent: bytes) -> None:
    assert without_user_data(sent) == sent or b"user" in sent


def test_no_kind_of_reject_keeps_it() -> None:
    row = event_row(user_data={"email": JANE.decode()})
    assert JANE in row.json
    context = RequestContext(None, False, NOW, None, None)
    body = b'{"user_data":{"email":"' + JANE + b'"},"a":"' + b"x" * MAX_BODY + b'"}'
    rejects = [
        make_refused(EventRefused("no"), row),
        make_unreadable("odd", row.json, ID, NOW),
        make_reject(InvalidEvent("no"), body, context, ID),
    ]
    assert not any(JANE in reject.body for reject in rejects)
    assert [reject.body_cut for reject in rejects] == [False, False, True]
