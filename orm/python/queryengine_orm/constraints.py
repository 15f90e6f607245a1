"""What a class says of its table: lengths, foreign keys, uniqueness, indexes, checks, tables between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = [
    "Check",
    "CheckedEnum",
    "Constraint",
    "ForeignKey",
    "ForeignKeyConstraint",
    "Hint",
    "Index",
    "NativeEnum",
    "OnDelete",
    "Secondary",
    "String",
    "Unique",
]

OnDelete: TypeAlias = Literal["cascade", "set null", "restrict", "no action"]
"""What the database does to the rows that refer to one that is deleted."""


@dataclass(frozen=True, slots=True)
class String:
    """Text of at most `length` characters, `VARCHAR(length)`: `mapped_column(String(50))`."""

    length: int


@dataclass(frozen=True, slots=True)
class NativeEnum:
    """An enum that is a type of PostgreSQL's own: `mapped_column(NativeEnum("mood"))`.

    `create_all` makes the type, and `drop_all` drops it; without a name it is called as the class is, in
    lower case with underscores. On SQLite it is a `CheckedEnum`.
    """

    name: str | None = None


@dataclass(frozen=True, slots=True)
class CheckedEnum:
    """An enum whose values, texts or whole numbers, the table checks: `mapped_column(CheckedEnum())`."""


Hint: TypeAlias = String | NativeEnum | CheckedEnum
"""How a column is kept, of which its annotation says nothing."""


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A column that holds the key of another row: `mapped_column(ForeignKey("users.id"))`.

    `target` is a table and its column, by their names in the database. With `enforced=False` the database is
    not told: a key may then name a row that is not there.
    """

    target: str
    on_delete: OnDelete | None = None
    enforced: bool = True


@dataclass(frozen=True, slots=True)
class ForeignKeyConstraint:
    """Columns that together hold the key of another row, for `__constraints__`.

    `ForeignKeyConstraint(("order_id", "line"), ("lines.order_id", "lines.number"))`: attributes of this
    class, and the columns of one table that they refer to, in the same order. Where one of them is null,
    there is no such row.
    """

    attributes: tuple[str, ...]
    targets: tuple[str, ...]
    on_delete: OnDelete | None = None
    enforced: bool = True


@dataclass(frozen=True, slots=True)
class Secondary:
    """The table between two models: `local` names this one's primary key, `remote` the other's.

    A key of several columns has several names here, in their order.
    """

    table: str
    local: str | tuple[str, ...]
    remote: str | tuple[str, ...]


@dataclass(frozen=True, slots=True, init=False)
class Unique:
    """Attributes whose values together are in one row only."""

    attributes: tuple[str, ...]

    def __init__(self, *attributes: str) -> None:
        object.__setattr__(self, "attributes", attributes)


@dataclass(frozen=True, slots=True, init=False)
class Index:
    """Attributes that an index is made of, in this order."""

    attributes: tuple[str, ...]

    def __init__(self, *attributes: str) -> None:
        object.__setattr__(self, "attributes", attributes)


@dataclass(frozen=True, slots=True)
class Check:
    """A condition on every row, in SQL and with the names of columns. It is the author's own text."""

    sql: str


Constraint = Unique | Index | Check | ForeignKeyConstraint
"""What `__constraints__` of a mapped class lists."""
