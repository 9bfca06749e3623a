"""The command `rejects`: what broke the contract, and sending it through again."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from collector.enrich import make_enricher
from collector.errors import CollectorError, EventRefused, OperatorError, StoreUnavailable
from collector.rejects.lines import (
    RepairError,
    count_lines,
    export_line,
    list_lines,
    parse_repaired,
    printable_line,
    show_lines,
)
from collector.rejects.replay import RejectReplay
from collector.rejects.store import KeptReject, RejectFilter, RejectStore, open_reject_store
from collector.replays import open_replays
from collector.settings import Settings

Work = Callable[[argparse.Namespace, Settings], Awaitable[None]]


class RejectsError(OperatorError):
    """The command cannot do what it was asked. The message says why."""


def add_rejects(command: argparse.ArgumentParser, read_settings: Callable[[], Settings]) -> None:
    """The command `rejects` and its actions."""

    def runs(work: Work) -> Callable[[argparse.Namespace], None]:
        return lambda options: run_work(work, options, read_settings())

    command.set_defaults(run=runs(summarize), reason=None, field=None, all=False)
    add_filter(command)
    command.add_argument("--limit", type=int, default=20, help="rows to list (default: 20)")
    actions = command.add_subparsers(metavar="ACTION")

    def add(name: str, text: str, work: Work) -> argparse.ArgumentParser:
        parser = actions.add_parser(name, help=text, description=text)
        parser.set_defaults(run=runs(work))
        return parser

    add("show", "show one in full", show).add_argument("number", type=int)
    add_filter(add("export", "write them as lines of JSON, to be repaired", export))
    replay = add("replay", "send them through again", replay_chosen)
    add_filter(replay)
    replay.add_argument("--file", help="lines of `export` with repaired bodies; - for stdin")


def add_filter(parser: argparse.ArgumentParser) -> None:
    """Which of them are meant; said before the action it counts as well as after it."""
    silent = argparse.SUPPRESS  # an action's default must not undo what was said before it
    text = "only with this reason, such as invalid_event"
    parser.add_argument("--reason", default=silent, help=text)
    text = "only with an error in this field, such as currency"
    parser.add_argument("--field", default=silent, help=text)
    text = "also those that were replayed"
    parser.add_argument("--all", action="store_true", default=silent, help=text)


def run_work(work: Work, command: argparse.Namespace, settings: Settings) -> None:
    """Run an action. Raises RejectsError where the database cannot be used."""
    try:
        asyncio.run(work(command, settings))  # type: ignore[arg-type]  # every Work is a coroutine
    except asyncpg.UndefinedTableError:
        raise RejectsError(
            "the database has no table rejected_events; run `conversion-tracking migrate`"
        ) from None
    except (OSError, asyncpg.PostgresError) as error:
        raise RejectsError(f"cannot use the database of CT_DATABASE_URL: {error}") from error


@asynccontextmanager
async def reject_store(settings: Settings) -> AsyncIterator[RejectStore]:
    """The rejected events of the database that the settings name."""
    url, timeout = settings.database_url, settings.database_timeout_seconds
    async with open_reject_store(url, timeout) as rejects:
        yield rejects


async def summarize(command: argparse.Namespace, settings: Settings) -> None:
    """`rejects`."""
    chosen = filter_of(command)
    async with reject_store(settings) as rejects:
        counts = await rejects.count(chosen)
        listed = [kept async for kept in rejects.select(chosen, command.limit)]
    if not listed:
        print("no rejected events")
        return
    print(*count_lines(counts), "", *list_lines(listed), sep="\n")


async def show(command: argparse.Namespace, settings: Settings) -> None:
    """`rejects show`."""
    async with reject_store(settings) as rejects:
        print(*show_lines(await get(rejects, command.number)), sep="\n")


async def export(command: argparse.Namespace, settings: Settings) -> None:
    """`rejects export`."""
    async with reject_store(settings) as rejects:
        async for kept in rejects.select(filter_of(command)):
            print(export_line(kept))


async def replay_chosen(command: argparse.Namespace, settings: Settings) -> None:
    """`rejects replay`: what still breaks the contract stays as it is.

    An odd line, and an event that fails for whatever reason, is named and counted; the others
    are replayed. Raises RejectsError where Postgres, or the queue before it, cannot be used, and
    at the end where a line of the file was odd; NoReplays where the queue is away from the begin.
    """
    results: Counter[str] = Counter()
    odd: list[str] = []
    async with reject_store(settings) as rejects, open_replays(settings) as replays:
        again = RejectReplay(
            make_enricher(settings),
            replays.sink,
            rejects,
            settings.event_limits,
            settings.client_ip_storage,
        )
        async for kept, body in chosen_bodies(command, rejects, odd):
            try:
                results[await again.replay(kept, body)] += 1
            except StoreUnavailable as error:
                raise RejectsError(
                    f"{replays.place} cannot be used now; replay again later"
                ) from error
            except CollectorError as error:
                results["failed"] += 1
                print(printable_line(f"{kept.id}: {error.code}: {explain(error)}"), file=sys.stderr)
            except (OSError, asyncpg.PostgresError):
                raise
            except Exception as error:  # noqa: BLE001  # whatever it is, it is one event's
                results["failed"] += 1
                print(f"{kept.id}: {type(error).__name__}", file=sys.stderr)
    if odd:
        results["odd"] = len(odd)
    print(
        ", ".join(f"{count} {result}" for result, count in results.items()) or "nothing to replay"
    )
    if odd:
        raise RejectsError("\n".join(odd))


def explain(error: CollectorError) -> str:
    """Why an event did not go through."""
    if isinstance(error, EventRefused):
        return error.reason
    return "; ".join(f"{e.field} {e.message}" for e in error.errors) or error.message


async def chosen_bodies(
    command: argparse.Namespace, rejects: RejectStore, odd: list[str]
) -> AsyncIterator[tuple[KeptReject, bytes]]:
    """What is replayed: the rows as they were sent, or those of a file as it has them.

    What is wrong with a line of the file is added to `odd`. Raises RejectsError where the
    file cannot be read.
    """
    if command.file is None:
        async for kept in rejects.select(filter_of(command)):
            yield kept, kept.reject.body
        return
    for number, line in enumerate(read_text(command.file).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            repaired = parse_repaired(line, number)
            kept = await get(rejects, repaired.number)
        except (RepairError, RejectsError) as error:
            odd.append(f"{command.file}: {error}")
            continue
        yield kept, repaired.body


def read_text(file: str) -> str:
    """What is in a file, or comes from the standard input. Raises RejectsError where it cannot."""
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RejectsError(f"cannot read {file}: {error}") from error


async def get(rejects: RejectStore, number: int) -> KeptReject:
    """The row with this number. Raises RejectsError where there is none."""
    kept = await rejects.get(number)
    if kept is None:
        raise RejectsError(f"there is no rejected event {number}; old ones are deleted")
    return kept


def filter_of(command: argparse.Namespace) -> RejectFilter:
    """The options of add_filter."""
    return RejectFilter(command.reason, command.field, command.all)
