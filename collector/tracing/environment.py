"""What of OpenTelemetry's own variables would be misread later, found before the start.

Names and values are OpenTelemetry's: https://opentelemetry.io/docs/languages/sdk-configuration/
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from collector.errors import OperatorError

# A variable, the form that its values have here, and what is wrong with another.
RULES = (
    ("OTEL_TRACES_EXPORTER", r"otlp|none", "only otlp is known, and none"),
    ("OTEL_EXPORTER_OTLP_PROTOCOL", r"http/protobuf", "only http/protobuf is spoken"),
    ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", r"http/protobuf", "only http/protobuf is spoken"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", r"https?://[^/]+.*", "it must be as http://otel:4318"),
    (
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        r"https?://[^/]+/.*",
        "it must be as http://otel:4318/v1/traces",
    ),
    (
        "OTEL_TRACES_SAMPLER",
        r"(parentbased_)?(always_on|always_off|traceidratio)",
        "it must be always_on, always_off or traceidratio, or one of them after parentbased_",
    ),
    (
        "OTEL_TRACES_SAMPLER_ARG",
        r"0|1|0?\.\d+|[01]\.0+",
        "it must be a share of the traces, from 0 to 1",
    ),
    ("OTEL_BSP_MAX_QUEUE_SIZE", r"[1-9]\d{0,8}", "it must be a number of spans, from 1 on"),
)


class TracingError(OperatorError):
    """Tracing is wanted and cannot be had. The message says why, and what to do."""


def check_environment(environment: Mapping[str, str]) -> None:
    """Raises TracingError with a line for each variable that is wrong; their values may be secret.

    An empty variable is as good as none.
    """
    wrong = [
        f"{name}: {text}"
        for name, form, text in RULES
        if environment.get(name) and not re.fullmatch(form, environment[name].strip())
    ]
    if wrong:
        raise TracingError("\n".join(wrong))


def is_disabled(environment: Mapping[str, str]) -> bool:
    """Whether OpenTelemetry's own switches say no, which no setting of ours overrules."""
    return (
        environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
        or environment.get("OTEL_TRACES_EXPORTER", "").strip() == "none"
    )
