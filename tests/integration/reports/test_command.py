"""`conversion-tracking report`, as a user runs it."""

import csv
import io
import json

import pytest

from collector.reports.catalog import load_reports
from tests.commands import run
from tests.integration.reports.conftest import store
from tests.integration.reports.shop import SHOP

DAY = ("--range", "2026-11-22", "--tz", "UTC")


def test_the_list_says_what_each_report_answers() -> None:
    result = run("report", "--list")
    assert result.returncode == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == list(load_reports())
    assert "Which channels sessions came through" in result.stdout


async def test_a_table_has_names_numbers_and_a_total(database: str) -> None:
    await store(database, SHOP)
    result = run("report", "channels", *DAY, CT_DATABASE_URL=database)
    assert result.stderr == ""
    lines = [line.split("  ") for line in result.stdout.splitlines()]
    assert [line[0].strip() for line in lines] == [
        *("channel", "Direct", "Email", "Paid Search", "total")
    ]
    assert result.stdout.splitlines()[-1].split()[1] == "4"


async def test_csv_and_json_have_the_same_numbers(database: str) -> None:
    await store(database, SHOP)
    asked = ("report", "channels", *DAY, "--filter", "channel!=Email", "--compare", "previous")
    table = run(*asked, "--format", "csv", CT_DATABASE_URL=database)
    rows = list(csv.DictReader(io.StringIO(table.stdout)))
    answer = json.loads(run(*asked, "--format", "json", CT_DATABASE_URL=database).stdout)
    assert [row["channel"] for row in rows] == [row["name"] for row in answer["rows"]]
    for column in ("sessions", "conversions", "conversion_rate"):
        assert [row[column] for row in rows] == [str(row[column]) for row in answer["rows"]]
    assert [row["sessions_change"] for row in rows] == ["new", "new"]
    assert [row["sessions"] for row in answer["before"]["rows"]] == [0, 0]
    assert answer["filters"] == ["channel!=Email"]
    assert answer["range"]["zone"] == "UTC"


async def test_the_sql_can_be_shown_and_holds_no_text_of_the_question(database: str) -> None:
    result = run(
        *("report", "funnel", *DAY, "--by", "campaign", "--filter", "source=' OR 1=1 --", "--sql"),
        CT_DATABASE_URL=database,
    )
    assert "campaign AS name" in result.stdout
    assert "OR 1=1" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "helps"),
    [
        ([], "--list"),
        (["chanels"], "channels"),
        (["channels", "--range", "soon"], "2026-11"),
        (["channels", "--from", "2026-11-01", "--range", "7d"], "not for both"),
        (["channels", "--to", "2026-11-01"], "to needs from"),
        (["channels", "--tz", "Mars/Olympus"], "Europe/Berlin"),
        (["channels", "--filter", "moon=full"], "device_type"),
        (["channels", "--filter", "channel"], "channel=Email"),
        (["channels", "--compare", "never"], "previous_weekday"),
        (["channels", "--bots", "some"], "exclude, include, only"),
        (["trend", "--unit", "minute"], "hour, day, week, month"),
        (["funnel", "--by", "event_type"], "device_type"),
        (["channels", "--by", "os"], "cannot be split"),
        (["channels", "--limit", "0"], "1 to 10000"),
        (["channels", "--limit", "x"], "1 to 10000"),
    ],
)
def test_a_wrong_option_is_one_line_that_helps(arguments: list[str], helps: str) -> None:
    result = run("report", *arguments, CT_DATABASE_URL="postgresql://localhost/none")
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert helps in result.stderr


def test_a_postgres_that_cannot_be_asked_is_one_line(tmp_path: object) -> None:
    nowhere = f"postgresql://postgres@/postgres?host={tmp_path}"
    result = run("report", "channels", CT_DATABASE_URL=nowhere)
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert "Postgres cannot be asked" in result.stderr
