"""What the attributes of a mapped class are: columns and relations to make expressions of. Knows no table."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, Generic, TypeAlias, TypeVar, cast

from queryengine.ast import (
    And,
    Comparison,
    Not,
    Op,
    Or,
    Path,
    Quantified,
    Quantifier,
    Step,
    Value,
    Where,
)
from queryengine.schema import FieldType, Relation
from queryengine_orm.checking import checker_of
from queryengine_orm.conditions import Arithmetic, ColumnRef, Constant, ScalarNode, is_core
from queryengine_orm.errors import ConfigurationError, UsageError
from queryengine_orm.expressions import (
    Assignment,
    Expr,
    Ordered,
    Readable,
    Scalar,
    check_model,
    collection_of,
    compare,
    schema_of,
)
from queryengine_orm.kinds import has_more_places, takes

__all__ = ["Attribute", "Loadable", "ToMany", "ToOne"]

M = TypeVar("M")
T = TypeVar("T")
E = TypeVar("E")
B = TypeVar("B")

Way: TypeAlias = "tuple[ToOne[object, object], ...]"
"""The to-one relations from a model to the one that has a column."""


class Attribute(Scalar[M, T]):
    """A column, `User.age`, or one of a row that it refers to: `Flight.carrier.at(Carrier.name)`."""

    __slots__ = ("name", "owner", "way")

    def __init__(self, owner: type[M], name: str, way: Way = (), at: type[object] | None = None) -> None:
        super().__init__(owner)
        self.name: str = name
        self.way: Way = way
        self.owner: type[object] = owner if at is None else at

    def __repr__(self) -> str:
        return f"{self.model.__name__}.{self.key}"

    @property
    def key(self) -> str:
        """The dotted path of names, for `queryengine.field`."""
        return ".".join([*(one.name for one in self.way), self.name])

    @property
    def path(self) -> Path:
        """The path as the core has it. Raises ConfigurationError for a JSON column that is a document."""
        field = schema_of(self.owner).fields.get(self.name)
        if field is None:
            place = f"{self.owner.__name__}.{self.name}"
            if self.name in schema_of(self.owner).relations:
                raise ConfigurationError(f"{place} is a document, of which conditions know is_null() only")
            raise ConfigurationError(
                f"{place} is no field that conditions know, nor update(): set it on objects, or write SQL"
            )
        for one, end in zip(self.way, self._ends(), strict=True):
            one.check_end(end, self.name)
        names = (*(one.name for one in self.way), self.name)
        return Path(names, tuple(one.step for one in self.way), field)

    def _ends(self) -> Sequence[type[object]]:
        """Return the classes to which the ways have to lead."""
        return [*(one.model for one in self.way[1:]), self.owner] if self.way else []

    @property
    def node(self) -> ScalarNode:
        """The node."""
        return ColumnRef(self.path)

    @property
    def type(self) -> FieldType:
        """The type of the column."""
        return _type(self.path)

    def _compared(self, op: Op, other: object) -> Expr[M]:
        if isinstance(other, Scalar):
            return super()._compared(op, cast("object", other))
        return _asked(self, op, other)

    def _is_null(self) -> Expr[M]:
        return _asked(self, Op.IS_NULL, None)

    def is_null(self) -> Expr[M]:
        """Null, or missing because a row on the way is."""
        return self._is_null()

    def in_(self, values: Collection[T]) -> Expr[M]:
        """One of these values; a None among them stands for null."""
        given = collection_of(values, self)
        among = _asked(self, Op.IN, [value for value in given if value is not None])
        return among | self.is_null() if any(value is None for value in given) else among

    def between(self: Readable[M, Ordered], low: T, high: T) -> Expr[M]:
        """From `low` to `high`, both included."""
        return self._compared(Op.GTE, low) & self._compared(Op.LTE, high)

    def set(self, value: T | Readable[M, T]) -> Assignment[M]:
        """Say what an update sets the column to: `User.visits.set(User.visits + 1)`."""
        path = self.path
        if path.steps or path.field is None:
            raise ConfigurationError(f"{path}: an update sets columns of its own rows only")
        type_, place = path.field.type, f"{self.owner.__name__}.{self.name}"
        if isinstance(value, Scalar):
            scalar = cast("Scalar[object, object]", value)
            node = self._operand(scalar)
            if not takes(type_, scalar.type):
                raise ConfigurationError(f"{place}: its values are not of the kind {scalar.type.kind}")
            if not isinstance(node, Arithmetic) and has_more_places(scalar.type, type_):
                raise ConfigurationError(f"{place}: the other's values have more digits after the point")
            return Assignment(self.model, path.field, node)
        length = cast("int | None", getattr(path.field.source, "length", None))
        given = None if value is None else checker_of(type_, place, length)(value)
        return Assignment(self.model, path.field, Constant(cast("Value", given), type_))

    # -- texts

    def like(self: Readable[M, str | None], pattern: str) -> Expr[M]:
        r"""Text of a pattern: `%` is any text, `_` one character, `\` makes the next one plain."""
        return _asked(self, Op.LIKE, pattern)

    def ilike(self: Readable[M, str | None], pattern: str) -> Expr[M]:
        """Like `like`, A-Z taken for a-z."""
        return _asked(self, Op.ILIKE, pattern)

    def contains(self: Readable[M, str | None], text: str) -> Expr[M]:
        """Text that has this text in it, every character meaning itself."""
        return _asked(self, Op.CONTAINS, text)

    def icontains(self: Readable[M, str | None], text: str) -> Expr[M]:
        """Like `contains`, A-Z taken for a-z."""
        return _asked(self, Op.ICONTAINS, text)

    def starts_with(self: Readable[M, str | None], text: str) -> Expr[M]:
        """Text that starts with this text."""
        return _asked(self, Op.STARTS_WITH, text)

    def istarts_with(self: Readable[M, str | None], text: str) -> Expr[M]:
        """Like `starts_with`, A-Z taken for a-z."""
        return _asked(self, Op.ISTARTS_WITH, text)

    def ends_with(self: Readable[M, str | None], text: str) -> Expr[M]:
        """Text that ends with this text."""
        return _asked(self, Op.ENDS_WITH, text)

    def iends_with(self: Readable[M, str | None], text: str) -> Expr[M]:
        """Like `ends_with`, A-Z taken for a-z."""
        return _asked(self, Op.IENDS_WITH, text)

    # -- arrays

    def has(self: Readable[M, list[E] | None], value: E) -> Expr[M]:
        """An array that has this element."""
        return _asked(self, Op.HAS, value)

    def has_any(self: Readable[M, list[E] | None], values: Collection[E]) -> Expr[M]:
        """An array that has one of these elements."""
        return _asked(self, Op.HAS_ANY, values)

    def has_all(self: Readable[M, list[E] | None], values: Collection[E]) -> Expr[M]:
        """An array that has all of these elements."""
        return _asked(self, Op.HAS_ALL, values)

    def size_is(self: Readable[M, list[E] | None], size: int) -> Expr[M]:
        """An array of so many elements."""
        return _asked(self, Op.SIZE, size)

    def is_empty(self: Readable[M, list[E] | None]) -> Expr[M]:
        """An array without elements."""
        return _asked(self, Op.IS_EMPTY, None)


def _asked(column: Readable[M, object], op: Op, value: object) -> Expr[M]:
    """Return what one operator says of a column."""
    attribute = cast("Attribute[M, object]", column)
    document = schema_of(attribute.owner).relations.get(attribute.name) if op is Op.IS_NULL else None
    if document is not None:
        names = (*(one.name for one in attribute.way), attribute.name)
        steps = (*(one.step for one in attribute.way), Step(document))
        return Expr(attribute.model, Comparison(Path(names, steps, None), op, None))
    return Expr(attribute.model, compare(attribute.path, op, value, attribute))


def _type(path: Path) -> FieldType:
    assert path.field is not None, "the path of an attribute ends in a field"
    return path.field.type


class Loadable(Generic[M]):
    """What `include` and `load` take: a relation, alone or with relations of the rows that it leads to."""

    __slots__ = ("behind", "model", "name")

    def __init__(self, model: type[M], name: str, behind: tuple[Loadable[Any], ...] = ()) -> None:
        self.model: type[M] = model
        self.name: str = name
        self.behind: tuple[Loadable[Any], ...] = behind
        """what is loaded with the related rows"""

    def __repr__(self) -> str:
        behind = f".then({', '.join(map(repr, self.behind))})" if self.behind else ""
        return f"{self.model.__name__}.{self.name}{behind}"

    @property
    def relation(self) -> Relation:
        """The relation as the core has it."""
        return schema_of(self.model).relations[self.name]


class _Relation(Loadable[M], Generic[M, B]):
    """A relation of a mapped class."""

    __slots__ = ()

    @property
    def key(self) -> str:
        """The name, for `queryengine.field`."""
        return self.name

    @property
    def step(self) -> Step:
        """The step along it."""
        return Step(self.relation)

    def then(self, *relations: Loadable[B]) -> Loadable[M]:
        """This relation, and with its rows these relations of theirs: `Author.books.then(Book.tags)`."""
        for each in relations:
            check_model(self.relation.target.model, each, Loadable)
        return Loadable(self.model, self.name, relations)

    def check_end(self, model: type[object], what: str) -> None:
        """Refuse what is of another class than the one that the relation leads to. Raises UsageError."""
        if model is not self.relation.target.model:
            raise UsageError(f"{model.__name__}.{what} is not of {self.relation.target.model.__name__}")

    def _behind(self, where: Expr[B]) -> Where:
        """Return a condition on related rows. Raises UsageError where it is on those of another class."""
        check_model(self.relation.target.model, where, Expr)
        if not is_core(where.condition):
            raise ConfigurationError(
                f"{self.name}: conditions on related rows compare columns with values only"
            )
        return cast("Where", where.condition)


class ToOne(_Relation[M, B]):
    """A relation to one row: `Flight.carrier`."""

    __slots__ = ()

    def __eq__(self, other: None) -> Expr[M]:  # type: ignore[override]  # a condition, as of columns
        if not _is_none(other):
            place = f"{self.model.__name__}.{self.name}"
            raise UsageError(f"{place} is a relation: compare it with None, or a column of it, by at()")
        return self.is_null()

    def __ne__(self, other: None) -> Expr[M]:  # type: ignore[override]  # a condition, as of columns
        return ~(self == other)

    def __hash__(self) -> int:
        return id(self)

    def has(self, where: Expr[B]) -> Expr[M]:
        """There is a related row, and it meets the condition."""
        step = self.step
        reached = _behind(self._behind(where), step, self.name)
        if not step.relation.nullable:
            return Expr(self.model, reached)
        return Expr(self.model, And((Not(_missing(step, self.name)), reached)))

    def is_null(self) -> Expr[M]:
        """There is no related row."""
        return Expr(self.model, _missing(self.step, self.name))

    def at(self, attribute: Attribute[B, T]) -> Attribute[M, T]:
        """A column of the related row, null where there is none: to compare with, to sort by."""
        _check_column(attribute, f"{self.model.__name__}.{self.name}.at()")
        way = (cast("ToOne[object, object]", self), *attribute.way)
        return Attribute(self.model, attribute.name, way, attribute.owner)


class ToMany(_Relation[M, B]):
    """A relation to many rows: `Carrier.flights`."""

    __slots__ = ()

    def some(self, where: Expr[B] | None = None) -> Expr[M]:
        """One of the related rows at least meets the condition; without one, there is a related row."""
        return self._quantified(Quantifier.SOME, where)

    def every(self, where: Expr[B]) -> Expr[M]:
        """All related rows meet the condition; true where there are none."""
        return self._quantified(Quantifier.EVERY, where)

    def none(self, where: Expr[B] | None = None) -> Expr[M]:
        """None of the related rows meets the condition; without one, there is no related row."""
        return self._quantified(Quantifier.NONE, where)

    def _quantified(self, quantifier: Quantifier, where: Expr[B] | None) -> Expr[M]:
        condition = None if where is None else self._behind(where)
        path = Path((self.name,), (self.step,), None)
        return Expr(self.model, Quantified(path, quantifier, condition))


def _check_column(given: object, place: str) -> None:
    if not isinstance(given, Attribute):
        raise UsageError(f"{place}: a column of the related class is expected, not {type(given).__name__}")


def _is_none(given: object) -> bool:
    return given is None


def _missing(step: Step, name: str) -> Comparison:
    return Comparison(Path((name,), (step,), None), Op.IS_NULL, None)


def _behind(where: Where, step: Step, name: str) -> Where:
    """Return a condition on a related row as one on the row that refers to it."""
    match where:
        case And() | Or():
            return replace(where, operands=tuple(_behind(operand, step, name) for operand in where.operands))
        case Not():
            return Not(_behind(where.operand, step, name))
        case Comparison() | Quantified():
            path = where.path
            return replace(where, path=Path((name, *path.names), (step, *path.steps), path.field))
