"""Makes and drops the tables of mapped classes: what is referred to first, references in rings afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from queryengine_orm.constraints import Check, Index, Unique
from queryengine_orm.declarative import DeclarativeBase
from queryengine_orm.driver import Dialect, Executor
from queryengine_orm.errors import ConfigurationError
from queryengine_orm.mapping import Column, Mapper, Relationship, mappers_of
from queryengine_orm.sql import quoted

__all__ = ["create_all", "drop_all", "schema_sql"]

ON_DELETE: Final[Mapping[str | None, str]] = {
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
    if executor.dialect == "postgresql":
        drops += [f"DROP TYPE IF EXISTS {quoted(name)}" for name in _enums(base)]
    if drops:
        await executor.script(";\n".join(drops) + ";")


def schema_sql(base: type[DeclarativeBase], dialect: Dialect) -> list[str]:
    """Return the statements that make the tables and indexes of all classes of a base.

    Raises ConfigurationError for what the database cannot hold.
    """
    base.__registry__.check()
    mappers = in_order(list(mappers_of(base)))
    statements: list[str] = []
    if dialect == "postgresql":
        statements += [_make_enum(name, values) for name, values in _enums(base).items()]
    made: set[str] = set()
    later: list[str] = []
    for mapper in mappers:
        made.add(mapper.table)
        statements.append(_table(mapper, dialect, made, later))
        statements.extend(_indexes(mapper))
    statements.extend(_between(base, dialect))
    return [*statements, *later]


LONGEST_NAME: Final = 63
"""bytes, beyond which PostgreSQL cuts a name, so that two may become one"""


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
    return {reference.table for reference in mapper.references}


def _table(mapper: Mapper[Any], dialect: Dialect, made: set[str], later: list[str]) -> str:
    lines = [_column(mapper, column, dialect) for column in mapper.columns.values()]
    if len(mapper.primary_key) > 1 or not _is_inline_key(mapper, dialect):
        lines.append(f"PRIMARY KEY ({_names(mapper.primary_key)})")
    uniques = [each for each in mapper.constraints if isinstance(each, Unique)]
    lines += [f"UNIQUE ({_names(_columns(mapper, each.attributes))})" for each in uniques]
    checks = [each for each in mapper.constraints if isinstance(each, Check)]
    lines += [_check(mapper, str(number), each.sql) for number, each in enumerate(checks, 1)]
    for reference in mapper.references:
        if not reference.enforced:
            continue
        table, names = quoted(reference.table), ", ".join(map(quoted, reference.names))
        line = f"FOREIGN KEY ({_names(reference.columns)}) REFERENCES {table} ({names})"
        line += ON_DELETE[reference.on_delete]
        if reference.table in made or dialect == "sqlite":
            lines.append(line)
        else:
            # Dropped first, so that it can be said again where the tables are there already.
            own = quoted("_".join(["fk", mapper.table, *(column.name for column in reference.columns)]))
            alter = f"ALTER TABLE {quoted(mapper.table)} DROP CONSTRAINT IF EXISTS {own}"
            later.append(f"{alter}, ADD CONSTRAINT {own} {line}")
    body = ",\n    ".join(lines)
    return f"CREATE TABLE IF NOT EXISTS {quoted(mapper.table)} (\n    {body}\n)"


def _is_inline_key(mapper: Mapper[Any], dialect: Dialect) -> bool:
    """Tell whether the key's own line says so: only there SQLite takes a number for the row's own."""
    return dialect == "sqlite" and mapper.generated is not None


def _column(mapper: Mapper[Any], column: Column, dialect: Dialect) -> str:
    line = f"{quoted(column.name)} {column.storage(dialect).type}"
    if column is mapper.generated:
        return line + (" PRIMARY KEY" if dialect == "sqlite" else " GENERATED BY DEFAULT AS IDENTITY")
    if not column.nullable:
        line += " NOT NULL"
    if column.options.unique:
        line += " UNIQUE"
    if column.options.check is not None:
        line += f" {_check(mapper, column.name, column.options.check)}"
    values = column.checked_values(dialect)
    if values:
        among = f"{quoted(column.name)} IN ({', '.join(map(_literal, values))})"
        line += f" {_check(mapper, f'{column.name}_values', among)}"
    if dialect == "sqlite" and column.length is not None:
        short = f"length({quoted(column.name)}) <= {column.length}"
        line += f" {_check(mapper, f'{column.name}_length', short)}"
    return line


def _check(mapper: Mapper[Any], of: str, condition: str) -> str:
    """Return a check with a name, by which errors tell it, the same on both databases."""
    name = f"ck_{mapper.table}_{of}"
    fits = len(name.encode()) <= LONGEST_NAME
    return f"CONSTRAINT {quoted(name)} CHECK ({condition})" if fits else f"CHECK ({condition})"


def _literal(value: object) -> str:
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def _enums(base: type[DeclarativeBase]) -> dict[str, str]:
    """Return the enums that PostgreSQL has as types, by name: the values of their members, in order."""
    found: dict[str, str] = {}
    for mapper in mappers_of(base):
        for column in mapper.columns.values():
            if column.native is None:
                continue
            column.storage("postgresql")  # raises for what is no such type
            values = ", ".join(map(_literal, column.enum_values))
            if found.setdefault(column.native, values) != values:
                raise ConfigurationError(f"two enums of PostgreSQL are called {column.native}")
    return found


def _make_enum(name: str, values: str) -> str:
    """Return the statement that makes a type which is not there yet: PostgreSQL has no words for that."""
    create = f"CREATE TYPE {quoted(name)} AS ENUM ({values})"
    return f"DO $make$ BEGIN {create}; EXCEPTION WHEN duplicate_object THEN NULL; END $make$"


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
    for table, relation in _secondaries(base).items():
        lines: list[str] = []
        keys: list[str] = []
        for names, mapper in zip(relation.links, (relation.mapper, relation.target), strict=True):
            for name, key in zip(names, mapper.primary_key, strict=True):
                type_ = key.storage(dialect).type
                lines.append(f"{quoted(name)} {type_} NOT NULL")
            held = ", ".join(map(quoted, names))
            target = f"{quoted(mapper.table)} ({_names(mapper.primary_key)})"
            keys.append(f"FOREIGN KEY ({held}) REFERENCES {target} ON DELETE CASCADE")
        both = ", ".join(quoted(name) for names in relation.links for name in names)
        lines += [f"PRIMARY KEY ({both})", *keys]
        body = ",\n    ".join(lines)
        yield f"CREATE TABLE IF NOT EXISTS {quoted(table)} (\n    {body}\n)"


def _secondaries(base: type[DeclarativeBase]) -> dict[str, Relationship]:
    found: dict[str, Relationship] = {}
    mappers = list(mappers_of(base))
    mapped = {mapper.table for mapper in mappers}
    for mapper in mappers:
        for name in mapper.declared:
            relation = mapper.relationship(name)
            secondary = relation.secondary
            if secondary is not None and secondary.table not in mapped:
                found.setdefault(secondary.table, relation)
    return found
