"""From generated models to schemas: pydantic's fields, and the `schema.prisma` that lies beside them.

Nothing is asked of the client: no connection is made, no query engine started.
"""

from __future__ import annotations

import enum
import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, TypeVar, cast, get_args

from pydantic import BaseModel, BeforeValidator, SecretBytes, SecretStr
from pydantic.fields import FieldInfo

from queryengine.errors import ConfigurationError
from queryengine.schema import BytesType, Field, ModelSchema, Relation
from queryengine_prisma.datamodel import Datamodel, ModelBlock, ModelField, parse_datamodel
from queryengine_prisma.field_types import Database, field_type

__all__ = ["SchemaReader"]

T = TypeVar("T")

PROVIDERS: dict[str, Database] = {"sqlite": "sqlite", "postgresql": "postgresql", "postgres": "postgresql"}


def _decoded(value: object) -> object:
    """Return the bytes of a client's `Base64`, a class that each generated client has for itself."""
    decode = getattr(value, "decode", None)
    return value if isinstance(value, bytes | str) or decode is None else decode()


DECODED: Final = Annotated[bytes, BeforeValidator(_decoded)]


@dataclass(frozen=True, slots=True)
class Client:
    """A generated client: the name of its package, and what its schema declares."""

    package: str
    datamodel: Datamodel


class SchemaReader:
    """Reads the schemas of generated models, each once."""

    def __init__(self, database: Database | None) -> None:
        self._database: Database | None = database
        self._clients: dict[str, Client] = {}
        self._schemas: dict[type[object], ModelSchema[object]] = {}

    def read(self, model: type[T]) -> ModelSchema[T]:
        """Return the schema of a generated model. Raises ConfigurationError for any other class."""
        if model not in self._schemas:
            # Two threads may both read it; they must go on with one and the same schema.
            self._schemas.setdefault(model, self._read(model))
        return cast("ModelSchema[T]", self._schemas[model])

    def database(self, model: type[object]) -> Database:
        """Return the database that a model's client is for."""
        return self._database_of(self._client(model))

    def _read(self, model: type[object]) -> ModelSchema[object]:
        client = self._client(model)
        name: str = getattr(model, "__prisma_model__", "")
        block = client.datamodel.models.get(name)
        if block is None or not issubclass(model, BaseModel):
            raise ConfigurationError(f"{model.__qualname__} is no model of {client.package}/schema.prisma")
        return _ModelReader(model, block, client, self._database_of(client), self).schema()

    def _client(self, model: type[object]) -> Client:
        package = _package(model)
        if package not in self._clients:
            self._clients[package] = _load(package)
        return self._clients[package]

    def _database_of(self, client: Client) -> Database:
        given: Database | None = self._database
        if given is not None:
            return given
        provider = client.datamodel.provider
        if provider not in PROVIDERS:
            message = f"nobody has checked what filters mean on {provider}, but on SQLite and PostgreSQL"
            raise ConfigurationError(message)
        return PROVIDERS[provider]


class _ModelReader:
    """Reads one generated model, or a class that was derived from one."""

    def __init__(
        self,
        model: type[BaseModel],
        block: ModelBlock,
        client: Client,
        database: Database,
        reader: SchemaReader,
    ) -> None:
        self.model = model
        self.block = block
        self.client = client
        self.database: Database = database
        self.reader = reader
        self.fields: dict[str, Field] = {}
        self.relations: dict[str, Relation] = {}

    def schema(self) -> ModelSchema[object]:
        for name, info in self.model.model_fields.items():
            declared = self.block.fields.get(name)
            if declared is None:
                continue  # the application's own, which no query can load
            if declared.type in self.client.datamodel.models:
                self._relation(declared, info)
            else:
                self._field(declared, info)
        return ModelSchema(
            self.model.__name__,
            self.model,
            MappingProxyType(self.fields),
            MappingProxyType(self.relations),
            tuple(self._primary_key()),
        )

    def _field(self, declared: ModelField, info: FieldInfo) -> None:
        found = field_type(declared, self.database, self._enumeration(declared))
        if found is None:
            return
        self.fields[declared.name] = Field(
            declared.name,
            found.type,
            declared.optional,
            self._is_hidden(declared, info),
            found.gap,
            indexed=declared.name in self.block.indexed,
            annotation=DECODED if isinstance(found.type, BytesType) else None,
        )

    def _relation(self, declared: ModelField, info: FieldInfo) -> None:
        self.relations[declared.name] = Relation(
            declared.name,
            partial(self._target, declared, info),
            many=declared.many,
            nullable=declared.optional,
            hidden=self._is_hidden(declared, info),
        )

    def _target(self, declared: ModelField, info: FieldInfo) -> ModelSchema[object]:
        """The schema at the other end: of the class that the field is annotated with."""
        for part in _parts(info.annotation):
            if getattr(part, "__prisma_model__", None) == declared.type:
                return self.reader.read(part)
        place = f"{self.model.__qualname__}.{declared.name}"
        raise ConfigurationError(f"{place} is annotated with no model for {declared.type}")

    def _is_hidden(self, declared: ModelField, info: FieldInfo) -> bool:
        """Whether the model's author keeps a field out of every default policy."""
        word = declared.attributes.get("queryengine")
        if word not in (None, "hidden"):
            place = f"{self.model.__qualname__}.{declared.name}"
            raise ConfigurationError(f"{place}: @queryengine(hidden) is all that can be said, not {word!r}")
        secret = any(part in (SecretStr, SecretBytes) for part in _parts(info.annotation))
        return word == "hidden" or info.exclude is True or secret

    def _enumeration(self, declared: ModelField) -> type[enum.Enum] | None:
        if declared.type not in self.client.datamodel.enums:
            return None
        enums = importlib.import_module(f"{self.client.package}.enums")
        found: type[enum.Enum] = getattr(enums, declared.type)
        return found

    def _primary_key(self) -> Iterator[Field]:
        for name in self.block.primary_key:
            field = self.fields.get(name)
            if field is None or field.gap is not None:
                raise ConfigurationError(
                    f"{self.model.__qualname__}.{name}: filters know no order of it, "
                    "and the primary key must have one"
                )
            yield field


def _package(model: type[object]) -> str:
    """Return the package of the generated client that a model comes from."""
    for class_ in model.__mro__:
        package, _, module = class_.__module__.rpartition(".")
        if "__prisma_model__" in vars(class_) and module == "bases":
            return package
    raise ConfigurationError(f"{model.__qualname__} is not a model of a generated Prisma client")


def _load(package: str) -> Client:
    folder = Path(cast(str, sys.modules[package].__file__)).parent
    try:
        text = (folder / "schema.prisma").read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{package} has no schema.prisma that can be read: {error}") from error
    return Client(package, parse_datamodel(text))


def _parts(annotation: object) -> list[type[object]]:
    """The classes in an annotation: `Optional[List[Flight]]` has `Flight`."""
    arguments = get_args(annotation)
    if not arguments:
        return [cast("type[object]", annotation)] if isinstance(annotation, type) else []
    return [part for argument in arguments for part in _parts(argument)]
