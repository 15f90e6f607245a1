"""What Rust does for queryengine-orm; mypy's stubtest holds these words against the built module."""

from collections.abc import Iterator
from typing import Any, Final, final, overload

__all__ = ["Row", "Rows", "version"]

version: Final[str]

@final
class Row:
    """One row: by index, by name, as attribute; it compares as the tuple of its values."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Any]: ...
    @overload
    def __getitem__(self, key: int | str, /) -> Any: ...
    @overload
    def __getitem__(self, key: slice, /) -> tuple[Any, ...]: ...
    def __getattribute__(self, name: str, /) -> Any: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __lt__(self, other: Row | tuple[Any, ...], /) -> bool: ...
    def __le__(self, other: Row | tuple[Any, ...], /) -> bool: ...
    def __gt__(self, other: Row | tuple[Any, ...], /) -> bool: ...
    def __ge__(self, other: Row | tuple[Any, ...], /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Rows:
    """The rows of one answer, in order: a sequence of `Row`, decoded when they are touched."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in order."""

    @property
    def affected(self) -> int:
        """How many rows the statement wrote, or gave."""

    @property
    def tag(self) -> str:
        """What PostgreSQL says it did, `INSERT 0 1`; empty for SQLite."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Row]: ...
    @overload
    def __getitem__(self, key: int, /) -> Row: ...
    @overload
    def __getitem__(self, key: slice, /) -> list[Row]: ...
    def tuples(self) -> list[tuple[Any, ...]]:
        """Return every row as a tuple."""

    def dicts(self) -> list[dict[str, Any]]:
        """Return every row as a dict; of columns of one name the last counts."""

    def column(self, key: int | str) -> list[Any]:
        """Return the values of one column, given by index or name."""
