"""Where commands put events again: where a collector's spool puts them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from collector.errors import OperatorError, StoreUnavailable
from collector.postgres.store import open_store
from collector.settings import Settings
from collector.sink import Sink


class NoReplays(OperatorError):
    """Nothing takes events that are put again. The message says why."""


@dataclass(frozen=True, slots=True)
class Replays:
    """What takes events that are put again, and its name for who reads what a command says."""

    sink: Sink
    place: str


@asynccontextmanager
async def open_replays(settings: Settings) -> AsyncIterator[Replays]:
    """Postgres; the queue's lane of replays, where there is a queue.

    So that old events never delay live ones, and Postgres is asked for no more than consumers
    ask of it. Raises NoReplays where no server of the queue is reached, and as open_store does.
    """
    if settings.queue_url is None:
        async with open_store(settings.database_url, 1, settings.database_timeout_seconds) as store:
            yield Replays(store, "Postgres")
        return
    # The client of NATS is loaded where there is a queue alone.
    from collector.queue.sink import open_replay_lane  # noqa: PLC0415

    async with AsyncExitStack() as stack:
        opening = open_replay_lane(settings.queue_url, settings.queue_timeout_seconds)
        try:
            lane = await stack.enter_async_context(opening)
        except StoreUnavailable as error:
            raise NoReplays(
                f"the queue at CT_QUEUE_URL cannot be used now ({error.reason or error}): "
                "run the command again"
            ) from error
        yield Replays(lane, "the queue")
