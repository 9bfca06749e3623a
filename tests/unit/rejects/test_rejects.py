"""What is kept of a rejected event, how much of it, and how it is written out for repair."""

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from collector.allowance import MAX_ADDRESSES, Allowance
from collector.contract.wire import Limits
from collector.errors import CollectorError, EventTooLarge, FieldError, InvalidEvent, InvalidJson
from collector.event import RequestContext
from collector.rejects.lines import (
    RepairError,
    export_line,
    parse_repaired,
    printable,
    show_lines,
)
from collector.rejects.reject import (
    MAX_BODY,
    RejectAllowance,
    make_reject,
)
from collector.rejects.repeats import MAX_EXAMPLES, Repeats, kind_of
from collector.rejects.replay import parse_rejected
from collector.rejects.store import KeptReject

CONTEXT = RequestContext(
    client_ip="203.0.113.7",
    stored_ip="203.0.113.0",
    stamp_verified=True,
    received_at=datetime(2026, 11, 22, 12, tzinfo=UTC),
    user_agent="Browser",
    request_id="abc",
)
ERROR = InvalidEvent("The event breaks the contract.", (FieldError("currency", "no"),))
ROW_ID = UUID(int=7)


def broken(field: str, message: str) -> InvalidEvent:
    return InvalidEvent("The event breaks the contract.", (FieldError(field, message),))


LEAST = {"session_id": "s1", "event_type": "page_view", "event_name": "Page"}


def kept(body: bytes, endpoint: str = "/v1/events/track") -> KeptReject:
    context = replace(CONTEXT, endpoint=endpoint)
    return KeptReject(12, make_reject(ERROR, body, context, ROW_ID), None, None)


def test_an_allowance_is_so_many_a_minute_and_no_more_are_saved_up() -> None:
    allowance = Allowance(per_minute=3, now=0)
    assert [allowance.take(0) for _ in range(4)] == [True, True, True, False]
    assert [allowance.take(20), allowance.take(20)] == [True, False]
    assert [allowance.take(3_600) for _ in range(4)] == [True, True, True, False]


def test_an_allowance_of_none_keeps_none() -> None:
    assert not Allowance(per_minute=0, now=0).take(1_000)


@given(st.lists(st.floats(min_value=0, max_value=10), max_size=300))
def test_no_minute_gives_more_than_twice_its_allowance(waits: list[float]) -> None:
    allowance, now, taken = Allowance(per_minute=10, now=0), 0.0, []
    for wait in waits:
        now += wait
        if allowance.take(now):
            taken.append(now)
    for start in taken:
        assert len([at for at in taken if start <= at <= start + 60]) <= 20


def test_one_address_cannot_use_up_the_allowance_of_all() -> None:
    allowance = RejectAllowance(per_minute=10, per_address_per_minute=4, now=0)
    assert sum(allowance.take("attacker", 0) for _ in range(100)) == 4
    assert [allowance.take("victim", 0) for _ in range(5)] == [True, True, True, True, False]
    assert sum(allowance.take(str(n), 0) for n in range(100)) == 2


def test_of_a_kind_one_is_kept_and_the_others_counted_for_a_while() -> None:
    repeats = Repeats(seconds=60)
    kind, other = kind_of(ERROR, CONTEXT), kind_of(InvalidEvent("else"), CONTEXT)
    assert not repeats.count(kind, 0)
    repeats.add(kind, ROW_ID, 0)
    assert [repeats.count(kind, now) for now in (0, 59.9, 60)] == [True, True, False]
    assert not repeats.count(other, 1)
    assert repeats.take(but={ROW_ID}) == {}
    assert repeats.take(but=()) == {ROW_ID: 2}
    assert repeats.take(but=()) == {}
    repeats.put_back(Counter({ROW_ID: 2}))
    assert repeats.take(but=()) == {ROW_ID: 2}


def test_where_each_is_kept_none_is_a_repeat() -> None:
    repeats = Repeats(seconds=0)
    repeats.add(kind_of(ERROR, CONTEXT), ROW_ID, 0)
    assert not repeats.count(kind_of(ERROR, CONTEXT), 0)


@pytest.mark.parametrize(
    ("one", "two", "alike"),
    [
        (broken("currency", "no"), broken("currency", "no"), True),
        (broken("currency", "no"), broken("order_id", "no"), False),
        (broken("currency", "no"), broken("currency", "else"), False),
        (broken("user_id", "is 300 long"), broken("user_id", "is 256 long"), True),
        (InvalidJson("Expecting ',' at column 7"), InvalidJson("Expecting ',' at column 99"), True),
        (InvalidJson("Expecting ','"), InvalidJson("Extra data"), False),
    ],
)
def test_a_kind_is_what_is_wrong_wherever_it_stands(
    one: CollectorError, two: CollectorError, alike: bool
) -> None:
    assert (kind_of(one, CONTEXT) == kind_of(two, CONTEXT)) is alike
    assert kind_of(one, CONTEXT) != kind_of(one, replace(CONTEXT, client_ip="203.0.113.8"))


def test_the_examples_that_are_remembered_are_bounded() -> None:
    repeats = Repeats(seconds=60)
    kinds = [kind_of(ERROR, replace(CONTEXT, client_ip=str(n))) for n in range(MAX_EXAMPLES + 1)]
    for kind in kinds:
        repeats.add(kind, ROW_ID, 0)
    assert not repeats.count(kinds[0], 0)
    assert repeats.count(kinds[1], 0)


def test_the_addresses_that_are_remembered_are_bounded() -> None:
    allowance = RejectAllowance(per_minute=10**9, per_address_per_minute=1, now=0)
    assert allowance.take("first", 0)
    assert not allowance.take("first", 0)
    for number in range(MAX_ADDRESSES):
        allowance.take(str(number), 0)
    assert allowance.take("first", 0)


def test_a_body_is_cut_and_says_so() -> None:
    whole, cut = (make_reject(ERROR, b"x" * n, CONTEXT, ROW_ID) for n in (MAX_BODY, MAX_BODY + 1))
    assert (len(whole.body), whole.body_cut) == (MAX_BODY, False)
    assert (len(cut.body), cut.body_cut) == (MAX_BODY, True)


@pytest.mark.parametrize(
    ("body", "exported"),
    [
        (b'{"a": 1.10,\r\n "b": "\xe2\x80\xa8"}', {"a": 1.1, "b": "\u2028"}),
        (b'{"a": NaN}', "not equal to itself"),
        (b"{", "{"),
        (b"\xff{", "\\xff{"),
        (b"", ""),
        (b"[1]", [1]),
    ],
)
def test_an_export_is_one_line_of_json_with_what_was_sent(body: bytes, exported: object) -> None:
    line = export_line(kept(body))
    assert "\n" not in line
    assert "\r" not in line
    fields = json.loads(line)
    assert (fields["reject"], fields["cut"]) == (12, False)
    assert fields["errors"] == [{"field": "currency", "message": "no"}]
    assert fields["body"] == exported or exported == "not equal to itself"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(st.dictionaries(st.text(), json_values, max_size=5))
def test_what_is_exported_and_not_repaired_comes_back_the_same(body: dict[str, Any]) -> None:
    line = export_line(kept(json.dumps(body).encode()))
    repaired = parse_repaired(line, 1)
    assert repaired.number == 12
    assert json.loads(repaired.body) == body


STEERING = "\x7f\x9b2J\u202e\u2066\u200f\u200b\u2028\ufeff\U000e0041"


@given(st.dictionaries(st.text(), st.text() | st.just(STEERING)), st.booleans())
def test_an_export_steers_no_terminal_and_means_the_same(
    fields: dict[str, str], is_json: bool
) -> None:
    sent = json.dumps({**fields, STEERING: STEERING}, ensure_ascii=False, indent="\t")
    body = sent.encode("utf-8", "backslashreplace") + (b"" if is_json else b"\x1b\xff")
    line = export_line(kept(body))
    assert line.isprintable()
    repaired = parse_repaired(line, 1).body
    assert repaired == body.replace(b"\xff", b"\\xff") or is_json
    assert not is_json or json.loads(repaired) == json.loads(body)


def test_a_body_that_was_no_json_is_repaired_as_text() -> None:
    line = json.dumps({"reject": 12, "body": '{"session_id": "s1"}'})
    assert parse_repaired(line, 1).body == b'{"session_id": "s1"}'


@pytest.mark.parametrize(
    ("line", "named"),
    [("{", "JSON"), ("[]", "number"), ('{"body": {}}', "number"), ('{"reject": 1}', "body")],
)
def test_a_line_that_cannot_be_used_is_named(line: str, named: str) -> None:
    with pytest.raises(RepairError, match=f"line 3 .*{named}"):
        parse_repaired(line, 3)


def test_a_strangers_control_characters_do_not_reach_the_terminal() -> None:
    assert printable("a\x1b[2Jb\n") == "a\\x1b[2Jb\n"
    assert "\x1b" not in "".join(show_lines(kept(b"\x1b]0;owned\x07")))


def test_what_a_stranger_sent_adds_no_line_of_its_own() -> None:
    context = replace(CONTEXT, user_agent="x\nreplayed             stored")
    forged = KeptReject(12, make_reject(ERROR, b"", context, ROW_ID), None, None)
    lines = list(show_lines(forged))
    assert [line for line in lines if line.startswith("replayed")] == ["replayed             no"]
    assert all("\n" not in line for line in lines)


def test_an_event_is_replayed_under_its_own_id_else_under_that_of_its_row() -> None:
    own = UUID(int=99)
    [with_own] = parse_rejected(
        kept(b"").reject, json.dumps({**LEAST, "event_id": str(own)}).encode()
    )
    [without] = parse_rejected(kept(b"").reject, json.dumps(LEAST).encode())
    assert (with_own.event_id, without.event_id) == (own, ROW_ID)


def test_the_events_of_a_batch_that_was_refused_as_a_whole_get_ids_that_stay() -> None:
    body = json.dumps({"events": [LEAST, LEAST]}).encode()
    reject = kept(body, endpoint="/v1/events/batch").reject
    ids = [payload.event_id for payload in parse_rejected(reject, body)]
    assert len(set(ids)) == 2
    assert ids == [payload.event_id for payload in parse_rejected(reject, body)]


def test_the_events_of_a_batch_keep_their_times_and_amounts() -> None:
    sent = LEAST | {"occurred_at": 1_795_348_800_123, "conversion_value": 5.5}
    body = json.dumps({"events": [sent, sent]}).encode()
    payloads = parse_rejected(kept(body).reject, body)
    assert [str(payload.conversion_value) for payload in payloads] == ["5.5", "5.5"]
    assert {payload.occurred_at for payload in payloads} == {
        datetime(2026, 11, 22, 12, 0, 0, 123_000, UTC)
    }
    assert len({payload.event_id for payload in payloads}) == 2


WIDE = {**LEAST, "form_data": {f"k{number}": number for number in range(10)}}


@pytest.mark.parametrize("body", [WIDE, {"events": [WIDE]}])
def test_what_a_deployment_takes_decides_what_is_replayed(body: dict[str, Any]) -> None:
    sent = json.dumps(body).encode()
    reject = kept(sent).reject
    assert parse_rejected(reject, sent, Limits(max_keys=10))
    with pytest.raises(InvalidEvent):
        parse_rejected(reject, sent, Limits(max_keys=9))
    with pytest.raises(EventTooLarge):
        parse_rejected(reject, sent, Limits(max_bytes=100))


def test_a_stage_is_replayed_as_its_endpoint_reads_it() -> None:
    body = json.dumps({"session_id": "s1", "stage": "completed_signup"}).encode()
    [payload] = parse_rejected(kept(body, endpoint="/v1/events/funnel").reject, body)
    assert payload.event_type == "completed_signup"
