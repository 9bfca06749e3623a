"""`conversion-tracking dashboard` as a process, and the role of docs/dashboard.md."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path
from urllib.request import urlopen

import pytest

from local.postgres import PostgresServer, database_url
from tests.commands import run
from tests.integration.dashboard.dashboard import TOKEN, run_dashboard
from tests.integration.test_cli import COMMAND
from tests.own_postgres import MIGRATED
from tests.support import execute, fetch

DATABASE = "postgresql://localhost/nowhere"
GOOD = f"me:{TOKEN}"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "me:$(openssl rand -hex 32)"),
        ({"CT_DASHBOARD_TOKENS": TOKEN}, "number 1 has no name"),
        ({"CT_DASHBOARD_TOKENS": "me:short"}, "at least 16 characters"),
        ({"CT_DASHBOARD_TOKENS": f"me:{'x' * 15}"}, "at least 16 characters"),
        ({"CT_DASHBOARD_TOKENS": f"me:{'é' * 16}"}, "ASCII"),
        ({"CT_DASHBOARD_TOKENS": f"{GOOD},{GOOD}"}, "number 2 has no name of its own"),
        ({"CT_DASHBOARD_TOKENS": GOOD, "CT_DASHBOARD_HOST": "0.0.0.0"}, "CT_DASHBOARD_URL"),
        ({"CT_DASHBOARD_TOKENS": GOOD, "CT_DASHBOARD_URL": "reports.example"}, "CT_DASHBOARD_URL"),
        (
            {"CT_DASHBOARD_TOKENS": GOOD, "CT_DASHBOARD_URL": "https://a.example/reports"},
            "CT_DASHBOARD_URL",
        ),
        (
            {"CT_DASHBOARD_TOKENS": GOOD, "CT_DASHBOARD_URL": "http://a.example"},
            "CT_DASHBOARD_SECURE_COOKIES=never",
        ),
    ],
    ids=str,
)
def test_it_does_not_start_with_settings_that_are_not_enough(
    settings: dict[str, str], says: str
) -> None:
    result = run("dashboard", CT_DATABASE_URL=DATABASE, **settings)
    assert result.returncode == 1
    [line] = result.stderr.splitlines()
    assert says in line
    assert TOKEN not in line


def test_it_says_where_it_is_stays_when_postgres_is_away_and_stops_at_sigterm(
    tmp_path: Path,
) -> None:
    process = subprocess.Popen(
        [COMMAND, "dashboard"],
        env={
            **os.environ,
            "CT_DATABASE_URL": f"postgresql://postgres@/postgres?host={tmp_path}",
            "CT_DASHBOARD_TOKENS": GOOD,
            "CT_DASHBOARD_PORT": "0",
        },
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        found = (re.search(r"http://\S+\d", line) for line in process.stderr)
        url = next(match[0] for match in found if match)
        with urlopen(f"{url}/healthz") as answer:
            assert answer.status == 200
        with urlopen(f"{url}/login") as answer:
            assert b"token" in answer.read()
        taken = run(
            *("dashboard",),
            CT_DATABASE_URL=DATABASE,
            CT_DASHBOARD_TOKENS=GOOD,
            CT_DASHBOARD_PORT=url.rpartition(":")[2],
        )
        assert taken.returncode == 1
        assert "CT_DASHBOARD_HOST and CT_DASHBOARD_PORT" in taken.stderr.splitlines()[-1]
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.communicate()


async def test_the_role_of_the_documentation_is_enough_for_reports_and_sees_no_secret(
    own_postgres: PostgresServer, own_database: str, root: Path
) -> None:
    text = (root / "docs" / "dashboard.md").read_text()
    [statements] = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    await execute(own_database, statements)
    reader = database_url(own_postgres, MIGRATED).replace("postgres@", "ct_reports:change-me@")
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    async with run_dashboard(own_database, reports_database_url=reader) as dashboard:
        await dashboard.log_in()
        assert (await dashboard.get("/")).status == 200
        assert (await dashboard.get("/v1/reports/channels", headers=bearer)).status == 200
    for table in ("dashboard_sessions", "dashboard_share_links"):
        with pytest.raises(Exception, match="permission denied"):
            await fetch(reader, f"SELECT * FROM {table}")
    with pytest.raises(Exception, match="permission denied"):
        await execute(reader, "DELETE FROM session_facts")
