"""Who takes part: consumers say that they are there, and who falls silent ages away."""

from __future__ import annotations

from nats.js import JetStreamContext

from collector.queue.look import list_consumers
from collector.queue.streams import MEMBERS, MEMBERS_PREFIX


class Members:
    """The list of consumers, in a stream whose messages age away (queue/streams.py).

    All methods raise what the client of NATS raises.
    """

    def __init__(self, jetstream: JetStreamContext, own: str) -> None:
        self._jetstream = jetstream
        self.own = own

    async def announce(self) -> None:
        """Say that this one is there, until the takeover time is over."""
        await self._jetstream.publish(self._subject, b"", stream=MEMBERS)

    async def list_all(self) -> list[str]:
        """Those that are there, this one among them."""
        return await list_consumers(self._jetstream)

    async def leave(self) -> None:
        """Be gone at once, so that others need not wait."""
        await self._jetstream.purge_stream(MEMBERS, subject=self._subject)

    @property
    def _subject(self) -> str:
        return f"{MEMBERS_PREFIX}.{self.own}"
