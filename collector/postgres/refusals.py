"""Which errors of Postgres are a row's own fault, and which are the surroundings'.

Only what Postgres says of the values of a statement refuses a row for good. All else, known
or not, is "Postgres cannot be used now": the event goes to the spool and is tried again. So
an error that nobody thought of never loses an event (docs/durability.md).
"""

from __future__ import annotations

import asyncpg

# By SQLSTATE, or by its first two characters, its class. The same row would be refused again:
#   22     a value that its type cannot hold
#   23     a constraint: not null, check, foreign key, exclusion
#   44000  the check option of a view in the table's place
#   54000  a value that is too large for an index
#   P0001  RAISE in a trigger of the deployment's own
REFUSING = frozenset({"22", "23", "44000", "54000", "P0001"})

# Never a row's: 08 connection, 25 and 40 transaction, 28 log-in, 3D and 3F no such database
# or schema, 42 no such table or no right to it, 53 resources, 55 locked, 57 operator, 58
# system, F0 configuration, XX damage. What stands in neither list may be a trigger's own
# code, and is a row's where others pass (Store.put_each).
SURROUNDING = frozenset(
    ["08", "25", "28", "3D", "3F", "40", "42", "53", "55", "57", "58", "F0", "XX"]
)


# Errors whose text is Postgres's, asyncpg's or the system's own.
FAILURES = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


def refuses_row(sqlstate: str) -> bool:
    """Whether an SQLSTATE says that the values of a row will never do."""
    return sqlstate in REFUSING or sqlstate[:2] in REFUSING


def may_refuse_row(sqlstate: str) -> bool:
    """Whether it may say so: what is known to be the surroundings' never does."""
    return sqlstate[:2] not in SURROUNDING


def describe(error: BaseException) -> str:
    """An error in words that name no value of a row, which may be a person's.

    DETAIL holds whole rows, so it is never used; the message of a class 22 error (data
    exception) may quote the value, so may asyncpg's of an argument (ValueError), and so may
    that of an error nobody thought of.
    """
    words = [type(error).__name__]
    if isinstance(error, asyncpg.PostgresError):
        parts = ("sqlstate", "table_name", "column_name", "constraint_name")
        words += [f"{part} {value}" for part in parts if (value := getattr(error, part, None))]
    if isinstance(error, FAILURES) and not isinstance(error, asyncpg.DataError | ValueError):
        # str() of an error of Postgres would append DETAIL.
        words.append(error.args[0] if isinstance(error, asyncpg.PostgresError) else str(error))
    return ", ".join(word for word in words if word)
