"""The file of destinations: a table of TOML for each, whose name its rows in the outbox carry."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from collector.conversions.destination import Destination, DestinationError
from collector.conversions.platforms.data_manager import (
    GoogleAnalyticsDestination,
    GoogleDestination,
)
from collector.conversions.platforms.ga4 import Ga4Destination
from collector.conversions.platforms.linkedin import LinkedInDestination
from collector.conversions.platforms.meta import MetaDestination
from collector.conversions.platforms.tiktok import TikTokDestination

NAME = re.compile(r"[a-z0-9-]{1,40}")
PLATFORMS: Mapping[str, type[Destination]] = {
    "meta": MetaDestination,
    "ga4": Ga4Destination,
    "google": GoogleDestination,
    "google_analytics": GoogleAnalyticsDestination,
    "linkedin": LinkedInDestination,
    "tiktok": TikTokDestination,
}


def load_destinations(path: Path) -> Mapping[str, Destination]:
    """Each destination by its name.

    Raises DestinationError with a line for each fault of the file, which tells no value of it.
    """
    destinations: dict[str, Destination] = {}
    faults: list[str] = []
    for name, table in read_tables(path).items():
        try:
            destinations[name] = parse_destination(name, table)
        except ValidationError as error:
            faults += (f"{path}: [{name}] {line}" for line in lines_of(error))
        except ValueError as error:
            faults.append(f"{path}: [{name}] {error}")
    if faults:
        raise DestinationError("\n".join(faults))
    return destinations


def read_tables(path: Path) -> dict[str, Any]:
    """The file as TOML. Raises DestinationError."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise DestinationError(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DestinationError(f"{path}: is not TOML: {error}") from None


def parse_destination(name: str, table: Any) -> Destination:
    """One destination. Raises ValueError, of which pydantic's ValidationError is one."""
    if not NAME.fullmatch(name):
        raise ValueError("a name has 1 to 40 of a to z, 0 to 9 and hyphens")
    if not isinstance(table, dict):
        raise ValueError("is not a table")  # noqa: TRY004  # of the file, not of the program
    platform = table.get("platform")
    if not isinstance(platform, str) or platform not in PLATFORMS:
        raise ValueError(f"platform: must be one of {', '.join(PLATFORMS)}")
    return PLATFORMS[platform].model_validate(table)


def lines_of(error: ValidationError) -> Iterator[str]:
    """The fields that are wrong, and why."""
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        field = ".".join(str(part) for part in fault["loc"])
        yield f"{field}: {fault['msg'].removeprefix('Value error, ')}"
