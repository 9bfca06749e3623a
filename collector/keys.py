"""What the application holds, by typed keys."""

from __future__ import annotations

import asyncio

from aiohttp import web

from collector.enrich import Enricher
from collector.metrics import Metrics
from collector.reject_keeper import RejectKeeper
from collector.request_context import ContextReader
from collector.settings import Settings
from collector.store import Store
from collector.validation import Validator
from collector.worker_metrics import WorkerMetrics
from collector.writer import Writer

SETTINGS = web.AppKey("settings", Settings)
METRICS = web.AppKey("metrics", Metrics)
CONTEXTS = web.AppKey("contexts", ContextReader)
VALIDATOR = web.AppKey("validator", Validator)
REJECT_KEEPER = web.AppKey("reject_keeper", RejectKeeper)
ENRICHER = web.AppKey("enricher", Enricher)
STORE = web.AppKey("store", Store)
STOPPING = web.AppKey("stopping", asyncio.Event)
WRITER = web.AppKey("writer", Writer)
WORKER_METRICS = web.AppKey("worker_metrics", WorkerMetrics)
