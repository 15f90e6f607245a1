"""From literals to typed values: one function per type, made once for a shape and called for each value."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from functools import cache
from typing import TypeAlias, assert_never, overload

from queryengine.ast import JSONDocument, Scalar
from queryengine.errors import ErrorCode
from queryengine.parsed import Style
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
from queryengine.values.enumeration import BOOLEANS, enum_reader
from queryengine.values.json_value import parse_json
from queryengine.values.numeric import decimal_parser, float_parser, integer_parser
from queryengine.values.problem import ValueProblem, expectation, mismatch
from queryengine.values.strings import bytes_of, string_reader, uuid_of, within_text
from queryengine.values.temporal import date_of, datetime_parser, duration_parser, time_parser

__all__ = ["TypedValue", "read_list", "reader", "split_list"]

BareType: TypeAlias = IntegerType | FloatType | DecimalType | BooleanType
"""Types whose literals stand without quotes in JSON."""
QuotedType: TypeAlias = DateType | DateTimeType | TimeType | DurationType | UUIDType | BytesType
"""Types that JSON does not have: strings stand for them."""
TypedValue: TypeAlias = Scalar | tuple[Scalar, ...] | JSONDocument
"""What a reader returns: a scalar, an array's elements, or a JSON document."""


@overload
def reader(
    type_: ScalarType,
    style: Style = ...,
    *,
    lenient: bool = ...,
    timezone: dt.tzinfo | None = ...,
    max_string_length: int = ...,
    max_list_length: int = ...,
) -> Callable[[str], Scalar]: ...
@overload
def reader(
    type_: FieldType,
    style: Style = ...,
    *,
    lenient: bool = ...,
    timezone: dt.tzinfo | None = ...,
    max_string_length: int = ...,
    max_list_length: int = ...,
) -> Callable[[str], TypedValue]: ...
def reader(
    type_: FieldType,
    style: Style = Style.JSON,
    *,
    lenient: bool = False,
    timezone: dt.tzinfo | None = None,
    max_string_length: int = 1_024,
    max_list_length: int = 500,
) -> Callable[[str], TypedValue]:
    """Return the function from a literal, as the lexer found it, to a value of the type.

    The literal is a JSON string with its quotes, a number, true or false; for arrays it is the text of the
    whole list, for JSON fields that of any JSON value. In the style `BRACKETS` every literal is a string
    whose text the type reads; `lenient` also takes such strings in JSON. `timezone` is where date-times
    without a zone are at home; unless it is given they are no instants. The function raises `ValueProblem`.

    >>> reader(IntegerType())("5.0")
    5
    >>> reader(DateType())('"2013-01-31"')
    datetime.date(2013, 1, 31)
    >>> reader(BooleanType(), Style.BRACKETS)('"true"')
    True
    """
    string = string_reader(max_string_length, expectation(type_))
    match type_:
        case JSONType():
            return (lambda lexeme: parse_json(string(lexeme))) if style is Style.BRACKETS else parse_json
        case ArrayType():
            element = reader(
                type_.element, style, lenient=lenient, timezone=timezone, max_string_length=max_string_length
            )
            return read_list(element, max_list_length)
        case TextType():
            without = frozenset(type_.without)
            return (lambda lexeme: within_text(without, string(lexeme))) if without else string
        case EnumType():
            return enum_reader(type_, style, lenient=lenient, string=string)
        case IntegerType() | FloatType() | DecimalType() | BooleanType():
            return _bare_reader(type_, style, string, lenient=lenient)
        case _:
            of_text = _quoted_parser(type_, timezone)
            return lambda lexeme: of_text(string(lexeme))


def _bare_reader(
    type_: BareType, style: Style, string: Callable[[str], str], *, lenient: bool
) -> Callable[[str], Scalar]:
    parse = _bare_parser(type_)
    if style is Style.BRACKETS:
        return lambda lexeme: parse(string(lexeme))
    if lenient or isinstance(type_, DecimalType):  # JSON writers put decimals into strings
        return lambda lexeme: parse(string(lexeme) if lexeme[0] == '"' else lexeme)
    return parse


def _bare_parser(type_: BareType) -> Callable[[str], Scalar]:
    match type_:
        case IntegerType():
            return integer_parser(type_)
        case FloatType():
            return float_parser(type_)
        case DecimalType():
            return decimal_parser(type_)
        case BooleanType():
            return _boolean_of
        case _:
            assert_never(type_)


def _boolean_of(text: str) -> bool:
    value = BOOLEANS.get(text)
    if value is None:
        raise mismatch(expectation(BooleanType()))
    return value


def _quoted_parser(type_: QuotedType, timezone: dt.tzinfo | None) -> Callable[[str], Scalar]:
    expected = expectation(type_)
    match type_:
        case DateType():
            return lambda text: date_of(text, expected)
        case DateTimeType():
            return datetime_parser(type_, timezone)
        case TimeType():
            return time_parser(type_)
        case DurationType():
            return duration_parser(type_)
        case UUIDType():
            return lambda text: uuid_of(text, expected)
        case BytesType():
            return lambda text: bytes_of(text, expected)
        case _:
            assert_never(type_)


def read_list(element: Callable[[str], Scalar], max_length: int) -> Callable[[str], tuple[Scalar, ...]]:
    """Return the function from the text of a list of strings and numbers to the tuple of its values.

    The number of elements is checked before any is read. The `element` of a `ValueProblem` says which
    one is wrong.

    >>> read_list(reader(IntegerType()), 3)("[1, 2]")
    (1, 2)
    """

    def read(lexeme: str) -> tuple[Scalar, ...]:
        if lexeme[0] != "[":
            raise mismatch("a list of values")
        elements = split_list(lexeme)
        if len(elements) > max_length:
            message = f"more than {max_length} values in a list"
            raise ValueProblem(ErrorCode.LIMIT_EXCEEDED, message, (f"max_list_length {max_length}",))
        values: list[Scalar] = []
        try:
            for text in elements:
                values.append(element(text))  # noqa: PERF401 - the length tells which element is wrong
        except ValueProblem as problem:
            problem.element = len(values)
            raise
        return tuple(values)

    return read


def split_list(lexeme: str) -> list[str]:
    r"""Return the literals of a list of strings and numbers, as they are written.

    >>> split_list('["a,\\"b", 2]')
    ['"a,\\"b"', '2']
    """
    found: list[str] = _element().findall(lexeme)
    return found


@cache
def _element() -> re.Pattern[str]:
    return re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*"|[^\s,\[\]"]++', re.DOTALL)
