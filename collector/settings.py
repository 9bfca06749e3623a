"""Every setting of the collector, once. `make docs` writes them into README.md and the env file."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from collector.address import normalize_host
from collector.client_ip import ClientIpStorage
from collector.contract.wire import LIMITS, Limits
from collector.errors import OperatorError

ENV_PREFIX = "CT_"

# Made once for this project: it turns user ids that are no UUIDs into UUIDs version 5.
DEFAULT_USER_ID_NAMESPACE = UUID("6f0a3d0e-6a7c-5c0e-9d5b-3f6d0b8b7c11")

# Paths of the collector's own endpoints, and the prefix of all that are or will be the API's.
API_PREFIX = "/v1/"
OPERATORS_PATHS = frozenset({"/healthz", "/readyz", "/metrics", "/openapi.json"})

# No segment is empty or ends in a dot: Kong and browsers write /a//b and /a/../b anew.
PLAIN_PATH = re.compile(r"(/[\w.~-]*[\w~-])+", re.ASCII)


MIB = 1_048_576
DAY_SECONDS = 86_400
MOST_BYTES = 2**50  # more than any disk has

# A stamp is only as good as its secret: 16 characters are the least that nobody guesses.
MIN_SECRET_LENGTH = 16

HOST = re.compile(r"[\w-]{1,63}(\.[\w-]{1,63})*\.?|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(%\w+)?", re.ASCII)
PARAMETER_NAME = re.compile(r"[\w.:$\[\]~-]+", re.ASCII)
TOKEN_NAME = re.compile(r"[\w.@+-]{1,64}", re.ASCII)
PLAIN_TOKEN = re.compile(r"[!-~]+")
DATABASE_SCHEME = re.compile(r"postgres(ql)?://")
BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
PORT = r"(6553[0-5]|655[0-2]\d|65[0-4]\d\d|6[0-4]\d{3}|[1-5]\d{4}|[1-9]\d{0,3})"
# Nothing at all is the local socket, or the host of the query; a socket's folder is escaped.
HOST_AND_PORT = re.compile(rf"(\[[0-9A-Fa-f:.%]+\]|[\w.%-]*)(:{PORT})?", re.ASCII)
QUEUE_SERVER = re.compile(
    rf"(nats|tls)://([^\s@/,:]+(:[^\s@/,:]*)?@)?(\[[0-9A-Fa-f:.]+\]|[\w.-]+)(:{PORT})?", re.ASCII
)
ORIGIN = re.compile(rf"https?://(\[[0-9A-Fa-f:.]+\]|[\w.-]+)(:{PORT})?/?", re.ASCII)
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
SSL_FILES = frozenset({"sslrootcert", "sslcert", "sslkey", "sslcrl", "passfile"})


@cache
def known_zones() -> frozenset[str]:
    """The names of all time zones, for which the whole folder of them is read."""
    return frozenset(available_timezones())


class SettingsError(OperatorError):
    """A setting is missing or wrong. The message names each, one a line."""


class Settings(BaseModel):
    """The collector's settings: what is given, else the environment variables that begin with CT_.

    An empty variable is as good as none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    database_url: str = Field(
        description="Address of the Postgres database, as postgresql://user:password@host/name; "
        "of several hosts, `host-1,host-2`, the one that takes writes is used "
        "(docs/production.md#a-standby).",
    )
    host: str = Field(default="127.0.0.1", description="Address that the collector listens on.")
    port: int = Field(
        default=8080, ge=0, le=65535, description="Port of the collector; 0 takes a free one."
    )
    gateway_secret: SecretStr | None = Field(
        default=None,
        description="Secret shared with the gateway plugin, of at least 16 characters; "
        "without it no stamp is believed.",
    )
    gateway_secret_previous: SecretStr | None = Field(
        default=None,
        description="A second secret that is still believed while the first is rotated.",
    )
    stamp_max_age_seconds: float = Field(
        default=300,
        gt=0,
        le=DAY_SECONDS,
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
        le=64 * MIB,
        description="Largest body, also after gunzip; equal to the size limit in kong/kong.yml.",
    )
    event_max_bytes: int = Field(
        default=LIMITS.max_bytes,
        ge=1_024,
        le=64 * MIB,
        description="Largest event, by itself or in a batch; past it 413 event_too_large.",
    )
    event_max_depth: int = Field(
        default=LIMITS.max_depth,
        ge=4,
        le=100,
        description="How deep objects and lists of an event may stand in each other.",
    )
    event_max_keys: int = Field(
        default=LIMITS.max_keys, ge=50, le=10_000, description="Most keys of an object of an event."
    )
    event_max_values: int = Field(
        default=LIMITS.max_values,
        ge=100,
        le=50_000,
        description="Most texts, numbers, objects and lists of an event, altogether.",
    )
    url_max_parameters: int = Field(
        default=100,
        ge=1,
        le=1_000,
        description="How many parameters of an address are read, of its query and of its fragment.",
    )
    redact_addresses: bool = Field(
        default=True,
        description="Whether e-mail addresses, passwords, tokens and the like are cut out of "
        "addresses of pages and referrers before they are stored (docs/data.md#addresses).",
    )
    redact_parameters: tuple[str, ...] = Field(
        default=(),
        examples=["customer,booking_ref"],
        description="More parameters of addresses, comma-separated, whose values are cut out.",
    )
    client_ip_storage: ClientIpStorage = Field(
        default="full",
        description="How much of a client's address is stored: full, truncated (/24 of IPv4, /48 "
        "of IPv6) or none; limits and stamps know the whole (docs/privacy.md#addresses).",
    )
    cookieless: bool = Field(
        default=False,
        description="Whether events without a visitor_id get one that is good for a day, of "
        "truncated address and User-Agent (docs/privacy.md#visitors-without-cookies).",
    )
    body_timeout_seconds: float = Field(
        default=20, gt=0, le=3_600, description="Longest time that a body may take to arrive."
    )
    bodies_max_bytes: int = Field(
        default=64 * MIB,
        ge=MIB,
        le=MOST_BYTES,
        description="Most bytes of bodies that are still arriving; past it 503 bodies_full.",
    )
    bytes_per_minute_per_address: int = Field(
        default=64 * MIB,
        ge=0,
        le=MOST_BYTES,
        description="Most bytes that one client address, of a stamp, may send in a minute; "
        "past it 429 too_many_bytes. 0 is no limit.",
    )
    idle_timeout_seconds: float = Field(
        default=75,
        ge=1,
        le=3_600,
        description="How long a connection may be idle, or take to send its headers; longer than "
        "the gateway keeps its own (Kong: 60).",
    )
    max_connections: int = Field(
        default=2_000,
        ge=10,
        le=1_000_000,
        description="Most open connections of one process; more are closed at once.",
    )
    database_pool_size: int = Field(
        default=10, ge=1, le=1_000, description="Most connections to Postgres."
    )
    database_timeout_seconds: float = Field(
        default=5,
        gt=0,
        le=300,
        description="Longest wait for Postgres before events go to the spool.",
    )
    spool_dir: Path = Field(
        default=Path("var/spool"),
        description="Folder on a local disk for events that wait while Postgres is away.",
    )
    spool_max_bytes: int = Field(
        default=1_024 * MIB,
        ge=MIB,
        le=MOST_BYTES,
        description="Most disk that the waiting events of one process take; past it 503.",
    )
    queue_max_events: int = Field(
        default=5_000,
        ge=1,
        le=10_000_000,
        description="Most events in memory on their way to the disk; past it the answer is 503.",
    )
    queue_max_bytes: int = Field(
        default=128 * MIB,
        ge=MIB,
        le=MOST_BYTES,
        description="Most memory that requests may hold on their way to the disk, estimated.",
    )
    batch_max_events: int = Field(
        default=500, ge=1, le=10_000, description="Most events that share one transaction."
    )
    commit_interval_seconds: float = Field(
        default=0.003,
        ge=0,
        le=1,
        description="How long after the begin of a commit the next one gathers events.",
    )
    shutdown_timeout_seconds: float = Field(
        default=8,
        ge=4,
        le=3_600,
        description="Longest time to finish requests after SIGTERM; Docker kills after 10 seconds.",
    )
    queue_url: str | None = Field(
        default=None,
        examples=["nats://user:password@nats-1:4222,nats://user:password@nats-2:4222"],
        description="Addresses of the NATS servers of a queue before Postgres, comma-separated; "
        "without it events go to Postgres at once (docs/scale.md).",
    )
    queue_system_url: str | None = Field(
        default=None,
        examples=["nats://system:password@nats-1:4222"],
        description="The same for a user of the servers' system account, who is told whether they "
        "sync what they acknowledge; without it `conversion-tracking queue` cannot look.",
    )
    queue_lazy_sync: Literal["refuse", "accept"] = Field(
        default="refuse",
        description="What `conversion-tracking queue` does about servers that acknowledge before "
        "they sync, and lose that in a power cut: refuse or accept.",
    )
    queue_replicas: int = Field(
        default=3,
        ge=1,
        le=5,
        description="On how many servers each queued event is; fewer than 3 lose events with a "
        "machine.",
    )
    queue_stream_max_bytes: int = Field(
        default=4_096 * MIB,
        ge=MIB,
        le=MOST_BYTES,
        description="Most disk that each of the queue's two streams takes on each server; past it "
        "events go to the spool.",
    )
    queue_timeout_seconds: float = Field(
        default=5,
        gt=0,
        le=300,
        description="Longest wait for the queue before events go to the spool.",
    )
    queue_takeover_seconds: float = Field(
        default=30,
        ge=2,
        le=3_600,
        description="How long a consumer may be silent until others take over its partitions and "
        "what it has not acknowledged; equal in all consumers.",
    )
    consumer_host: str = Field(
        default="127.0.0.1", description="Address that a consumer shows its metrics on."
    )
    consumer_port: int = Field(
        default=8091,
        ge=0,
        le=65535,
        description="Port of a consumer's metrics; 0 takes a free one.",
    )
    destinations_file: Path | None = Field(
        default=None,
        description="File of the ad platforms that conversions go on to, for "
        "`conversion-tracking deliver` (docs/conversions.md).",
    )
    deliver_host: str = Field(
        default="127.0.0.1", description="Address that `deliver` shows its metrics on."
    )
    deliver_port: int = Field(
        default=8092,
        ge=0,
        le=65535,
        description="Port of the metrics of `deliver`; 0 takes a free one.",
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
        le=1_000_000,
        description="Most rejected events that a collector keeps in a minute; 0 keeps none "
        "(docs/rejects.md).",
    )
    rejects_per_minute_per_address: int = Field(
        default=60,
        ge=0,
        le=1_000_000,
        description="Most rejected events of one client address in a minute.",
    )
    rejects_repeat_seconds: int = Field(
        default=60,
        ge=0,
        le=86_400,
        description="Seconds in which one rejected event of a client address and reason is kept "
        "and more are counted on it; 0 keeps each.",
    )
    rejects_max_megabytes: int = Field(
        default=256,
        ge=1,
        le=1_048_576,
        description="Size of rejected_events, past which its oldest rows are deleted.",
    )
    rejects_max_days: int = Field(
        default=30, ge=1, le=36_500, description="Age past which a rejected event is deleted."
    )
    retention_events_days: int | None = Field(
        default=None,
        ge=1,
        le=36_500,
        description="Age past which events are deleted; without it none is "
        "(docs/privacy.md#retention).",
    )
    retention_sessions_days: int | None = Field(
        default=None,
        ge=1,
        le=36_500,
        description="Age past which sessions and orders are deleted, at least "
        "CT_RETENTION_EVENTS_DAYS, which it is without; the sums of their days stay.",
    )
    retention_addresses_days: int | None = Field(
        default=None,
        ge=1,
        le=36_500,
        description="Age past which addresses and User-Agents are emptied in the rows that stay; "
        "without it they stay as long as these.",
    )
    retention_deliveries_days: int | None = Field(
        default=None,
        ge=1,
        le=36_500,
        description="Age past which it is forgotten what became of conversions at ad platforms, "
        "from then on; without it CT_RETENTION_EVENTS_DAYS.",
    )
    own_domains: tuple[str, ...] = Field(
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
    facts_seconds: float = Field(
        default=10,
        ge=0,
        le=DAY_SECONDS,
        description="How often the facts of sessions, which reports read, are brought up to the "
        "events; 0 never (docs/reports.md#how-fresh).",
    )
    reports_database_url: str | None = Field(
        default=None,
        description="Address of the database that reports read, such as a replica or a read-only "
        "role; without it CT_DATABASE_URL.",
    )
    reports_time_zone: str = Field(
        default="UTC", description="Time zone of reports that name none, such as Europe/Berlin."
    )
    reports_currency: str | None = Field(
        default=None,
        pattern=r"^[A-Z]{3}$",
        examples=["EUR"],
        description="Currency that reports turn amounts into by the table currency_rates; without "
        "it each stays in its own (docs/reports.md#one-currency).",
    )
    reports_timeout_seconds: float = Field(
        default=15, ge=1, le=3_600, description="Longest time that one report may take."
    )
    reports_pool_size: int = Field(
        default=4, ge=1, le=100, description="Most connections to Postgres of the dashboard."
    )
    dashboard_host: str = Field(
        default="127.0.0.1", description="Address that the dashboard listens on."
    )
    dashboard_port: int = Field(
        default=8090, ge=0, le=65535, description="Port of the dashboard; 0 takes a free one."
    )
    dashboard_tokens: SecretStr | None = Field(
        default=None,
        description="Who may sign in to the dashboard, comma-separated, each as name:token with a "
        "token of at least 16 characters; `openssl rand -hex 32` makes one.",
    )
    dashboard_url: str | None = Field(
        default=None,
        examples=["https://reports.example.com"],
        description="Address at which browsers reach the dashboard, for its share links; needed "
        "where CT_DASHBOARD_HOST is no loopback address.",
    )
    dashboard_secure_cookies: Literal["auto", "always", "never"] = Field(
        default="auto",
        description="Whether browsers send the dashboard's cookie over HTTPS alone: always, never, "
        "or auto: except on a loopback address.",
    )
    tracing: bool = Field(
        default=False,
        description="Whether spans of requests and commits are sent by OpenTelemetry, as its own "
        "variables OTEL_... say (docs/tracing.md).",
    )
    log_format: Literal["auto", "json", "console"] = Field(
        default="auto",
        description="Form of log lines: json, console, or auto: console on a terminal, else json.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info",
        description="Least severe level that is logged: debug, info, warning, error.",
    )

    def __init__(self, **given: Any) -> None:
        # Without pydantic-settings, which takes 3 MiB and 0.07 s for files, secrets and options.
        super().__init__(**{**read_environment(), **given})

    @property
    def reports_url(self) -> str:
        """Address of the database that reports read."""
        return self.reports_database_url or self.database_url

    @field_validator("database_url", "reports_database_url")
    @classmethod
    def validate_database_url(cls, value: str | None) -> str | None:
        """An address that asyncpg will take: what is wrong with it is said without the value."""
        if value is not None:
            check_database_url(value)
        return value

    @field_validator("queue_url", "queue_system_url")
    @classmethod
    def validate_queue_url(cls, value: str | None) -> str | None:
        """Addresses that nats-py will take. Raises ValueError, without the value."""
        if value is not None and not all(map(QUEUE_SERVER.fullmatch, value.split(","))):
            raise ValueError(
                "must be addresses such as nats://user:password@host:4222 or tls://host:4222, "
                "with commas between them and no blanks"
            )
        return value

    @field_validator("reports_time_zone")
    @classmethod
    def validate_time_zone(cls, value: str) -> str:
        """An IANA name. Raises ValueError."""
        if value not in known_zones():
            raise ValueError(f"{value!r} is no time zone such as Europe/Berlin")
        return value

    @field_validator("gateway_secret", "gateway_secret_previous")
    @classmethod
    def validate_secret(cls, value: SecretStr | None) -> SecretStr | None:
        """Long enough that nobody guesses it. Raises ValueError, without the value."""
        if value is not None and len(value.get_secret_value()) < MIN_SECRET_LENGTH:
            least = f"must have at least {MIN_SECRET_LENGTH} characters"
            raise ValueError(f"{least}; `openssl rand -hex 32` makes one")
        return value

    @field_validator("dashboard_tokens")
    @classmethod
    def validate_tokens(cls, value: SecretStr | None) -> SecretStr | None:
        """Each with a name of its own, and long enough. Raises ValueError, without a token."""
        names: set[str] = set()
        for number, text in enumerate(split_list(value.get_secret_value() if value else ""), 1):
            name, _, token = text.partition(":")
            if ":" not in text or not TOKEN_NAME.fullmatch(name) or name in names:
                raise ValueError(f"number {number} has no name of its own: write it as name:token")
            if len(token) < MIN_SECRET_LENGTH or not PLAIN_TOKEN.fullmatch(token):
                raise ValueError(
                    f"the token of number {number} must have at least {MIN_SECRET_LENGTH} "
                    "characters, all of ASCII and without blanks; `openssl rand -hex 32` makes one"
                )
            names.add(name)
        return value

    @field_validator("dashboard_url")
    @classmethod
    def validate_dashboard_url(cls, value: str | None) -> str | None:
        """Scheme and host, as in https://reports.example.com. Raises ValueError."""
        if value is not None and not ORIGIN.fullmatch(value):
            raise ValueError(f"{value!r} is no address such as https://reports.example.com")
        return value and value.rstrip("/")

    @field_validator("host", "dashboard_host", "consumer_host", "deliver_host")
    @classmethod
    def validate_host(cls, value: str) -> str:
        """A name or an address: whether of this machine is seen when it is listened on.

        Raises ValueError.
        """
        if not HOST.fullmatch(value):
            raise ValueError(f"{value!r} is neither a host name nor an IP address")
        return value

    @property
    def has_retention(self) -> bool:
        """Whether anything goes for its age; rejected events do in any case, and so does what waits
        too long for an ad platform."""
        ages = (
            self.retention_events_days,
            self.retention_addresses_days,
            self.retention_deliveries_days,
        )
        return any(ages)

    @field_validator("retention_sessions_days")
    @classmethod
    def validate_sessions_days(cls, value: int | None, info: ValidationInfo) -> int | None:
        """Sessions are computed from events, and stay at least as long. Raises ValueError."""
        events = info.data.get("retention_events_days")
        if value is not None and (events is None or value < events):
            raise ValueError("needs CT_RETENTION_EVENTS_DAYS, and may not be less")
        return value

    @field_validator("own_domains", mode="before")
    @classmethod
    def split_own_domains(cls, value: object) -> object:
        """`a.com, b.org` in the environment becomes a tuple.

        Raises ValueError where one is no domain.
        """
        if not isinstance(value, str):
            return value
        names = split_list(value)
        for name in names:
            if normalize_host(name) is None:
                raise ValueError(f"{name!r} is not a domain")
        return names

    @field_validator("redact_parameters", mode="before")
    @classmethod
    def split_redact_parameters(cls, value: object) -> object:
        """`ref, customer` in the environment becomes a tuple.

        Raises ValueError where one is no name of a parameter.
        """
        if not isinstance(value, str):
            return value
        names = split_list(value)
        for name in names:
            if not PARAMETER_NAME.fullmatch(name):
                raise ValueError(f"{name!r} is not the name of a parameter")
        return names

    @field_validator("script_path")
    @classmethod
    def validate_free_path(cls, value: str) -> str:
        """Raises ValueError where the path needs escaping, or hides an endpoint."""
        if not PLAIN_PATH.fullmatch(value):
            raise ValueError(f"{value!r} is not a path such as /t.js or /js/a.js")
        if value.startswith(API_PREFIX) or value in OPERATORS_PATHS:
            raise ValueError(f"{value} is a path of the collector's own")
        return value

    @field_validator("source_lists_dir")
    @classmethod
    def validate_folder(cls, value: Path | None) -> Path | None:
        """Raises ValueError where the folder is missing: a misspelt one would never be noticed."""
        if value is not None and not value.is_dir():
            raise ValueError(f"{value} is not a folder")
        return value

    @field_validator("funnel_stages_file", "destinations_file")
    @classmethod
    def validate_file(cls, value: Path | None) -> Path | None:
        """Raises ValueError where the file is missing, for the same reason."""
        if value is not None and not value.is_file():
            raise ValueError(f"{value} is not a file")
        return value

    @property
    def dashboard_token_pairs(self) -> tuple[tuple[str, str], ...]:
        """The tokens of the dashboard: name and token."""
        texts = self.dashboard_tokens.get_secret_value() if self.dashboard_tokens else ""
        parts = (text.partition(":") for text in split_list(texts))
        return tuple((name, token) for name, _, token in parts)

    @property
    def event_limits(self) -> Limits:
        """How much an event may hold."""
        return Limits(
            max_bytes=self.event_max_bytes,
            max_depth=self.event_max_depth,
            max_keys=self.event_max_keys,
            max_values=self.event_max_values,
        )

    @property
    def gateway_secrets(self) -> tuple[bytes, ...]:
        """The secrets that a stamp may be signed with, the current one first.

        As the bytes of the environment, which need not be UTF-8: the plugin has the same.
        """
        secrets = (self.gateway_secret, self.gateway_secret_previous)
        return tuple(os.fsencode(s.get_secret_value()) for s in secrets if s is not None)


def split_list(text: str) -> tuple[str, ...]:
    """The parts of a text between commas, without blanks around them and without empty ones."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def check_database_url(value: str) -> None:
    """Look at a Postgres URL as libpq and asyncpg read it.

    Raises ValueError with what is wrong, and never a part of the URL: it holds a password.
    """
    if not DATABASE_SCHEME.match(value):
        raise ValueError("must be a URL such as postgresql://user:password@host:5432/database")
    if "#" in value:
        raise ValueError("holds a '#', where a URL ends; in a password write it as %23")
    if BARE_PERCENT.search(value):
        raise ValueError("holds a '%' that begins no escape; in a password write it as %25")
    address = urlsplit(value)
    hosts = address.netloc.rpartition("@")[2]
    if not all(HOST_AND_PORT.fullmatch(host) for host in hosts.split(",")):
        raise ValueError(
            "has no valid host and port after the user and password; in a password "
            "write '/', '?' and '@' as %2F, %3F and %40"
        )
    check_ssl_options(dict(parse_qsl(address.query)))


def check_ssl_options(options: Mapping[str, str]) -> None:
    """Raises ValueError for an sslmode that does not exist, or a file that is not there."""
    mode = options.get("sslmode", "prefer")
    if mode not in SSL_MODES:
        raise ValueError(f"has an sslmode that is none of {', '.join(SSL_MODES)}")
    for name in SSL_FILES & options.keys():
        if not Path(options[name]).is_file():
            raise ValueError(f"names a file as {name} that does not exist")


def load_settings(database_url: str | None = None) -> Settings:
    """Read the environment; a database that is named here comes before the environment's.

    Raises SettingsError with one line for each setting that is missing or wrong.
    """
    given = {} if database_url is None else {"database_url": database_url}
    try:
        return Settings(**given)  # the others come from the environment
    except ValidationError as error:
        lines = [
            f"{env_name(e['loc'])}: {e['msg'].removeprefix('Value error, ')}"
            for e in error.errors(include_input=False)
        ]
        raise SettingsError("\n".join(lines)) from None


def read_environment() -> dict[str, str]:
    """The environment's settings by their names here; upper and lower case are the same."""
    return {
        name: value
        for variable, value in os.environ.items()
        if value and (name := setting_name(variable)) in Settings.model_fields
    }


def setting_name(variable: str) -> str | None:
    """The setting that an environment variable would be; None where it is of another program."""
    is_ours = variable.upper().startswith(ENV_PREFIX)
    return variable[len(ENV_PREFIX) :].lower() if is_ours else None


def env_name(location: tuple[int | str, ...]) -> str:
    """The environment variable behind a pydantic error's location."""
    return ENV_PREFIX + str(location[0]).upper()


def unknown_settings() -> list[str]:
    """Environment variables that look like settings but are none, perhaps misspelt."""
    known = {ENV_PREFIX + name.upper() for name in Settings.model_fields}
    return sorted(name for name in os.environ if name.startswith(ENV_PREFIX) and name not in known)
