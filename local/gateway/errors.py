"""What stops the gateway from starting, and what ends a request early."""

from __future__ import annotations

from local.gateway.answers import Answer


class StartError(Exception):
    """The gateway cannot start. The message is the one line that its user reads."""


class EarlyAnswerError(Exception):
    """A plugin, or Kong itself, answers the request instead of the upstream."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class PluginFailedError(Exception):
    """A plugin failed; Kong logs the message and answers 500."""
