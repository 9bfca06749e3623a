"""What of a question reaches SQL: names of ours, and values as parameters."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.reports.errors import QuestionError
from collector.reports.filters import (
    COLUMNS,
    MOST_FILTERS,
    SEVERAL,
    Dimension,
    Operator,
    parse_filter,
    parse_filters,
)
from collector.reports.question import MOST_ROWS
from collector.reports.reading import Asked, read_question
from collector.reports.statement import escape_like, make_statement
from tests.unit.reports.answers import NOW

DIMENSIONS = st.sampled_from(Dimension)
OPERATORS = st.sampled_from(Operator)


@given(DIMENSIONS, OPERATORS, st.text(st.characters(exclude_characters="=~", codec="utf-8")))
def test_a_filter_is_read_as_it_is_written(
    dimension: Dimension, operator: Operator, value: str
) -> None:
    read = parse_filter(f"{dimension}{operator}{value}")
    assert (read.dimension, read.operator) == (dimension, operator)
    assert read.value == value.replace("\0", "\ufffd")


def test_a_value_may_hold_what_an_operator_is_made_of() -> None:
    assert parse_filter("source=a!=b~c").value == "a!=b~c"


@given(st.text())
def test_any_text_is_a_filter_or_a_question_error(text: str) -> None:
    with suppress(QuestionError):
        assert str(parse_filter(text)) == text.replace("\0", "\ufffd")


@pytest.mark.parametrize("text", ["", "channel", "=x", "Channel=x", "moon=full", "channel>x"])
def test_what_is_no_filter_is_said_with_what_is(text: str) -> None:
    with pytest.raises(QuestionError, match="channel"):
        parse_filter(text)


def test_filters_have_a_limit() -> None:
    with pytest.raises(QuestionError, match=str(MOST_FILTERS)):
        parse_filters(f"source={number}" for number in range(MOST_FILTERS + 1))


def test_a_filter_that_is_given_twice_is_one() -> None:
    assert len(parse_filters(["source=a", "source=a"])) == 1


# Words that no SQL of ours has.
HOSTILE = st.text(st.characters(codec="utf-8"), max_size=30).map(lambda text: f"zqx{text}';--")


@given(DIMENSIONS, OPERATORS, HOSTILE, st.sampled_from(["channels", "funnel", "pages", "trend"]))
def test_no_text_of_a_filter_is_in_the_sql(
    dimension: Dimension, operator: Operator, value: str, report: str
) -> None:
    question = read_question(Asked(report, filters=[f"{dimension}{operator}{value}"]), NOW)
    statement = make_statement(question)
    assert "zqx" not in statement.sql
    place = max(n for n, held in enumerate(statement.values, 1) if isinstance(held, list))
    assert "zqx" in str(statement.values[place - 1])
    assert f"${place}::text[]" in statement.sql
    assert "-- name\n" not in statement.sql
    assert "-- filters\n" not in statement.sql


@pytest.mark.parametrize("dimension", [one for one in Dimension if one not in SEVERAL])
def test_a_funnel_is_split_by_the_column_of_the_dimension(dimension: Dimension) -> None:
    statement = make_statement(read_question(Asked("funnel", by=dimension), NOW))
    assert f"{COLUMNS[dimension]} AS name," in statement.sql
    assert statement.values[3] == dimension


def test_filters_on_one_dimension_are_one_condition_and_others_are_more() -> None:
    texts = ["channel=A", "source=x", "channel=B", "channel!=C"]
    statement = make_statement(read_question(Asked("overview", filters=texts), NOW))
    assert statement.values[3:6] == (["C"], ["A", "B"], ["x"])


def test_campaigns_leave_out_the_sessions_without_one() -> None:
    statement = make_statement(read_question(Asked("campaigns"), NOW))
    assert "NOT (facts.campaign = ANY ($4::text[]))" in statement.sql
    assert statement.values[3] == ["(none)"]


@given(st.text())
def test_like_sees_no_wildcards_in_a_value(text: str) -> None:
    escaped = escape_like(text)
    assert escaped.replace("\\\\", "").count("%") == escaped.replace("\\\\", "").count("\\%")
    assert len(escaped) == len(text) + sum(text.count(one) for one in "\\%_")


@pytest.mark.parametrize(
    ("asked", "helps"),
    [
        ({"bots": "all"}, "exclude, include, only"),
        ({"unit": "minute"}, "hour, day, week, month"),
        ({"limit": str(MOST_ROWS + 1)}, str(MOST_ROWS)),
        ({"limit": "²"}, str(MOST_ROWS)),
        ({"limit": "-1"}, str(MOST_ROWS)),
        ({"limit": "000000001999999"}, str(MOST_ROWS)),
        ({"compare": "2026-11-02..2026-11-01"}, "before it begins"),
        ({"compare": "2026-11-02.."}, "no date or time"),
        ({"by": "channel"}, "cannot be split"),
        ({"start": "x"}, "no date or time"),
    ],
)
def test_a_wrong_option_is_said_with_what_is_right(asked: dict[str, str], helps: str) -> None:
    with pytest.raises(QuestionError, match=helps):
        read_question(Asked("channels", **asked), NOW)


def test_a_chosen_time_is_compared_with_as_it_is_said() -> None:
    question = read_question(Asked("channels", compare="2026-10-01..2026-11-01"), NOW)
    before = question.before()
    assert before is not None
    assert (before.period.days(), before.limit, before.compared) == (31, MOST_ROWS, None)
