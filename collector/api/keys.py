"""What the application holds, by typed keys."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from aiohttp import web

from collector.api.asked import Endpoint
from collector.api.request_context import ContextReader
from collector.background import Supervisor
from collector.contract.validation import Validator
from collector.durable.failover import Failover
from collector.durable.writer import Writer
from collector.enrich import Enricher
from collector.metrics import Metrics
from collector.rejects.keeper import RejectKeeper
from collector.settings import Settings
from collector.sink import Sink
from collector.spool.spool import Spool

if TYPE_CHECKING:
    from collector.tracing.spans import Tracing

SETTINGS = web.AppKey("settings", Settings)
METRICS = web.AppKey("metrics", Metrics)
CONTEXTS = web.AppKey("contexts", ContextReader)
VALIDATOR = web.AppKey("validator", Validator)
REJECT_KEEPER = web.AppKey("reject_keeper", RejectKeeper)
ENRICHER = web.AppKey("enricher", Enricher)
SINK: web.AppKey[Sink] = web.AppKey("sink")
STOPPING = web.AppKey("stopping", asyncio.Event)
FAILOVER = web.AppKey("failover", Failover)
WRITER = web.AppKey("writer", Writer)
SPOOL = web.AppKey("spool", Spool)
BACKGROUND = web.AppKey("background", Supervisor)
TRACING: web.AppKey[Tracing | None] = web.AppKey("tracing")
# What takes a body, by path.
ENDPOINTS: web.AppKey[Mapping[str, Endpoint]] = web.AppKey("endpoints")
METRICS_PAGE: web.AppKey[Callable[[], Awaitable[bytes]]] = web.AppKey("metrics_page")
