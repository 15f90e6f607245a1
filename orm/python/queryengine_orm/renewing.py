"""Reads rows by their keys: one that is asked for; and those of known objects, after what a statement did."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, cast

from queryengine_orm.compiler import Place
from queryengine_orm.declarative import DeclarativeBase
from queryengine_orm.driver import Executor
from queryengine_orm.identities import Identities
from queryengine_orm.loading import MOST_KEYS, Prepared, among
from queryengine_orm.locking import Lock
from queryengine_orm.mapping import Mapper, mapper_of, mappers_of
from queryengine_orm.objects import ObjectReader
from queryengine_orm.relating import CASCADE, dependents, next_to, spreading, values_of
from queryengine_orm.selects import Selection
from queryengine_orm.sql import Statement, joined, name, sql
from queryengine_orm.units import Unit, key_of

__all__ = ["prepared_get", "renew", "touched_by", "wrapped"]


def prepared_get(mapper: Mapper[Any], lock: Lock | None = None) -> Prepared:
    """Return the statement that reads a row by its key, compiled once."""
    statements, key = mapper.model.__registry__.statements, ("get", mapper.model, lock)
    prepared: Prepared | None = statements.get(key)
    if prepared is None:
        columns = tuple(mapper.columns.values())
        prepared = Prepared(Selection(mapper, columns, key_of(mapper), lock=lock))
        statements.put(key, prepared)
    return prepared


async def renew(
    executor: Executor, unit: Unit, identities: Identities, objects: Iterable[DeclarativeBase]
) -> list[DeclarativeBase]:
    """Give objects what their rows hold now; those without a row are removed, and returned."""
    by_model: dict[type[DeclarativeBase], list[DeclarativeBase]] = {}
    for instance in objects:
        by_model.setdefault(type(instance), []).append(instance)
    gone: list[DeclarativeBase] = []
    for model, known in by_model.items():
        mapper = mapper_of(model)
        keys = {values_of(each, mapper.primary_key, before=True): each for each in known}
        rows = await _read(executor, mapper, list(keys))
        fresh = {values_of(row, mapper.primary_key): row for row in rows}
        for key, instance in keys.items():
            if key in fresh:
                unit.renewed(instance, vars(fresh[key]))
                continue
            gone.append(instance)
            if identities.get(model, key) is instance:
                unit.removed([instance])
            unit.expunge(instance)
    return gone


async def _read(
    executor: Executor, mapper: Mapper[Any], keys: Sequence[tuple[object, ...]]
) -> list[DeclarativeBase]:
    dialect, columns = executor.dialect, tuple(mapper.columns.values())
    reader = ObjectReader[Any](mapper, columns, dialect)
    place = Place("qe", mapper)
    size = MOST_KEYS // len(mapper.primary_key)
    found: list[DeclarativeBase] = []
    for start in range(0, len(keys), size):
        own = [place.column(column) for column in mapper.primary_key]
        where = among(own, mapper.primary_key, keys[start : start + size], dialect)
        shown = joined(", ", [place.column(column) for column in columns])
        select = sql("SELECT {} FROM {} AS {} WHERE {}", shown, name(mapper.table), name("qe"), where)
        text, parameters = Statement.of(select, dialect).bound()
        found += reader.read(await executor.query(text, parameters, result=reader.kinds, clean=True))
    return found


def touched_by(deleted: Collection[DeclarativeBase], identities: Identities) -> list[DeclarativeBase]:
    """Return the known objects whose rows the database changes when these objects' rows are deleted."""
    # Those farther away may have gone with rows that no object is of.
    models = {type(each) for each in deleted}
    far = {each for model in models for near in next_to(model, CASCADE) for each in dependents(near)}
    found = {id(each): each for model in far for each in identities.of(model)}
    wave = list(deleted)
    while wave:
        following: list[DeclarativeBase] = []
        for mapper in mappers_of(type(wave[0])):
            known = [each for each in identities.of(mapper.model) if id(each) not in found]
            for reference in spreading(mapper) if known else ():
                keys = {
                    values_of(each, target.referred(reference), before=True)
                    for each in wave
                    for target in [mapper_of(type(each))]
                    if target.table == reference.table
                }
                following += [
                    each for each in known if keys and values_of(each, reference.columns, before=True) in keys
                ]
        wave = [each for each in following if id(each) not in found]
        found |= {id(each): each for each in wave}
    return list(found.values())


def wrapped(mapper: Mapper[Any], text: str) -> str:
    """Return a SELECT of one's own with the columns of a class, in their order."""
    columns = ", ".join(cast("str", name("qe", column.name).parts[0]) for column in mapper.columns.values())
    return f"SELECT {columns} FROM ({text.strip().rstrip(';')}\n) AS qe"  # noqa: S608  # the author's own SQL
