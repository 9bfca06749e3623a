"""What every plugin looks like to the gateway."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from local.gateway.config.schema import Field
from local.gateway.exchange import Exchange

PluginConfig = Mapping[str, Any]


class Plugin(Protocol):
    """A plugin runs in ``access``, by descending ``priority``."""

    @property
    def name(self) -> str:
        """The name under ``plugins`` in kong.yml."""

    @property
    def priority(self) -> int:
        """Kong's PRIORITY."""

    @property
    def config_schema(self) -> Field:
        """The schema of ``config``, a record."""

    async def access(self, exchange: Exchange, config: PluginConfig) -> None:
        """Run before the upstream is called; raises EarlyAnswerError to answer instead."""
