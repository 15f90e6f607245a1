"""Makes and drops the tables of mapped classes: what is referred to first, references in rings afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from queryengine_orm.declarative import DeclarativeBase
from queryengine_orm.driver import Dialect, Executor
from queryengine_orm.errors import ConfigurationError
from queryengine_orm.mapped import Check, Index, Secondary, Unique
from queryengine_orm.mapping import Column, Mapper, mappers_of
from queryengine_orm.sql import quoted
from queryengine_orm.storage import storage_of

__all__ = ["create_all", "drop_all", "schema_sql"]

ON_DELETE: Final = {
    None: "",
    "cascade": " ON DELETE CASCADE",
    "set null": " ON DELETE SET NULL",
    "restrict": " ON DELETE RESTRICT",
    "no action": " ON DELETE NO ACTION",
}


async def create_all(executor: Executor, base: type[DeclarativeBase]) -> None:
    """Make the tables and indexes of all classes of a base that are not there yet."""
    await executor.script(";\n".join(schema_sql(base, executor.dialect)) + ";")


async def drop_all(executor: Executor, base: type[DeclarativeBase]) -> None:
    """Drop the tables of all classes of a base, with their rows."""
    tables = [*_secondaries(base), *(mapper.table for mapper in reversed(in_order(list(mappers_of(base)))))]
    cascade = " CASCADE" if executor.dialect == "postgresql" else ""
    drops = [f"DROP TABLE IF EXISTS {quoted(table)}{cascade}" for table in tables]
    if drops:
        await executor.script(";\n".join(drops) + ";")


def schema_sql(base: type[DeclarativeBase], dialect: Dialect) -> list[str]:
    """Return the statements that make the tables and indexes of all classes of a base.

    Raises ConfigurationError for what the database cannot hold.
    """
    mappers = in_order(list(mappers_of(base)))
    statements: list[str] = []
    made: set[str] = set()
    later: list[str] = []
    for mapper in mappers:
        made.add(mapper.table)
        statements.append(_table(mapper, dialect, made, later))
        statements.extend(_indexes(mapper))
    statements.extend(_between(base, dialect))
    return [*statements, *later]


def in_order(mappers: Sequence[Mapper[Any]]) -> list[Mapper[Any]]:
    """Return mappers in the order of their references; those in a ring come as they were declared."""
    waiting, ordered = list(mappers), list[Mapper[Any]]()
    tables = {mapper.table for mapper in mappers}
    while waiting:
        done = {mapper.table for mapper in ordered}
        free = [mapper for mapper in waiting if _refers_to(mapper) & tables <= done | {mapper.table}]
        for mapper in free or waiting[:1]:
            ordered.append(mapper)
            waiting.remove(mapper)
    return ordered


def _refers_to(mapper: Mapper[Any]) -> set[str]:
    keys = [column.foreign_key for column in mapper.columns.values()]
    return {key.target.rpartition(".")[0] for key in keys if key is not None}


def _table(mapper: Mapper[Any], dialect: Dialect, made: set[str], later: list[str]) -> str:
    lines = [_column(mapper, column, dialect) for column in mapper.columns.values()]
    if len(mapper.primary_key) > 1 or not _is_inline_key(mapper, dialect):
        lines.append(f"PRIMARY KEY ({_names(mapper.primary_key)})")
    for constraint in mapper.constraints:
        if isinstance(constraint, Unique):
            lines.append(f"UNIQUE ({_names(_columns(mapper, constraint.attributes))})")
        elif isinstance(constraint, Check):
            lines.append(f"CHECK ({constraint.sql})")
    for column in mapper.columns.values():
        key = column.foreign_key
        if key is None or not key.enforced:
            continue
        table, _, name = key.target.rpartition(".")
        if not table:
            place = f"{mapper.model.__name__}.{column.attribute}"
            raise ConfigurationError(f"{place}: a foreign key names a table and its column")
        line = f"FOREIGN KEY ({quoted(column.name)}) REFERENCES {quoted(table)} ({quoted(name)})"
        line += ON_DELETE[key.on_delete]
        if table in made or dialect == "sqlite":
            lines.append(line)
        else:
            # Dropped first, so that it can be said again where the tables are there already.
            own = quoted(f"fk_{mapper.table}_{column.name}")
            alter = f"ALTER TABLE {quoted(mapper.table)} DROP CONSTRAINT IF EXISTS {own}"
            later.append(f"{alter}, ADD CONSTRAINT {own} {line}")
    body = ",\n    ".join(lines)
    return f"CREATE TABLE IF NOT EXISTS {quoted(mapper.table)} (\n    {body}\n)"


def _is_inline_key(mapper: Mapper[Any], dialect: Dialect) -> bool:
    """Tell whether the key's own line says so: only there SQLite takes a number for the row's own."""
    return dialect == "sqlite" and mapper.generated is not None


def _column(mapper: Mapper[Any], column: Column, dialect: Dialect) -> str:
    line = f"{quoted(column.name)} {storage_of(column.type, dialect, column.length).type}"
    if column is mapper.generated:
        return line + (" PRIMARY KEY" if dialect == "sqlite" else " GENERATED BY DEFAULT AS IDENTITY")
    if not column.nullable:
        line += " NOT NULL"
    if column.options.unique:
        line += " UNIQUE"
    if column.options.check is not None:
        line += f" CHECK ({column.options.check})"
    if dialect == "sqlite" and column.length is not None:
        line += f" CHECK (length({quoted(column.name)}) <= {column.length})"
    return line


def _indexes(mapper: Mapper[Any]) -> Iterator[str]:
    indexed: list[tuple[str, ...]] = [
        (column.attribute,) for column in mapper.columns.values() if column.options.index
    ]
    indexed += [constraint.attributes for constraint in mapper.constraints if isinstance(constraint, Index)]
    for attributes in indexed:
        name = quoted("_".join(["ix", mapper.table, *attributes]))
        columns = _names(_columns(mapper, attributes))
        yield f"CREATE INDEX IF NOT EXISTS {name} ON {quoted(mapper.table)} ({columns})"


def _columns(mapper: Mapper[Any], attributes: Sequence[str]) -> list[Column]:
    missing = [name for name in attributes if name not in mapper.columns]
    if missing:
        raise ConfigurationError(f"{mapper.model.__name__} has no column {missing[0]!r}")
    return [mapper.columns[name] for name in attributes]


def _names(columns: Sequence[Column]) -> str:
    return ", ".join(quoted(column.name) for column in columns)


def _between(base: type[DeclarativeBase], dialect: Dialect) -> Iterator[str]:
    """Yield the tables between two models that no class is mapped to."""
    for table, (secondary, one, other) in _secondaries(base).items():
        lines: list[str] = []
        for name, mapper in ((secondary.local, one), (secondary.remote, other)):
            key = mapper.primary_key[0]
            type_ = storage_of(key.type, dialect, key.length).type
            target = f"{quoted(mapper.table)} ({quoted(key.name)})"
            lines.append(f"{quoted(name)} {type_} NOT NULL REFERENCES {target} ON DELETE CASCADE")
        lines.append(f"PRIMARY KEY ({quoted(secondary.local)}, {quoted(secondary.remote)})")
        body = ",\n    ".join(lines)
        yield f"CREATE TABLE IF NOT EXISTS {quoted(table)} (\n    {body}\n)"


def _secondaries(base: type[DeclarativeBase]) -> dict[str, tuple[Secondary, Mapper[Any], Mapper[Any]]]:
    found: dict[str, tuple[Secondary, Mapper[Any], Mapper[Any]]] = {}
    mappers = list(mappers_of(base))
    mapped = {mapper.table for mapper in mappers}
    for mapper in mappers:
        for name in mapper.declared:
            relation = mapper.relationship(name)
            secondary = relation.secondary
            if secondary is not None and secondary.table not in mapped:
                found.setdefault(secondary.table, (secondary, mapper, relation.target))
    return found
