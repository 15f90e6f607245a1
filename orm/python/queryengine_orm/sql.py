"""Pieces of SQL: our own words, quoted names, and places of values. Knows the two kinds of placeholders."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, LiteralString, TypeAlias, cast

from queryengine.ast import Slot, Value
from queryengine_orm.driver import Dialect
from queryengine_orm.errors import ParameterError

__all__ = ["SQL", "Bind", "Encode", "Statement", "joined", "name", "quoted", "sql", "words"]

FEW: Final = 1_000
"""how many values of a list are parameters of their own on SQLite; more of them are one"""
MOST: Final = 32_766
"""the most parameters that SQLite takes, as it is built by default"""

Encode: TypeAlias = Callable[[object], object]
"""From a value of the mapping to what the driver takes."""


class Bind:
    """The place of a value: a slot of the statement, or a value that belongs to it.

    Of a list `each` makes one place for each item, with commas between.
    """

    __slots__ = ("each", "encode", "value")

    def __init__(
        self, value: Value | object, encode: Encode | None = None, *, each: LiteralString | None = None
    ) -> None:
        self.value: Value | object = value
        self.encode: Encode | None = encode
        self.each = each

    def of(self, values: Sequence[object]) -> object:
        """Return the parameter; `values` are those of the statement's slots."""
        value = values[self.value.index] if isinstance(self.value, Slot) else self.value
        return value if self.encode is None else self.encode(value)


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


def joined(separator: LiteralString, pieces: Iterable[SQL]) -> SQL:
    """Return the pieces with a separator between them."""
    parts: list[str | Bind] = []
    for place, piece in enumerate(pieces):
        _append(parts, (separator, *piece.parts) if place else piece.parts)
    return SQL(parts)


def words(text: str) -> SQL:
    """Return SQL that the author of a service wrote: a check, a default. Never a caller's text."""
    return SQL([text])


def quoted(identifier: str) -> str:
    """Return a name of the database in quotes.

    >>> quoted('a"b')
    '"a""b"'
    """
    return '"' + identifier.replace('"', '""') + '"'


def name(*names: str) -> SQL:
    """Return a quoted name; of several, such as a table and its column, with dots between."""
    return SQL([".".join(map(quoted, names))])


def _append(parts: list[str | Bind], more: Iterable[str | Bind]) -> None:
    for part in more:
        last = parts[-1] if parts else None
        if isinstance(part, str) and isinstance(last, str):
            parts[-1] = last + part
        elif part != "":
            parts.append(part)


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement for one database. Its text is written once; only lists on SQLite make it anew."""

    text: str | None
    binds: tuple[Bind, ...]
    parts: tuple[str | Bind, ...]
    sign: str

    @classmethod
    def of(cls, piece: SQL, dialect: Dialect) -> Statement:
        """Return a piece as a whole statement."""
        binds = tuple(part for part in piece.parts if isinstance(part, Bind))
        sign = "$" if dialect == "postgresql" else "?"
        text = None
        if not any(bind.each for bind in binds):
            text, _ = _write(piece.parts, sign, ())
        return cls(text, binds, piece.parts, sign)

    def bound(self, values: Sequence[object] = ()) -> tuple[str, list[object]]:
        """Return the text and its parameters; `values` are those of the slots."""
        if self.text is not None:
            return self.text, [bind.of(values) for bind in self.binds]
        return _write(self.parts, self.sign, values)


def _write(parts: Iterable[str | Bind], sign: str, values: Sequence[object]) -> tuple[str, list[object]]:
    texts: list[str] = []
    parameters: list[object] = []
    count = 0
    for part in parts:
        if isinstance(part, str):
            texts.append(part)
        elif part.each is None:
            count += 1
            texts.append(f"{sign}{count}")
            if values or not isinstance(part.value, Slot):
                parameters.append(part.of(values))
        else:
            items = cast("Sequence[object]", part.of(values))
            whole = json_list(items) if len(items) > FEW else None
            given = list(items) if whole is None else [whole]
            places = [f"{sign}{count + place}" for place in range(1, len(given) + 1)]
            if whole is None:
                texts.append(", ".join([part.each.replace("{}", place) for place in places]))
            else:
                each = part.each.replace("{}", "value")
                texts.append(f"SELECT {each} FROM json_each({places[0]})")  # noqa: S608  # our own words
            count += len(given)
            parameters.extend(given)
    if count > MOST and sign == "?":
        raise ParameterError(f"SQLite takes {MOST} parameters of a statement at most; given: {count}")
    return "".join(texts), parameters


def json_list(items: Sequence[object]) -> str | None:
    """Return a long list as one parameter; None where JSON does not hold its items as SQLite keeps them.

    >>> json_list([1, 2]), json_list([1.5])
    ('[1,2]', None)
    """
    listed: list[int | str] = []
    for item in items:
        if type(item) is int or type(item) is str:
            listed.append(item)
        elif isinstance(item, uuid.UUID | Decimal) or type(item) is dt.date:
            listed.append(str(item))
        else:
            return None
    return json.dumps(listed, ensure_ascii=False, separators=(",", ":"))
