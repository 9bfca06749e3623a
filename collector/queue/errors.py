"""What may be wrong with the queue, known also where its client is not loaded."""


class QueueError(Exception):
    """The queue cannot be used as the settings want it. The message says why, and what to do."""
