"""PostgreSQL by our own client: the names that services use."""

from __future__ import annotations

from queryengine_orm.connection import Connection, Notice, connect
from queryengine_orm.dsn import Options, Settings, settings_of
from queryengine_orm.listening import Listener, Notification
from queryengine_orm.pool import PostgresPool, create_pool
from queryengine_orm.transactions import PostgresTransaction

__all__ = [
    "Connection",
    "Listener",
    "Notice",
    "Notification",
    "Options",
    "PostgresPool",
    "PostgresTransaction",
    "Settings",
    "connect",
    "create_pool",
    "settings_of",
]
