"""The command beside a collector: its settings, its secrets, its spool; and what it writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collector.doctor import destinations, queue_checks, spools
from collector.doctor.finding import Status
from collector.doctor.groups import GROUPS
from collector.doctor.options import Options
from collector.settings import MOST_BYTES, Settings
from collector.spool.file import SpoolFile, open_spool_file
from local.up import KONG_YML, System
from tests.support import fetch
from tests.system.doctor.examined import Examined, Seen, look, refuse, run_doctor

FAILURE, WARNING, OK, SKIPPED = Status.FAILURE, Status.WARNING, Status.OK, Status.SKIPPED
MIB = 2**20


def environment(parts: System, healthy: Examined, **more: str) -> dict[str, str]:
    """The settings of the system's collector, and more."""
    return {
        "CT_DATABASE_URL": parts.database_url,
        "CT_GATEWAY_SECRET": parts.gateway_secret,
        "CT_PORT": str(healthy.collector_port),
        "CT_SPOOL_DIR": str(parts.data / "spool"),
        **more,
    }


def options_of(healthy: Examined) -> list[str]:
    """What the environment does not say."""
    return [
        *("--gateway", healthy.options.gateway or "", "--file", str(KONG_YML)),
        *("--plugin-socket", str(healthy.options.plugin_socket)),
        *("--plugin-metrics", str(healthy.options.plugin_metrics)),
    ]


async def test_a_healthy_system_is_well_and_one_event_is_stored(
    parts: System, healthy: Examined
) -> None:
    tables = ("conversion_events", "conversion_funnel", "rejected_events", "counted_orders")
    before = {t: await fetch(parts.database_url, f"SELECT * FROM {t}") for t in tables}

    said = await run_doctor(*options_of(healthy), "--json", environment=environment(parts, healthy))

    wrong = {c: s for c, s in said.statuses().items() if s != "ok"}
    assert wrong == {
        "settings.database_password": "skipped",  # a socket
        "settings.dashboard_tokens": "skipped",
        **{check.id: "skipped" for check in queue_checks.GROUP.checks},  # there is none
        **{check.id: "skipped" for check in destinations.GROUP.checks},
        "gateway.certificate": "skipped",  # without TLS, on this machine
        "cors.unrouted": "warning",  # nginx writes these
        "exposed.ports": "skipped",  # on this machine
        "plugin.files": "skipped",
    }
    assert (said.code, said.errors) == (0, "")
    assert {line["check"] for line in said.checks} == {c.id for g in GROUPS for c in g.checks}
    after = {t: await fetch(parts.database_url, f"SELECT * FROM {t}") for t in tables}
    [event] = [row for row in after["conversion_events"] if row not in before["conversion_events"]]
    assert (event["event_type"], event["is_bot"], event["stamp_verified"]) == ("doctor", True, True)
    assert [len(after[t]) - len(before[t]) for t in tables] == [1, 0, 0, 0]


async def test_warnings_alone_are_2_with_strict_and_0_without(
    parts: System, healthy: Examined
) -> None:
    settings = environment(parts, healthy)
    said = await run_doctor(*options_of(healthy), "--strict", environment=settings)
    assert said.code == 2
    lines = said.output.splitlines()
    [place] = [n for n, line in enumerate(lines) if line.startswith("warning  cors.unrouted: 404")]
    assert [line.strip().partition(" ")[0] for line in lines[place + 1 : place + 4]] == [
        "expected:",
        "to",
        "see",
    ]
    assert lines[-1].endswith(" ok, 1 warning, 0 failure, 19 skipped")
    assert parts.gateway_secret not in said.output


@pytest.mark.parametrize(
    ("changed", "check", "about", "status", "seen"),
    [
        (
            {"CT_GATEWAY_SECRET": "change-me-change-me-change-me-1234"},
            "settings.gateway_secret",
            "CT_GATEWAY_SECRET",
            "failure",
            "set, 34 characters, an example's",
        ),
        (
            {"CT_GATEWAY_SECRET": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
            "settings.gateway_secret",
            "CT_GATEWAY_SECRET",
            "failure",
            "set, 36 characters, an example's",
        ),
        (
            {"CT_GATEWAY_SECRET": "8f1c0be47a92d356"},
            "settings.gateway_secret",
            "CT_GATEWAY_SECRET",
            "warning",
            "set, 16 characters",
        ),
        (
            {"CT_GATEWAY_SECRET_PREVIOUS": "0123456789abcdef0123456789abcdef"},
            "settings.gateway_secret",
            "CT_GATEWAY_SECRET_PREVIOUS",
            "failure",
            "set, 32 characters, an example's",
        ),
        (
            {"CT_GATEWAY_SECRET": ""},
            "settings.gateway_secret",
            "",
            "failure",
            "CT_GATEWAY_SECRET is not set: no stamp is believed",
        ),
        (
            {"CT_DATABASE_URL": "postgresql://events:postgres@127.0.0.1:1/events"},
            "settings.database_password",
            "of CT_DATABASE_URL",
            "failure",
            "set, 8 characters, an example's",
        ),
        (
            {"CT_DATABASE_URL": "postgresql://events:8f1c0be4@127.0.0.1:1/events"},
            "settings.database_password",
            "of CT_DATABASE_URL",
            "failure",
            "set, 8 characters",
        ),
        (
            {"CT_DASHBOARD_TOKENS": "ann:8f1c0be47a92d3568f1c0be47a92d356,bob:passwordpassword"},
            "settings.dashboard_tokens",
            "of bob",
            "failure",
            "set, 16 characters, an example's",
        ),
        (
            {"CT_TRACING": "true", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "settings.traces",
            "",
            "failure",
            "OTEL_EXPORTER_OTLP_PROTOCOL: only http/protobuf is spoken",
        ),
        (
            {"CT_GATEWAY_SECRETS": "x"},
            "settings.read",
            "",
            "warning",
            "CT_GATEWAY_SECRETS: no such setting",
        ),
        (
            {"CT_PORT": "many", "CT_GATEWAY_SECRET": "short"},
            "settings.read",
            "",
            "failure",
            "CT_GATEWAY_SECRET: must have at least 16 characters",
        ),
        ({"CT_DATABASE_URL": ""}, "settings.read", "", "failure", "CT_DATABASE_URL: Field"),
    ],
)
async def test_settings_that_are_wrong_or_guessed_are_seen_and_not_shown(
    *,
    changed: Mapping[str, str],
    check: str,
    about: str,
    status: str,
    seen: str,
) -> None:
    good = {
        "CT_DATABASE_URL": "postgresql://events:8f1c0be47a92d356@127.0.0.1:1/events",
        "CT_GATEWAY_SECRET": "8f1c0be47a92d3568f1c0be47a92d356",
        "CT_PORT": "1",
    }
    said = await run_doctor("--json", environment={**good, **changed})
    [line] = [x for x in said.checks if (x["check"], x["about"]) == (check, about)]
    assert (line["status"], seen in line["seen"]) == (status, True), line
    assert said.code == 1  # nothing answers at port 1
    for value in (*good.values(), *changed.values()):
        secret = value.rpartition("@")[0].rpartition(":")[2] or value
        assert len(secret) < 8 or secret not in said.output + said.errors


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "nothing to look at"),
        (["--gateway", "www.example.com"], "is no address such as https://www.example.com"),
        (["--gateway", "https://www.example.com", "--origin", "*"], "--origin '*'"),
        (["--database", "mysql://user:hunter2@host/db"], "--database must be a URL"),
        (["--file", "nowhere.yml"], "--file nowhere.yml"),
        (["--file", "README.md"], "--file README.md"),
    ],
)
async def test_what_the_doctor_cannot_make_sense_of_is_one_line(
    options: list[str], words: str
) -> None:
    said = await run_doctor(*options)
    assert (said.code, said.output) == (1, "")
    [line] = said.errors.splitlines()[:1]
    assert line.startswith("conversion-tracking: ")
    assert words in line
    assert "hunter2" not in said.errors


async def test_the_file_alone_is_looked_at_without_asking_anybody(tmp_path: Path) -> None:
    whole = await run_doctor("--file", str(KONG_YML), "--json")
    assert (whole.code, set(whole.statuses().values())) == (0, {"ok"})
    assert {check.partition(".")[0] for check in whole.statuses()} == {"file"}

    broken = tmp_path / "kong.yml"
    broken.write_text(KONG_YML.read_text().replace("read_timeout: 10000", "read_timeout: 60000"))
    said = await run_doctor("--file", str(broken), "--json")
    assert said.code == 1
    [line] = [x for x in said.checks if x["status"] != "ok"]
    assert (line["check"], line["seen"]) == ("file.timeouts", "services[0], services[1]")

    (tmp_path / "empty.yml").write_text("_format_version: '3.0'")
    empty = await run_doctor("--file", str(tmp_path / "empty.yml"), "--json")
    assert [x["check"] for x in empty.checks if x["status"] != "ok"] == ["file.plugin"]


async def look_at_spool(folder: Path, **settings: object) -> Seen:
    """What the doctor says of a spool's folder."""
    given = {"database_url": "postgresql:///events", "spool_dir": folder, **settings}
    return await look(Options(settings=Settings.model_validate(given)), spools.GROUP)


@contextmanager
def spool_file(folder: Path) -> Iterator[SpoolFile]:
    """A spool as a collector has it open."""
    file = open_spool_file(folder, "spool-0", 64 * MIB)
    try:
        yield file
    finally:
        file.close()


def names_in(folder: Path) -> set[str]:
    """The files in a folder."""
    return {path.name for path in folder.iterdir()}


async def test_events_that_wait_on_disk_are_counted_without_opening_the_spool(
    tmp_path: Path,
) -> None:
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    with spool_file(tmp_path) as file:
        assert (await look_at_spool(tmp_path)).not_ok() == {}
        file.append([(long_ago, b"one"), (datetime.now(UTC), b"two")])
        names = names_in(tmp_path)

        waiting = await look_at_spool(tmp_path)
        file.remove([1])
        younger = await look_at_spool(tmp_path)
        file.refuse(2, "because")
        refused = await look_at_spool(tmp_path)

    refuse(waiting.of("spool.waiting"), FAILURE, "2 events wait, the oldest for 36")
    refuse(younger.of("spool.waiting"), OK, "1 events wait, the oldest for ")
    refuse(refused.of("spool.waiting"), OK, "no event waits")
    refuse(refused.of("spool.lost"), WARNING, "1 events are set aside")
    assert names | {"spool-0.refused"} == names_in(tmp_path)  # nothing of the doctor's


async def test_damaged_files_of_a_spool_are_seen(tmp_path: Path) -> None:
    (tmp_path / "spool-0.1.events.damaged-1").write_bytes(b"?")
    refuse((await look_at_spool(tmp_path)).of("spool.lost"), FAILURE, "1 damaged files")


async def test_a_file_of_the_spool_that_is_gone_when_it_is_looked_at_takes_no_room(
    tmp_path: Path,
) -> None:
    (tmp_path / "spool-0.events").symlink_to(tmp_path / "drained")
    refuse((await look_at_spool(tmp_path, spool_max_bytes=MIB)).of("spool.space"), OK, "0 used")


async def test_a_folder_that_takes_no_file_and_a_disk_that_is_small_are_seen(
    tmp_path: Path,
) -> None:
    no_folder = tmp_path / "file"
    no_folder.write_text("")
    for folder in (tmp_path / "nowhere", no_folder):
        seen = await look_at_spool(folder)
        refuse(seen.of("spool.folder"), FAILURE, str(folder))
        assert seen.of("spool.waiting").status is SKIPPED

    small = await look_at_spool(tmp_path, spool_max_bytes=MOST_BYTES)
    refuse(small.of("spool.space"), WARNING, "MiB are free")
