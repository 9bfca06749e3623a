"""Erasing a person from every table, and keeping them from coming back."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from collector.facts.mend import mend
from collector.facts.refresh import WAIT_SECONDS, alone_with_facts
from collector.facts.sums import sum_day
from collector.postgres.sessions import Connection
from collector.privacy.identity import IdKind, Matcher, Person, Tombstone, digest_of
from collector.sql import load_privacy

# Sessions of one transaction: some hundred events mostly.
SLICE_SESSIONS = 200
REJECTS_PAGE = 200  # 13 MB of bodies at most
# How often a tombstone is tried to be put up while a batch that is stuck is in its way.
LOCK_TRIES = 30


class EraseBusy(Exception):
    """A batch that is being written does not end. The message says what to do."""

    def __init__(self) -> None:
        super().__init__("a batch of events does not end in Postgres")


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure took away, by table, and the tombstones that it left."""

    erased_at: datetime
    counts: dict[str, int]
    tombstones: list[Tombstone]


# Finds a person anew: what was written meanwhile is found too.
Find = Callable[[], Awaitable[Person]]


async def find_person(connection: Connection, seeds: Person) -> Person:
    """All ids of a person: of a user the browsers that nobody else was named in, of all of these
    the sessions. Raises what asyncpg raises."""
    visitors = set(seeds.visitors)
    if seeds.users:
        users = list(seeds.users)
        visitors |= {r["visitor_id"] for r in await fetch(connection, "find_browsers", users)}
    sessions = await fetch(
        connection, "find_sessions", list(seeds.users), list(visitors), list(seeds.sessions)
    )
    return Person(
        seeds.users,
        frozenset(visitors),
        seeds.sessions | {row["session_id"] for row in sessions},
    )


async def find_by_email_hash(connection: Connection, email_hash: str) -> Person:
    """What a person's e-mail address leads to. Raises what asyncpg raises."""
    users = await fetch(connection, "find_users", email_hash)
    sessions = await fetch(connection, "find_written", email_hash)
    return Person(
        users=frozenset(row["user_id"] for row in users),
        sessions=frozenset(row["session_id"] for row in sessions),
    )


async def find_erased(connection: Connection) -> Person:
    """What there is of people who were erased. Raises what asyncpg raises."""
    sessions = await fetch(connection, "find_erased")
    return Person(sessions=frozenset(row["session_id"] for row in sessions))


async def count_person(connection: Connection, person: Person, matcher: Matcher) -> dict[str, int]:
    """How much there is of a person, by table. Raises what asyncpg raises."""
    rows = await fetch(connection, "count_sessions", list(person.sessions))
    rejects = [number async for number, _ in matching_rejects(connection, matcher)]
    return {row["place"]: row["rows"] for row in rows} | {"rejected_events": len(rejects)}


async def erase(
    connection: Connection, find: Find, namespace: UUID, asked_by: str, again: Iterable[Tombstone]
) -> Erased:
    """Erase a person, or with `again` those of these tombstones too. Raises EraseBusy, and what
    asyncpg raises; what is left then goes when it is run again."""
    await put_up(connection, again)
    person, counts = await find(), Counter[str]()
    while True:
        await put_up(connection, await tombstones_of(connection, person))
        counts.update(await take_away(connection, person))
        found = await find()
        if found.sessions <= person.sessions and found.visitors <= person.visitors:
            break
        person = found
    listed = await list_tombstones(connection)
    matcher = Matcher(frozenset(stone.digest for stone in listed), namespace)
    counts["rejected_events"] += await erase_rejects(connection, matcher)
    ours = person.digests()
    stones = [stone for stone in listed if stone.digest in ours or asked_by == "again"]
    counts["quarter_sums"] += await erase_visitors(connection, stones)
    erased_at = await connection.fetchval(
        load_privacy("note_erasure"), asked_by, json.dumps(counts)
    )
    return Erased(erased_at, dict(counts), stones)


async def tombstones_of(connection: Connection, person: Person) -> list[Tombstone]:
    """What is kept of a person's ids. Raises what asyncpg raises."""
    ids = person.ids()
    keys = await fetch(connection, "keys", [value for _, value in ids])
    return [
        Tombstone(kind, digest_of(kind, value), row["key"])
        for (kind, value), row in zip(ids, keys, strict=True)
    ]


async def list_tombstones(connection: Connection) -> list[Tombstone]:
    """All that were put up. Raises what asyncpg raises."""
    rows = await fetch(connection, "list_erased")
    return [Tombstone(IdKind(row["kind"]), row["digest"], row["key"]) for row in rows]


async def put_up(connection: Connection, stones: Iterable[Tombstone]) -> None:
    """Put up tombstones: no batch that is written after this has an event of these people.

    Batches that are being written are waited for, for a second at a time, since they did not see
    the tombstone. Raises EraseBusy where one does not end, and what asyncpg raises.
    """
    columns = [list(column) for column in zip(*stones, strict=True)]
    if not columns:
        return
    columns[0] = [str(kind) for kind in columns[0]]
    for _ in range(LOCK_TRIES):
        try:
            async with connection.transaction():
                await connection.execute(load_privacy("set_lock_timeout"))
                await connection.execute(load_privacy("lock_erased"))
                await connection.execute(load_privacy("add_erased"), *columns)
        except asyncpg.LockNotAvailableError:
            await asyncio.sleep(WAIT_SECONDS)  # others have their turn
            continue
        return
    raise EraseBusy


async def take_away(connection: Connection, person: Person) -> Counter[str]:
    """Delete all of a person's sessions. Returns how many rows of which table went."""
    counts: Counter[str] = Counter()
    sessions = sorted(person.sessions)
    for start in range(0, len(sessions), SLICE_SESSIONS):
        part = sessions[start : start + SLICE_SESSIONS]
        for row in await fetch(connection, "count_sessions", part):
            counts[row["place"]] += row["rows"]
        async with connection.transaction():
            await connection.execute(load_privacy("erase_events"), part)
        counts["summed_days"] += await take_away_computed(connection, part)
    return counts


async def take_away_computed(connection: Connection, sessions: list[str]) -> int:
    """Mend what is computed of events that are gone. Returns how many days were summed anew."""
    changes = 1
    while changes:
        async with alone_with_facts(connection):
            changes = await mend(connection)
    async with alone_with_facts(connection):
        await connection.execute(load_privacy("erase_orders"), sessions)
        await connection.execute(load_privacy("erase_funnel"), sessions)
        days = {row["day"] for row in await fetch(connection, "erase_facts", sessions)}
        await connection.execute(load_privacy("erase_queues"), sessions)
        summed = [row["day"] for row in await fetch(connection, "summed_of", list(days))]
        for day in summed:
            await sum_day(connection, day)
    return len(summed)


async def erase_visitors(connection: Connection, stones: Iterable[Tombstone]) -> int:
    """Take visitors out of sums that are final. Returns how many sums had one."""
    keys = [stone.key for stone in stones if stone.kind is IdKind.VISITOR]
    rows: int = await connection.fetchval(load_privacy("erase_visitors"), keys)
    return rows


async def erase_rejects(connection: Connection, matcher: Matcher) -> int:
    """Delete what broke the contract and names one of these people. Returns how many."""
    numbers = [number async for number, _ in matching_rejects(connection, matcher)]
    await connection.execute(load_privacy("erase_rejects"), numbers)
    return len(numbers)


async def matching_rejects(
    connection: Connection, matcher: Matcher
) -> AsyncIterator[tuple[int, bytes]]:
    """The rejected events that name one of these people: their numbers, and what was sent."""
    below: int | None = None
    while True:
        rows = await fetch(connection, "list_reject_bodies", below, REJECTS_PAGE)
        for row in rows:
            if matcher.matches(row["body"]):
                yield row["id"], row["body"]
        if len(rows) < REJECTS_PAGE:
            return
        below = rows[-1]["id"]


async def fetch(connection: Connection, query: str, *arguments: object) -> list[asyncpg.Record]:
    """The rows of a query of db/privacy."""
    return list(await connection.fetch(load_privacy(query), *arguments))
