"""Locks of rows: what a SELECT says of them, and what stands for them on SQLite. Knows executors."""

from __future__ import annotations

from typing import Any, Final, Literal, LiteralString, TypeAlias

from queryengine_orm.driver import Dialect, Executor
from queryengine_orm.errors import ConfigurationError, UsageError
from queryengine_orm.mapping import Mapper
from queryengine_orm.sql import SQL, Statement, name, sql

__all__ = ["Lock", "hold_database", "lock_of", "locked"]

Lock: TypeAlias = Literal["wait", "nowait", "skip locked"]
"""What is done where another transaction has locked a row already."""

CLAUSES: Final[dict[Lock, LiteralString]] = {
    "wait": "{} FOR UPDATE OF {}",
    "nowait": "{} FOR UPDATE OF {} NOWAIT",
    "skip locked": "{} FOR UPDATE OF {} SKIP LOCKED",
}


def lock_of(*, skip_locked: bool, nowait: bool) -> Lock:
    """Return the lock that is asked for. Raises UsageError for both at once."""
    if skip_locked and nowait:
        raise UsageError("for_update leaves locked rows out, or fails at them: not both")
    return "skip locked" if skip_locked else "nowait" if nowait else "wait"


def locked(rows: SQL, alias: str, lock: Lock, dialect: Dialect) -> SQL:
    """Return a SELECT that locks its rows; SQLite, which locks the database, has no word for it."""
    if dialect == "postgresql":
        return sql(CLAUSES[lock], rows, name(alias))
    if lock != "wait":
        raise ConfigurationError(
            f"SQLite locks the whole database, and no row: for_update knows no {lock.replace(' ', '_')} there"
        )
    return rows


async def hold_database(executor: Executor, mapper: Mapper[Any]) -> None:
    """Make sure that a transaction of SQLite has the lock on writing before it reads; it then keeps it.

    It has it already, unless it may only read. A delete of no rows needs it, so that SQLite says the rest.
    """
    if executor.dialect == "sqlite":
        text, _ = Statement.of(sql("DELETE FROM {} WHERE 1 = 0", name(mapper.table)), "sqlite").bound()
        await executor.query(text, clean=True)
