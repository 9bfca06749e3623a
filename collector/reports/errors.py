"""What can be wrong with a question. Each message says what, and what would be right."""


class QuestionError(ValueError):
    """A report, a range, a time zone, a filter or an option that does not exist."""


class ReportTimeout(Exception):
    """The answer took longer than a report may take."""


class ReportsUnavailable(Exception):
    """Postgres cannot be asked now."""
