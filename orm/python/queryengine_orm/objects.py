"""From rows to objects of mapped classes: made without their constructor, their values put in place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar, cast

from queryengine_orm._native import ModelShape
from queryengine_orm._native import Rows as NativeRows
from queryengine_orm.declarative import DeclarativeBase
from queryengine_orm.driver import Dialect, Kind, Rows
from queryengine_orm.mapping import Column, Mapper
from queryengine_orm.sql import Encode
from queryengine_orm.storage import Decode, Storage

__all__ = ["ColumnReader", "Decode", "ObjectReader", "keeps_null", "or_null", "same_kinds"]

M = TypeVar("M", bound=DeclarativeBase)


class ColumnReader:
    """How columns are written and read on one database."""

    __slots__ = ("decode", "encode", "kind", "storage")

    def __init__(self, column: Column, dialect: Dialect) -> None:
        storage: Storage = column.storage(dialect)
        self.storage: Storage = storage
        self.kind: Kind | None = storage.kind
        self.decode: Decode | None = storage.decode
        """what makes of a value that is not null what Python has; None for nothing"""
        encode = storage.encode
        # Where null is no value of a JSON column, None is JSON's own null.
        self.encode: Encode | None = encode if encode is None or keeps_null(column) else or_null(encode)


def keeps_null(column: Column) -> bool:
    """Tell whether None is a value of a column: JSON's own null, where the database's is not allowed."""
    return column.json_null


def or_null(convert: Decode | None) -> Decode | None:
    """Return a conversion that leaves null as it is."""
    if convert is None:
        return None
    return lambda value: None if value is None else convert(value)


def same_kinds(mapper: Mapper[Any], kinds: Iterable[Kind | None]) -> tuple[Kind | None, ...]:
    """Return kinds as one object for the same kinds: a driver knows those of a statement again by it."""
    given, statements = tuple(kinds), mapper.model.__registry__.statements
    found: tuple[Kind | None, ...] | None = statements.get(("kinds", given))
    if found is None:
        statements.put(("kinds", given), given)
        return given
    return found


class ObjectKinds(tuple["Kind | None", ...]):  # noqa: SLOT001  # a tuple has no room for slots
    """The kinds of columns of which objects are wanted: PostgreSQL's rows become such as they arrive."""

    shape: ModelShape[Any]


class ObjectReader(Generic[M]):
    """Makes objects of rows whose first columns are those of a mapper, in this order."""

    __slots__ = ("_shape", "kinds")

    def __init__(self, mapper: Mapper[M], columns: Sequence[Column], dialect: Dialect) -> None:
        readers = [ColumnReader(column, dialect) for column in columns]
        names = [column.attribute for column in columns]
        self._shape = ModelShape(mapper.model, names, [reader.decode for reader in readers])
        self.kinds: ObjectKinds = ObjectKinds(reader.kind for reader in readers)
        self.kinds.shape = self._shape

    def read(self, rows: Rows) -> list[M]:
        """Return an object for each row; Rust fills them, without their constructor."""
        return cast("NativeRows", rows).to_models(self._shape)
