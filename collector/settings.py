"""Every setting of the collector, once. `make docs` writes them into README.md and the env file."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from collector.classify.domains import normalize_host

ENV_PREFIX = "CT_"

# Made once for this project: it turns user ids that are no UUIDs into UUIDs version 5.
DEFAULT_USER_ID_NAMESPACE = UUID("6f0a3d0e-6a7c-5c0e-9d5b-3f6d0b8b7c11")

# The collector answers these itself; what begins with /v1/ is the API's, today's and tomorrow's.
API_PREFIX = "/v1/"
OPERATORS_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})

# No segment is empty or ends in a dot: Kong and browsers write /a//b and /a/../b anew.
PLAIN_PATH = re.compile(r"(/[\w.~-]*[\w~-])+", re.ASCII)


class SettingsError(Exception):
    """A setting is missing or wrong. The message names each, one a line."""


class Settings(BaseSettings):
    """The collector's settings, read from environment variables that begin with CT_."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, env_ignore_empty=True)

    database_url: str = Field(
        pattern=r"^postgres(ql)?://",
        description="Address of the Postgres database, as postgresql://user:password@host/name.",
    )
    host: str = Field(default="127.0.0.1", description="Address that the collector listens on.")
    port: int = Field(
        default=8080, ge=0, le=65535, description="Port of the collector; 0 takes a free one."
    )
    gateway_secret: SecretStr | None = Field(
        default=None,
        description="Secret shared with the gateway plugin; without it no stamp is believed.",
    )
    gateway_secret_previous: SecretStr | None = Field(
        default=None,
        description="A second secret that is still believed while the first is rotated.",
    )
    stamp_max_age_seconds: float = Field(
        default=300,
        gt=0,
        description="How old a gateway's stamp may be, and how far ahead, to be believed.",
    )
    unsigned_requests: Literal["accept", "refuse"] = Field(
        default="accept",
        description="What becomes of a tracking request without a valid stamp: "
        "accept or refuse (403).",
    )
    max_body_bytes: int = Field(
        default=1_048_576,
        ge=1_024,
        description="Largest body, also after gunzip; equal to the size limit in kong/kong.yml.",
    )
    database_pool_size: int = Field(default=10, ge=1, description="Most connections to Postgres.")
    database_timeout_seconds: float = Field(
        default=5, gt=0, description="Longest wait for Postgres before events go to the spool."
    )
    spool_dir: Path = Field(
        default=Path("var/spool"),
        description="Folder on a local disk for events that wait while Postgres is away.",
    )
    spool_max_bytes: int = Field(
        default=1_073_741_824,
        ge=1_048_576,
        description="Most disk that the waiting events of one process take; past it 503.",
    )
    queue_max_events: int = Field(
        default=5_000,
        ge=1,
        description="Most events in memory on their way to the disk; past it the answer is 503.",
    )
    queue_max_bytes: int = Field(
        default=134_217_728,
        ge=1_048_576,
        description="Most memory that requests may hold on their way to the disk, estimated.",
    )
    batch_max_events: int = Field(
        default=500, ge=1, description="Most events that share one transaction."
    )
    batch_linger_seconds: float = Field(
        default=0.01,
        ge=0,
        description="Longest wait for a running commit before a second one starts beside it.",
    )
    commit_interval_seconds: float = Field(
        default=0.003,
        ge=0,
        le=1,
        description="How long after the begin of a commit the next one gathers events.",
    )
    commits_in_flight: int = Field(
        default=2, ge=1, description="Most transactions that write events at the same time."
    )
    shutdown_timeout_seconds: float = Field(
        default=8,
        ge=4,
        description="Longest time to finish requests after SIGTERM; Docker kills after 10 seconds.",
    )
    script_path: str = Field(
        default="/t.js",
        description="Path of the tracker's script; kong/kong.yml names it too "
        "(docs/tracker.md#serving-the-script).",
    )
    default_currency: str = Field(
        default="USD", pattern=r"^[A-Z]{3}$", description="Currency of an event that names none."
    )
    user_id_namespace: UUID = Field(
        default=DEFAULT_USER_ID_NAMESPACE,
        description="Namespace that turns user ids that are no UUIDs into UUIDs version 5.",
    )
    rejects_per_minute: int = Field(
        default=600,
        ge=0,
        description="Most rejected events that a collector keeps in a minute; 0 keeps none "
        "(docs/rejects.md).",
    )
    rejects_per_minute_per_address: int = Field(
        default=60, ge=0, description="Most rejected events of one client address in a minute."
    )
    rejects_max_megabytes: int = Field(
        default=256,
        ge=1,
        description="Size of rejected_events, past which its oldest rows are deleted.",
    )
    rejects_max_days: int = Field(
        default=30, ge=1, description="Age past which a rejected event is deleted."
    )
    own_domains: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        examples=["example.com,example.org"],
        description="Your own domains, comma-separated: referrers from them are not referrals.",
    )
    source_lists_dir: Path | None = Field(
        default=None,
        description="Folder of lists that add to the built-in sources (docs/channels.md).",
    )
    funnel_stages_file: Path | None = Field(
        default=None,
        description="File that replaces the rules of the funnel's stages (docs/funnel.md).",
    )
    log_format: Literal["auto", "json", "console"] = Field(
        default="auto",
        description="Form of log lines: json, console, or auto: console on a terminal, else json.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info",
        description="Least severe level that is logged: debug, info, warning, error.",
    )

    @field_validator("own_domains", mode="before")
    @classmethod
    def split_own_domains(cls, value: object) -> object:
        """`a.com, b.org` in the environment becomes a tuple; each must be a domain."""
        if not isinstance(value, str):
            return value
        names = [part.strip() for part in value.split(",") if part.strip()]
        for name in names:
            if normalize_host(name) is None:
                raise ValueError(f"{name!r} is not a domain")
        return tuple(names)

    @field_validator("script_path")
    @classmethod
    def validate_free_path(cls, value: str) -> str:
        """A path that needs no escaping, and hides no endpoint."""
        if not PLAIN_PATH.fullmatch(value):
            raise ValueError(f"{value!r} is not a path such as /t.js or /js/a.js")
        if value.startswith(API_PREFIX) or value in OPERATORS_PATHS:
            raise ValueError(f"{value} is a path of the collector's own")
        return value

    @field_validator("source_lists_dir")
    @classmethod
    def validate_folder(cls, value: Path | None) -> Path | None:
        """The folder must exist: a typing error here would go unnoticed for months."""
        if value is not None and not value.is_dir():
            raise ValueError(f"{value} is not a folder")
        return value

    @field_validator("funnel_stages_file")
    @classmethod
    def validate_file(cls, value: Path | None) -> Path | None:
        """The file must exist, for the same reason."""
        if value is not None and not value.is_file():
            raise ValueError(f"{value} is not a file")
        return value

    @property
    def gateway_secrets(self) -> tuple[bytes, ...]:
        """The secrets that a stamp may be signed with, the current one first."""
        secrets = (self.gateway_secret, self.gateway_secret_previous)
        return tuple(s.get_secret_value().encode() for s in secrets if s is not None)


def load_settings() -> Settings:
    """Read the environment.

    Raises SettingsError with one line for each setting that is missing or wrong.
    """
    try:
        return Settings()  # type: ignore[call-arg]  # the required ones come from the environment
    except ValidationError as error:
        lines = [f"{env_name(e['loc'])}: {e['msg']}" for e in error.errors(include_input=False)]
        raise SettingsError("\n".join(lines)) from None


def env_name(location: tuple[int | str, ...]) -> str:
    """The environment variable behind a pydantic error's location."""
    return ENV_PREFIX + str(location[0]).upper()


def unknown_settings() -> list[str]:
    """Environment variables that look like settings but are none, perhaps misspelt."""
    known = {ENV_PREFIX + name.upper() for name in Settings.model_fields}
    return sorted(name for name in os.environ if name.startswith(ENV_PREFIX) and name not in known)
