"""The script of compose.scale.yml's standby, with real servers: it copies, and follows."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.postgres import PostgresServer
from local.processes import start_child, stop_child
from tests.standby import of, wait_for_standby
from tests.waiting import eventually
from tools.distributions import ROOT

FOLLOW = ROOT / "deploy" / "postgres" / "follow-primary"
HBA = ROOT / "deploy" / "postgres" / "pg_hba.conf"


@pytest.fixture
def folder(own_postgres: PostgresServer) -> Iterator[Path]:
    """Where Postgres's own user can go too, with the file of who may connect."""
    with tempfile.TemporaryDirectory(prefix="ct-") as name:
        (Path(name) / HBA.name).write_text(HBA.read_text())
        if own_postgres.system_user:
            Path(name).chmod(0o777)
        yield Path(name)


async def test_the_standby_is_copied_once_and_follows_under_its_name(
    own_postgres: PostgresServer, folder: Path
) -> None:
    data = folder / "18" / "docker"
    command = [
        *("sh", "-c", FOLLOW.read_text(), str(FOLLOW)),
        f"{of(own_postgres)} application_name=standby",
        *("postgres", "-c", f"hba_file={folder / HBA.name}", "-h", "", "-k", str(folder)),
    ]
    path = f"{own_postgres.bin_path}:{os.environ['PATH']}"
    settings = {"PGDATA": str(data), "PATH": path}
    copies = set()
    for _ in range(2):
        user = own_postgres.system_user
        standby = start_child("standby", command, settings, folder / "log", user)
        try:
            await eventually((data / "postmaster.pid").exists)
            await wait_for_standby(own_postgres)
            copies.add((data / "PG_VERSION").stat().st_ino)
        finally:
            stop_child(standby)
    assert len(copies) == 1


def test_the_script_may_be_started() -> None:
    assert os.access(FOLLOW, os.X_OK)
