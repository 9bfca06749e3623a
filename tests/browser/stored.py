"""What has arrived in Postgres from the pages of a test."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Page

from tests.browser.flaky_proxy import FlakyProxy, session_ids
from tests.browser.waiting import DEADLINE_SECONDS, POLL_SECONDS
from tests.support import Rows
from tests.system.running import RunningSystem

# A page view is held until its title has settled, and what is tracked meanwhile with it: the first
# is on its way when the session has an event that is younger than the page. The queue has the ids
# of events, and of each the event until it is answered; what is on its way stands there when a
# second is over, or the page may have been hidden, as it is told here.
EMPTY_QUEUE = """() => {
    dispatchEvent(new Event("visibilitychange"));
    const { at } = JSON.parse(sessionStorage.ct_session_id_data ?? "{}");
    const asked = document.querySelector("[data-manual-page-views]");
    const isQueued = asked || at >= Math.floor(performance.timeOrigin);
    return isQueued && !Object.entries(localStorage).some(
        ([key, text]) => key.endsWith(":queue") && /:"[^"]/.test(text));
}"""


@dataclass(frozen=True)
class Stored:
    """The rows of every session of which a request reached the proxy."""

    system: RunningSystem
    proxy: FlakyProxy

    async def rows(self) -> Rows:
        """The rows by session, and in it by the tracker's count."""
        found = [
            row
            for session_id in sorted(session_ids(self.proxy.requests))
            for row in await self.system.events(session_id)
        ]
        return sorted(found, key=by_session_and_sequence)

    async def wait_for(self, count: int) -> Rows:
        """The rows, as soon as there are so many. They may be more: compare them all."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while len(rows := await self.rows()) < count:
            if time.monotonic() > deadline:
                names = [row["event_name"] for row in rows]
                raise AssertionError(
                    f"{len(rows)} of {count} rows after {DEADLINE_SECONDS:.0f} s: {names}; "
                    f"requests: {[(seen.path, seen.body) for seen in self.proxy.requests]}"
                )
            await asyncio.sleep(POLL_SECONDS)
        return rows

    async def once_all_is_answered(self, page: Page) -> Rows:
        """The rows, as soon as the gateway has answered for each event in the browser's queue."""
        await page.wait_for_function(EMPTY_QUEUE, timeout=DEADLINE_SECONDS * 1000)
        return await self.rows()


def pages_and_names(rows: Rows, site: str) -> list[str]:
    """Of each page view the address within the site, of each other event the name."""
    return [
        row["page_url"].removeprefix(site)
        if row["event_type"] == "page_view"
        else row["event_name"]
        for row in rows
    ]


def by_session_and_sequence(row: dict[str, Any]) -> tuple[str, int]:
    """The order in which a visitor did things."""
    return row["session_id"], row["sequence"]


def names_and_sequence(rows: Rows) -> list[tuple[str, int]]:
    """What tells whether an event is missing, or there twice."""
    return [(row["event_name"], row["sequence"]) for row in rows]
