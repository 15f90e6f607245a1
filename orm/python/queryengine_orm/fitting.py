"""Whether a type fits its column's annotation, so that rows give back what type checkers believe."""

from __future__ import annotations

import datetime as dt
import enum
import re
import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import UnionType
from typing import Any, Final, Literal, NoReturn, Union, cast, get_args, get_origin, is_typeddict

from queryengine.annotations import Annotation, element_of, field_type, take_apart
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
from queryengine_orm.errors import ConfigurationError

__all__ = ["check_bounds", "check_no_type", "fitted", "shown"]

READ: Final[Mapping[type[FieldType], type[object]]] = {
    IntegerType: int,
    FloatType: float,
    DecimalType: Decimal,
    BooleanType: bool,
    TextType: str,
    DateType: dt.date,
    DateTimeType: dt.datetime,
    TimeType: dt.time,
    DurationType: dt.timedelta,
    UUIDType: uuid.UUID,
    BytesType: bytes,
}
"""the classes of the values that rows give"""
ANYTHING: Final = tuple[object, ...]((object, Any))
JSON_CLASSES: Final = tuple[object, ...](
    (*ANYTHING, str, int, float, bool, type(None), dict, list, Mapping, Sequence)
)
"""what comes back from JSON as it was, as far as what it holds does"""
MODULES: Final = re.compile(r"(?:[\w<>]+\.)+(?=\w)")


def fitted(place: str, annotation: Annotation, given: FieldType | None) -> FieldType:
    """Return the type of a column: the one that is given, or what its annotation says.

    The type of a list may be that of its elements. Raises ConfigurationError where the two do not fit.
    """
    noted = next((each for each in annotation.metadata if isinstance(each, FieldType)), None)
    given = noted if given is None else given
    own = field_type(Annotation(annotation.type))
    _check_values(place, annotation, own)
    if given is None:
        found = field_type(annotation)
        if found is None or (isinstance(found, JSONType) and not _is_json(annotation.type)):
            _refuse(place, annotation.type)
        return found
    if isinstance(own, ArrayType) and isinstance(given, ScalarType):
        given = ArrayType(given)
    if isinstance(given, JSONType):
        fits = _is_json(annotation.type)
    else:
        fits = annotation.type in ANYTHING or (own is not None and _fits(own, given))
    if not fits and own is None:
        _refuse(place, annotation.type)
    if not fits:
        _refuse_type(place, annotation.type, given, f"{_called(own)} fits")
    return given


def check_bounds(place: str, annotation: object, bounds: object, given: FieldType | None) -> None:
    """Refuse what is given for a range where it is no type of its bounds."""
    own = field_type(take_apart(bounds))
    if given is not None and own is not None and not _fits(own, given):
        _refuse_type(place, annotation, given, f"{_called(own)} fits")


def check_no_type(place: str, annotation: object, given: FieldType | None) -> None:
    """Refuse what is given for a column that is of one type only."""
    if given is not None:
        _refuse_type(place, annotation, given, "no type is given to it")


def shown(annotation: object) -> str:
    """Return an annotation as its author may have written it, without the modules of its names.

    >>> shown(dt.datetime), shown(list[Decimal] | None)
    ('datetime', 'list[Decimal] | None')
    """
    # An alias such as list[int] is a class too to `isinstance`, and only its text has what it is of.
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return cast("type[object]", annotation).__name__
    return MODULES.sub("", str(annotation))


def _check_values(place: str, annotation: Annotation, own: FieldType | None) -> None:
    """Refuse classes whose values rows do not give back as what they were."""
    if own is not None and get_origin(annotation.type) is tuple:
        inner = shown(get_args(annotation.type)[0])
        raise ConfigurationError(
            f"{place}: a value of {shown(annotation.type)} comes back as a list: Mapped[list[{inner}]] fits"
        )
    element = element_of(annotation)
    of, type_ = (
        (element.type, own.element) if element and isinstance(own, ArrayType) else (annotation.type, own)
    )
    if isinstance(type_, EnumType) and issubclass(type_.enum, enum.Flag):
        raise ConfigurationError(
            f"{place}: members of {type_.enum.__name__} can be joined to what is no member:"
            " Mapped[int] keeps their numbers"
        )
    read = None if type_ is None else READ.get(type(type_))
    if read is not None and isinstance(of, type) and of is not read and issubclass(of, read):
        raise ConfigurationError(
            f"{place}: a value of {shown(of)} comes back as {read.__name__}: Mapped[{read.__name__}] fits"
        )


def _fits(own: FieldType, given: FieldType) -> bool:
    """Tell whether the values of a type are those of an annotation, which may be more than these."""
    match own, given:
        case ArrayType(), ArrayType():
            return _fits(own.element, given.element)
        case EnumType(), EnumType():
            return own.enum is given.enum
        case DateTimeType(), DateTimeType():
            return given.aware or not own.aware
        case _:
            return own.kind is given.kind


def _is_json(annotation: object) -> bool:
    """Tell whether values come back from JSON as they were: its keys are texts, its sequences lists."""
    plain = take_apart(annotation).type
    if is_typeddict(plain) or plain in JSON_CLASSES:
        return True
    origin, arguments = get_origin(plain), get_args(plain)
    if origin is Literal:
        return all(type(each) in JSON_CLASSES for each in arguments)
    if origin in (dict, Mapping):
        return take_apart(arguments[0]).type in (str, *ANYTHING) and _is_json(arguments[1])
    if origin in (Union, UnionType, list, Sequence):
        return all(map(_is_json, arguments))
    return not isinstance(origin or plain, type) and isinstance(field_type(Annotation(plain)), JSONType)


def _called(type_: FieldType | None) -> str:
    match type_:
        case ArrayType():
            return f"ArrayType of {_called(type_.element)}"
        case EnumType():
            return f"EnumType of {type_.enum.__name__}"
        case DateTimeType() if type_.aware:
            return "DateTimeType(aware=True)"
        case _:
            return type(type_).__name__


def _refuse(place: str, annotation: object) -> NoReturn:
    raise ConfigurationError(f"{place}: no column holds values of {shown(annotation)}")


def _refuse_type(place: str, annotation: object, given: FieldType, fits: str) -> NoReturn:
    raise ConfigurationError(f"{place}: a column of {shown(annotation)} is no {_called(given)}: {fits}")
