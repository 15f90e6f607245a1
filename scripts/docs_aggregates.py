"""The table of what back-ends do not give of aggregates, from what their engines declare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from beanie import Document
from queryengine_beanie import BeanieQueryEngine
from queryengine_orm import DeclarativeBase
from queryengine_orm.backend import ORMQueryEngine
from queryengine_sqlalchemy import SQLAlchemyQueryEngine
from queryengine_tortoise import TortoiseQueryEngine
from tortoise.models import Model

from queryengine.aggregates import APPLIES, AggregateCapabilities, AggregateEngine, Function
from queryengine.memory import MemoryQueryEngine
from queryengine.schema import TypeKind

__all__ = ["aggregate_gaps"]


def aggregate_gaps() -> Iterator[list[str]]:
    """Yield the engine, what it does not give of aggregates, and why."""
    for name, engine in _engines().items():
        for what, reason in list(_gaps(engine.aggregates)) or [("nothing is missing", "")]:
            yield [name, what, reason]


def _engines() -> Mapping[str, AggregateEngine[object]]:
    return {
        "memory": MemoryQueryEngine(object),
        "SQLAlchemy, PostgreSQL": SQLAlchemyQueryEngine(object, dialect="postgresql"),
        "SQLAlchemy, SQLite": SQLAlchemyQueryEngine(object, dialect="sqlite"),
        "Tortoise, PostgreSQL": TortoiseQueryEngine(Model, dialect="postgresql"),
        "Tortoise, SQLite": TortoiseQueryEngine(Model, dialect="sqlite"),
        "queryengine-orm, PostgreSQL": ORMQueryEngine(DeclarativeBase, dialect="postgresql"),
        "queryengine-orm, SQLite": ORMQueryEngine(DeclarativeBase, dialect="sqlite"),
        "Beanie": BeanieQueryEngine(Document),
    }


def _gaps(able: AggregateCapabilities) -> Iterator[tuple[str, str]]:
    missing: dict[tuple[TypeKind, str], list[Function]] = {}
    for function, kinds in APPLIES.items():
        for kind in sorted(kinds - able.functions.get(function, frozenset())):
            missing.setdefault((kind, able.note(function, kind) or ""), []).append(function)
    for (kind, note), functions in missing.items():
        yield f"{_codes(functions)} of {kind} fields", note
    if able.summed_digits is not None:
        sums = [Function.SUM, Function.AVG]
        what = (
            f"{_codes(sums)} of decimal fields without a scale, or of more than {able.summed_digits} digits"
        )
        yield what, able.note(Function.SUM, TypeKind.DECIMAL) or ""
    if not able.documents:
        yield "groups and functions of members of documents", able.notes.get("documents", "")


def _codes(functions: list[Function]) -> str:
    return ", ".join(f"`{function}`" for function in functions)
