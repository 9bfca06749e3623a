"""What the dashboard's application holds, by typed keys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from collector.dashboard.asking import Asker
from collector.dashboard.assets import Assets
from collector.dashboard.store import Store
from collector.dashboard.tokens import Tokens
from collector.settings import Settings

Clock = Callable[[], datetime]

SETTINGS = web.AppKey("settings", Settings)
CLOCK: web.AppKey[Clock] = web.AppKey("clock")
ASKER = web.AppKey("asker", Asker)
STORE = web.AppKey("store", Store)
TOKENS = web.AppKey("tokens", Tokens)
ASSETS = web.AppKey("assets", Assets)
