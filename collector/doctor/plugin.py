"""The gateway's part: nginx's variable and files, and the plugin server."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from collector.doctor.check import Check, Group
from collector.doctor.deployment import UNBOUND_STAMPS, Deployment
from collector.doctor.events import need_stored
from collector.doctor.finding import Finding, Skipped, failure, ok, warning
from collector.doctor.marked import VERSION
from collector.doctor.metrics_text import labels, sample

CONNECT_SECONDS = 5.0
INFO = "kong_plugin_info"
START = "start it: conversion-tracking-plugin --socket PATH (docs/kong.md)"


async def check_variable(deployment: Deployment) -> Finding:
    """The stamp of the event was bound to its request, by nginx's variable. Raises Skipped."""
    await need_stored(deployment)
    after = sample(await deployment.collector_metrics(), UNBOUND_STAMPS)
    before = deployment.unbound_stamps_before
    if before is None or after is None:
        raise Skipped(f"the collector does not count {UNBOUND_STAMPS}")
    if after == before:
        return ok("stamps hold the request's id")
    return failure(
        f"{UNBOUND_STAMPS} went from {before:.0f} to {after:.0f} with the doctor's event",
        "a stamp that is good for one request",
        "set KONG_NGINX_PROXY_SET as README.md has it, and restart Kong "
        "(docs/kong.md#one-read-instead-of-two)",
    )


async def check_files(deployment: Deployment) -> Finding:
    """The files by which nginx writes the CORS headers are those of the declarative file.

    Raises Skipped.
    """
    options = deployment.options
    if options.nginx_folder is None or options.document_path is None:
        raise Skipped("name the folder with --nginx-folder and Kong's file with --file")
    try:
        return await asyncio.to_thread(compare_files, options.document_path, options.nginx_folder)
    except ImportError:
        raise Skipped("the package conversion-tracking-plugin is not installed here") from None


def compare_files(kong_yml: Path, folder: Path) -> Finding:
    """Make the files anew, elsewhere, and see whether they differ.

    Raises ImportError where the plugin is not installed.
    """
    # The plugin is a distribution of its own, which a collector does without.
    from conversion_tracking_plugin import nginx  # noqa: PLC0415

    mend = f"conversion-tracking-plugin --nginx {folder} {kong_yml}, then `kong reload`"
    with tempfile.TemporaryDirectory(prefix="ct-doctor-") as made:
        try:
            nginx.write_files(kong_yml, Path(made))
        except nginx.NginxFilesError as error:
            return failure(str(error), "one policy of the plugin", "mend the file")
        names = (nginx.HTTP_FILE, nginx.PROXY_FILE)
        missing = [name for name in names if not (folder / name).is_file()]
        if missing:
            return warning(f"{', '.join(missing)} is not in {folder}", "both files", mend)
        old = [n for n in names if (folder / n).read_bytes() != (Path(made) / n).read_bytes()]
    if old:
        return failure(f"{', '.join(old)} is older than {kong_yml}", "files of this kong.yml", mend)
    return ok(f"both files in {folder} are those of {kong_yml}")


async def check_socket(deployment: Deployment) -> Finding:
    """Something listens on the plugin server's socket. Raises Skipped."""
    socket = deployment.options.plugin_socket
    if socket is None:
        raise Skipped("name the plugin server's socket with --plugin-socket")
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, writer = await asyncio.open_unix_connection(socket)
    except PermissionError:
        # As it should be for a user of its own: whoever can write there can forge stamps.
        raise Skipped(
            f"{socket} is not for this user; event.taken shows that Kong uses it"
        ) from None
    except (OSError, TimeoutError) as error:
        return away(socket, error, "a plugin server that listens")
    writer.transport.abort()
    return ok(f"{socket} accepts connections")


async def check_version(deployment: Deployment) -> Finding:
    """The plugin server is of this version, and has not failed. Raises Skipped."""
    address = deployment.options.plugin_metrics
    if address is None:
        raise Skipped("name the address of the plugin server's metrics with --plugin-metrics")
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            text = await scrape(address)
    except (OSError, TimeoutError) as error:
        return away(address, error, "metrics of a plugin server")
    found = labels(text, INFO, "version")  # of each worker
    if found != {VERSION}:
        return warning(
            f"the plugin is of version {', '.join(sorted(found)) or 'unknown'}",
            f"{VERSION}, the collector's",
            "upgrade in the order of docs/upgrading.md#the-order",
        )
    return ok(f"version {VERSION}")


def away(address: object, error: OSError, expected: str) -> Finding:
    """That nothing answers at an address of the plugin server."""
    reason = error.strerror or type(error).__name__
    return failure(f"{address}: {reason}", expected, START)


async def scrape(address: str) -> str:
    """The metrics at `unix:PATH` or `HOST:PORT`. Raises OSError where there are none."""
    if address.startswith("unix:"):
        reader, writer = await asyncio.open_unix_connection(address.removeprefix("unix:"))
    else:
        host, _, port = address.rpartition(":")
        reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    try:
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: doctor\r\nConnection: close\r\n\r\n")
        return (await reader.read(-1)).decode(errors="replace").replace("\r\n", "\n")
    finally:
        writer.transport.abort()


GROUP = Group(
    "Plugin",
    (
        Check("plugin.variable", check_variable),
        Check("plugin.files", check_files),
        Check("plugin.socket", check_socket),
        Check("plugin.version", check_version),
    ),
)
