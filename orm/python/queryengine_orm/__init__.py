"""An asyncio ORM with a Rust core: typed models on PostgreSQL and SQLite, and a back-end of queryengine."""

from __future__ import annotations

from queryengine_orm.constraints import (
    Check,
    CheckedEnum,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    NativeEnum,
    Secondary,
    String,
    Unique,
)
from queryengine_orm.declarative import DeclarativeBase
from queryengine_orm.expressions import Assignment, Expr, Order, Scalar
from queryengine_orm.finding import Find
from queryengine_orm.loading import Query
from queryengine_orm.mapped import Many, Mapped, Maybe, NotLoaded, One, mapped_column, relationship
from queryengine_orm.ranges import Range
from queryengine_orm.session import Session
from queryengine_orm.tables import create_all, drop_all, schema_sql

__all__ = [
    "Assignment",
    "Check",
    "CheckedEnum",
    "DeclarativeBase",
    "Expr",
    "Find",
    "ForeignKey",
    "ForeignKeyConstraint",
    "Index",
    "Many",
    "Mapped",
    "Maybe",
    "NativeEnum",
    "NotLoaded",
    "One",
    "Order",
    "Query",
    "Range",
    "Scalar",
    "Secondary",
    "Session",
    "String",
    "Unique",
    "create_all",
    "drop_all",
    "mapped_column",
    "relationship",
    "schema_sql",
]
