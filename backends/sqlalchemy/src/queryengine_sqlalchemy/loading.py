"""What a query loads with each row: the columns asked for, and related rows within their filters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, TypeAlias

from sqlalchemy import false, inspect
from sqlalchemy.orm import Load, Mapper, aliased

from queryengine.ast import FilterAST, Include, OrderKey, Path, Slot, Step, Where, Window
from queryengine.documents import DocumentSource
from queryengine.errors import ErrorCode, FilterError
from queryengine_sqlalchemy.compiler import ConditionCompiler, Entity, TextRules
from queryengine_sqlalchemy.included import Included, Ways
from queryengine_sqlalchemy.schema import AttributeSource, RelationshipSource

__all__ = ["Loading"]

Trail: TypeAlias = tuple[str, ...]

ALWAYS_LOADED = (False, "immediate", "joined", "selectin", "subquery")
"""SQLAlchemy's words for relations that are loaded with each row"""


@dataclass(frozen=True, slots=True)
class _Branch:
    """A relation to load: its name in the class, what its rows must meet, and what is loaded of them.

    `trail` leads to the place in the filter that asks for it.
    """

    key: str
    trail: Trail
    many: bool
    filter: FilterAST
    scope: Where | None
    end: _Tree

    @property
    def wheres(self) -> tuple[Where, ...]:
        """The row scope of the related model, and the filter's own condition."""
        return tuple(where for where in (self.scope, self.filter.where) if where is not None)

    @property
    def is_skipped(self) -> bool:
        """Whether an offset leaves out the one related row."""
        return not self.many and self.filter.window.offset != 0

    @property
    def asked(self) -> tuple[Where | None, tuple[OrderKey, ...], Window]:
        """What the filter asks of the rows: a session has one object for a row, and that one list of them."""
        return self.filter.where, self.filter.order, self.filter.window


@dataclass(frozen=True, slots=True)
class _Tree:
    """What is loaded of a model's rows; `attributes` is None for all."""

    mapper: Mapper[Any]  # Any: here and below, the model's own type, which is not asked for
    attributes: tuple[str, ...] | None
    branches: tuple[_Branch, ...]

    def walk(self) -> Iterator[_Tree]:
        """Yield this node and all that are below it."""
        yield self
        for branch in self.branches:
            yield from branch.end.walk()

    def ways(self, way: Trail = ()) -> Iterator[tuple[Trail, _Branch]]:
        """Yield all relations that are loaded, with the names that lead to each."""
        for branch in self.branches:
            yield (*way, branch.key), branch
            yield from branch.end.ways((*way, branch.key))


class Loading:
    """The loader options of one query.

    Where rows are left out of a relation, what the session holds of it is not the answer: the query then
    overwrites it (`overwrites`). But a row that is met on two ways would lose on the second what it got on
    the first. So the relations that one way loads are left alone on the other, with all columns.

    `included` has what loader options cannot say: the order and the window of related rows.

    Raises FilterError for what a session cannot hold: one relation of a row with two conditions or orders.
    """

    def __init__(
        self, model: type[object], ast: FilterAST, conditions: ConditionCompiler, text: TextRules
    ) -> None:
        self._conditions = conditions
        self._tree = _tree(model, ast)
        nodes = list(self._tree.walk())
        _check_conditions(nodes)
        self.included: Ways = {
            way: Included(branch.wheres, branch.filter.order, branch.filter.window, text)
            for way, branch in self._tree.ways()
            if branch.many and branch.asked != (branch.filter.where, (), Window())
        }
        self.overwrites: bool = bool(self.included) or any(
            branch.wheres or branch.is_skipped for node in nodes for branch in node.branches
        )
        met = Counter(node.mapper.base_mapper for node in nodes)
        self._twice = {mapper for mapper, times in met.items() if times > 1 and self.overwrites}
        self._loaded = {(node.mapper.base_mapper, branch.key) for node in nodes for branch in node.branches}

    def options(self) -> list[Load]:
        """Return `load_only` for fields, `selectinload` for relations."""
        return list(self._options(self._tree, self._tree.mapper.class_, is_root=True))

    def _options(self, tree: _Tree, place: Entity, *, is_root: bool = False) -> Iterator[Load]:
        base = tree.mapper.base_mapper
        twice = base in self._twice
        if tree.attributes is not None and (is_root or not twice):
            yield Load(place).load_only(*[getattr(place, key) for key in tree.attributes])
        own = {branch.key for branch in tree.branches}
        others = [key for mapper, key in self._loaded if twice and mapper is base and key not in own]
        for key in sorted(others):
            if key in tree.mapper.relationships:
                yield _left_alone(place, key)
        for branch in tree.branches:
            yield self._related(place, branch)

    def _related(self, place: Entity, branch: _Branch) -> Load:
        attribute, end = getattr(place, branch.key), branch.end.mapper.class_
        if branch.wheres or branch.is_skipped:
            # An alias, as SQLAlchemy takes conditions on a class to hold in all that is loaded below, too.
            end = aliased(end, flat=True)
            conditions = [self._conditions.compile(where, end) for where in branch.wheres]
            attribute = attribute.of_type(end).and_(*conditions, *[false()] * branch.is_skipped)
        return Load(place).selectinload(attribute).options(*self._options(branch.end, end))


def _left_alone(place: Entity, key: str) -> Load:
    """Return the option that neither loads nor resets a relation: SQLAlchemy has it for its own use only."""
    return Load(place)._set_relationship_strategy(  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        getattr(place, key), {"do_nothing": True}
    )


# -- one relation on two ways


def _check_conditions(nodes: Sequence[_Tree]) -> None:
    """Refuse one relation with two conditions: a row that is met on both ways has one object, with one list.

    Conditions are compared with their values, so that the same one may stand on both ways.
    """
    loaded = [(node.mapper, branch) for node in nodes for branch in node.branches]
    for (one, first), (other, second) in combinations(loaded, 2):
        if first.asked != second.asked and _is_same(one, first.key, other, second.key):
            raise _two_conditions(second.trail, f"see {'.'.join(first.trail)}")
    narrowed = [(mapper, branch) for mapper, branch in loaded if branch.asked != _ALL]
    for one, key in _loaded_anyway(nodes) if narrowed else ():
        for other, branch in narrowed:
            if _is_same(one, key, other, branch.key):
                raise _two_conditions(
                    branch.trail, f"the model itself loads all of {one.class_.__name__}.{key}"
                )


_ALL = (None, (), Window())


def _is_same(one: Mapper[Any], key: str, other: Mapper[Any], other_key: str) -> bool:
    """Whether two relations can be that of one row."""
    return key == other_key and (one.isa(other) or other.isa(one))


def _loaded_anyway(nodes: Sequence[_Tree]) -> Iterator[tuple[Mapper[Any], str]]:
    """Yield the relations that the models say to load always, on the ways that begin at the query's rows."""
    waiting = [(node.mapper, {branch.key for branch in node.branches}) for node in nodes]
    met: set[Mapper[Any]] = set()
    while waiting:
        mapper, asked = waiting.pop()
        for relationship in mapper.relationships:
            if relationship.lazy in ALWAYS_LOADED and relationship.key not in asked:
                yield mapper, relationship.key
                if relationship.mapper not in met:
                    met.add(relationship.mapper)
                    waiting.append((relationship.mapper, set()))


def _two_conditions(trail: Trail, hint: str) -> FilterError:
    return _unsupported("two conditions for one relation of a row", trail, hint)


# -- from a filter to the tree


def _tree(model: type[object], ast: FilterAST, trail: Trail = ()) -> _Tree:
    mapper: Mapper[Any] = inspect(model)
    fields = ast.fields or ()
    branches = [_included(include, (*trail, "include", *include.path.names)) for include in ast.include]
    included = {branch.key for branch in branches}
    found = [_of_fields(step, paths, (*trail, "fields")) for step, paths in _by_relation(fields)]
    branches += [branch for branch in found if branch.key not in included]
    return _Tree(mapper, None if ast.fields is None else _own(mapper, fields), tuple(branches))


def _included(include: Include, trail: Trail) -> _Branch:
    step, ast = include.path.steps[0], include.filter
    source = _source(step)
    if not step.relation.many and isinstance(ast.window.offset, Slot):
        raise _unsupported("template for an offset in one related row", trail)
    if not source.loads:
        raise _unsupported(f"include of {include.path}, which is never loaded as a whole", trail)
    return _Branch(
        source.key, trail, step.relation.many, ast, step.scope, _tree(step.relation.target.model, ast, trail)
    )


def _of_fields(step: Step, paths: tuple[Path, ...], trail: Trail) -> _Branch:
    whole = any(not path.names for path in paths)
    end = _tree(step.relation.target.model, FilterAST(fields=None if whole else paths), trail[:-1])
    return _Branch(_source(step).key, trail, step.relation.many, FilterAST(), step.scope, end)


def _by_relation(fields: Sequence[Path]) -> list[tuple[Step, tuple[Path, ...]]]:
    """The fields that lie in related rows, grouped by the first step of their paths, without that step."""
    groups: dict[Step, list[Path]] = {}
    for path in fields:
        if path.steps and not path.steps[0].relation.embedded and _source(path.steps[0]).loads:
            below = replace(path, names=path.names[1:], steps=path.steps[1:])
            groups.setdefault(path.steps[0], []).append(below)
    return [(step, tuple(paths)) for step, paths in groups.items()]


def _own(mapper: Mapper[Any], fields: Sequence[Path]) -> tuple[str, ...] | None:
    """The attributes to load for fields of the row itself; None (all) where a hybrid may read others."""
    keys = [mapper.get_property_by_column(column).key for column in mapper.primary_key]
    for path in fields:
        source = path.steps[0].relation.source if path.steps else path.field and path.field.source
        if isinstance(source, AttributeSource) and source.computed:
            return None
        if isinstance(source, (AttributeSource, DocumentSource)):
            keys.append(source.key)
    return tuple(dict.fromkeys(keys))


def _source(step: Step) -> RelationshipSource:
    source = step.relation.source
    if not isinstance(source, RelationshipSource):
        raise TypeError(f"{step.relation.name} is no relationship of a mapped class")
    return source


def _unsupported(what: str, trail: Trail, hint: str | None = None) -> FilterError:
    return FilterError(ErrorCode.UNSUPPORTED_BY_BACKEND, f"sqlalchemy has no {what}", path=trail, hint=hint)
