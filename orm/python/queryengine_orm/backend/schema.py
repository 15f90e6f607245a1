"""From mapped classes to schemas of filters: what each database holds exactly, and where it has a gap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar, cast

from queryengine.schema import ArrayType, Field, ModelSchema, Relation
from queryengine_orm.declarative import DeclarativeBase
from queryengine_orm.driver import Dialect
from queryengine_orm.errors import ConfigurationError
from queryengine_orm.mapping import Mapper, document_of, field_of, mapper_of
from queryengine_orm.storage import OpaqueType, domain_of

__all__ = ["SchemaReader"]

M = TypeVar("M", bound=DeclarativeBase)


class SchemaReader:
    """Reads the schemas of mapped classes, each once, for the database that an engine is for."""

    def __init__(self, dialect: Dialect | None) -> None:
        self._dialect: Dialect | None = dialect
        self._schemas: dict[type[Any], ModelSchema[Any]] = {}  # Any: the key's own type

    def read(self, model: type[M]) -> ModelSchema[M]:
        """Return the schema of a class. Raises ConfigurationError for one that is not mapped."""
        if model not in self._schemas:
            # Two threads may both read it; they must go on with one and the same schema.
            self._schemas.setdefault(model, self._read(mapper_of(model)))
        return cast("ModelSchema[M]", self._schemas[model])

    def _read(self, mapper: Mapper[M]) -> ModelSchema[M]:
        neutral = mapper.schema
        fields: dict[str, Field] = {}
        relations: dict[str, Relation] = {}
        for column in mapper.columns.values():
            if column.document is not None:
                relations[column.attribute] = document_of(column)
            elif isinstance(column.type, OpaqueType):
                continue
            elif self._dialect == "postgresql" or not isinstance(column.type, ArrayType):
                type_, gap = domain_of(column.type, self._dialect)
                fields[column.attribute] = field_of(column, type_, gap)
        for name in mapper.declared:
            relations[name] = self._relation(neutral.relations[name], partial(self._target, mapper, name))
        missing = [key.attribute for key in mapper.primary_key if key.attribute not in fields]
        if missing:
            raise ConfigurationError(f"{mapper.model.__name__}.{missing[0]}: filters know no order of it")
        return replace(
            neutral,
            fields=MappingProxyType(fields),
            relations=MappingProxyType(relations),
            primary_key=tuple(fields[key.attribute] for key in mapper.primary_key),
        )

    def _relation(self, relation: Relation, load: Callable[[], ModelSchema[object]]) -> Relation:
        # PostgreSQL enforces foreign keys always, SQLite where the connection asks for it.
        nullable = relation.nullable or self._dialect != "postgresql"
        return replace(relation, load=load, nullable=nullable)

    def _target(self, mapper: Mapper[Any], name: str) -> ModelSchema[object]:
        return self.read(mapper.relationship(name).target.model)
