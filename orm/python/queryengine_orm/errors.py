"""The errors of the companion in one tree, each SQLSTATE at its class. Knows no driver.

A message never holds a parameter. What the server says besides (`detail`) may hold values of rows: it is an
attribute, for the service's own log, and no part of the text.
"""

from __future__ import annotations

import re
from typing import Final

from queryengine.errors import ConfigurationError as CoreConfigurationError
from queryengine.errors import QueryEngineError

__all__ = [
    "AuthenticationFailed",
    "CheckViolation",
    "ConfigurationError",
    "ConnectionFailed",
    "ConnectionLost",
    "DataError",
    "DatabaseError",
    "DeadlockDetected",
    "ExclusionViolation",
    "ForeignKeyViolation",
    "InsufficientResources",
    "IntegrityError",
    "InvalidTransactionState",
    "LockNotAvailable",
    "MultipleFound",
    "NotFound",
    "NotNullViolation",
    "OrmError",
    "ParameterError",
    "PermissionDenied",
    "PoolTimeout",
    "ProtocolViolation",
    "QueryCanceled",
    "SerializationFailure",
    "StalePlan",
    "StaleRow",
    "StatementError",
    "StatementTimeout",
    "StorageError",
    "TimeoutExceeded",
    "TransactionRollback",
    "UndefinedColumn",
    "UndefinedTable",
    "UniqueViolation",
    "UsageError",
    "database_error",
]

OTHER_LOOP: Final = (
    "this pool or connection is of another event loop, the one that it was opened on: open one on each"
)
"""what a UsageError says of who comes from another loop, or thread"""


class OrmError(QueryEngineError):
    """The root of all that the companion raises."""


class ConfigurationError(OrmError, CoreConfigurationError, ValueError):
    """A setting, a URL or a mapping is wrong: raised before any connection is made."""


class UsageError(OrmError):
    """A call that the object's state does not allow: a finished transaction, a closed pool."""


class ParameterError(OrmError, ValueError):
    """A parameter that the statement cannot take, found before anything was sent; it names place and type."""


class NotFound(OrmError, LookupError):
    """There is no row where one was promised."""


class MultipleFound(OrmError, LookupError):
    """There is more than one row where one at most was promised."""


class StaleRow(OrmError):
    """A row was changed or removed by another since it was read: its version column no longer matches."""


# -- the connection


class ConnectionFailed(OrmError, ConnectionError):
    """No connection could be made: name, port, TLS, start-up; the causes are its notes and `__cause__`."""


class AuthenticationFailed(ConnectionFailed):
    """Server and client could not agree on who they are: a password, or a method that is not allowed."""


class ConnectionLost(OrmError, ConnectionError):
    """The connection ended under a call; whether the server did what was asked is not known."""


class ProtocolViolation(ConnectionLost):
    """The server said what PostgreSQL's protocol does not allow; the connection was dropped."""


class TimeoutExceeded(OrmError, TimeoutError):
    """Something took longer than its setting allows."""


class PoolTimeout(TimeoutExceeded):
    """No connection of the pool became free in time; the text says who holds them, and how long."""


# -- the database


_TAKEN: Final = re.compile(r"UNIQUE constraint failed: (?!index ')(.+)")
_KEY: Final = re.compile(r"\((.+?)\)=\(")
"""what SQLite says of a key that is there already, unless it is of an expression; PostgreSQL in its detail"""


class DatabaseError(OrmError):
    """The database refused a statement.

    The attributes are those that the database gives; what it does not give is None. `position` counts
    characters of the statement from 1.

    >>> error = DatabaseError("42601", "syntax error at end of input", position=10)
    >>> str(error), error.sqlstate, error.table
    ('syntax error at end of input (SQLSTATE 42601, position 10)', '42601', None)
    """

    def __init__(
        self,
        sqlstate: str,
        message: str,
        *,
        detail: str | None = None,
        hint: str | None = None,
        schema: str | None = None,
        table: str | None = None,
        column: str | None = None,
        constraint: str | None = None,
        position: int | None = None,
    ) -> None:
        super().__init__(sqlstate, message)
        self.sqlstate = sqlstate
        self.message = message
        self.detail = detail
        self.hint = hint
        self.schema = schema
        self.table = table
        self.column = column
        self.constraint = constraint
        self.position = position

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the error is about, all that are unique together, as far as the database tells.

        >>> message = "UNIQUE constraint failed: books.author_id, books.title"
        >>> database_error("23505", message, table="books", column="author_id").columns
        ('author_id', 'title')
        """
        if self.sqlstate == "23505":
            on_sqlite = _TAKEN.fullmatch(self.message)
            if on_sqlite is not None:
                return tuple([name.rpartition(".")[2] for name in on_sqlite[1].split(", ")])
            on_postgresql = _KEY.search(self.detail or "")
            if on_postgresql is not None:
                return tuple([name.strip('"') for name in on_postgresql[1].split(", ")])
        return () if self.column is None else (self.column,)

    def __str__(self) -> str:
        names = ("table", "column", "constraint", "position")
        places = (f"{name} {value}" for name in names if (value := getattr(self, name)) is not None)
        return f"{self.message} ({', '.join((f'SQLSTATE {self.sqlstate}', *places))})"


class IntegrityError(DatabaseError):
    """A constraint does not hold; `constraint`, `table`, `column` say which, as far as the database does."""


class UniqueViolation(IntegrityError):
    """A row with this key is there already."""


class ForeignKeyViolation(IntegrityError):
    """A row refers to one that is not there, or is still referred to."""


class CheckViolation(IntegrityError):
    """A check constraint is false."""


class NotNullViolation(IntegrityError):
    """A column that may not be null would be."""


class ExclusionViolation(IntegrityError):
    """A row conflicts with another under an exclusion constraint."""


class TransactionRollback(DatabaseError):
    """The database gave the transaction up; it may be tried again as a whole."""


class SerializationFailure(TransactionRollback):
    """Another transaction changed what this one read."""


class DeadlockDetected(TransactionRollback):
    """Two transactions wait for each other."""


class InvalidTransactionState(DatabaseError):
    """The transaction's state does not allow it: it is read-only, or has failed already."""


class LockNotAvailable(DatabaseError):
    """A lock was not to be had in the time, or without waiting; SQLite: the database is locked."""


class QueryCanceled(DatabaseError):
    """The server stopped a statement because it was asked to."""


class StatementTimeout(QueryCanceled, TimeoutError):
    """The server stopped a statement because it ran longer than its `statement_timeout`."""


class DataError(DatabaseError):
    """A value is outside of its type's domain, or is no value of that type."""


class StatementError(DatabaseError):
    """The statement is wrong: its syntax, or what it names."""


class UndefinedTable(StatementError):
    """The statement names a table that is not there."""


class UndefinedColumn(StatementError):
    """The statement names a column that is not there."""


class PermissionDenied(StatementError):
    """The user may not do this."""


class StalePlan(DatabaseError):
    """A statement does not fit the tables as they are now, or the server does not have it any more.

    In a transaction, which has failed by it; or where the statement ran, and its rows cannot be read.
    """


class InsufficientResources(DatabaseError):
    """Disk, memory or connections are used up."""


class StorageError(DatabaseError):
    """The database's files cannot be read or written, or are damaged."""


_CONDITIONS: Final[dict[str, type[DatabaseError]]] = {
    "23502": NotNullViolation,
    "23503": ForeignKeyViolation,
    "23505": UniqueViolation,
    "23514": CheckViolation,
    "23P01": ExclusionViolation,
    "26000": StalePlan,
    "40001": SerializationFailure,
    "40P01": DeadlockDetected,
    "42501": PermissionDenied,
    "42703": UndefinedColumn,
    "42P01": UndefinedTable,
    "55P03": LockNotAvailable,
    "57014": QueryCanceled,
}
_CLASSES: Final[dict[str, type[DatabaseError]]] = {
    "22": DataError,
    "23": IntegrityError,
    "25": InvalidTransactionState,
    "40": TransactionRollback,
    "42": StatementError,
    "53": InsufficientResources,
    "58": StorageError,
    "XX": StorageError,
}

_PLANS: Final[dict[str, tuple[str, ...]]] = {
    "0A000": ("cached plan must not change",),
    "08P01": ("bind message", "prepared statement"),
}
"""codes that stand for much, and with which words they stand for a plan that does not fit"""
_PLAN_ROUTINES: Final = frozenset({"RevalidateCachedQuery", "exec_bind_message", "PortalSetResultFormat"})
"""functions of PostgreSQL that say so in words of the server's language"""


def database_error(
    sqlstate: str,
    message: str,
    *,
    detail: str | None = None,
    hint: str | None = None,
    schema: str | None = None,
    table: str | None = None,
    column: str | None = None,
    constraint: str | None = None,
    position: int | None = None,
    routine: str | None = None,
) -> DatabaseError:
    """Return the error of a SQLSTATE: of its own class, of its group's, or a plain `DatabaseError`.

    `routine` is the function of the server that raised it, for what its words alone would tell. SQLite's
    driver passes the SQLSTATE that PostgreSQL has for the same condition.

    >>> database_error("23505", "duplicate key", table="users", constraint="users_pkey")
    UniqueViolation('23505', 'duplicate key')
    >>> type(database_error("22012", "division by zero")).__name__
    'DataError'
    """
    kind = _CONDITIONS.get(sqlstate) or _CLASSES.get(sqlstate[:2], DatabaseError)
    # One code for both; the words are the server's, in English unless its lc_messages says otherwise.
    if kind is QueryCanceled and "statement timeout" in message:
        kind = StatementTimeout
    if sqlstate in _PLANS and (routine in _PLAN_ROUTINES or message.startswith(_PLANS[sqlstate])):
        kind = StalePlan
    return kind(
        sqlstate,
        message,
        detail=detail,
        hint=hint,
        schema=schema,
        table=table,
        column=column,
        constraint=constraint,
        position=position,
    )
