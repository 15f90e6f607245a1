"""The engine: a Tortoise model, its schema, what Tortoise can do exactly, and filters to query sets."""

from __future__ import annotations

from types import MappingProxyType
from typing import Generic, Literal, TypeVar

from tortoise.models import Model

from queryengine.aggregates import AggregateAST, AggregateCapabilities
from queryengine.ast import FilterAST
from queryengine.engine import FULL, Capabilities
from queryengine.schema import ModelSchema, TypeKind
from queryengine.settings import check_word
from queryengine.sql_aggregates import aggregates_on
from queryengine_tortoise.aggregate_query import TortoiseAggregateQuery
from queryengine_tortoise.aggregates import BoundAggregate
from queryengine_tortoise.describe import describe
from queryengine_tortoise.dialects import TextRules
from queryengine_tortoise.loading import Loader
from queryengine_tortoise.results import TortoiseQueryResult
from queryengine_tortoise.schema import SchemaReader
from queryengine_tortoise.statements import Settings, Statements

__all__ = ["TortoiseQueryEngine"]

ModelT = TypeVar("ModelT", bound=Model)

DIALECTS = (None, "sqlite", "postgresql")
TEXT_ORDERS = ("codepoint", "database", "database_is_codepoint")
NULL_ORDERS = ("smallest", "largest")
CASE_FOLDS = ("ascii", "unicode")


class TortoiseQueryEngine(Generic[ModelT]):
    """The engine for a Tortoise model. It is made before `Tortoise.init`; queries are built after it.

    `dialect` names the one database that queries run on; without it the engine does what SQLite and
    PostgreSQL both do. `use_tz` is what `Tortoise.init` is given. `text_order="database"` gives the order of
    text by code point up, in favour of the database's collation; `"database_is_codepoint"` promises that the
    collation is one by code point. `null_order="largest"` makes null the largest value.
    `case_fold="unicode"` leaves the folding of the `i…` operators to the database's `lower`, so that rows may
    differ between databases.

    Raises ConfigurationError for other words, and, when the schema is first asked for, for other classes.

    >>> from tortoise import fields
    >>> class Flight(Model):
    ...     id = fields.IntField(primary_key=True)
    ...     delay = fields.IntField(null=True)
    >>> TortoiseQueryEngine(Flight).schema.fields["delay"].nullable
    True
    """

    def __init__(
        self,
        model: type[ModelT],
        *,
        dialect: Literal["sqlite", "postgresql"] | None = None,
        use_tz: bool = True,
        text_order: Literal["codepoint", "database", "database_is_codepoint"] = "codepoint",
        null_order: Literal["smallest", "largest"] = "smallest",
        case_fold: Literal["ascii", "unicode"] = "ascii",
    ) -> None:
        check_word("dialect", dialect, DIALECTS)
        check_word("text_order", text_order, TEXT_ORDERS)
        check_word("null_order", null_order, NULL_ORDERS)
        check_word("case_fold", case_fold, CASE_FOLDS)
        self._model = model
        self._dialect: Literal["sqlite", "postgresql"] | None = dialect
        self._capabilities = _capabilities(dialect, text_order, null_order)
        self._reader = SchemaReader(dialect, use_tz=use_tz)
        self._statements = Statements(Settings(dialect, TextRules(text_order, case_fold), use_tz))
        self._loader = Loader(self._statements)

    @property
    def model(self) -> type[ModelT]:
        """The model whose rows the queries return."""
        return self._model

    @property
    def schema(self) -> ModelSchema[ModelT]:
        """The model as filters see it, read from its class when it is first asked for."""
        return self._reader.read(self._model)

    @property
    def capabilities(self) -> Capabilities:
        """What Tortoise can do exactly on the engine's databases."""
        return self._capabilities

    def build_query(self, ast: FilterAST) -> TortoiseQueryResult[ModelT]:
        """Return the query set of a bound filter. Tortoise has to be initialised; nothing is asked of it."""
        queryset = self._loader.queryset(self._model, ast)
        return TortoiseQueryResult(queryset, ast.projection, ast.order, filter=ast)

    def execute_query(self, ast: FilterAST) -> TortoiseQueryResult[ModelT]:
        """Return the same as `build_query`: a `QuerySet` is ready to be awaited."""
        return self.build_query(ast)

    @property
    def aggregates(self) -> AggregateCapabilities:
        """Which aggregates the engine's databases give exactly."""
        return aggregates_on(self._dialect)

    def build_aggregate(self, ast: AggregateAST) -> TortoiseAggregateQuery:
        """Return the query of a bound aggregate, to be awaited for tuples. Tortoise has to be initialised."""
        return TortoiseAggregateQuery(BoundAggregate(self._statements, self._model, ast))

    def describe_query(self, ast: FilterAST) -> str:
        """Return the SQL of a filter and its parameters; of SQLite, where the engine is told no dialect."""
        return describe(self._statements, self._model, ast, self._dialect)


def _capabilities(
    dialect: str | None, text_order: str, null_order: Literal["smallest", "largest"]
) -> Capabilities:
    gaps, notes = _gaps(dialect)
    return Capabilities(
        backend="tortoise",
        operators=MappingProxyType(
            {kind: names - gaps.get(kind, frozenset()) for kind, names in FULL.items()}
        ),
        null_order=null_order,
        cursor=text_order != "database",
        notes=notes,
    )


def _gaps(dialect: str | None) -> tuple[dict[TypeKind, frozenset[str]], MappingProxyType[str, str]]:
    """The operators that are missing, by kind, and why."""
    notes = {"cursor": "texts are ordered by the database's collation, which cursors cannot follow"}
    if dialect == "postgresql":
        return {}, MappingProxyType(notes)
    where = 'name the engine\'s database: dialect="postgresql"' if dialect is None else "PostgreSQL has it"
    notes["regex"] = f"SQLite has no regular expressions; {where}"
    for word in ("eq", "ne"):
        notes[f"{TypeKind.JSON}:{word}"] = f"SQLite compares JSON as text, not by value; {where}"
    gaps = {TypeKind.TEXT: frozenset({"regex"}), TypeKind.JSON: frozenset({"eq", "ne"})}
    return gaps, MappingProxyType(notes)
