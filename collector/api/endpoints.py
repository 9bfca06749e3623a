"""Where each endpoint stands, but for the script's, whose path is a setting."""

from __future__ import annotations

TRACK_PATH = "/v1/events/track"
FUNNEL_PATH = "/v1/events/funnel"
BATCH_PATH = "/v1/events/batch"
PIXEL_PATH = "/v1/events/pixel.gif"

HEALTHZ_PATH = "/healthz"
READYZ_PATH = "/readyz"
METRICS_PATH = "/metrics"
OPENAPI_PATH = "/openapi.json"

# What OPTIONS says of those that take a body, and of the pixel.
POSTED_METHODS = "POST, OPTIONS"
PIXEL_METHODS = "GET, OPTIONS"
