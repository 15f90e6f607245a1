"""A bound filter to the arguments of `find_many`: where, order, window, and what is loaded with each row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pydantic import BaseModel

from queryengine.ast import FilterAST, Include, Nulls, OrderKey, Path, Step, Where, Window
from queryengine.errors import ErrorCode, FilterError
from queryengine.members import relations_of
from queryengine.operators import SORTABLE
from queryengine.schema import ModelSchema, Relation, TypeKind
from queryengine_prisma.compiler import ConditionCompiler
from queryengine_prisma.field_types import Database
from queryengine_prisma.structure import complete

__all__ = ["ArgumentsCompiler"]

LISTED = SORTABLE - {TypeKind.BOOLEAN}
"""the kinds of fields that have `in`"""


@dataclass(frozen=True, slots=True)
class _Shown:
    """What of related rows is loaded because the projection model shows them; `way` ends recursive models."""

    schema: ModelSchema[object]
    model: type[BaseModel] | None
    way: tuple[type[BaseModel], ...] = ()


class ArgumentsCompiler:
    """Compiles filters for one model and database."""

    def __init__(self, schema: ModelSchema[object], database: Database) -> None:
        self._schema = schema
        self._database: Database = database
        self._conditions = ConditionCompiler(database)

    def compile(self, ast: FilterAST) -> dict[str, object]:
        """Return the arguments; the values of slots are `Pending`.

        Raises FilterError for what no arguments of the client can say.
        """
        scopes = {id(scope.schema): scope.where for scope in ast.scopes}
        found: dict[str, object] = {}
        where = self._where(self._schema, ast.where)
        if where is not None:
            found["where"] = where
        if ast.order:
            found["order"] = self._order(ast.order)
        found |= self._window(ast.window)
        include = self._include(ast, _Shown(self._schema, ast.projection), scopes)
        return found | ({"include": include} if include else {})

    def _where(self, schema: ModelSchema[object], *conditions: Where | None) -> dict[str, object] | None:
        known = (name for name, field in schema.fields.items() if field.type.kind in LISTED)
        return complete(self._conditions.where(*conditions), next(known, ""))

    def _window(self, window: Window) -> dict[str, object]:
        found: dict[str, object] = {}
        if window.limit is not None:
            found["take"] = self._conditions.value(window.limit, None)
        if window.offset != 0:
            found["skip"] = self._conditions.value(window.offset, None)
        return found

    # -- order

    def _order(self, keys: Sequence[OrderKey]) -> list[object]:
        return [self._order_key(key) for key in keys]

    def _order_key(self, key: OrderKey) -> object:
        field = key.path.field
        if field is None:
            raise TypeError(f"{key.path} is a relation, which has no order")
        test: object = "desc" if key.descending else "asc"
        if key.nulls is not None and key.nulls is not self._natural_nulls(key):
            # For fields that can be null themselves: the capabilities refuse all others.
            test = {"sort": test, "nulls": key.nulls.value}
        test = {field.name: test}
        for step in reversed(key.path.steps):
            test = {step.relation.name: test}
        return test

    def _natural_nulls(self, key: OrderKey) -> Nulls:
        """Where the database puts nulls by itself: the smallest of SQLite, the largest of PostgreSQL."""
        smallest = self._database == "sqlite"
        return Nulls.LAST if key.descending is smallest else Nulls.FIRST

    # -- related rows

    def _include(self, ast: FilterAST, shown: _Shown, scopes: dict[int, Where]) -> dict[str, object]:
        """What is loaded with each row: the includes, and what `fields` or the projection model show."""
        found: dict[str, object] = {}
        for include in ast.include:
            found[include.path.steps[0].relation.name] = self._included(include, scopes)
        wanted = _of_fields(ast.fields) if ast.fields is not None else _of_projection(shown, scopes)
        for step, inner, below in wanted:
            if step.relation.name not in found:
                found[step.relation.name] = self._related(step, inner, below, scopes)
        return found

    def _included(self, include: Include, scopes: dict[int, Where]) -> object:
        step = include.path.steps[0]
        return self._related(
            step, include.filter, _Shown(step.relation.target, include.filter.projection), scopes
        )

    def _related(self, step: Step, ast: FilterAST, shown: _Shown, scopes: dict[int, Where]) -> object:
        """The arguments of one relation; True where it has none."""
        found: dict[str, object] = {}
        relation = step.relation
        where = self._where(relation.target, step.scope, ast.where)
        if where is not None:
            if not relation.many and not relation.nullable:
                raise _unsupported("condition on a related row that is required", relation)
            found["where"] = where
        if relation.many:
            if ast.order:
                found["order_by"] = self._order(ast.order)
            found |= self._window(ast.window)
        elif ast.window.offset != 0:
            raise _unsupported("offset in the one related row", relation)
        include = self._include(ast, shown, scopes)
        if include:
            found["include"] = include
        return found or True


Wanted = Iterator[tuple[Step, FilterAST, _Shown]]


def _of_fields(fields: Sequence[Path]) -> Wanted:
    """The relations that fields lie in, each with what is asked of its rows."""
    groups: dict[Step, list[Path]] = {}
    for path in fields:
        if path.steps:
            groups.setdefault(path.steps[0], []).append(
                replace(path, names=path.names[1:], steps=path.steps[1:])
            )
    for step, paths in groups.items():
        whole = any(not path.names for path in paths)
        yield step, FilterAST(fields=None if whole else tuple(paths)), _Shown(step.relation.target, None)


def _of_projection(shown: _Shown, scopes: dict[int, Where]) -> Wanted:
    """The relations that a response model shows, as deep as its models go without coming back."""
    model = shown.model
    if model is None or model in shown.way:
        return
    for relation, nested in relations_of(model, shown.schema):
        target = relation.target
        step = Step(relation, scopes.get(id(target)))
        yield step, FilterAST(), _Shown(target, nested, (*shown.way, model))


def _unsupported(what: str, relation: Relation) -> FilterError:
    code = ErrorCode.UNSUPPORTED_BY_BACKEND
    return FilterError(code, f"prisma has no {what}", path=("include", relation.name))
