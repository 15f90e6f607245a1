"""From one annotation to a field type: Optional, Annotated, bounds, literals, enumerations. Knows schema."""

from __future__ import annotations

import datetime as dt
import enum
import math
import uuid
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType, UnionType
from typing import Annotated, Any, Final, Literal, NotRequired, Required, Union, cast, get_args, get_origin

import pydantic
from pydantic.fields import FieldInfo

from queryengine.schema import (
    ArrayType,
    BooleanType,
    BytesType,
    DateTimeType,
    DateType,
    DecimalType,
    DurationType,
    EnumType,
    FieldType,
    FloatType,
    IntegerType,
    JSONType,
    ScalarType,
    TextType,
    TimeType,
    UUIDType,
)

__all__ = ["Annotation", "element_of", "field_type", "take_apart"]

DECIMAL_DIGITS: Final = 100
"""decimals in Python are exact; this many digits of a filter's are taken where no annotation says less"""


@dataclass(frozen=True, slots=True)
class Annotation:
    """An annotation taken apart: the type itself, whether it may be None, what it was annotated with."""

    type: object
    nullable: bool = False
    metadata: tuple[object, ...] = ()


def take_apart(annotation: object, metadata: Iterable[object] = ()) -> Annotation:
    """Take `Annotated`, `Optional`, `NotRequired`, new types and type aliases off an annotation.

    >>> take_apart(Annotated[int | None, "x"])
    Annotation(type=<class 'int'>, nullable=True, metadata=('x',))
    """
    nullable = False
    notes = list(metadata)
    while True:
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            annotation = arguments[0]
            notes.extend(arguments[1:])
        elif origin in (Required, NotRequired):
            nullable = nullable or origin is NotRequired
            annotation = arguments[0]
        elif origin in (Union, UnionType) and type(None) in arguments and len(arguments) == 2:
            nullable = True
            annotation = arguments[0] if arguments[1] is type(None) else arguments[1]
        elif hasattr(annotation, "__supertype__"):
            annotation = cast("Any", annotation).__supertype__  # Any: NewType has no type of its own to tell
        elif hasattr(annotation, "__value__") and annotation is not pydantic.JsonValue:
            annotation = cast("Any", annotation).__value__  # Any: so do type aliases of several kinds
        else:
            return Annotation(annotation, nullable, tuple(_flat(notes)))


def _flat(notes: Iterable[object]) -> Iterable[object]:
    """Pydantic's own fields carry their constraints in a list."""
    for note in notes:
        yield from note.metadata if isinstance(note, FieldInfo) else (note,)


def element_of(annotation: Annotation) -> Annotation | None:
    """Return the elements' annotation of a list, a sequence or a tuple of any length; None for all else."""
    origin, arguments = get_origin(annotation.type), get_args(annotation.type)
    if (origin in (list, Sequence) and arguments) or (origin is tuple and arguments[1:] == (...,)):
        return take_apart(arguments[0])
    return None


def field_type(annotation: Annotation) -> FieldType | None:
    """Return the type of a field's values, or None for what filters cannot compare.

    A field type among the annotations is taken as it is.

    >>> field_type(take_apart(dt.date))
    DateType()
    >>> field_type(take_apart(Annotated[dt.datetime, DateTimeType(aware=True)]))
    DateTimeType(aware=True, resolution=1)
    """
    for note in annotation.metadata:
        if isinstance(note, FieldType):
            return note
    element = element_of(annotation)
    if element is not None:
        inner = field_type(element)
        if isinstance(inner, ArrayType):
            return None  # the operators of arrays would take the inner ones for values
        return ArrayType(inner) if isinstance(inner, ScalarType) else inner
    if get_origin(annotation.type) is Literal:
        return _literal_type(get_args(annotation.type))
    origin = get_origin(annotation.type) or annotation.type
    if isinstance(origin, Hashable) and origin in _SPECIAL:
        return _SPECIAL[origin]
    return _class_type(origin, _Bounds.of(annotation.metadata)) if isinstance(origin, type) else None


def _literal_type(values: Sequence[object]) -> FieldType | None:
    kinds = {type(value) for value in values if value is not None}
    return _class_type(kinds.pop(), _Bounds()) if len(kinds) == 1 else None


@dataclass(frozen=True, slots=True)
class _Bounds:
    """The constraints of annotated_types and of pydantic: all of their objects name them alike."""

    # Any: here and below, a bound is of the field's own type.
    ge: Any = None
    gt: Any = None
    le: Any = None
    lt: Any = None
    max_digits: int | None = None
    decimal_places: int | None = None

    @classmethod
    def of(cls, metadata: Iterable[object]) -> _Bounds:
        found: dict[str, Any] = {}
        for note in metadata:
            for name in cls.__slots__:
                if getattr(note, name, None) is not None:
                    found[name] = getattr(note, name)
        return cls(**found)

    @property
    def low(self) -> Any:
        """The lower bound; an exclusive one is as near as an inclusive one can be said to be."""
        return self.gt if self.ge is None else self.ge

    @property
    def high(self) -> Any:
        return self.lt if self.le is None else self.le

    def integer(self) -> IntegerType:
        widest = IntegerType()
        lows = [widest.minimum]
        highs = [widest.maximum]
        if self.low is not None:
            lows.append(math.ceil(self.ge) if self.ge is not None else math.floor(self.gt) + 1)
        if self.high is not None:
            highs.append(math.floor(self.le) if self.le is not None else math.ceil(self.lt) - 1)
        return IntegerType(max(lows), min(highs))

    def float(self) -> FloatType:
        low, high = self.low, self.high
        return FloatType(None if low is None else float(low), None if high is None else float(high))

    def decimal(self) -> DecimalType:
        low, high = (None if bound is None else Decimal(str(bound)) for bound in (self.low, self.high))
        return DecimalType(self.max_digits or DECIMAL_DIGITS, self.decimal_places, low, high)

    def duration(self) -> DurationType:
        low, high = self.low, self.high
        return DurationType(
            1, dt.timedelta.min if low is None else low, dt.timedelta.max if high is None else high
        )


def _class_type(cls: type[object], bounds: _Bounds) -> FieldType | None:
    """The order tells: booleans are integers to Python, date-times are dates, members may be texts."""
    if issubclass(cls, enum.Enum):
        return EnumType(cls)
    if issubclass(cls, bool):
        return BooleanType()
    if issubclass(cls, int):
        return bounds.integer()
    if issubclass(cls, float):
        return bounds.float()
    if issubclass(cls, Decimal):
        return bounds.decimal()
    if issubclass(cls, dt.timedelta):
        return bounds.duration()
    for base, type_ in _SIMPLE:
        if issubclass(cls, base):
            return type_
    return None


_SIMPLE: Final[tuple[tuple[type[object], FieldType], ...]] = (
    (str, TextType()),
    (dt.datetime, DateTimeType(aware=False)),
    (dt.date, DateType()),
    (dt.time, TimeType()),
    (uuid.UUID, UUIDType()),
    (bytes, BytesType()),
    (Mapping, JSONType()),
)
_SPECIAL: Final[Mapping[object, FieldType]] = MappingProxyType(
    {
        Any: JSONType(),
        object: JSONType(),
        pydantic.AwareDatetime: DateTimeType(aware=True),
        pydantic.EmailStr: TextType(),
        pydantic.FutureDate: DateType(),
        pydantic.FutureDatetime: DateTimeType(aware=False),
        pydantic.Json: JSONType(),
        pydantic.JsonValue: JSONType(),
        pydantic.NaiveDatetime: DateTimeType(aware=False),
        pydantic.PastDate: DateType(),
        pydantic.PastDatetime: DateTimeType(aware=False),
    }
)
"""annotations that are not classes of the values that they stand for"""
