"""A filter's condition and order as parts of Tortoise's statements, compiled once for each shape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from pypika_tortoise.context import SqlContext
from pypika_tortoise.enums import Dialects
from pypika_tortoise.terms import Criterion
from pypika_tortoise.utils import format_alias_sql
from tortoise.models import Model
from tortoise.timezone import get_use_tz

from queryengine.ast import FilterAST, Nulls, OrderKey
from queryengine.errors import ConfigurationError
from queryengine.pages import count_filter
from queryengine_tortoise.column_types import Database
from queryengine_tortoise.compiler import ConditionCompiler, Place
from queryengine_tortoise.dialects import TextRules, dialect_of
from queryengine_tortoise.meta import table_of
from queryengine_tortoise.sql import SQL, Bind, name, sql, write

__all__ = ["BoundFilter", "Compiled", "Settings", "Statements", "Term", "directed"]

DIRECTIONS: Final[dict[tuple[bool, Nulls | None], SQL]] = {
    (False, None): sql("ASC"),
    (True, None): sql("DESC"),
    (False, Nulls.FIRST): sql("ASC NULLS FIRST"),
    (True, Nulls.FIRST): sql("DESC NULLS FIRST"),
    (False, Nulls.LAST): sql("ASC NULLS LAST"),
    (True, Nulls.LAST): sql("DESC NULLS LAST"),
}
OPPOSITE: Final[dict[Nulls | None, Nulls | None]] = {
    None: None,
    Nulls.FIRST: Nulls.LAST,
    Nulls.LAST: Nulls.FIRST,
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What an engine is told: its database (None: SQLite or PostgreSQL), how text compares, `use_tz`."""

    database: Database | None
    text: TextRules
    use_tz: bool

    def check(self, dialects: Dialects) -> None:
        """Raise ConfigurationError where the connection is not as the engine was told."""
        if self.database not in (None, dialects.value):
            raise ConfigurationError(
                f"the engine is for {self.database}, the connection for {dialects.value}"
            )
        if get_use_tz() is not self.use_tz:
            raise ConfigurationError(
                f"the engine has use_tz={self.use_tz}, and Tortoise was initialised with {get_use_tz()}"
            )


@dataclass(frozen=True, slots=True)
class Compiled:
    """A filter in the words of one database: its condition, what its rows are sorted by, and these values."""

    where: SQL | None
    order: tuple[SQL, ...]
    keys: tuple[SQL, ...]


Form: TypeAlias = tuple[Dialects, str]
"""What a compiled filter depends on besides its shape: the database, and the name of the table."""


class Statements:
    """The compiled filters of an engine, which each shape holds under this object."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def compiled(self, ast: FilterAST, model: type[Model], dialects: Dialects) -> Compiled:
        """Return the parts of a filter; those of a shape have places for the values of `ast`."""
        shape, table = ast.shape, table_of(model).name
        if shape is None:
            return self._compile(ast, Place(table, model), dialects)
        known: dict[Form, Compiled] = shape.compiled.setdefault(self, {})
        form = dialects, table
        if form not in known:
            known[form] = self._compile(shape.template, Place(table, model), dialects)
        return known[form]

    def compiler(self, dialects: Dialects) -> ConditionCompiler:
        """Return a compiler for a statement of its own. Raises ConfigurationError for another database."""
        self.settings.check(dialects)
        return self._compiler(dialects)

    def _compiler(self, dialects: Dialects) -> ConditionCompiler:
        return ConditionCompiler(dialect_of(dialects, self.settings.text))

    def _compile(self, ast: FilterAST, place: Place, dialects: Dialects) -> Compiled:
        compiler = self._compiler(dialects)
        where = None if ast.where is None else compiler.compile(ast.where, place)
        paths = [key.path for key in ast.order]
        order = tuple([compiler.ordered(path, place) for path in paths])
        return Compiled(where, order, tuple([compiler.value(path, place) for path in paths]))


def directed(column: SQL, key: OrderKey, *, turned: bool = False) -> SQL:
    """Return what rows are sorted by with the direction of a key; `turned` round, as for the last rows."""
    nulls = OPPOSITE[key.nulls] if turned else key.nulls
    return sql("{} {}", column, DIRECTIONS[key.descending is not turned, nulls])


class BoundFilter:
    """One filter over the rows of a model, to be written into the statements of whichever connection."""

    def __init__(self, statements: Statements, model: type[Model], ast: FilterAST) -> None:
        self.model = model
        self.ast = ast
        self._statements = statements

    def condition(self, context: SqlContext) -> str:
        """Return the condition of a filter that has one."""
        where = self._compiled(context).where
        assert where is not None, "a filter without a condition is not asked for it"
        return write(where, self.ast.values, context)

    def key(self, number: int, context: SqlContext, *, turned: bool) -> str:
        """Return one key of the order with its direction; `turned` round, as for the last rows."""
        key, column = self.ast.order[number], self._compiled(context).order[number]
        return write(directed(column, key, turned=turned), self.ast.values, context)

    def value(self, number: int, context: SqlContext) -> str:
        """Return the value of one key of the order, as the database stores it."""
        return write(self._compiled(context).keys[number], self.ast.values, context)

    def counted(self) -> BoundFilter:
        """Return the filter of all rows that the pages of this one show together."""
        return BoundFilter(self._statements, self.model, count_filter(self.ast))

    def number(self, most: int | None, context: SqlContext) -> str:
        """Return the number of the rows that meet the condition, or that there are more than `most`."""
        table, where = table_of(self.model), self._compiled(context).where
        rows = sql("SELECT 1 FROM {}", name(table.schema, table.name))
        if where is not None:
            rows = sql("{} WHERE {}", rows, where)
        if most is not None:
            rows = sql("{} LIMIT {}", rows, Bind(most + 1))
        counted = sql('(SELECT COUNT(*) FROM ({}) AS "qe_rows")', rows)
        return write(counted, self.ast.values, context)

    def _compiled(self, context: SqlContext) -> Compiled:
        self._statements.settings.check(context.dialect)
        return self._statements.compiled(self.ast, self.model, context.dialect)


class Term(Criterion):
    """A part of a statement that is written when the statement is, and for its database."""

    def __init__(self, text: Callable[[SqlContext], str]) -> None:
        super().__init__()
        self._text = text

    def get_sql(self, ctx: SqlContext) -> str:
        """Return the text; its values are added to the parameters of the statement."""
        text = self._text(ctx)
        return format_alias_sql(text, self.alias, ctx) if ctx.with_alias else text
