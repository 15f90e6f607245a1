"""How each database stores the values of a type: what of a column is compared, and with what."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, LiteralString, TypeAlias, cast

from queryengine.ast import JSONDocument
from queryengine.schema import (
    ArrayType,
    BooleanType,
    DateTimeType,
    DateType,
    DecimalType,
    DurationType,
    EnumType,
    FieldType,
    JSONType,
    UUIDType,
)
from queryengine_tortoise.sql import SQL, Encode, sql

__all__ = ["Form", "instant", "postgresql_form", "postgresql_number", "sqlite_form"]

Read: TypeAlias = Callable[[SQL], SQL]

EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND: Final = dt.timedelta(microseconds=1)


def _as_it_is(column: SQL) -> SQL:
    return column


@dataclass(frozen=True, slots=True)
class Form:
    """What of a column has the order and equality of its type, and how an operand is made the same."""

    read: Read = _as_it_is
    encode: Encode | None = None
    operand: LiteralString = "{}"

    def taken(self) -> Form:
        """Return the form of what was read of a column already, by a query within the query."""
        return replace(self, read=_as_it_is)


PLAIN: Final = Form()


def sqlite_form(type_: FieldType) -> Form:
    """Return the form of a type in Tortoise's tables on SQLite."""
    match type_:
        case DecimalType():
            # Tortoise stores text, with as many zeros at the end as it happened to get.
            return Form(_as_number, _decimal_text, "CAST({} AS NUMERIC)")
        case DateTimeType():
            return Form(_instant, _microseconds_since_epoch) if type_.aware else Form(encode=_wall_clock)
        case DateType():
            return Form(encode=_date_text)
        case UUIDType():
            return Form(encode=_uuid_text)
        case BooleanType():
            return Form(encode=_number_of)
        case DurationType():
            return Form(encode=_microseconds)
        case EnumType():
            return Form(encode=_enum_value)
        case _:
            return PLAIN


def postgresql_form(type_: FieldType, array: LiteralString | None = None) -> Form:
    """Return the form of a type in Tortoise's tables on PostgreSQL; `array` makes operands arrays."""
    match type_:
        case DurationType():
            return Form(encode=_microseconds)
        case EnumType():
            return Form(encode=_enum_value)
        case JSONType():
            return Form(encode=_json_text, operand="CAST({} AS JSONB)")
        case ArrayType():
            return Form(encode=_items, operand=array or "{}")
        case _:
            return PLAIN


def postgresql_number() -> Form:
    """Return the form of numbers within JSON documents."""
    return Form(encode=_exact)


# -- what is compared


def _as_number(column: SQL) -> SQL:
    return sql("CAST({} AS NUMERIC)", column)


def _instant(column: SQL) -> SQL:
    """Microseconds since 1970 in UTC. Tortoise stores text, with the offset that the value happened to have.

    The offset is worked out here, as strftime knows no seconds in it; the fraction too, as it would round.
    """
    zone = sql("ltrim(substr({}, 20), '.0123456789')", column)
    return sql(
        "((CAST(strftime('%s', substr({}, 1, 19)) AS INTEGER)"
        " - CASE substr({}, 1, 1) WHEN '-' THEN -1 ELSE 1 END"
        " * (substr({}, 2, 2) * 3600 + substr({}, 5, 2) * 60 + substr({}, 8, 2))) * 1000000"
        " + CASE substr({}, 20, 1) WHEN '.' THEN CAST(substr({}, 21, 6) AS INTEGER) ELSE 0 END)",
        *(column, zone, zone, zone, zone, column, column),
    )


# -- what it is compared with


def _decimal_text(value: object) -> str:
    return str(cast("Decimal", value))


def _microseconds_since_epoch(value: object) -> int:
    return (cast("dt.datetime", value) - EPOCH) // MICROSECOND


def instant(microseconds: int) -> dt.datetime:
    """Return the instant so many microseconds after 1970 began, as SQLite compares them.

    >>> instant(1_500_000).isoformat()
    '1970-01-01T00:00:01.500000+00:00'
    """
    return EPOCH + microseconds * MICROSECOND


def _wall_clock(value: object) -> str:
    return cast("dt.datetime", value).isoformat(" ")


def _date_text(value: object) -> str:
    return cast("dt.date", value).isoformat()


def _uuid_text(value: object) -> str:
    return str(cast("uuid.UUID", value))


def _number_of(value: object) -> int:
    return int(cast("bool", value))


def _microseconds(value: object) -> int:
    return cast("dt.timedelta", value) // MICROSECOND


def _enum_value(value: object) -> int | str:
    member = cast("enum.Enum", value)
    return int(member) if isinstance(member, enum.IntEnum) else str(member.value)


def _json_text(value: object) -> str:
    return cast("JSONDocument", value).text


def _items(value: object) -> list[object]:
    return list(cast("tuple[object, ...]", value))


def _exact(value: object) -> Decimal:
    """The decimal that a double's shortest text says, as JSON has it."""
    return Decimal(repr(value))
