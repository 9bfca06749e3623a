"""What every plugin looks like to the gateway."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from multidict import CIMultiDict

from local.gateway.exchange import Exchange
from local.gateway.schema import Field

PluginConfig = Mapping[str, Any]


class Plugin(Protocol):
    """A plugin runs by descending ``priority``, in ``access`` and in ``header_filter``."""

    @property
    def name(self) -> str:
        """The name under ``plugins`` in kong.yml."""

    @property
    def priority(self) -> int:
        """Kong's PRIORITY."""

    @property
    def config_schema(self) -> Field:
        """The schema of ``config``, a record."""

    def find_config_errors(self, config: PluginConfig) -> list[str]:
        """List what is wrong with a config beyond its schema."""

    async def access(self, exchange: Exchange, config: PluginConfig) -> None:
        """Run before the upstream is called; raises EarlyAnswerError to answer instead."""

    def header_filter(
        self, exchange: Exchange, config: PluginConfig, headers: CIMultiDict[str]
    ) -> None:
        """Change the headers of a response, whoever gave it."""
