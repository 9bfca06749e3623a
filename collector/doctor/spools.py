"""The disk that events wait on while Postgres is away; only beside a collector."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from collector.doctor.check import Check, Group
from collector.doctor.deployment import Deployment
from collector.doctor.finding import Finding, Skipped, failure, ok, warning
from collector.settings import MIB
from collector.spool.damaged import damaged_files
from collector.spool.look import SpoolLook, look_at_spools

# The collector takes this name for one of its own files, and none of its spools has it.
PROBE = "spool-doctor.probe"
WAITING_SECONDS = 120.0
DOCS = "docs/production.md#while-postgres-is-away"


async def check_folder(deployment: Deployment) -> Finding:
    """A file can be written, synced and given its name there."""
    folder = deployment.settings().spool_dir
    try:
        await asyncio.to_thread(write_probe, folder)
    except OSError as error:
        return failure(
            f"{folder}: {error.strerror or error}",
            "a folder on a local disk that the collector may write",
            f"install -d -m 700 -o COLLECTOR {folder}; run the doctor as the collector's user",
        )
    return ok(f"{folder} takes a file, syncs it and renames it")


def write_probe(folder: Path) -> None:
    """Write, sync and rename a file, and take it away again. Raises OSError."""
    descriptor, name = tempfile.mkstemp(prefix=f"{PROBE}-", dir=folder)
    written, renamed = Path(name), folder / PROBE
    try:
        os.write(descriptor, b"doctor")
        os.fsync(descriptor)
        written.rename(renamed)
    finally:
        os.close(descriptor)
        written.unlink(missing_ok=True)
        renamed.unlink(missing_ok=True)


async def check_space(deployment: Deployment) -> Finding:
    """As much room as the spool may take. Raises Skipped."""
    settings = deployment.settings()
    try:
        free = shutil.disk_usage(settings.spool_dir).free
    except OSError as error:
        raise Skipped(f"{settings.spool_dir}: {error.strerror} (spool.folder)") from None
    used = sum(size_of(path) for path in settings.spool_dir.glob("spool-*"))
    seen = f"{free // MIB} MiB are free, {used // MIB} used"
    wanted = settings.spool_max_bytes
    if free + used >= wanted:
        return ok(seen)
    return warning(
        seen,
        f"{wanted // MIB} MiB, CT_SPOOL_MAX_BYTES, for each process",
        f"make room, or lower CT_SPOOL_MAX_BYTES ({DOCS})",
    )


def size_of(path: Path) -> int:
    """A file's bytes; 0 of one that was drained, or was the doctor's own, and is gone by now."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


async def check_waiting(deployment: Deployment) -> Finding:
    """How many events wait, and since when."""
    spools = await look(deployment)
    waiting = sum(spool.waiting for spool in spools)
    if not waiting:
        return ok(f"no event waits in {len(spools)} spools")
    times = [spool.oldest_at for spool in spools if spool.oldest_at]
    age = (datetime.now(UTC) - min(times)).total_seconds() if times else 0.0
    seen = f"{waiting} events wait, the oldest for {age:.0f} s"
    if age <= WAITING_SECONDS:
        return ok(seen)
    return failure(
        seen,
        f"{WAITING_SECONDS:.0f} s at most",
        "start Postgres and a collector of this folder, or: conversion-tracking replay --spool "
        f"{deployment.settings().spool_dir} ({DOCS})",
    )


async def check_lost(deployment: Deployment) -> Finding:
    """Events that were set aside, or are damaged."""
    folder = deployment.settings().spool_dir
    spools = await look(deployment)
    refused = sum(spool.refused for spool in spools)
    damaged = sum(spool.damaged for spool in spools)
    files = damaged_files(folder)
    if damaged or files:
        return failure(
            f"{damaged} promised events are damaged, {len(files)} damaged files are kept",
            "none",
            f"look at the disk; conversion-tracking replay writes what can be read ({DOCS})",
        )
    if refused:
        return warning(
            f"{refused} events are set aside, which Postgres refused",
            "none",
            f"stop the collector, then: conversion-tracking replay --refused ({DOCS})",
        )
    return ok("none is set aside or damaged")


async def look(deployment: Deployment) -> list[SpoolLook]:
    """The spools of the folder. Raises Skipped where it cannot be read."""
    folder = deployment.settings().spool_dir
    try:
        return await asyncio.to_thread(look_at_spools, folder)
    except OSError as error:
        raise Skipped(f"{folder}: {error.strerror or error} (spool.folder)") from None


GROUP = Group(
    "Spool",
    (
        Check("spool.folder", check_folder),
        Check("spool.space", check_space),
        Check("spool.waiting", check_waiting),
        Check("spool.lost", check_lost),
    ),
)
