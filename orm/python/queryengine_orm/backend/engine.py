"""The engine: a mapped class, its schema, what its databases can do exactly, and filters to queries."""

from __future__ import annotations

from types import MappingProxyType
from typing import Generic, Literal, TypeVar

from queryengine.aggregates import AggregateAST, AggregateCapabilities
from queryengine.ast import FilterAST
from queryengine.cost import CostWeights
from queryengine.engine import FULL, Capabilities
from queryengine.explain import Explanation
from queryengine.schema import ModelSchema, TypeKind
from queryengine.settings import check_word
from queryengine.sql_aggregates import aggregates_on
from queryengine_orm.backend.aggregates import AggregateQuery
from queryengine_orm.backend.compiler import query_of
from queryengine_orm.backend.describe import describe
from queryengine_orm.backend.explain import explain_on
from queryengine_orm.backend.results import ORMQueryResult
from queryengine_orm.backend.schema import SchemaReader
from queryengine_orm.declarative import DeclarativeBase
from queryengine_orm.dialects import TextRules
from queryengine_orm.driver import Dialect
from queryengine_orm.mapping import mapper_of

__all__ = ["ORMQueryEngine"]

ModelT = TypeVar("ModelT", bound=DeclarativeBase)

DIALECTS = (None, "sqlite", "postgresql")
TEXT_ORDERS = ("codepoint", "database", "database_is_codepoint")
NULL_ORDERS = ("smallest", "largest")
CASE_FOLDS = ("ascii", "unicode")


class ORMQueryEngine(Generic[ModelT]):
    """The engine for a mapped class.

    `dialect` names the one database that queries run on; without it the engine does what SQLite and
    PostgreSQL both do. `text_order="database"` gives the order of text by code point up, in favour of the
    database's collation; `"database_is_codepoint"` promises that the collation is one by code point.
    `null_order="largest"` makes null the largest value. `case_fold="unicode"` leaves the folding of the `i…`
    operators to the database's `lower`, so that rows may differ between databases.

    Raises ConfigurationError for other words, and, when the schema is first asked for, for other classes.
    """

    def __init__(
        self,
        model: type[ModelT],
        *,
        dialect: Literal["sqlite", "postgresql"] | None = None,
        text_order: Literal["codepoint", "database", "database_is_codepoint"] = "codepoint",
        null_order: Literal["smallest", "largest"] = "smallest",
        case_fold: Literal["ascii", "unicode"] = "ascii",
    ) -> None:
        check_word("dialect", dialect, DIALECTS)
        check_word("text_order", text_order, TEXT_ORDERS)
        check_word("null_order", null_order, NULL_ORDERS)
        check_word("case_fold", case_fold, CASE_FOLDS)
        self._model = model
        self._dialect: Dialect | None = dialect
        self._capabilities = _capabilities(dialect, text_order, null_order)
        self._reader = SchemaReader(dialect)
        self._text = TextRules(text_order, case_fold)

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
        """What the mapping can do exactly on the engine's databases."""
        return self._capabilities

    def build_query(self, ast: FilterAST) -> ORMQueryResult[ModelT]:
        """Return the query of a bound filter; nothing is asked of a database."""
        query = query_of(self._model, ast, self._text)
        return ORMQueryResult(query, ast.projection, ast.order, filter=ast)

    def execute_query(self, ast: FilterAST) -> ORMQueryResult[ModelT]:
        """Return the same as `build_query`: a `Query` is ready to be run."""
        return self.build_query(ast)

    @property
    def aggregates(self) -> AggregateCapabilities:
        """Which aggregates the engine's databases give exactly."""
        return aggregates_on(self._dialect)

    def build_aggregate(self, ast: AggregateAST) -> AggregateQuery:
        """Return the query of a bound aggregate; nothing is asked of a database."""
        return AggregateQuery(mapper_of(self._model), ast, self._text)

    def describe_query(self, ast: FilterAST) -> str:
        """Return the SQL of a filter and its parameters; of SQLite, where the engine is told no dialect.

        The queries that load related rows afterwards are not shown.
        """
        return describe(self.build_query(ast).query, self._dialect or "sqlite")

    def explain_on(self, database: str, ast: FilterAST, *, weights: CostWeights | None = None) -> Explanation:
        """Return the filter with the plan of the database of a URL, and all values.

        It waits for the database: it is for the command line, `explain` is for handlers.
        """
        return explain_on(database, self.build_query(ast), weights)


def _capabilities(
    dialect: Dialect | None, text_order: str, null_order: Literal["smallest", "largest"]
) -> Capabilities:
    gaps, notes = _gaps(dialect)
    return Capabilities(
        backend="orm",
        operators=MappingProxyType(
            {kind: names - gaps.get(kind, frozenset()) for kind, names in FULL.items()}
        ),
        null_order=null_order,
        cursor=text_order != "database",
        notes=notes,
    )


def _gaps(dialect: Dialect | None) -> tuple[dict[TypeKind, frozenset[str]], MappingProxyType[str, str]]:
    """The operators that are missing, by kind, and why."""
    notes = {
        "cursor": "texts are ordered by the database's collation, which cursors cannot follow",
    }
    if dialect == "postgresql":
        return {}, MappingProxyType(notes)
    where = 'name the engine\'s database: dialect="postgresql"' if dialect is None else "PostgreSQL has it"
    notes["regex"] = f"SQLite has no regular expressions; {where}"
    for word in ("eq", "ne"):
        notes[f"{TypeKind.JSON}:{word}"] = f"SQLite compares JSON as text, not by value; {where}"
    gaps = {TypeKind.TEXT: frozenset({"regex"}), TypeKind.JSON: frozenset({"eq", "ne"})}
    return gaps, MappingProxyType(notes)
