"""What may be wrong with the queue, known also where its client is not loaded."""

from collector.errors import OperatorError


class QueueError(OperatorError):
    """The queue cannot be used as the settings want it. The message says why, and what to do."""
