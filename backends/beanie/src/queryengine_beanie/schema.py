"""From Beanie's documents to schemas, read from the classes: Beanie need not be initialised."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Final, TypeGuard, TypeVar, cast, get_origin

from beanie import Document
from bson import Binary, Decimal128, ObjectId
from pydantic import BaseModel, RootModel, Secret, SecretBytes, SecretStr
from pydantic.errors import PydanticUndefinedAnnotation
from pydantic.fields import FieldInfo
from typing_extensions import get_type_hints, is_typeddict

from queryengine.annotations import Annotation, element_of, field_type, take_apart
from queryengine.errors import ConfigurationError
from queryengine.kinds import Kinds, subclasses_of
from queryengine.model_schema import Hidden
from queryengine.operators import SORTABLE
from queryengine.schema import (
    ArrayType,
    BytesType,
    DecimalType,
    Field,
    FieldType,
    JSONType,
    ModelSchema,
    Relation,
    ScalarType,
    TextType,
    TypeKind,
    no_kinds,
    python_type,
)
from queryengine_beanie.encodings import (
    DECIMAL_DIGITS,
    Encode,
    as_it_is,
    each,
    encoder_of,
    gap_of,
    sent_class,
    stored_type,
)
from queryengine_beanie.links import BackLinkSource, LinkAnnotation, LinkSource, link_of
from queryengine_beanie.object_ids import object_id_of

__all__ = ["UNSORTABLE", "EmbeddedSource", "FieldSource", "SchemaReader", "is_initialised"]

T = TypeVar("T", bound=Document)

ID: Final = "_id"
"""the key that each document of a collection has"""
RESERVED: Final = "_qe"
"""how the names begin under which a query puts related documents and computed keys"""
UNSORTABLE: Final = frozenset({TypeKind.BYTES, TypeKind.TIME})
"""kinds that have an order in the language, and none or another one in BSON"""
STRUCTURE: Final = (dict, list, int, str)
"""the classes that a filter itself is made of"""


@dataclass(frozen=True, slots=True)
class FieldSource:
    """A stored value: its key in the document, whether it is an ObjectId, how filters' values are sent.

    `encode` takes one value (of an array, one element), `encode_all` a tuple of them. What is not `shown` may
    be a document that its row scope should hide.
    """

    key: str
    object_id: bool
    encode: Encode
    encode_all: Encode
    shown: bool = True


@dataclass(frozen=True, slots=True)
class EmbeddedSource:
    """An embedded document, or an array of them: its key in the document."""

    key: str


class SchemaReader:
    """Reads the schemas of documents, each once."""

    def __init__(self) -> None:
        self._schemas: dict[type[object], ModelSchema[object]] = {}
        self._families: list[type[Document]] = []

    def read(self, model: type[T]) -> ModelSchema[T]:
        """Return the schema of a document class. Raises ConfigurationError for what is none."""
        if model not in self._schemas:
            # Two threads may both read it; they must go on with one and the same schema.
            self._schemas.setdefault(model, _DocumentReader(self, _checked(model)).schema())
            if _in_family(model):
                self._families.append(model)
        return cast("ModelSchema[T]", self._schemas[model])

    def children(self) -> tuple[type[Document], ...]:
        """Return the subclasses that Beanie knows by now of the documents that were read."""
        return tuple([child for model in self._families for child in _children_of(model) or ()])


def _checked(model: type[object]) -> type[Document]:
    if not issubclass(model, Document):
        raise ConfigurationError(f"{model!r} is not a Beanie document")
    return model


class _DocumentReader:
    """Reads one document class and what is embedded in its documents."""

    def __init__(self, reader: SchemaReader, model: type[Document]) -> None:
        self._reader = reader
        self._model = model
        self._encoders = _custom_encoders(model)
        self._embedded: dict[tuple[type[object], bool], ModelSchema[object]] = {}

    def schema(self) -> ModelSchema[object]:
        fields, relations = self._members(self._model, in_array=False, embedded=False)
        key = fields.get("id")
        if key is not None and isinstance(key.source, FieldSource) and key.source.key != ID:
            place = f"{self._model.__name__}.id"
            raise ConfigurationError(f"{place} is stored as {key.source.key!r}, and not as {ID!r}")
        if key is None or key.gap is not None or key.type.kind not in SORTABLE - UNSORTABLE:
            raise ConfigurationError(f"{self._model.__name__}.id: filters know no order of its values")
        kinds = Kinds(self._heirs, self._reader.read) if _in_family(self._model) else no_kinds
        return ModelSchema(self._model.__name__, self._model, fields, relations, (key,), kinds)

    def _heirs(self) -> Iterable[type[Document]]:
        """Return the classes whose documents Beanie takes for those of the class too, or will take."""
        return subclasses_of(self._model) if (known := _children_of(self._model)) is None else known

    def embedded(self, model: type[object], in_array: bool) -> ModelSchema[object]:
        """Return the schema of an embedded document, which has no primary key."""
        place = model, in_array
        if place not in self._embedded:
            fields, relations = self._members(model, in_array=in_array, embedded=True)
            self._embedded[place] = ModelSchema(model.__name__, model, fields, relations)
        return self._embedded[place]

    def _members(
        self, model: type[object], *, in_array: bool, embedded: bool
    ) -> tuple[Mapping[str, Field], Mapping[str, Relation]]:
        fields: dict[str, Field] = {}
        relations: dict[str, Relation] = {}
        for member in _stored_members(model):
            link = link_of(member.annotation)
            if link is not None and not link.back and member.key != member.name:
                gap = "under an alias Beanie stores links, and whole documents too"
                fields[member.name] = _unknown(member, gap, hidden=True, shown=False)
            elif link is not None and not embedded:
                relations[member.name] = self._linked(member, link)
            elif link is None and (relation := self._nested(member, in_array)) is not None:
                relations[member.name] = relation
            elif link is None or not link.back:
                fields[member.name] = self._field(member, link, in_array=in_array, embedded=embedded)
        return MappingProxyType(fields), MappingProxyType(relations)

    def _linked(self, member: _Member, link: LinkAnnotation) -> Relation:
        model = self._model
        source = link.source(member.key, member.info, model) if member.info is not None else None
        return Relation(
            member.name,
            lambda: self._other_end(f"{model.__name__}.{member.name}", link, source),
            many=link.many,
            nullable=True,  # nothing keeps a document that others link to from going away
            hidden=member.hidden,
            gap="several documents may link back to one" if link.back and not link.many else None,
            source=source,
        )

    def _other_end(self, place: str, link: LinkAnnotation, source: object) -> ModelSchema[object]:
        """Return the schema that a link leads to. Raises ConfigurationError if no link of it leads back."""
        target: ModelSchema[object] = self._reader.read(link.resolve(self._model))
        if isinstance(source, BackLinkSource):
            sources = (relation.source for relation in target.relations.values())
            if source.original not in (link.key for link in sources if isinstance(link, LinkSource)):
                raise ConfigurationError(f"{place}: {target.name} has no link {source.original!r}")
        return target

    def _nested(self, member: _Member, in_array: bool) -> Relation | None:
        element = element_of(member.annotation)
        target = (element or member.annotation).type
        if not _is_embeddable(target) or (element is not None and element.nullable):
            return None
        return Relation(
            member.name,
            partial(self.embedded, target, in_array or element is not None),
            many=element is not None,
            nullable=member.annotation.nullable,
            embedded=True,
            hidden=member.hidden,
            source=EmbeddedSource(member.key),
        )

    def _field(
        self, member: _Member, link: LinkAnnotation | None, *, in_array: bool, embedded: bool
    ) -> Field:
        annotation = member.annotation
        if _is_secret(annotation):
            return _unknown(member, "secrets are not compared", hidden=True)
        if link is not None:
            return _unknown(member, "links are followed from the fields of a document itself")
        found = _type_of(annotation)
        if found is None:
            return _unknown(member, "values of this annotation cannot be compared")
        type_, object_id = found
        gap = gap_of(type_) or self._gap_of_encoders(annotation, type_) or _gap_of_elements(annotation)
        if object_id and in_array and not isinstance(type_, ArrayType):
            gap = "ObjectIds are compared as text, which MongoDB does not within an array of documents"
        encode = object_id_of if object_id else encoder_of(type_)
        is_key = member.key == ID and not embedded
        nullable = (annotation.nullable and not is_key) or isinstance(type_, JSONType)
        is_text = object_id and not isinstance(type_, ArrayType)
        source = FieldSource(member.key, is_text, encode, each(encode))
        return Field(member.name, type_, nullable, member.hidden, gap, source)

    def _gap_of_encoders(self, annotation: Annotation, type_: FieldType) -> str | None:
        """Why a field does not compare as its values do: the model's own encoders store something else."""
        element = type_.element if isinstance(type_, ArrayType) else type_
        if not isinstance(element, ScalarType):
            return None
        written = (element_of(annotation) or annotation).type
        own = (written,) if isinstance(written, type) else ()
        for class_ in (*own, python_type(element), *sent_class(element)):
            if issubclass(class_, self._encoders):
                return f"bson_encoders store {class_.__name__} in a form of their own"
        return None


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    key: str
    annotation: Annotation
    hidden: bool
    info: FieldInfo | None = None


def _stored_members(model: type[object]) -> Iterator[_Member]:
    """Yield what a document has in the database; Beanie does not store fields that pydantic excludes."""
    if not issubclass(model, BaseModel):
        hints = get_type_hints(model, include_extras=True)
        for name, hint in hints.items():
            annotation = take_apart(hint)
            optional = name in getattr(model, "__optional_keys__", frozenset[str]())
            annotation = Annotation(annotation.type, annotation.nullable or optional, annotation.metadata)
            yield _Member(name, name, annotation, Hidden() in annotation.metadata)
        return
    for name, info in _complete(model).items():
        annotation = take_apart(info.annotation, info.metadata)
        link = link_of(annotation)
        hidden = Hidden() in annotation.metadata or info.exclude is True
        if info.exclude is True and (link is None or not link.back):
            continue
        key = info.alias or name
        if key.startswith(RESERVED):
            raise ConfigurationError(f"{model.__name__}.{name}: keys that begin with {RESERVED} are reserved")
        if "." not in key and not key.startswith("$"):  # others are no path that a query could follow
            yield _Member(name, key, annotation, hidden, info)


def _complete(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    try:
        model.model_rebuild()
    except PydanticUndefinedAnnotation as error:
        raise ConfigurationError(f"{model.__name__} cannot be read: {error}") from error
    return model.model_fields


def is_initialised(model: type[object]) -> bool:
    """Tell whether Beanie knows a class itself: one that it does not know has what its parent has."""
    return "_children" in vars(model)


def _children_of(model: type[Document]) -> Collection[type[Document]] | None:
    """Return the subclasses that Beanie knows; None before it is initialised with the model."""
    known: Mapping[str, type[Document]] | None = vars(model).get("_children")
    return None if known is None else known.values()


def _in_family(model: type[Document]) -> bool:
    """Tell whether documents of a class lie in one collection with those of its subclasses and parents."""
    roots = (getattr(base, "Settings", None) for base in model.__mro__)
    return any(getattr(settings, "is_root", False) for settings in roots)


def _custom_encoders(model: type[Document]) -> tuple[type[object], ...]:
    encoders: Mapping[type[object], object] = getattr(getattr(model, "Settings", None), "bson_encoders", {})
    for class_ in encoders:
        if any(issubclass(part, class_) for part in STRUCTURE):
            message = f"bson_encoders for {class_.__name__} would encode the filters themselves"
            raise ConfigurationError(f"{model.__name__}: {message}")
    return tuple(encoders)


def _type_of(annotation: Annotation) -> tuple[FieldType, bool] | None:
    """Return the type of an annotation, and whether its values, or elements, are ObjectIds."""
    element = element_of(annotation)
    scalar = _bson_type((element or annotation).type)
    if scalar is not None:
        type_, object_id = scalar
        return (type_ if element is None else ArrayType(type_)), object_id
    known = field_type(annotation)
    return None if known is None else (stored_type(known), False)


def _bson_type(class_: object) -> tuple[ScalarType, bool] | None:
    if not isinstance(class_, type):
        return None
    if issubclass(class_, ObjectId):
        return TextType(), True
    if issubclass(class_, Decimal128):
        return DecimalType(DECIMAL_DIGITS), False
    return (BytesType(), False) if issubclass(class_, Binary) else None


def _gap_of_elements(annotation: Annotation) -> str | None:
    element = element_of(annotation)
    return "elements that may be null are not compared" if element is not None and element.nullable else None


def _unknown(member: _Member, gap: str, *, hidden: bool = False, shown: bool = True) -> Field:
    source = FieldSource(member.key, False, as_it_is, as_it_is, shown)
    return Field(
        member.name, JSONType(), nullable=True, hidden=hidden or member.hidden, gap=gap, source=source
    )


def _is_secret(annotation: Annotation) -> bool:
    origin = get_origin(annotation.type) or annotation.type
    return isinstance(origin, type) and issubclass(origin, (Secret, SecretStr, SecretBytes))


def _is_embeddable(candidate: object) -> TypeGuard[type[object]]:
    """Whether a class stands for a document with members; Beanie stores no dataclasses."""
    if not isinstance(candidate, type):
        return False
    class_ = cast("type[Any]", candidate)  # Any: any class
    return is_typeddict(class_) or (issubclass(class_, BaseModel) and not issubclass(class_, RootModel))
