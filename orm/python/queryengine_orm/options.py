"""What the body of a mapped class says of a column and of a relation. Knows neither classes nor tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from queryengine.schema import FieldType
from queryengine_orm.constraints import ForeignKey, Hint, Secondary
from queryengine_orm.tracking import MISSING

__all__ = ["ColumnOptions", "RelationOptions"]


@dataclass(frozen=True, slots=True)
class ColumnOptions:
    """What `mapped_column` was told."""

    column_type: FieldType | Hint | None = None
    foreign_key: ForeignKey | None = None
    name: str | None = None
    primary_key: bool = False
    unique: bool = False
    index: bool = False
    check: str | None = None
    version: bool = False
    hidden: bool = False
    document: type[object] | None = None
    default: object = field(default=MISSING)
    default_factory: Callable[[], object] | None = None

    @property
    def has_default(self) -> bool:
        """Whether a new object gets a value by itself."""
        return self.default is not MISSING or self.default_factory is not None

    def make_default(self) -> object:
        """Return the value of a new object."""
        return self.default if self.default_factory is None else self.default_factory()


@dataclass(frozen=True, slots=True)
class RelationOptions:
    """What `relationship` was told."""

    foreign_key: str | tuple[str, ...] | None = None
    secondary: Secondary | None = None
    hidden: bool = False
    orphans: Literal["delete"] | None = None
