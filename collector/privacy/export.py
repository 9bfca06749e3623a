"""All that is kept of a person."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from collector.postgres.sessions import Connection
from collector.privacy.erase import SLICE_SESSIONS, fetch, matching_rejects
from collector.privacy.identity import Matcher, Person
from collector.rejects.lines import body_as_json


async def export_person(
    connection: Connection, person: Person, matcher: Matcher
) -> AsyncIterator[tuple[str, str]]:
    """Each row as its table and JSON; what broke the contract comes last. Raises what asyncpg
    raises."""
    sessions = sorted(person.sessions)
    for start in range(0, len(sessions), SLICE_SESSIONS):
        for row in await fetch(connection, "export", sessions[start : start + SLICE_SESSIONS]):
            yield row["place"], row["row"].replace("\n", " ")
    async for number, body in matching_rejects(connection, matcher):
        for row in await fetch(connection, "export_reject", number):
            yield "rejected_events", reject_json(row["row"], body)


def reject_json(row: str, body: bytes) -> str:
    """A rejected event as JSON, its body as it was sent."""
    return f'{json.dumps(json.loads(row))[:-1]}, "body": {body_as_json(body)}}}'
