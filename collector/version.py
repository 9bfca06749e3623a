"""The version of what is installed; a checkout's stands in the file VERSION."""

from __future__ import annotations

from importlib.metadata import version

VERSION = version("conversion-tracking")
