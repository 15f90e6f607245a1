"""Whether a type fits its column's annotation, so that rows give back what type checkers believe."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from types import UnionType
from typing import Any, Final, Literal, NoReturn, Union, cast, get_args, get_origin, is_typeddict

from queryengine.annotations import Annotation, element_of, field_type, take_apart
from queryengine.schema import (
    ArrayType,
    DateTimeType,
    EnumType,
    FieldType,
    FloatType,
    IntegerType,
    JSONType,
    ScalarType,
    TextType,
    python_type,
)
from queryengine_orm.errors import ConfigurationError

__all__ = ["check_bounds", "check_no_type", "fitted", "shown"]

ANYTHING: Final = tuple[object, ...]((object, Any))
JSON_VALUES: Final = tuple[object, ...]((str, int, float, bool, type(None)))
"""the classes of what JSON has beside objects and lists"""
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
    if element_of(annotation) is not None and isinstance(given, ScalarType):
        given = ArrayType(given)
    if not _takes(annotation.type, given):
        if own is None or (isinstance(own, JSONType) and isinstance(given, JSONType)):
            _refuse(place, annotation.type)
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

    >>> shown(EnumType), shown(list[EnumType] | None)
    ('EnumType', 'list[EnumType] | None')
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
    read = python_type(type_) if isinstance(type_, ScalarType) else None
    if read is not None and isinstance(of, type) and of is not read and issubclass(of, read):
        raise ConfigurationError(
            f"{place}: a value of {shown(of)} comes back as {read.__name__}: Mapped[{read.__name__}] fits"
        )


def _takes(annotation: object, given: FieldType) -> bool:
    """Tell whether rows with values of a type give back what an annotation says, or may do so."""
    plain = take_apart(annotation).type
    if plain in ANYTHING:
        return True
    if isinstance(given, JSONType):
        return _is_json(plain)
    origin, arguments = get_origin(plain) or plain, get_args(plain)
    if origin in (Union, UnionType):
        return any(_takes(each, given) for each in arguments)
    if isinstance(given, ArrayType):
        return _is_a(list, origin) and all(_takes(each, given.element) for each in arguments)
    own = field_type(Annotation(plain))
    return _is_a(python_type(given), origin) if own is None else _fits(own, given)


def _fits(own: FieldType, given: FieldType) -> bool:
    """Tell whether the values of a type are those of an annotation, which may be more than these."""
    match own, given:
        case EnumType(), EnumType():
            return own.enum is given.enum
        case IntegerType() | TextType(), EnumType():
            return issubclass(given.enum, python_type(own))
        case FloatType(), IntegerType():  # whole numbers are floats to type checkers
            return True
        case DateTimeType(), DateTimeType():
            return given.aware or not own.aware
        case _:
            return own.kind is given.kind


def _is_json(annotation: object, above: tuple[object, ...] = ()) -> bool:
    """Tell whether values come back from JSON as they were: its keys are texts, its sequences lists.

    `above` has what the annotation is inside of, as aliases may be of themselves.
    """
    plain = take_apart(annotation).type
    origin, arguments = get_origin(plain) or plain, get_args(plain)
    if plain in (*above, *ANYTHING, *JSON_VALUES) or is_typeddict(origin):
        return True
    if origin is Literal:
        return all(type(each) in JSON_VALUES for each in arguments)
    if _has_keys(origin):
        if not _is_a(dict, origin) or not all(map(_is_key, arguments[:1])):
            return False
        arguments = arguments[1:]
    elif origin not in (Union, UnionType) and not _is_a(list, origin):
        return isinstance(field_type(Annotation(plain)), JSONType)
    return all(_is_json(each, (*above, plain)) for each in arguments)


def _has_keys(origin: object) -> bool:
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _is_key(annotation: object) -> bool:
    """Tell whether the texts that are keys in JSON are what an annotation says."""
    plain = take_apart(annotation).type
    origin, arguments = get_origin(plain) or plain, get_args(plain)
    if origin is Literal:
        return all(type(each) is str for each in arguments)
    return all(map(_is_key, arguments)) if origin in (Union, UnionType) else _is_a(str, origin)


def _is_a(cls: type[object], of: object) -> bool:
    """Tell whether objects of a class are what an annotation says; so they are where nobody can tell."""
    if not isinstance(of, type):
        return True  # names yet to come, type variables
    try:
        return issubclass(cls, cast("type[object]", of))
    except TypeError:  # protocols, and typed dicts of other modules
        return True


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
