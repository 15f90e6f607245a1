"""What a caller may ask of an aggregate, by the names of the answer. Knows views and capabilities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from queryengine.aggregates import (
    APPLIES,
    AggregateCapabilities,
    Function,
    inapplicable,
    result_name,
    result_type,
)
from queryengine.engine import Capabilities
from queryengine.operators import SORTABLE
from queryengine.policy import Access, SecurityPolicy
from queryengine.schema import Field, IntegerType, ModelSchema, Relation, TypeKind
from queryengine.view import ModelView, build_view

__all__ = ["Askable", "askable", "groups_view", "unfit"]


@dataclass(frozen=True, slots=True)
class Askable:
    """A key of groups (without a function), or a function of a path; `field` is that of the answer.

    `source` and `relations` are the field at the end of the path and the way there; `count` has neither.
    """

    path: str
    function: Function | None
    field: Field
    source: Field | None = None
    relations: tuple[Relation, ...] = ()

    @property
    def asked(self) -> dict[str, object]:
        """The part of an aggregate that asks for it.

        >>> Askable("", Function.COUNT, Field("count", IntegerType(), nullable=False)).asked
        {'count': True}
        """
        if self.function is Function.COUNT:
            return {self.function.value: True}
        return {"groupBy" if self.function is None else self.function.value: [self.path]}

    def supported(self, capabilities: Capabilities, able: AggregateCapabilities) -> bool:
        """Tell whether a back-end gives it exactly."""
        if self.source is None:
            return True
        gaps = [self.source.gap, *(relation.gap for relation in self.relations)]
        embedded = any(relation.embedded for relation in self.relations)
        if any(gap is not None for gap in gaps) or (embedded and not able.documents):
            return False
        if self.function is not None:
            return able.can(self.function, self.source.type)
        return self.source.type.kind in capabilities.sortable and (
            capabilities.nulls_order or not self.field.nullable
        )


def askable(view: ModelView, name: str) -> Iterator[Askable]:
    """Yield what has this name in an answer: dots of paths are underscores there. A key comes first."""
    if name == Function.COUNT:
        yield Askable("", Function.COUNT, Field(name, IntegerType(), nullable=False))
    for function, path, source, way in _named(view, name):
        if source.type.kind not in _kinds_of(function):
            continue
        if function is None:
            nullable = source.nullable or any(relation.nullable for relation in way)
            field = Field(name, source.type, nullable, annotation=source.annotation)
        else:
            nullable = function is not Function.COUNT_DISTINCT
            field = Field(name, result_type(function, source.type), nullable)
        yield Askable(path, function, field, source, way)


def unfit(view: ModelView, name: str) -> str | None:
    """Return why what has this name cannot be asked: there is such a field, but none of a kind that fits."""
    fields = ((function, source.type.kind) for function, _, source, _ in _named(view, name))
    return next((inapplicable(*each) for each in fields if each[1] not in _kinds_of(each[0])), None)


def _kinds_of(function: Function | None) -> frozenset[TypeKind]:
    return SORTABLE if function is None else APPLIES[function]


def _named(view: ModelView, name: str) -> Iterator[tuple[Function | None, str, Field, tuple[Relation, ...]]]:
    """Yield what a name may mean, a key first: the function, the path of its field, the field, the way."""
    for column in _columns(view, name):
        yield (None, *column)
    for function in Function:
        word = result_name("x", function).removesuffix("x")
        if function is not Function.COUNT and name.startswith(word):
            for column in _columns(view, name.removeprefix(word)):
                yield (function, *column)


def _columns(view: ModelView, name: str) -> Iterator[tuple[str, Field, tuple[Relation, ...]]]:
    """Yield the paths that the answer writes so, with the field at their end and the relations on the way."""
    field = view.fields.get(name)
    if field is not None and field.select:
        yield name, field.field, ()
    for prefix, relation in view.relations.items():
        own = relation.relation
        if name.startswith(f"{prefix}_") and relation.access.select and not own.many:
            for path, found, way in _columns(relation.target, name.removeprefix(f"{prefix}_")):
                yield f"{prefix}.{path}", found, (own, *way)


def groups_view(fields: Mapping[str, Field], capabilities: Capabilities, policy: SecurityPolicy) -> ModelView:
    """Return groups as filters see them: rows with the fields of the answer, all of which may be asked."""
    schema: ModelSchema[object] = ModelSchema("Groups", object, fields=MappingProxyType(dict(fields)))
    # Listed by name, so that no name hides one for what it sounds like: the view has judged it.
    open_ = SecurityPolicy(paths=dict.fromkeys(fields, Access()), regex=policy.regex)
    return build_view(schema, capabilities, open_)
