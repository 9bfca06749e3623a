"""What the dashboard keeps, in the database of CT_DATABASE_URL (db/queries/dashboard_*.sql)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import asyncpg

from collector.dashboard.errors import StoreUnavailable
from collector.settings import Settings
from collector.sql import load_query

POOL_SIZE = 3
MOST_VIEWS = 200
MOST_LINKS = 200
MOST_ANNOTATIONS = 500
RETRY_SECONDS = 2

Records = list[asyncpg.Record]


@dataclass(frozen=True, slots=True)
class BrowserSession:
    """A browser that is signed in: with which token, and what ties it to that token's value."""

    token_name: str
    token_check: bytes


@dataclass(frozen=True, slots=True)
class SavedView:
    """A page with its range and filters, under a name."""

    id: int
    name: str
    page: str
    query: str
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SharedView:
    """What a share link shows."""

    page: str
    query: str


@dataclass(frozen=True, slots=True)
class NewLink:
    """A share link to add. `note` says whom it is for."""

    token_hash: bytes
    view: SharedView
    note: str
    until: datetime


@dataclass(frozen=True, slots=True)
class ShareLink:
    """A share link, without its token, which nobody can know any more."""

    id: int
    page: str
    query: str
    note: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    def holds(self, now: datetime) -> bool:
        """Whether it still shows something."""
        return self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class Annotation:
    """What happened on a day."""

    id: int
    day: date
    text: str
    created_by: str
    created_at: datetime


class Store:
    """Sessions of browsers, saved views, share links, annotations.

    Every method raises StoreUnavailable where Postgres cannot be asked.
    """

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record]) -> None:
        self._pool = pool

    async def add_session(
        self, cookie_hash: bytes, session: BrowserSession, until: datetime, now: datetime
    ) -> None:
        """A browser is signed in."""
        await self._run(
            "add_session", cookie_hash, session.token_name, session.token_check, until, now
        )

    async def find_session(self, cookie_hash: bytes, now: datetime) -> BrowserSession | None:
        """The session of a cookie, None where there is none or its time is over."""
        found = await self._run("find_session", cookie_hash, now)
        return BrowserSession(**found[0]) if found else None

    async def end_session(self, cookie_hash: bytes) -> None:
        """A browser is signed out."""
        await self._run("end_session", cookie_hash)

    async def save_view(self, name: str, view: SharedView, by: str, now: datetime) -> None:
        """A view is saved; one of the same name is replaced."""
        await self._run("save_view", name, view.page, view.query, by, now)

    async def list_views(self) -> list[SavedView]:
        """The saved views, by name."""
        return [SavedView(**one) for one in await self._run("list_views", MOST_VIEWS)]

    async def delete_view(self, number: int) -> bool:
        """Whether there was one."""
        return bool(await self._run("delete_view", number))

    async def add_share_link(self, link: NewLink, by: str, now: datetime) -> None:
        """A share link holds from now on."""
        page, query = link.view.page, link.view.query
        await self._run(
            "add_share_link", link.token_hash, page, query, link.note, by, now, link.until
        )

    async def find_share_link(self, token_hash: bytes, now: datetime) -> SharedView | None:
        """What a share link shows, None where there is none that holds."""
        found = await self._run("find_share_link", token_hash, now)
        return SharedView(**found[0]) if found else None

    async def list_share_links(self) -> list[ShareLink]:
        """The share links, the newest first."""
        return [ShareLink(**one) for one in await self._run("list_share_links", MOST_LINKS)]

    async def revoke_share_link(self, number: int, now: datetime) -> bool:
        """Whether there is one."""
        return bool(await self._run("revoke_share_link", number, now))

    async def add_annotation(self, day: date, text: str, by: str, now: datetime) -> None:
        """A day has a note."""
        await self._run("add_annotation", day, text, by, now)

    async def list_annotations(self, first: date, last: date) -> list[Annotation]:
        """The notes of some days, by day."""
        found = await self._run("list_annotations", first, last, MOST_ANNOTATIONS)
        return [Annotation(**one) for one in found]

    async def delete_annotation(self, number: int) -> bool:
        """Whether there was one."""
        return bool(await self._run("delete_annotation", number))

    async def _run(self, query: str, *values: Any) -> Records:
        try:
            # In a transaction, so that a pooler gives both halves of a statement one session.
            async with self._pool.acquire() as connection, connection.transaction():
                records: Records = await connection.fetch(load_query(f"dashboard_{query}"), *values)
                return records
        except asyncpg.UndefinedTableError:
            raise StoreUnavailable(
                "the database lacks tables of the dashboard: run conversion-tracking migrate",
                RETRY_SECONDS,
            ) from None
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise StoreUnavailable(
                f"the database of CT_DATABASE_URL cannot be asked: {error}", RETRY_SECONDS
            ) from error


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[Store]:
    """The store for as long as the block runs; a connection is made when one is needed."""
    pool = asyncpg.create_pool(
        settings.database_url,
        min_size=0,
        max_size=POOL_SIZE,
        timeout=settings.database_timeout_seconds,
        command_timeout=settings.database_timeout_seconds,
        statement_cache_size=0,
        server_settings={"application_name": "conversion-tracking dashboard"},
    )
    try:
        yield Store(await pool)
    finally:
        pool.terminate()
