"""What can be wrong with a question. Each message says what, and what would be right."""

from collector.errors import OperatorError


class QuestionError(OperatorError, ValueError):
    """A report, a range, a time zone, a filter or an option that does not exist."""


class ReportTimeout(OperatorError):
    """The answer took longer than a report may take."""


class ReportsUnavailable(OperatorError):
    """Postgres cannot be asked now."""
