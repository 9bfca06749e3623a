"""What the dashboard refuses, beside the errors of the reports.

error_answers.py makes HTTP of it.
."""

from __future__ import annotations


class DashboardError(Exception):
    """The request could not be answered as asked. The message is for the person who asked."""

    status = 500
    code = "internal_error"

    def __init__(self, message: str, retry_after_seconds: int | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class InvalidRequest(DashboardError):
    """A parameter or a field of a form that is unknown, missing, or not what it should be."""

    status = 400
    code = "invalid_request"


class NotSignedIn(DashboardError):
    """Nobody is signed in, or not any longer."""

    status = 401
    code = "not_signed_in"


class WrongToken(DashboardError):
    """No token of the settings is this one."""

    status = 401
    code = "wrong_token"


class Forbidden(DashboardError):
    """The request comes from another site's page, or from a form that is out of date."""

    status = 403
    code = "forbidden"


class NotFound(DashboardError):
    """There is no such page, report, share link or file."""

    status = 404
    code = "not_found"


class UnsupportedForm(DashboardError):
    """A body that is no form of the dashboard."""

    status = 415
    code = "unsupported_media_type"


class WrongHost(DashboardError):
    """The request was meant for another host than the dashboard's."""

    status = 421
    code = "wrong_host"


class TooManyAttempts(DashboardError):
    """Too many wrong tokens in a minute."""

    status = 429
    code = "too_many_attempts"


class TooBusy(DashboardError):
    """As many questions are being asked as may be, and none ended in time."""

    status = 503
    code = "too_busy"


class StoreUnavailable(DashboardError):
    """The database that keeps sessions, views, links and annotations does not answer."""

    status = 503
    code = "store_unavailable"
