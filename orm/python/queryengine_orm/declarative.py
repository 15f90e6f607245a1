"""The base of mapped classes: it makes their constructors, notes what changes, knows them all."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Hashable, Iterator
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Final,
    TypeGuard,
    cast,
    dataclass_transform,
    get_args,
    get_origin,
)

from queryengine.cache import BoundedCache
from queryengine.schema import ModelSchema
from queryengine_orm._native import Instance, loaded_values, put_value
from queryengine_orm.errors import ConfigurationError
from queryengine_orm.mapped import (
    Many,
    Mapped,
    Maybe,
    One,
    Related,
    Relationship,
    mapped_column,
    relationship,
)
from queryengine_orm.tracking import NEW, Changes, changes_of, note
from queryengine_orm.words import check_name, check_words

if TYPE_CHECKING:
    from queryengine_orm.mapping import Mapper

__all__ = ["DeclarativeBase", "Declared", "Registry", "snake_case"]

CHANGES: Final = "_queryengine_changes"
"""where the state of an object that is pickled has what its attributes were before"""

STATEMENTS: Final = 1_000
"""how many compiled statements one base's classes keep"""

RELATED: Final[dict[str, type[Related[Any]]]] = {"One": One, "Maybe": Maybe, "Many": Many}
PREFIX: Final = re.compile(r"(?:\w+\.)*(Mapped|One|Maybe|Many)\[(.*)\]\s*", re.DOTALL)
HALF: Final = re.compile(r"\b(?:Mapped|One|Maybe|Many)(?:\[|'>$|$)")


class Declared:
    """One attribute as a class's body declares it: what its annotation is of, perhaps as text."""

    __slots__ = ("annotation", "attribute", "name", "owner")

    def __init__(
        self, name: str, annotation: object, owner: type[object], attribute: Mapped[Any] | Related[Any]
    ) -> None:
        self.name: str = name
        self.annotation: object = annotation
        self.owner: type[object] = owner
        self.attribute: Mapped[Any] | Related[Any] = attribute

    @property
    def many(self) -> bool:
        """Whether it is a relation to many rows."""
        return isinstance(self.attribute, Many)


class Registry:
    """The mapped classes that stem from one base, by name and by table."""

    def __init__(self) -> None:
        self.classes: dict[str, type[DeclarativeBase]] = {}
        self.mappers: dict[type[object], Mapper[Any]] = {}
        self.backs: dict[Any, list[Any]] | None = None
        """by foreign key, the relations to many rows that go by it; found when it is first asked for"""
        # Any, here and above: each key knows its own.
        self._statements: BoundedCache[Hashable, Any] = BoundedCache(STATEMENTS)
        self._is_checked = False

    def add(self, cls: type[DeclarativeBase]) -> None:
        """Take in a class. Raises ConfigurationError for a second one of the same name."""
        if cls.__name__ in self.classes:
            raise ConfigurationError(f"two mapped classes of one base are called {cls.__name__}")
        self.classes[cls.__name__] = cls
        self.backs = None
        self._is_checked = False

    @property
    def statements(self) -> BoundedCache[Hashable, Any]:  # Any: as above
        """The compiled statements, of which there are none before the classes are known to fit together."""
        if not self._is_checked:
            self.check()
        return self._statements

    def check(self) -> None:
        """Raise ConfigurationError where a class refers to what no other one has: all are there by now."""
        from queryengine_orm.mapping import check_references  # noqa: PLC0415  # it reads classes of this one

        check_references(self.classes.values())
        self._is_checked = True


@dataclass_transform(kw_only_default=True, eq_default=False, field_specifiers=(mapped_column, relationship))
class DeclarativeBase(Instance):
    """The base of a family of mapped classes, which each service makes for itself.

    ```python
    class Base(DeclarativeBase):
        pass


    class User(Base):
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        age: Mapped[int | None] = mapped_column(default=None)
    ```

    A direct subclass is such a base, and knows all classes that stem from it. Each is mapped to a table:
    `__tablename__`, or the name of the class in lower case with underscores. A class with
    `__abstract__ = True` in its body has no table and hands its columns on.
    """

    __registry__: ClassVar[Registry]
    __declared__: ClassVar[dict[str, Declared]] = {}
    # Any: a class's own list is narrower, which mypy takes for another type.
    __constraints__: ClassVar[Any] = ()
    __places__: ClassVar[dict[str, int]]
    __tablename__: ClassVar[str]

    def __init_subclass__(cls, **arguments: object) -> None:
        super().__init_subclass__(**arguments)
        check_words(cls)
        if DeclarativeBase in cls.__bases__:
            cls.__registry__ = Registry()
        _check_bases(cls)
        inherited: dict[str, Declared] = {}
        for base in reversed(cls.__mro__[1:]):
            inherited |= vars(base).get("__declared__", {})
        cls.__declared__ = inherited | {declared.name: declared for declared in _declared(cls)}
        cls.__places__ = _places(cls)
        if DeclarativeBase in cls.__bases__ or vars(cls).get("__abstract__", False):
            return
        if "__tablename__" not in vars(cls):
            cls.__tablename__ = snake_case(cls.__name__)
        check_name(f"{cls.__name__}.__tablename__", cls.__tablename__)
        cls.__registry__.add(cls)

    def __init__(self, **values: Any) -> None:  # Any: type checkers see the columns as parameters
        own = type(self)
        put_value(self, NEW, True)
        for name, value in values.items():
            if name not in own.__declared__:
                raise TypeError(f"{own.__name__} has no column and no relation {name!r}")
            put_value(self, name, value)
        for name, declared in own.__declared__.items():
            column = declared.attribute
            if name in values or not isinstance(column, Mapped):
                continue
            if column.options.has_default:
                put_value(self, name, column.options.make_default())

    def __getstate__(self) -> dict[str, object]:
        changes = changes_of(self)
        return loaded_values(self) | ({CHANGES: changes} if changes else {})

    def __setstate__(self, state: dict[str, object]) -> None:
        for name, before in cast("Changes", state.pop(CHANGES, {})).items():
            note(self, name, before)
        for name, value in state.items():
            put_value(self, name, value)

    def __repr__(self) -> str:
        values = loaded_values(self)
        keys = (f"{name}={values.get(name)!r}" for name in _key_names(type(self)))
        return f"{type(self).__name__}({', '.join(keys)})"

    @classmethod
    def __schema__(cls) -> ModelSchema[object]:
        """Return what expressions see of the class."""
        from queryengine_orm.mapping import mapper_of  # noqa: PLC0415  # it reads classes of this one

        return mapper_of(cls).schema


def _places(cls: type[DeclarativeBase]) -> dict[str, int]:
    """Give each attribute its place in the objects of a class.

    One that a class above has in another place becomes an attribute of this class too.
    """
    for place, (name, declared) in enumerate(cls.__declared__.items()):
        attribute = declared.attribute
        if attribute.bind_to(name, place):
            continue
        copied = attribute.copied()
        copied.name = name
        copied.bind_to(name, place)
        cls.__declared__[name] = Declared(name, declared.annotation, declared.owner, copied)
        if inspect.getattr_static(cls, name) is attribute:
            setattr(cls, name, copied)
    return {name: place for place, name in enumerate(cls.__declared__)}


def _check_bases(cls: type[DeclarativeBase]) -> None:
    """Refuse columns that type checkers would not see, and classes of two bases."""
    bases = [each for each in cls.__mro__ if DeclarativeBase in each.__bases__]
    if len(bases) > 1:
        names = " and ".join(each.__name__ for each in bases)
        raise ConfigurationError(f"{cls.__name__} stems from two bases, {names}")
    for other in cast("tuple[type[object], ...]", cls.__mro__[1:]):
        held = [] if issubclass(other, DeclarativeBase) else list(_held(other))
        if held:
            raise ConfigurationError(
                f"{cls.__name__}: {other.__name__}, above it, has columns ({', '.join(held)}), which no"
                f" constructor would know: make it a class of {bases[0].__name__} with __abstract__ = True"
            )


def _held(cls: type[object]) -> Iterator[str]:
    """Yield the names of columns and relations in the body of a class of no base."""
    annotations = _annotations(cls)
    yield from (name for name, annotation in annotations.items() if _apart(annotation) is not None)
    for name, value in vars(cls).items():
        if name not in annotations and isinstance(value, Mapped | Relationship):
            yield name


def _key_names(cls: type[DeclarativeBase]) -> Iterator[str]:
    for name, declared in cls.__declared__.items():
        if isinstance(declared.attribute, Mapped) and declared.attribute.options.primary_key:
            yield name


def _declared(cls: type[object]) -> Iterator[Declared]:
    """Yield what the body of a class declares; bare annotations get their descriptors here."""
    body, annotations = vars(cls), _annotations(cls)
    for name, annotation in annotations.items():
        found = _apart(annotation)
        if found is None:
            if isinstance(body.get(name), Mapped | Relationship) or _is_half(annotation):
                raise ConfigurationError(
                    f"{cls.__name__}.{name}: its annotation is Mapped, One, Maybe or Many, of a type in"
                    " brackets: Mapped[int | None]"
                )
            continue
        form, of = found
        yield Declared(name, of, cls, _attribute(cls, name, form, body.get(name)))
    for name, value in body.items():
        if isinstance(value, Relationship):
            raise ConfigurationError(f"{cls.__name__}.{name} has no annotation: One, Maybe or Many")
        if isinstance(value, Mapped) and name not in annotations:
            raise ConfigurationError(f"{cls.__name__}.{name} has no annotation: Mapped[...]")


def _attribute(
    cls: type[object],
    name: str,
    form: str,
    given: object,
) -> Mapped[Any] | Related[Any]:
    attribute: Mapped[Any] | Related[Any]
    if form == "Mapped":
        if isinstance(given, Relationship):
            raise ConfigurationError(
                f"{cls.__name__}.{name} is a relation: One, Maybe or Many says of what form"
            )
        attribute = given if _is_column(given) else Mapped[Any]()
    else:
        if not isinstance(given, Relationship):
            raise ConfigurationError(f"{cls.__name__}.{name}: a relation is made with relationship()")
        attribute = RELATED[form](given.options)
    attribute.name = name
    if isinstance(attribute, Mapped):
        _check_default(f"{cls.__name__}.{name}", attribute.options.default)
    setattr(cls, name, attribute)
    return attribute


def _check_default(place: str, default: object) -> None:
    """Refuse a default that all objects would share and could change, as dataclasses do."""
    if type(default).__hash__ is None:  # as all that can change
        kind = type(default).__name__
        raise ConfigurationError(
            f"{place}: a default that can change would be shared by all objects: default_factory={kind}"
        )


def _is_column(given: object) -> TypeGuard[Mapped[Any]]:
    return isinstance(given, Mapped)


def _annotations(cls: type[object]) -> dict[str, object]:
    """Return the annotations of a class's own body; newer Pythons would resolve them, which is too early."""
    if sys.version_info >= (3, 14):
        import annotationlib  # noqa: PLC0415  # newer Pythons only

        return dict(annotationlib.get_annotations(cls, format=annotationlib.Format.STRING))
    found: dict[str, object] = vars(cls).get("__annotations__", {})
    return found


def _apart(annotation: object) -> tuple[str, object] | None:
    """Return the form of an annotation, `Mapped` or that of a relation, and what it is of."""
    if isinstance(annotation, str):
        found = PREFIX.fullmatch(annotation.strip())
        return None if found is None else (found[1], found[2])
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Mapped, One, Maybe, Many):
        return cast("type[object]", origin).__name__, arguments[0]
    return None


def _is_half(annotation: object) -> bool:
    """Tell whether an annotation means a column or a relation, and does not say so as a whole."""
    text = str(annotation)
    return HALF.search(text) is not None and "ClassVar[" not in text


def snake_case(name: str) -> str:
    """Return the name of a class in lower case with underscores.

    >>> snake_case("FlightLeg")
    'flight_leg'
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
