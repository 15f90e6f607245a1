"""Pieces of SQL: our own words, quoted names, and values, which become parameters when it is written."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import LiteralString, TypeAlias, cast

from pypika_tortoise.context import SqlContext
from pypika_tortoise.enums import Dialects

from queryengine.ast import Slot, Value

__all__ = ["SQL", "Bind", "Encode", "joined", "name", "sql", "write"]

Native: TypeAlias = object
"""A value as the database's driver takes it."""

Encode: TypeAlias = "Callable[[object], Native]"


class Bind:
    """The place of a value, which `encode` turns into what the driver takes.

    Of a list `each` makes one place for each item, with commas between.
    """

    __slots__ = ("each", "encode", "value")

    def __init__(
        self, value: Value, encode: Encode | None = None, *, each: LiteralString | None = None
    ) -> None:
        self.value: Value = value
        self.encode: Encode | None = encode
        self.each = each


class SQL:
    """A piece of SQL: text and places of values, in order."""

    __slots__ = ("parts",)

    def __init__(self, parts: Iterable[str | Bind]) -> None:
        self.parts: tuple[str | Bind, ...] = tuple(parts)


def sql(template: LiteralString, *pieces: SQL | Bind) -> SQL:
    """Return the template with a piece for each `{}`. The template is our own text, never a caller's.

    >>> sql("{} = {}", name("a"), Bind(5)).parts[0]
    '"a" = '
    """
    texts = template.split("{}")
    if len(texts) != len(pieces) + 1:
        raise ValueError(f"{len(pieces)} pieces for {template!r}")
    parts: list[str | Bind] = [texts[0]]
    for piece, text in zip(pieces, texts[1:], strict=True):
        _append(parts, (piece,) if isinstance(piece, Bind) else piece.parts)
        _append(parts, (text,))
    return SQL(parts)


def _append(parts: list[str | Bind], more: Iterable[str | Bind]) -> None:
    for part in more:
        last = parts[-1] if parts else None
        if isinstance(part, str) and isinstance(last, str):
            parts[-1] = last + part
        else:
            parts.append(part)


def joined(separator: LiteralString, pieces: Sequence[SQL]) -> SQL:
    """Return the pieces with a separator between them."""
    parts: list[str | Bind] = []
    for place, piece in enumerate(pieces):
        _append(parts, (separator, *piece.parts) if place else piece.parts)
    return SQL(parts)


def name(*names: str | None) -> SQL:
    """Return a quoted name; of several, such as a table and its column, with dots between. None is left out.

    >>> name(None, 'a"b', "c").parts
    ('"a""b"."c"',)
    """
    return SQL([".".join('"' + part.replace('"', '""') + '"' for part in names if part is not None)])


def write(piece: SQL, values: Sequence[Value], context: SqlContext) -> str:
    """Return the text of a piece, its values added to the query's parameters. `values` are those of slots."""
    texts: list[str] = []
    for part in piece.parts:
        if isinstance(part, str):
            texts.append(part)
            continue
        value: object = part.value
        if isinstance(value, Slot):
            value = values[value.index]
        if part.encode is not None:
            value = part.encode(value)
        if part.each is None:
            texts.append(_parameter(value, context))
        else:
            items = [_parameter(item, context) for item in cast("Sequence[object]", value)]
            texts.append(",".join([part.each.replace("{}", item) for item in items]))
    return "".join(texts)


def _parameter(value: Native, context: SqlContext) -> str:
    if context.parameterizer is None:
        return _literal(value, on_postgresql=context.dialect is Dialects.POSTGRESQL)
    return context.parameterizer.create_param(value).get_sql(context)


def _literal(value: Native, *, on_postgresql: bool) -> str:
    """Write a value out, where Tortoise wants a query without parameters: for its `explain`."""
    match value:
        case bool():
            return ("TRUE" if value else "FALSE") if on_postgresql else str(int(value))
        case Decimal() | int() | float():
            return str(value)
        case bytes():
            return f"'\\x{value.hex()}'" if on_postgresql else f"X'{value.hex()}'"
        case list():
            items = cast("list[object]", value)
            return f"ARRAY[{','.join(_literal(item, on_postgresql=on_postgresql) for item in items)}]"
        case str():
            return _text_literal(value, on_postgresql=on_postgresql)
        case dt.date() | dt.time() | uuid.UUID():
            return _text_literal(str(value), on_postgresql=on_postgresql)
        case _:
            raise TypeError(f"no parameter is a {type(value).__name__}")


def _text_literal(text: str, *, on_postgresql: bool) -> str:
    quoted = "'" + text.replace("'", "''") + "'"
    if on_postgresql and "\\" in quoted:
        return "E" + quoted.replace("\\", "\\\\")  # means the same whatever the server's settings are
    return quoted
