"""So many related rows for each row: which of them are fetched, and which of these a row gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from pypika_tortoise.context import SqlContext
from tortoise.fields.relational import ReverseRelation
from tortoise.models import Model

from queryengine.ast import FilterAST, Slot, Step, Value
from queryengine_tortoise.compiler import Place
from queryengine_tortoise.meta import key_of, related_model, relation_of, shows_all, table_of
from queryengine_tortoise.schema import relation_attribute
from queryengine_tortoise.sql import SQL, Bind, joined, name, sql, write
from queryengine_tortoise.statements import Statements, directed

__all__ = ["Cut", "Nearest"]

KEY: Final = "qe_key"
NUMBER: Final = "qe_number"


@dataclass(frozen=True, slots=True)
class Cut:
    """The window of an include: over the rows that a step leads to from each row of a model."""

    statements: Statements
    model: type[Model]
    step: Step
    filter: FilterAST

    @property
    def narrows(self) -> bool:
        """Whether the database can be asked for fewer rows: it has to see the same rows as the service."""
        return self.filter.window.limit is not None and bool(self.filter.order) and shows_all(self.target)

    @property
    def target(self) -> type[Model]:
        """The model of the related rows."""
        relation = relation_of(self.model, relation_attribute(self.step))
        assert relation is not None, "relations only are included"
        return related_model(relation)

    @property
    def bounds(self) -> tuple[int, int | None]:
        """The places of the first related row that a row gets, and of the one behind the last."""
        limit, offset = self.filter.window.limit, self.filter.window.offset
        if isinstance(limit, Slot) or isinstance(offset, Slot):
            raise TypeError("the template of a shape has no values; build the query of a filter")
        return offset, None if limit is None else offset + limit

    def apply(self, rows: Sequence[Model]) -> None:
        """Leave each row those of its related rows that are within the window; they are in order."""
        first, behind = self.bounds
        for row in rows:
            # Any: Tortoise does not say of what; it has no other way to put related rows in their place.
            related: ReverseRelation[Any] = getattr(row, relation_attribute(self.step))
            taken = list(related)[first:behind]
            cast("Any", related)._set_result_for_query(taken)  # noqa: SLF001


@dataclass(frozen=True, slots=True)
class Nearest:
    """The condition of the rows that come before the end of a window, for any of the parents.

    A row that two parents have may come early for the one and late for the other, and both get it:
    `Cut.apply` takes it from the other.
    """

    cut: Cut
    parents: Sequence[Model]

    def condition(self, context: SqlContext) -> str:
        """Return its text; its values are added to the parameters of the statement."""
        return write(self._sql(context), self.cut.filter.values, context)

    def _keys(self) -> Value:
        return cast("Value", tuple(key_of(row) for row in self.parents))

    def _sql(self, context: SqlContext) -> SQL:
        cut = self.cut
        compiler = cut.statements.compiler(context.dialect)
        parent = compiler.alias(cut.model)
        link = compiler.link(parent, cut.step)
        where = None if cut.filter.where is None else compiler.compile(cut.filter.where, link.place)
        keys = [directed(compiler.ordered(key.path, link.place), key) for key in cut.filter.order]
        ranked = sql(
            "SELECT {} AS {}, ROW_NUMBER() OVER (PARTITION BY {} ORDER BY {}) AS {} FROM {} AS {}, {}"
            " WHERE {} IN ({}) AND {}",
            link.place.key(),
            name(KEY),
            parent.key(),
            joined(", ", keys),
            name(NUMBER),
            parent.table(),
            name(parent.alias),
            link.source,
            parent.key(),
            Bind(self._keys(), each="{}"),
            compiler.meant(link, cut.step, where),
        )
        _, behind = cut.bounds
        return sql(
            "{} IN (SELECT {} FROM ({}) AS {} WHERE {} <= {})",
            Place(table_of(cut.target).name, cut.target).key(),
            name(KEY),
            ranked,
            name("qe_ranked"),
            name(NUMBER),
            Bind(behind),
        )
