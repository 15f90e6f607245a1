"""What stands in the body of a mapped class: `Mapped`, columns, keys, relations. Knows no table yet."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast, overload

from queryengine.schema import FieldType
from queryengine_orm._native import Place, put_value, value_of
from queryengine_orm.attributes import Attribute, ToMany, ToOne
from queryengine_orm.constraints import ForeignKey, Hint, Secondary
from queryengine_orm.options import ColumnOptions, RelationOptions
from queryengine_orm.tracking import MISSING, changes_of, is_made_here, is_new, note

if TYPE_CHECKING:
    from queryengine_orm.declarative import DeclarativeBase

__all__ = [
    "MISSING",
    "Many",
    "Mapped",
    "Maybe",
    "NotLoaded",
    "One",
    "Related",
    "Relationship",
    "Watched",
    "mapped_column",
    "relationship",
]

T = TypeVar("T")
M = TypeVar("M")
B = TypeVar("B", bound="DeclarativeBase")


class NotLoaded(AttributeError):  # noqa: N818  # it says what is the matter
    """An attribute was read of a row that came without it: a column that was left out, a relation."""


class Mapped(Place, Generic[T]):
    """A column of a mapped class. Of the class it is an expression, of an object a value.

    `Place` reads and writes the value, and notes what it was before it was changed.
    """

    __slots__ = ("name", "options")

    def __init__(self, options: ColumnOptions | None = None) -> None:
        self.options: ColumnOptions = options or ColumnOptions()
        self.name: str = ""

    def __set_name__(self, owner: type[object], name: str) -> None:
        self.name = name

    def copied(self) -> Mapped[T]:
        """Return an attribute as this one, which has no place yet."""
        return type(self)(self.options)

    def expression(self, owner: type[M]) -> Attribute[M, T]:
        """Return what the attribute is of a class."""
        return Attribute(owner, self.name)

    def missing(self, owner: type[object]) -> NotLoaded:
        """Return what is raised where an object does not have the value."""
        return NotLoaded(
            f"{owner.__name__}.{self.name} was not loaded with this row; a new object has it when it is"
            " stored, by a flush"
        )

    if TYPE_CHECKING:
        # A whole number is as good as a decimal one.
        @overload
        def __get__(self: Mapped[Decimal], instance: None, owner: type[M]) -> Attribute[M, Decimal | int]: ...
        @overload
        def __get__(
            self: Mapped[Decimal | None], instance: None, owner: type[M]
        ) -> Attribute[M, Decimal | int | None]: ...
        @overload
        def __get__(self, instance: None, owner: type[M]) -> Attribute[M, T]: ...
        @overload
        def __get__(self, instance: object, owner: type[object] | None = None) -> T: ...
        def __get__(self, instance: object | None, owner: type[object] | None = None) -> object:
            """Return the expression, or an object's value."""

        def __set__(self, instance: object, value: T) -> None:
            """Give an object a value; the change is noted."""


class Watched(Mapped[T]):
    """A column whose values can change inside, a dict or a list: reading one keeps a copy to compare with.

    What nobody reads is not copied.
    """

    __slots__ = ()

    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:  # Any: what the column holds
        """Return the value, of which a copy is kept."""
        value: object = super().__get__(instance, owner)
        is_copied = instance is not None and _can_change(value) and not is_new(instance)
        if is_copied and self.name not in changes_of(instance):
            note(instance, self.name, deepcopy(value))
        return value


def _can_change(value: object) -> bool:
    return isinstance(value, dict | list)


class Related(Place, Generic[T]):
    """What relations have in common: of an object they are what was loaded or given."""

    __slots__ = ("name", "options")

    many = False
    nullable = False

    def __init__(self, options: RelationOptions | None = None) -> None:
        self.options: RelationOptions = options or RelationOptions()
        self.name: str = ""

    def __set_name__(self, owner: type[object], name: str) -> None:
        self.name = name

    def copied(self) -> Related[T]:
        """Return an attribute as this one, which has no place yet."""
        return type(self)(self.options)

    def missing(self, owner: type[object]) -> NotLoaded:
        """Return what is raised where an object does not have the relation."""
        return NotLoaded(
            f"{owner.__name__}.{self.name} was not loaded with this row, or its key was changed since:"
            " include it, or load it"
        )


class One(Related[B]):
    """A row of another model, which is always there: `carrier: One[Carrier] = relationship()`."""

    __slots__ = ()

    def expression(self, owner: type[M]) -> ToOne[M, B]:
        """Return what the relation is of a class."""
        return ToOne(owner, self.name)

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: type[M]) -> ToOne[M, B]: ...
        @overload
        def __get__(self, instance: object, owner: type[object] | None = None) -> B: ...
        def __get__(self, instance: object | None, owner: type[object] | None = None) -> object:
            """Return the expression, or what was loaded."""

        def __set__(self, instance: object, value: B) -> None:
            """Refer to another row; its key is taken when the object is stored."""


class Maybe(Related[B]):
    """A row of another model, or None: `plane: Maybe[Plane] = relationship()`."""

    __slots__ = ()

    nullable = True

    def expression(self, owner: type[M]) -> ToOne[M, B]:
        """Return what the relation is of a class."""
        return ToOne(owner, self.name)

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: type[M]) -> ToOne[M, B]: ...
        @overload
        def __get__(self, instance: object, owner: type[object] | None = None) -> B | None: ...
        def __get__(self, instance: object | None, owner: type[object] | None = None) -> object:
            """Return the expression, or what was loaded."""

        def __set__(self, instance: object, value: B | None) -> None:
            """Refer to another row, or to none; its key is taken when the object is stored."""


class Many(Related[B]):
    """Rows of another model: `flights: Many[Flight] = relationship()`.

    Of an object that has them loaded, or was made here, they are a list. What is put into it or taken from it
    is written with the object: keys of the others, or rows of the table between.
    """

    __slots__ = ()

    many = True

    def expression(self, owner: type[M]) -> ToMany[M, B]:
        """Return what the relation is of a class."""
        return ToMany(owner, self.name)

    @overload
    def __get__(self, instance: None, owner: type[M]) -> ToMany[M, B]: ...
    @overload
    def __get__(self, instance: object, owner: type[object] | None = None) -> list[B]: ...
    def __get__(self, instance: object | None, owner: type[Any] | None = None) -> object:
        """Return the expression, or what was loaded."""
        if instance is not None and value_of(instance, self.name, None) is None and is_made_here(instance):
            put_value(instance, self.name, [])
        found: object = super().__get__(instance, owner)
        if instance is not None and self.name not in changes_of(instance):
            note(instance, self.name, list(cast("list[object]", found)))
        return found

    def __set__(self, instance: object, value: list[B]) -> None:
        """Give an object other related rows; those that it had must be known. Raises NotLoaded."""
        before: list[object] | None = value_of(instance, self.name, None)
        if before is None and not is_made_here(instance):
            raise NotLoaded(f"{type(instance).__name__}.{self.name} was not loaded: load it to replace it")
        note(instance, self.name, list(before or ()))
        put_value(instance, self.name, list(value))


# A column of type T is what an annotation `Mapped[T]` wants, which alone says what T is.
@overload
def mapped_column(
    type_: FieldType | Hint | ForeignKey | None = None,
    foreign_key: ForeignKey | None = None,
    /,
    *,
    primary_key: Literal[True],
    init: Literal[False] = False,
    name: str | None = None,
) -> Any: ...
@overload
def mapped_column(
    type_: FieldType | Hint | ForeignKey | None = None,
    foreign_key: ForeignKey | None = None,
    /,
    *,
    init: Literal[False],
    name: str | None = None,
    primary_key: bool = False,
    unique: bool = False,
    index: bool = False,
    check: str | None = None,
    version: bool = False,
    hidden: bool = False,
    document: type[object] | None = None,
) -> Any: ...
@overload
def mapped_column(
    type_: FieldType | Hint | ForeignKey | None = None,
    foreign_key: ForeignKey | None = None,
    /,
    *,
    init: Literal[True] = True,
    name: str | None = None,
    primary_key: bool = False,
    unique: bool = False,
    index: bool = False,
    check: str | None = None,
    version: bool = False,
    hidden: bool = False,
    document: type[object] | None = None,
    default: object = MISSING,
    default_factory: Callable[[], object] | None = None,
) -> Any: ...
def mapped_column(
    type_: FieldType | Hint | ForeignKey | None = None,
    foreign_key: ForeignKey | None = None,
    /,
    *,
    init: bool = True,
    name: str | None = None,
    primary_key: bool = False,
    unique: bool = False,
    index: bool = False,
    check: str | None = None,
    version: bool = False,
    hidden: bool = False,
    document: type[object] | None = None,
    default: object = MISSING,
    default_factory: Callable[[], object] | None = None,
) -> Any:
    """Say more of a column than its annotation does.

    `type_` is a type of `queryengine.schema` (`DecimalType(10, 2)`, `DateTimeType(aware=True)`,
    `IntegerType(-(2**15), 2**15 - 1)`), `String(50)`, `NativeEnum()` or `CheckedEnum()`; without it the
    annotation tells: an `int` has 64 bits, a `datetime` no zone. A primary key is left to the database, or
    with `init=True` the constructor takes it. `version=True` marks the column that counts the updates of a
    row. `document` declares what a JSON column holds. `hidden` keeps a column out of every default policy of
    filters.
    """
    del init  # for type checkers
    key = type_ if isinstance(type_, ForeignKey) else foreign_key
    return Mapped[Any](
        ColumnOptions(
            column_type=None if isinstance(type_, ForeignKey) else type_,
            foreign_key=key,
            name=name,
            primary_key=primary_key,
            unique=unique,
            index=index,
            check=check,
            version=version,
            hidden=hidden,
            document=document,
            default=default,
            default_factory=default_factory,
        )
    )


@dataclass(frozen=True, slots=True)
class Relationship:
    """What `relationship` leaves in the body of a class, until its annotation says of which form it is."""

    options: RelationOptions


@overload
def relationship(
    *,
    foreign_key: str | tuple[str, ...] | None = None,
    secondary: Secondary | None = None,
    hidden: bool = False,
    orphans: Literal["delete"] | None = None,
    init: Literal[False] = False,
) -> Any: ...
@overload
def relationship(
    *,
    foreign_key: str | tuple[str, ...] | None = None,
    secondary: Secondary | None = None,
    hidden: bool = False,
    orphans: Literal["delete"] | None = None,
    init: Literal[True],
    default: None = None,
) -> Any: ...
@overload
def relationship(
    *,
    foreign_key: str | tuple[str, ...] | None = None,
    secondary: Secondary | None = None,
    hidden: bool = False,
    orphans: Literal["delete"] | None = None,
    init: Literal[True],
    default_factory: Callable[[], list[Any]],
) -> Any: ...
def relationship(
    *,
    foreign_key: str | tuple[str, ...] | None = None,
    secondary: Secondary | None = None,
    hidden: bool = False,
    orphans: Literal["delete"] | None = None,
    init: bool = False,
    default: None = None,
    default_factory: Callable[[], list[Any]] | None = None,
) -> Any:
    """Relate a model to another one, which the annotation names: `One[X]`, `Maybe[X]` or `Many[X]`.

    `foreign_key` is the attribute that holds the key (several in a tuple): of this model, or of the other one
    where there are many. It may be left out where just one fits. `secondary` is the table between two
    models. With `init=True` the constructor takes the related object, or, with `default_factory=list`
    besides, the list of them.

    What is taken out of a list of `Many` loses its key; with `orphans="delete"` it is deleted. What becomes
    of related rows when a row is deleted, the foreign key's `on_delete` says.
    """
    del init, default, default_factory  # for type checkers
    return Relationship(RelationOptions(foreign_key, secondary, hidden, orphans))
