"""What the doctor was told to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from collector.settings import Settings

# Kong's Admin API, plain and over TLS, the collector and the dashboard, as they are by default.
INTERNAL_PORTS = (8001, 8444, 8080, 8090)


@dataclass(frozen=True, slots=True)
class Options:
    """Addresses and files; None is what is not known. `settings` are those of a collector."""

    gateway: str | None = None
    database: str | None = None
    collector: str | None = None
    document: Mapping[str, Any] | None = None
    document_path: Path | None = None
    origins: tuple[str, ...] = ()
    own_address: str | None = None
    ca_file: Path | None = None
    closed_ports: tuple[int, ...] = ()
    nginx_folder: Path | None = None
    plugin_socket: Path | None = None
    plugin_metrics: str | None = None
    settings: Settings | None = None
    settings_error: str = ""
    unknown_settings: tuple[str, ...] = ()
    # Whether --collector named it, or it is where the settings have it.
    is_collector_named: bool = False

    @property
    def gateway_address(self) -> SplitResult:
        """The gateway's address in its parts."""
        return urlsplit(self.gateway or "")

    @property
    def gateway_port(self) -> int:
        """The port, also where the address leaves it out."""
        address = self.gateway_address
        return address.port or (443 if address.scheme == "https" else 80)

    @property
    def is_gateway_here(self) -> bool:
        """Whether the gateway is on this machine, where everything is reached."""
        return is_loopback(self.gateway_address.hostname or "")

    @property
    def has_queue(self) -> bool:
        """Whether a queue stands before Postgres: then 202 is the usual answer."""
        return bool(self.settings and self.settings.queue_url)

    @property
    def taken_statuses(self) -> tuple[int, ...]:
        """With what an event is answered that is in Postgres, or soon will be."""
        return (200, 202) if self.has_queue else (200,)

    @property
    def max_body_bytes(self) -> int:
        """The largest body that both tiers take."""
        if self.settings:
            return self.settings.max_body_bytes
        return int(Settings.model_fields["max_body_bytes"].default)

    @property
    def stamp_max_age_seconds(self) -> float:
        """How old a stamp may be."""
        if self.settings:
            return self.settings.stamp_max_age_seconds
        return float(Settings.model_fields["stamp_max_age_seconds"].default)

    @property
    def script_path(self) -> str:
        """Where the script for pages is."""
        if self.settings:
            return self.settings.script_path
        return str(Settings.model_fields["script_path"].default)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, reached without a network."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
