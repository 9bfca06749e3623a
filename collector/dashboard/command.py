"""The command `conversion-tracking dashboard`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from collector.dashboard.hosts import has_secure_cookies, is_loopback
from collector.dashboard.serve import serve_dashboard
from collector.errors import OperatorError
from collector.settings import Settings

NO_TOKENS = (
    "CT_DASHBOARD_TOKENS is not set, so nobody could sign in: make a token for each person or "
    "program, such as CT_DASHBOARD_TOKENS=me:$(openssl rand -hex 32)"
)
NO_URL = (
    "CT_DASHBOARD_HOST is no loopback address: set CT_DASHBOARD_URL to the address at which "
    "browsers reach the dashboard, such as https://reports.example.com"
)
NO_TLS = (
    "CT_DASHBOARD_URL begins with http://, over which browsers would not send the cookie: serve it "
    "over https://, or set CT_DASHBOARD_SECURE_COOKIES=never"
)


class DashboardSettingsError(OperatorError):
    """The settings are not enough to serve the dashboard. The message says what is missing."""


def add_dashboard(command: argparse.ArgumentParser, read_settings: Callable[[], Settings]) -> None:
    """The command `dashboard`."""
    command.set_defaults(run=lambda _options: run_dashboard(read_settings()))


def run_dashboard(settings: Settings) -> None:
    """`dashboard`. Raises DashboardSettingsError, and ListenError."""
    if not settings.dashboard_token_pairs:
        raise DashboardSettingsError(NO_TOKENS)
    if not settings.dashboard_url and not is_loopback(settings.dashboard_host):
        raise DashboardSettingsError(NO_URL)
    if (settings.dashboard_url or "").startswith("http://") and has_secure_cookies(settings):
        raise DashboardSettingsError(NO_TLS)
    serve_dashboard(settings)
