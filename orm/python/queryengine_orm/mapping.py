"""From mapped classes to tables: columns, keys, relations, and the schema that expressions see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Generic, TypeVar, cast

from queryengine.policy import looks_secret
from queryengine.schema import (
    ArrayType,
    EnumType,
    Field,
    IntegerType,
    JSONType,
    ModelSchema,
    Relation,
)
from queryengine_orm.checking import Check, checker_of
from queryengine_orm.columns import Column, column_of, document_of, field_of, resolved
from queryengine_orm.constraints import (
    Constraint,
    ForeignKeyConstraint,
    OnDelete,
    Secondary,
)
from queryengine_orm.declarative import DeclarativeBase, Declared, Registry
from queryengine_orm.errors import ConfigurationError, ParameterError, UsageError
from queryengine_orm.mapped import Mapped, Related, Watched
from queryengine_orm.storage import OpaqueType
from queryengine_orm.words import check_name

__all__ = [
    "Column",
    "Mapper",
    "Reference",
    "RelationSource",
    "Relationship",
    "check_references",
    "document_of",
    "field_of",
    "mapper_of",
    "mappers_of",
]

M = TypeVar("M", bound=DeclarativeBase)


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A foreign key as tables have it: columns that hold those of one row of a table, unless one is null."""

    columns: tuple[Column, ...]
    table: str
    names: tuple[str, ...]
    on_delete: OnDelete | None
    enforced: bool

    @property
    def nullable(self) -> bool:
        """Whether there may be no such row."""
        return any(column.nullable for column in self.columns)


@dataclass(frozen=True, slots=True, eq=False)
class Relationship:
    """A relation as tables have it: rows where `own` of the one are `other` of the other.

    With `secondary`, `own` and `other` are the two primary keys, and its table joins them; otherwise one of
    them is the foreign key of `reference`.
    """

    name: str
    mapper: Mapper[Any]
    target: Mapper[Any]
    own: tuple[Column, ...]
    other: tuple[Column, ...]
    many: bool
    nullable: bool
    reference: Reference | None = None
    secondary: Secondary | None = None

    @property
    def links(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The columns of the table between: those that hold `own`, and those that hold `other`."""
        assert self.secondary is not None, "only relations by a table between have links"
        return _names(self.secondary.local), _names(self.secondary.remote)


@dataclass(slots=True, eq=False, repr=False)
class Mapper(Generic[M]):
    """A mapped class and its table."""

    model: type[M]
    table: str
    columns: Mapping[str, Column]
    """by attribute"""
    primary_key: tuple[Column, ...]
    references: tuple[Reference, ...]
    constraints: tuple[Constraint, ...]
    version: Column | None
    declared: Mapping[str, Declared]
    """the relations, by attribute, as the class declares them"""
    key_checks: tuple[Check, ...]
    """what checks the values of the primary key"""
    _relationships: dict[str, Relationship] = field(default_factory=dict[str, Relationship])
    _schema: ModelSchema[M] | None = None

    def __repr__(self) -> str:
        return f"<Mapper of {self.model.__name__}>"

    def checked_key(self, key: object) -> tuple[object, ...]:
        """Return the values of a key, in a tuple where they are many. Raises UsageError, ParameterError."""
        values = cast("tuple[object, ...]", key) if isinstance(key, tuple) else (key,)
        if len(values) != len(self.primary_key):
            names = ", ".join([column.attribute for column in self.primary_key])
            raise UsageError(
                f"the key of {self.model.__name__} has {len(self.primary_key)} columns ({names});"
                f" given: {len(values)}"
            )
        checked: list[object] = []
        for column, check, value in zip(self.primary_key, self.key_checks, values, strict=True):
            if value is None:
                raise ParameterError(f"{column.place}: a key is never null")
            checked.append(check(value))
        return tuple(checked)

    @property
    def generated(self) -> Column | None:
        """The key that the database gives to new rows: one whole number, which the class leaves to it."""
        key = self.primary_key[0]
        alone = len(self.primary_key) == 1 and isinstance(key.type, IntegerType)
        left = not key.options.has_default and not any(key in each.columns for each in self.references)
        return key if alone and left else None

    @property
    def schema(self) -> ModelSchema[M]:
        """What expressions see of the model, whichever the database."""
        if self._schema is None:
            self._schema = self._read_schema()
        return self._schema

    def _read_schema(self) -> ModelSchema[M]:
        fields: dict[str, Field] = {}
        relations: dict[str, Relation] = {}
        for column in self.columns.values():
            if column.document is not None:
                relations[column.attribute] = document_of(column)
            elif not isinstance(column.type, OpaqueType):
                fields[column.attribute] = field_of(column)
        for name in self.declared:
            relations[name] = self._relation(name)
        return ModelSchema(
            self.model.__name__,
            self.model,
            MappingProxyType(fields),
            MappingProxyType(relations),
            tuple(fields[key.attribute] for key in self.primary_key),
        )

    def _relation(self, name: str) -> Relation:
        declared = self.declared[name]
        attribute = cast("Related[Any]", declared.attribute)
        return Relation(
            name,
            lambda: self.relationship(name).target.schema,
            many=attribute.many,
            nullable=attribute.many or attribute.nullable or not self.always_there(name),
            hidden=attribute.options.hidden or looks_secret(name),
            source=RelationSource(self, name),
        )

    def always_there(self, name: str) -> bool:
        """Tell whether there always is a related row: the key is not null, and the database enforces it."""
        reference = self._own_key(name)
        return reference.enforced and not reference.nullable

    def relationship(self, name: str) -> Relationship:
        """Return a relation as tables have it. Raises ConfigurationError where no key tells whose rows."""
        if name not in self._relationships:
            self._relationships[name] = self._relate(name)
        return self._relationships[name]

    def _relate(self, name: str) -> Relationship:
        declared = self.declared[name]
        attribute = cast("Related[Any]", declared.attribute)
        target = mapper_of(self._target_of(declared))
        secondary = attribute.options.secondary
        if secondary is not None:
            check_name(f"{self.model.__name__}.{name}", secondary.table)
            own, other = self.primary_key, target.primary_key
            found = Relationship(name, self, target, own, other, True, True, secondary=secondary)
            if [len(names) for names in found.links] != [len(own), len(other)]:
                raise ConfigurationError(
                    f"{self.model.__name__}.{name}: {secondary.table} has keys of others"
                )
            return found
        if attribute.many:
            key = target.key_to(self, attribute.options.foreign_key, f"{self.model.__name__}.{name}")
            return Relationship(name, self, target, self.referred(key), key.columns, True, True, key)
        key = self._own_key(name)
        nullable = attribute.nullable or key.nullable
        return Relationship(name, self, target, key.columns, target.referred(key), False, nullable, key)

    def _own_key(self, name: str) -> Reference:
        declared = self.declared[name]
        attribute = cast("Related[Any]", declared.attribute)
        wanted = attribute.options.foreign_key
        place = f"{self.model.__name__}.{name}"
        if wanted is not None:
            return self.key_named(wanted, place)
        for reference in self.references:
            if [column.attribute for column in reference.columns] == [f"{name}_id"]:
                return reference
        return self.key_to(mapper_of(self._target_of(declared)), None, place)

    def _target_of(self, declared: Declared) -> type[DeclarativeBase]:
        target = resolved(declared, self.model)
        if not isinstance(target, type) or not issubclass(target, DeclarativeBase):
            raise ConfigurationError(f"{self.model.__name__}.{declared.name} is of no mapped class")
        return target

    def key_named(self, attributes: str | tuple[str, ...], place: str) -> Reference:
        """Return a foreign key by the attributes that hold it."""
        names = _names(attributes)
        for reference in self.references:
            if tuple(column.attribute for column in reference.columns) == names:
                return reference
        raise ConfigurationError(f"{place}: {self.model.__name__}.{', '.join(names)} is no foreign key")

    def key_to(self, target: Mapper[Any], attributes: str | tuple[str, ...] | None, place: str) -> Reference:
        """Return this model's foreign key to another one."""
        if attributes is not None:
            return self.key_named(attributes, place)
        found = [reference for reference in self.references if reference.table == target.table]
        if len(found) != 1:
            raise ConfigurationError(
                f"{place}: {self.model.__name__} has {len(found) or 'no'} foreign keys to {target.table}; "
                "foreign_key= names the one that is meant"
            )
        return found[0]

    def referred(self, key: Reference) -> tuple[Column, ...]:
        """Return the columns of this model that a foreign key of another one names."""
        columns = {column.name: column for column in self.columns.values()}
        missing = [name for name in key.names if name not in columns]
        if missing:
            raise ConfigurationError(
                f"{self.model.__name__} has no column {missing[0]!r}, to which a foreign key refers"
            )
        return tuple(columns[name] for name in key.names)


@dataclass(frozen=True, slots=True, eq=False)
class RelationSource:
    """What the core carries along with a relation of ours."""

    mapper: Mapper[Any]
    name: str

    @property
    def relationship(self) -> Relationship:
        """The relation as tables have it."""
        return self.mapper.relationship(self.name)


def mapper_of(model: type[M]) -> Mapper[M]:
    """Return the mapper of a class. Raises ConfigurationError for one that cannot be mapped."""
    registry: Registry | None = getattr(model, "__registry__", None)
    found = None if registry is None else registry.mappers.get(model)
    if found is None:
        if registry is None or model not in registry.classes.values():
            if not isinstance(cast("object", model), type):
                raise UsageError(f"a mapped class is expected, not {type(model).__name__}")
            raise ConfigurationError(f"{model.__qualname__} is not mapped to a table")
        # Two threads may both read it; they must go on with one and the same mapper.
        found = registry.mappers.setdefault(model, _read(model))
    return cast("Mapper[M]", found)


def mappers_of(base: type[DeclarativeBase]) -> Iterator[Mapper[Any]]:
    """Yield the mappers of all classes that stem from a base, in the order in which they were made."""
    for model in base.__registry__.classes.values():
        yield mapper_of(model)


def _read(model: type[M]) -> Mapper[M]:
    columns: dict[str, Column] = {}
    relations: dict[str, Declared] = {}
    for name, declared in model.__declared__.items():
        if isinstance(declared.attribute, Mapped):
            columns[name] = column_of(model, declared, declared.attribute.options)
            if isinstance(columns[name].type, JSONType | ArrayType):
                watched = Watched[Any](declared.attribute.options)
                watched.name = name
                watched.bind_to(name, model.__places__[name])
                setattr(model, name, watched)
        else:
            relations[name] = declared
    key = tuple(column for column in columns.values() if column.primary_key)
    if not key:
        raise ConfigurationError(f"{model.__name__} has no primary key: mapped_column(primary_key=True)")
    versions = [column for column in columns.values() if column.options.version]
    if len(versions) > 1:
        raise ConfigurationError(
            f"{model.__name__} has two versions, {versions[0].attribute} and {versions[1].attribute}"
        )
    return Mapper(
        model,
        model.__tablename__,
        MappingProxyType(columns),
        key,
        tuple(_references(model, columns)),
        tuple(model.__constraints__),
        versions[0] if versions else None,
        MappingProxyType(relations),
        tuple([checker_of(column.type, column.place) for column in key]),
    )


def check_references(models: Iterable[type[DeclarativeBase]]) -> None:
    """Refuse foreign keys to what no class has, or what is of another kind. Raises ConfigurationError."""
    mappers = [mapper_of(model) for model in models]
    owners = {mapper.table: mapper.model.__name__ for mapper in mappers}
    known = {(mapper.table, each.name): each for mapper in mappers for each in mapper.columns.values()}
    for mapper in mappers:
        for reference in mapper.references:
            place, owner = f"{mapper.model.__name__}.{_names_of(reference)}", owners.get(reference.table)
            if owner is None and reference.enforced:
                raise ConfigurationError(
                    f"{place}: no class has the table {reference.table!r}, to which the foreign key refers:"
                    " is its module imported? A key to a table of no class is made with enforced=False"
                )
            for held, name in zip(reference.columns, reference.names, strict=True):
                other = known.get((reference.table, name))
                if owner is not None and other is None:
                    raise ConfigurationError(
                        f"{place}: {owner} has no column {name!r}, to which the foreign key refers"
                    )
                if other is not None and not _may_refer(held, other):
                    raise ConfigurationError(
                        f"{place}: a column of {_said(held)} values refers to {other.place},"
                        f" of {_said(other)} values"
                    )


def _may_refer(held: Column, other: Column) -> bool:
    """Tell whether a database keeps the values of two columns alike, as far as their types tell."""
    kinds, others = _kept_kinds(held), _kept_kinds(other)
    return bool(kinds & others) or ("integer" in kinds and "decimal" in others)


def _said(column: Column) -> str:
    return " or ".join(sorted(_kept_kinds(column)))


def _kept_kinds(column: Column) -> set[str]:
    """Return the kind of a column's values, or the kinds of those of its enum, which it keeps."""
    if not isinstance(column.type, EnumType):
        return {column.kind}
    return {"integer" if isinstance(each, int) else "text" for each in column.enum_values}


def _names_of(reference: Reference) -> str:
    return ", ".join(column.attribute for column in reference.columns)


def _references(model: type[DeclarativeBase], columns: Mapping[str, Column]) -> Iterator[Reference]:
    """Yield the foreign keys of a class: those of its columns, then those of its constraints."""
    keys = [
        ForeignKeyConstraint((name,), (single.target,), single.on_delete, single.enforced)
        for name, column in columns.items()
        if (single := column.foreign_key) is not None
    ]
    keys += [each for each in model.__constraints__ if isinstance(each, ForeignKeyConstraint)]
    for key in keys:
        place = f"{model.__name__}.{', '.join(key.attributes)}"
        missing = [name for name in key.attributes if name not in columns]
        if missing:
            raise ConfigurationError(f"{model.__name__} has no column {missing[0]!r}")
        targets = [target.rpartition(".") for target in key.targets]
        tables = {table for table, _, _ in targets}
        if len(tables) != 1 or "" in tables:
            raise ConfigurationError(f"{place}: a foreign key names a table and its column")
        if len(targets) != len(key.attributes):
            raise ConfigurationError(f"{place}: a foreign key has as many columns as the key it refers to")
        held = tuple(columns[name] for name in key.attributes)
        yield Reference(
            held, tables.pop(), tuple(name for _, _, name in targets), key.on_delete, key.enforced
        )


def _names(names: str | tuple[str, ...]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else names
