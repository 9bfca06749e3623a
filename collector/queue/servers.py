"""Whether the servers sync what they acknowledge, as they say themselves.

By default a NATS server syncs its files every two minutes: a power cut takes what was
acknowledged since. Only a user of the servers' system account is told how they are set.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import nats.errors
from nats.aio.client import Client

ASK_ALL = "$SYS.REQ.SERVER.PING.VARZ"
ANSWER_SECONDS = 2.0
NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class ServerSync:
    """How one server syncs: always, or every so many seconds."""

    name: str
    always: bool
    every_seconds: float
    cluster_size: int


async def ask_servers(client: Client) -> Sequence[ServerSync]:
    """What each server with JetStream says, by name; those that do not answer are missing.

    The client must be of the system account: nobody else is answered.
    """
    inbox = client.new_inbox()
    answers = await client.subscribe(inbox)
    await client.publish(ASK_ALL, b"", reply=inbox)
    found: dict[str, ServerSync] = {}
    try:
        while len(found) < max([s.cluster_size for s in found.values()], default=1):
            message = await answers.next_msg(timeout=ANSWER_SECONDS)
            if server := read_answer(json.loads(message.data)):
                found[server.name] = server
    except nats.errors.TimeoutError:
        pass  # no more answers
    return sorted(found.values(), key=lambda server: server.name)


def read_answer(answer: Mapping[str, Any]) -> ServerSync | None:
    """A server's answer; None where it has no JetStream, and so no files of the queue."""
    jetstream = answer.get("data", {}).get("jetstream", {})
    config = jetstream.get("config")
    if not config:
        return None
    return ServerSync(
        name=answer["server"]["name"],
        always=bool(config.get("sync_always")),
        every_seconds=config.get("sync_interval", 0) / NANOSECONDS,
        cluster_size=jetstream.get("meta", {}).get("cluster_size", 1),
    )
