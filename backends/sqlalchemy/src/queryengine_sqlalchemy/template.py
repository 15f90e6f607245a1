"""A shape's `Select`, compiled once and copied with each request's values. The one module that knows how
SQLAlchemy keeps its nodes: those on the way to a value are made anew, all others are shared.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, Generic, TypeAlias, TypeVar, cast

from sqlalchemy import BindParameter, ClauseElement, Select
from sqlalchemy.orm import LoaderCriteriaOption
from sqlalchemy.sql.cache_key import CacheKey, HasCacheKey

from queryengine.ast import FilterAST, Shape, Value
from queryengine.errors import FilterError
from queryengine_sqlalchemy.constructs import Operand
from queryengine_sqlalchemy.included import INCLUDED
from queryengine_sqlalchemy.statement import StatementCompiler

__all__ = ["Template", "Templates"]

T = TypeVar("T")
K = TypeVar("K")

# What a node has in its dictionary beside its own state: results that SQLAlchemy remembers there (the first
# names them), and links to the node that it was copied from, by which it would take two values for one.
MEMOIZED = "_memoized_keys"
DERIVED = frozenset({MEMOIZED, "_is_clone_of", "_cloned_set"})
# The attributes in which a node has its children.
CHILDREN = "_traverse_internals"
# Where a statement remembers its key in the cache of compiled statements; whatever changes the statement
# leaves it out.
CACHE_KEY = "_generate_cache_key"
KEYED = frozenset({CACHE_KEY})

Make: TypeAlias = Callable[[list[Operand]], Any]  # Any: each node knows the types of its parts
"""Makes a part of a statement with other operands."""
Makers: TypeAlias = list[tuple[K, Make]]


class Sight(Enum):
    """What is known of a shape that has no template."""

    ONCE = "it came once"
    NO_TEMPLATE = "it has none"


class Templates(Generic[T]):
    """The templates of an engine's shapes, which each shape holds under this object."""

    def __init__(self, compiler: Callable[[], StatementCompiler[T]]) -> None:
        self._compiler = compiler

    def compile(self, ast: FilterAST) -> Select[T]:
        """Return the query of a filter: a copy of its shape's template, or else compiled from the filter.

        A template costs twice what compiling does, so it is made when a shape comes for the second time.
        """
        shape = ast.shape
        if shape is not None:
            template: Template[T] | Sight | None = shape.compiled.get(self)
            if not isinstance(template, Template):
                template = shape.compiled[self] = self._met(shape, template)
            if isinstance(template, Template):
                return template.copy(ast.values)
        return self._compiler().compile(ast)

    def _met(self, shape: Shape, before: Sight | None) -> Template[T] | Sight:
        """Return what is known of a shape that is met again, or for the first time."""
        if before is None:
            return Sight.ONCE
        if before is Sight.ONCE:
            return self._make(shape) or Sight.NO_TEMPLATE
        return before

    def _make(self, shape: Shape) -> Template[T] | None:
        compiler = self._compiler()
        try:
            statement = compiler.compile(shape.template)
        except FilterError:
            return None  # it may be right with some values and wrong with others
        if INCLUDED in statement.get_execution_options():
            return None  # its values are no nodes
        template = Template(statement, compiler.conditions.slots)
        return template if template.holds else None


class Template(Generic[T]):
    """A statement that is never run, and how to copy it; `slots` are parameters and their values' numbers.

    `holds` is false where a copy would not be exact (a value stands where no node is, in a loader option for
    instance), which is tried once. Then each filter is compiled by itself.
    """

    def __init__(self, statement: Select[T], slots: Sequence[tuple[Operand, int]]) -> None:
        self._statement = statement  # the numbers below are identities of its nodes: they must stay
        self._slots = [(slot.name, slot.type, slot.expanding, index) for slot, index in slots]
        numbers = {id(slot): number for number, (slot, _) in enumerate(slots)}
        self._make = _node_maker(statement, _makers_within(statement, numbers))
        key = _cache_key(statement)
        self._key = key and key._replace(bindparams=[])
        self._order = [] if key is None else [numbers.get(id(bound), bound) for bound in key.bindparams]
        self.holds: bool = self._is_exact(key)

    def copy(self, values: Sequence[Value]) -> Select[T]:
        """Return the statement with other values; it may be changed and run like any other."""
        assert self._key is not None, "a template that does not hold is not copied"
        operands = [
            Operand(name, values[index], type_, among=among) for name, type_, among, index in self._slots
        ]
        statement: Select[T] = self._make(operands)
        key = self._key._replace(bindparams=self._in_key_order(operands))
        # SQLAlchemy would work out the same key at each execution, which takes as long as building the query.
        vars(statement).update({CACHE_KEY: lambda: key, MEMOIZED: KEYED})
        return statement

    def _in_key_order(self, operands: list[Operand]) -> list[BindParameter[Any]]:
        return [operands[part] if isinstance(part, int) else part for part in self._order]

    def _is_exact(self, key: CacheKey | None) -> bool:
        """Try a copy: it must have the statement's key, and its parameters where that has the slots."""
        if key is None:
            return False
        operands = [Operand(name, None, type_, among=among) for name, type_, among, _ in self._slots]
        expected = self._in_key_order(operands)
        found = _cache_key(self._make(operands))
        return (
            found is not None
            and found.key == key.key
            and len(found.bindparams) == len(expected)
            and all(map(operator.is_, found.bindparams, expected))
            and {part for part in self._order if isinstance(part, int)} == set(range(len(operands)))
        )


def _cache_key(statement: Select[Any]) -> CacheKey | None:
    # The plain function: the statement's own method would remember the key on it.
    return HasCacheKey._generate_cache_key(statement)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def _maker(part: object, numbers: dict[int, int]) -> Make | None:
    """Return how to make a part of a statement with other operands; None where it has none, and is shared."""
    number = numbers.get(id(part))
    if number is not None:
        return operator.itemgetter(number)
    if type(part) in (tuple, list):
        return _sequence_maker(cast("Sequence[object]", part), numbers)
    if isinstance(part, LoaderCriteriaOption):
        return _criteria_maker(part, numbers)
    makers = _makers_within(part, numbers) if isinstance(part, ClauseElement) else None
    return _node_maker(cast("ClauseElement", part), makers) if makers else None


def _sequence_maker(items: Sequence[object], numbers: dict[int, int]) -> Make | None:
    tried = [(index, _maker(item, numbers)) for index, item in enumerate(items)]
    makers = [(index, make) for index, make in tried if make is not None]
    if not makers:
        return None
    is_list = isinstance(items, list)

    def make_sequence(operands: list[Operand]) -> Sequence[object]:
        made = list(items)
        for index, make in makers:
            made[index] = make(operands)
        return made if is_list else tuple(made)

    return make_sequence


def _criteria_maker(option: LoaderCriteriaOption, numbers: dict[int, int]) -> Make | None:
    """The row scope of a model, for all that is loaded of it: an option, which holds a condition."""
    make, entity = _maker(option.where_criteria, numbers), option.entity
    if make is None or entity is None:
        return None
    model: type[object] = entity.mapper.class_
    return lambda operands: LoaderCriteriaOption(
        model,
        make(operands),
        include_aliases=option.include_aliases,
        propagate_to_loaders=option.propagate_to_loaders,
    )


def _makers_within(node: ClauseElement, numbers: dict[int, int]) -> Makers[str]:
    """The makers of a node's children that hold operands, by the attributes that they stand in."""
    attributes: Sequence[tuple[str, object]] = getattr(node, CHILDREN, ())
    children = [(name, vars(node)[name]) for name, _ in attributes if name in vars(node)]
    return [(name, make) for name, child in children if (make := _maker(child, numbers)) is not None]


def _node_maker(node: ClauseElement, makers: Makers[str]) -> Make:
    class_ = type(node)
    derived: frozenset[str] = DERIVED | getattr(node, MEMOIZED)
    state = {name: part for name, part in vars(node).items() if name not in derived}

    def make_node(operands: list[Operand]) -> ClauseElement:
        made = class_.__new__(class_)
        own = made.__dict__
        own.update(state)
        for name, make in makers:
            own[name] = make(operands)
        return made

    return make_node
