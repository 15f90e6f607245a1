"""From a bound filter to a `Query`: its rows, which of their columns, and the related rows with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from queryengine.ast import FilterAST, Path, Step
from queryengine.documents import DocumentSource
from queryengine_orm.compiler import relationship_of
from queryengine_orm.declarative import DeclarativeBase
from queryengine_orm.dialects import TextRules
from queryengine_orm.loading import Branch, Prepared, Query
from queryengine_orm.mapping import Column, Mapper, mapper_of
from queryengine_orm.selects import selection_of

__all__ = ["columns_of", "query_of"]

ModelT = TypeVar("ModelT", bound=DeclarativeBase)


def query_of(model: type[ModelT], ast: FilterAST, text: TextRules) -> Query[ModelT]:
    """Return the query of a bound filter; its statement is compiled once for all filters of a shape."""
    mapper = mapper_of(model)
    branches = tuple(_branches(ast))
    if ast.shape is None:
        selection = selection_of(mapper, ast, columns_of(mapper, ast, branches))
        return Query(model, selection, (), branches, text, scopes=ast.scopes)
    prepared: Prepared | None = ast.shape.compiled.get(text)
    if prepared is None:
        columns = columns_of(mapper, ast, branches)
        prepared = Prepared(selection_of(mapper, ast.shape.template, columns), text)
        ast.shape.compiled[text] = prepared
    return Query(model, prepared.selection, ast.values, branches, text, prepared, scopes=ast.scopes)


# -- which columns


def columns_of(
    mapper: Mapper[Any], ast: FilterAST, branches: Sequence[Branch], needed: Sequence[Column] = ()
) -> tuple[Column, ...]:
    """Return the columns of a row itself that are loaded for a filter's fields.

    The primary key is among them, the keys by which related rows are loaded, and what is `needed`.
    """
    if ast.fields is None:
        return tuple(mapper.columns.values())
    wanted = [*mapper.primary_key, *needed]
    for branch in branches:
        wanted.extend(relationship_of(branch.step).own)
    for path in ast.fields:
        source = path.steps[0].relation.source if path.steps else path.field and path.field.source
        if isinstance(source, Column):
            wanted.append(source)
        elif isinstance(source, DocumentSource):
            wanted.append(mapper.columns[source.key])
    return tuple(column for column in mapper.columns.values() if column in wanted)


# -- which relations


def _branches(ast: FilterAST) -> Iterator[Branch]:
    """Yield the relations to load: the includes, then those behind which other fields lie."""
    included: set[str] = set()
    for include in ast.include:
        step = include.path.steps[0]
        included.add(step.relation.name)
        yield _branch(step, include.filter)
    for step, paths in _by_relation(ast.fields or ()):
        if step.relation.name not in included:
            whole = any(not path.names for path in paths)
            yield _branch(step, FilterAST(fields=None if whole else paths))


def _branch(step: Step, ast: FilterAST) -> Branch:
    relation = relationship_of(step)
    branches = tuple(_branches(ast))
    needed = () if relation.secondary is not None else relation.other
    columns = columns_of(relation.target, ast, branches, needed)
    return Branch(step, selection_of(relation.target, ast, columns), branches)


def _by_relation(fields: Sequence[Path]) -> list[tuple[Step, tuple[Path, ...]]]:
    """The fields that lie in related rows, grouped by the first step of their paths, without that step."""
    groups: dict[Step, list[Path]] = {}
    for path in fields:
        if path.steps and not path.steps[0].relation.embedded:
            below = replace(path, names=path.names[1:], steps=path.steps[1:])
            groups.setdefault(path.steps[0], []).append(below)
    return [(step, tuple(paths)) for step, paths in groups.items()]
