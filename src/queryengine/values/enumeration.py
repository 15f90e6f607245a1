"""Enumerations: their members by the values that stand for them in a filter."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from queryengine.errors import ConfigurationError, ErrorCode
from queryengine.parsed import Style
from queryengine.schema import EnumType
from queryengine.values.numeric import exact_number, is_number
from queryengine.values.problem import ValueProblem

__all__ = ["BOOLEANS", "enum_reader", "enum_value"]

BOOLEANS: Final[Mapping[str, bool]] = {"true": True, "false": False}
EXPECTED: Final = "a number"
MENTIONED: Final = 20
"""members that an error lists; more would hide the message"""

Key = tuple[str, str | bool | Decimal]
"""The JSON type of a literal and its value, so that 1, "1" and true are three keys, and 1 and 1.0 are one."""


def enum_value(member: enum.Enum) -> str | bool | float:
    """Return what stands for a member in a filter: its value, as text where JSON has no such type.

    >>> enum_value(enum.Enum("Color", {"RED": "red"}).RED)
    'red'
    """
    value: object = member.value
    match value:
        case bool() | str() | int() | float():
            return value
        case Decimal() | uuid.UUID():
            return str(value)
        case dt.date() | dt.time():  # a date-time is a date
            return value.isoformat()
        case _:
            name = f"{type(member).__name__}.{member.name}"
            raise ConfigurationError(f"{name} has a value that no literal can stand for")


def enum_reader(
    type_: EnumType, style: Style, *, lenient: bool, string: Callable[[str], str]
) -> Callable[[str], enum.Enum]:
    """Return the function from a literal to a member.

    A JSON literal must have the JSON type of the member's value. The text of brackets (or of a lenient
    policy) stands for the member whose value is that text, or else that number, true or false.
    """
    members = {_key(enum_value(member)): member for member in type_.enum}
    as_text = lenient or style is Style.BRACKETS
    listed = tuple(str(enum_value(member)) for member in list(type_.enum)[:MENTIONED])
    more = " ..." if len(type_.enum) > MENTIONED else ""

    def read(lexeme: str) -> enum.Enum:
        if lexeme[0] == '"':
            text = string(lexeme)
            member = members.get(("string", text))
            if member is None and as_text:
                member = members.get(_bare(text))
        else:
            member = members.get(_bare(lexeme))
        if member is None:
            raise ValueProblem(ErrorCode.TYPE_MISMATCH, f"expected one of {', '.join(listed)}{more}", listed)
        return member

    return read


def _key(value: str | bool | float) -> Key:
    match value:
        case bool():
            return "boolean", value
        case str():
            return "string", value
        case _:
            return "number", Decimal(repr(value))


def _bare(text: str) -> Key:
    if text in BOOLEANS:
        return "boolean", BOOLEANS[text]
    return ("number", exact_number(text, EXPECTED)) if is_number(text) else ("string", text)
