"""What a query loads with each row: the columns asked for, and related rows within their filters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeVar, cast

from tortoise.fields.relational import BackwardFKRelation, ForeignKeyFieldInstance
from tortoise.models import Model
from tortoise.query_utils import Prefetch
from tortoise.queryset import QuerySet

from queryengine.ast import And, FilterAST, Path, Step, Window
from queryengine.documents import DocumentSource
from queryengine_tortoise.meta import (
    AnyRelation,
    base_queryset,
    fields_of,
    key_attribute,
    pk_field,
    referred_attribute,
    related_model,
    relation_of,
)
from queryengine_tortoise.queryset import FilterQuerySet, Scopes, filtered, upon
from queryengine_tortoise.schema import ColumnSource, relation_attribute
from queryengine_tortoise.statements import BoundFilter, Statements
from queryengine_tortoise.windows import Cut

__all__ = ["Loader", "loaded_attributes"]

ModelT = TypeVar("ModelT", bound=Model)


class Loader:
    """Builds the query set of a filter, with those of the related rows that it loads."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    def queryset(self, model: type[ModelT], ast: FilterAST) -> QuerySet[ModelT]:
        """Return the query set."""
        scopes = self._scopes(ast)
        bound = BoundFilter(self._statements, model, ast)
        return self._loading(filtered(base_queryset(model), bound, scopes), ast, scopes)

    def _scopes(self, ast: FilterAST) -> Scopes:
        found = [scope for scope in ast.scopes if issubclass(scope.schema.model, Model)]
        models = [cast("type[Model]", scope.schema.model) for scope in found]
        return {
            model: BoundFilter(self._statements, model, FilterAST(condition=scope.where))
            for model, scope in zip(models, found, strict=True)
        }

    def _loading(
        self, queryset: FilterQuerySet[ModelT], ast: FilterAST, scopes: Scopes, needed: Sequence[str] = ()
    ) -> QuerySet[ModelT]:
        """Add what a filter loads: related rows, and the columns of its fields, with those `needed`."""
        model = queryset.model
        prefetches = [self._prefetch(model, step, below, scopes) for step, below in _branches(ast)]
        loading = queryset.load(prefetches) if prefetches else queryset
        if ast.fields is None:
            return loading
        return loading.only(*dict.fromkeys([*loaded_attributes(model, ast), *needed]))

    def _prefetch(self, model: type[Model], step: Step, ast: FilterAST, scopes: Scopes) -> Prefetch:
        name = relation_attribute(step)
        target = related_model(_relation(model, name))
        wheres = [where for where in (step.scope, ast.where) if where is not None]
        condition = And(tuple(wheres)) if wheres else None
        order = ast.order if step.relation.many else ()
        bound = BoundFilter(self._statements, target, FilterAST(condition=condition, order=order))
        queryset = filtered(base_queryset(target), bound, scopes)
        if step.relation.many and ast.window != Window():
            queryset.take(Cut(self._statements, model, step, ast))
        elif ast.window.offset != 0:
            queryset = upon(queryset.filter(pk__in=()))  # there is one row at most, which is left out
        return Prefetch(name, self._loading(queryset, ast, scopes, (_arriving(model, name),)))


# -- which relations


def _branches(ast: FilterAST) -> Iterator[tuple[Step, FilterAST]]:
    """Yield the relations to load and what is loaded of each: the includes, then the fields behind others."""
    included: set[str] = set()
    for include in ast.include:
        below = include.filter
        included.add(relation_attribute(include.path.steps[0]))
        yield include.path.steps[0], below
    for step, paths in _by_relation(ast.fields or ()):
        if relation_attribute(step) not in included:
            whole = any(not path.names for path in paths)
            yield step, FilterAST(fields=None if whole else paths)


def _by_relation(fields: Sequence[Path]) -> list[tuple[Step, tuple[Path, ...]]]:
    """The fields that lie in related rows, grouped by the first step of their paths, without that step."""
    groups: dict[Step, list[Path]] = {}
    for path in fields:
        if path.steps and not path.steps[0].relation.embedded:
            below = replace(path, names=path.names[1:], steps=path.steps[1:])
            groups.setdefault(path.steps[0], []).append(below)
    return [(step, tuple(paths)) for step, paths in groups.items()]


def _relation(model: type[Model], name: str) -> AnyRelation:
    field = relation_of(model, name)
    if field is None:
        raise TypeError(f"{name} is no relation of {model.__name__}")
    return field


# -- which columns


def loaded_attributes(model: type[Model], ast: FilterAST) -> list[str]:
    """Return the attributes of a row itself that are loaded for a filter's fields.

    The primary key is among them, and the keys by which related rows are found, now or when a handler asks.
    """
    names = [_key(model)]
    for path in ast.fields or ():
        source = path.steps[0].relation.source if path.steps else path.field and path.field.source
        if isinstance(source, ColumnSource):
            names.append(source.attribute)
        elif isinstance(source, DocumentSource):
            names.append(source.key)
    return list(dict.fromkeys([*names, *_leading(model)]))


def _leading(model: type[Model]) -> Iterator[str]:
    """The attributes of a row by which Tortoise finds its related rows."""
    for name, field in fields_of(model).items():
        match field:
            case ForeignKeyFieldInstance():
                yield key_attribute(name)
            case BackwardFKRelation():
                yield referred_attribute(field)
            case _:
                pass


def _key(model: type[Model]) -> str:
    field = pk_field(model)
    name = field.model_field_name
    return key_attribute(name) if isinstance(field, ForeignKeyFieldInstance) else name


def _arriving(model: type[Model], name: str) -> str:
    """The attribute of the related rows by which Tortoise tells whose they are."""
    field = _relation(model, name)
    match field:
        case ForeignKeyFieldInstance():
            return field.to_field
        case BackwardFKRelation():
            return field.relation_field
        case _:
            return _key(related_model(field))
