"""Tracing, begun where it is wanted; until then no part of OpenTelemetry is imported."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

from collector.settings import Settings
from collector.tracing.environment import TracingError, check_environment, is_disabled

if TYPE_CHECKING:
    from collector.tracing.exporting import CountSpans
    from collector.tracing.spans import Tracing


def check_tracing(settings: Settings) -> bool:
    """Whether tracing is on. Raises TracingError where it is wanted and cannot be had."""
    if not settings.tracing or is_disabled(os.environ):
        return False
    check_environment(os.environ)
    try:
        import opentelemetry.exporter.otlp.proto.http.trace_exporter  # noqa: PLC0415
        import opentelemetry.sdk.trace  # noqa: F401, PLC0415
    except ImportError as error:
        raise TracingError(
            f"CT_TRACING needs OpenTelemetry ({error}): pip install 'conversion-tracking[otel]'"
        ) from error
    return True


# Which process traces: the spans say so, and of what nobody outside asks for all are sent.
Part = Literal["collector", "deliver"]


def start_tracing(
    settings: Settings, count: CountSpans, part: Part = "collector"
) -> Tracing | None:
    """The maker of spans, whose thread sends them; None where tracing is off.

    `count` is told what became of spans. Raises TracingError.
    """
    if not check_tracing(settings):
        return None
    from collector.tracing.exporting import make_provider  # noqa: PLC0415
    from collector.tracing.spans import Tracing  # noqa: PLC0415

    provider = make_provider(count, f"conversion-tracking-{part}", sample_all=part == "deliver")
    return Tracing(provider, settings.database_url)
