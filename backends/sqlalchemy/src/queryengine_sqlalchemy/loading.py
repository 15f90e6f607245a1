"""What a query loads with each row: the columns asked for, and related rows within their filters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import Load, Mapper, aliased

from queryengine.ast import FilterAST, Path, Step, Where
from queryengine.errors import ErrorCode, FilterError
from queryengine_sqlalchemy.compiler import ConditionCompiler, Entity
from queryengine_sqlalchemy.documents import DocumentSource
from queryengine_sqlalchemy.schema import AttributeSource, RelationshipSource

__all__ = ["Loading"]


@dataclass(frozen=True, slots=True)
class _Branch:
    """A relation to load: its name in the class, what its rows must meet, and what is loaded of them."""

    key: str
    wheres: tuple[Where, ...]
    end: _Tree


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


class Loading:
    """The loader options of one query.

    Where rows are left out of a relation, what the session holds of it is not the answer: the query then
    overwrites it (`overwrites`). But a row that is met on two ways would lose on the second what it got on
    the first. So the relations that one way loads are left alone on the other, with all columns.

    Raises FilterError for what SQLAlchemy's loaders cannot do: an order or a window of the related rows.
    """

    def __init__(self, model: type[object], ast: FilterAST, conditions: ConditionCompiler) -> None:
        self._conditions = conditions
        self._tree = _tree(model, ast)
        nodes = list(self._tree.walk())
        self.overwrites = any(branch.wheres for node in nodes for branch in node.branches)
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
        if branch.wheres:
            # An alias, as SQLAlchemy takes conditions on a class to hold in all that is loaded below, too.
            end = aliased(end, flat=True)
            conditions = [self._conditions.compile(where, end) for where in branch.wheres]
            attribute = attribute.of_type(end).and_(*conditions)
        return Load(place).selectinload(attribute).options(*self._options(branch.end, end))


def _left_alone(place: Entity, key: str) -> Load:
    """Return the option that neither loads nor resets a relation: SQLAlchemy has it for its own use only."""
    return Load(place)._set_relationship_strategy(  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        getattr(place, key), {"do_nothing": True}
    )


# -- from a filter to the tree


def _tree(model: type[object], ast: FilterAST) -> _Tree:
    mapper: Mapper[Any] = inspect(model)
    fields = ast.fields or ()
    branches = [_included(include.path, include.filter) for include in ast.include]
    included = {branch.key for branch in branches}
    found = [_of_fields(step, paths) for step, paths in _by_relation(fields)]
    branches += [branch for branch in found if branch.key not in included]
    return _Tree(mapper, None if ast.fields is None else _own(mapper, fields), tuple(branches))


def _included(path: Path, ast: FilterAST) -> _Branch:
    step = path.steps[0]
    source = _source(step)
    if ast.order or ast.window.limit is not None or ast.window.offset != 0:
        raise _unsupported("order and limit in an include", path)
    if not source.loads:
        raise _unsupported(f"include of {path}, which is never loaded as a whole", path)
    wheres = tuple(where for where in (step.scope, ast.where) if where is not None)
    return _Branch(source.key, wheres, _tree(step.relation.target.model, ast))


def _of_fields(step: Step, paths: tuple[Path, ...]) -> _Branch:
    whole = any(not path.names for path in paths)
    wheres = () if step.scope is None else (step.scope,)
    end = _tree(step.relation.target.model, FilterAST(fields=None if whole else paths))
    return _Branch(_source(step).key, wheres, end)


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


def _unsupported(what: str, path: Path) -> FilterError:
    code = ErrorCode.UNSUPPORTED_BY_BACKEND
    return FilterError(code, f"sqlalchemy has no {what}", path=("include", *path.names))
