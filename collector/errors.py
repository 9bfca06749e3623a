"""The errors of requests, of which api/errors.py makes HTTP, and the base of those of commands.

Each error of a request carries a short stable code, which is the answer's `error` field and
the metric's label. The caller's fault is a 4xx, a fault that passes is a 503
with Retry-After, everything else is ours and a 500.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One broken field: its path in the body, and what is wrong with it."""

    field: str
    message: str


class OperatorError(Exception):
    """What who runs a command can mend. Its message says what is wrong, and what to do.

    The base of all errors that commands show as a line, each declared where it is raised.
    """


class CollectorError(Exception):
    """The request could not be answered as asked."""

    status = 500
    code = "internal_error"

    def __init__(
        self,
        message: str,
        errors: tuple[FieldError, ...] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.errors = errors
        self.headers = headers or {}


class InvalidJson(CollectorError):
    """The body is not a JSON object in UTF-8."""

    status = 400
    code = "invalid_json"


class UnsignedRequest(CollectorError):
    """The request carries no valid stamp of the gateway, and the settings refuse such."""

    status = 403
    code = "unsigned_request"


class BodyTooLarge(CollectorError):
    """The body is over the limit, as sent or after gunzip."""

    status = 413
    code = "body_too_large"


class UnsupportedBody(CollectorError):
    """A content type or an encoding that the collector does not read."""

    status = 415
    code = "unsupported_media_type"


class InvalidEvent(CollectorError):
    """The JSON breaks the contract; every broken field is in `errors`."""

    status = 422
    code = "invalid_event"


class EventTooLarge(InvalidEvent):
    """More bytes than one event may have."""

    status = 413
    code = "event_too_large"


class InvalidBatch(CollectorError):
    """The JSON is no batch: it has no list of events, or an empty one."""

    status = 422
    code = "invalid_batch"


class BatchTooLarge(CollectorError):
    """More events than one batch may hold. Its sender splits it."""

    status = 413
    code = "batch_too_large"


class BodyTimeout(CollectorError):
    """The body did not arrive in its time. A 503: a tracker drops what is answered with a 408."""

    status = 503
    code = "body_timeout"

    def __init__(self, message: str) -> None:
        super().__init__(message, headers={"Retry-After": "1"})


class ClientGone(CollectorError):
    """The client has closed its connection before its event was read. Nobody sees the answer."""

    status = 408
    code = "client_gone"


class TooManyBytes(CollectorError):
    """One client address has sent more bytes in a minute than it may."""

    status = 429
    code = "too_many_bytes"

    def __init__(self, message: str) -> None:
        super().__init__(message, headers={"Retry-After": "10"})


class StoreUnavailable(CollectorError):
    """Postgres, or the queue before it, cannot take the event now. The client tries again.

    `reason`, for an operator, names no value of a row.
    """

    status = 503
    code = "store_unavailable"

    def __init__(self, message: str, retry_after_seconds: int = 1, *, reason: str = "") -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after_seconds)})
        self.reason = reason


class SpoolUnavailable(StoreUnavailable):
    """The disk that events wait on while Postgres is away cannot take the event either."""

    code = "spool_unavailable"


class SpoolFull(StoreUnavailable):
    """The disk that events wait on while Postgres is away has no more room for them."""

    code = "spool_full"


class QueueFull(StoreUnavailable):
    """As many events wait for the disk as this collector holds; refused at once."""

    code = "queue_full"


class BodiesFull(StoreUnavailable):
    """As many bytes of bodies are arriving as this collector holds."""

    code = "bodies_full"


class EventRefused(CollectorError):
    """Postgres refuses this row, though the contract took the event. The fault is ours.

    `reason` names the error of Postgres without a value of the row: it may be a person's.
    """

    code = "event_refused"

    def __init__(self, reason: str) -> None:
        super().__init__("The event cannot be stored; the reason is in the collector's log.")
        self.reason = reason
