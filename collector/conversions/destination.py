"""A destination as its operator describes it: the fields that all platforms share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from collector.conversions.platform import Platform
from collector.errors import OperatorError

# The signals of Google's Consent Mode, which an event's `consent` is made of (docs/conversions.md).
AD_USER_DATA = "ad_user_data"
AD_PERSONALIZATION = "ad_personalization"
ANALYTICS_STORAGE = "analytics_storage"

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class DestinationError(OperatorError):
    """The file of destinations, or a secret that it names, cannot be used. The message says why."""


def is_secret_reference(value: str) -> str:
    """Raises ValueError where it is the secret itself, which must not stand in the file."""
    kind, _, where = value.partition(":")
    if kind not in ("env", "file") or not where:
        raise ValueError('say where the secret is: "env:NAME" or "file:/path"')
    return value


SecretReference = Annotated[str, AfterValidator(is_secret_reference)]


def read_secret(reference: str) -> SecretStr:
    """The secret that a reference leads to. Raises DestinationError."""
    kind, _, where = reference.partition(":")
    try:
        secret = os.environ[where] if kind == "env" else Path(where).read_text("utf-8")
    except KeyError:
        raise DestinationError(f"the environment variable {where} is not set") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DestinationError(f"the secret's file {where} cannot be read: {error}") from None
    if not secret.strip():
        raise DestinationError(f"the secret {reference} is empty")
    return SecretStr(secret.strip())


def is_loopback(value: str) -> str:
    """Raises ValueError: conversions must not be led anywhere but to the platform itself."""
    if urlsplit(value).hostname not in LOOPBACK:
        raise ValueError("only an address of this machine, for tests")
    return value.rstrip("/")


class Destination(BaseModel):
    """What a destination of any platform has. Each platform's module derives its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # Which of the visitor's signals must be granted.
    signal: ClassVar[str] = AD_USER_DATA
    # Event type to the platform's name; what is not in it is not sent.
    default_events: ClassVar[dict[str, str]] = {}

    platform: str
    events: dict[str, str] = Field(default_factory=dict)
    consent: Literal["required", "not_denied"] = "required"
    unsigned: Literal["suppress", "send"] = "suppress"
    order_wait_seconds: Annotated[int, Field(ge=0, le=3600)] = 60
    test_base: Annotated[str, AfterValidator(is_loopback)] | None = None

    @property
    def sent_events(self) -> dict[str, str]:
        """Event type to name, as they are sent."""
        return self.events or self.default_events

    def open(self) -> Platform:
        """Who sends to it, with its secrets. Raises DestinationError."""
        raise NotImplementedError
