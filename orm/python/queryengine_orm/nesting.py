"""Where transactions begin: on a pool, a connection, or as savepoints in one that is open."""

from __future__ import annotations

from typing import TypeAlias, TypeGuard, cast

from queryengine_orm.driver import Connection, Isolation, Pool, Transaction
from queryengine_orm.errors import UsageError

__all__ = ["Database", "is_transaction", "opened"]

Database: TypeAlias = Pool | Connection | Transaction
"""What a session works on; in a transaction of another's all that it begins are savepoints."""


def is_transaction(database: Database) -> TypeGuard[Transaction]:
    """Tell whether it is a transaction that another has begun."""
    return hasattr(database, "savepoint")


def opened(database: Database, *, isolation: Isolation | None = None, read_only: bool = False) -> Transaction:
    """Return a transaction to enter. Raises UsageError for a savepoint with an isolation of its own."""
    if not is_transaction(database):
        begins = cast("Pool | Connection", database)
        return begins.transaction(isolation=isolation, read_only=read_only)
    if isolation is not None or read_only:
        raise UsageError("a savepoint has the isolation of its transaction")
    return database.savepoint()
