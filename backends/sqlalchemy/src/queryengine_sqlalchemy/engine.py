"""The engine: a mapped class, its schema, what SQLAlchemy can do exactly, and filters to queries."""

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
from queryengine_sqlalchemy.aggregates import AggregateCompiler, AggregateSelect
from queryengine_sqlalchemy.compiler import TextRules
from queryengine_sqlalchemy.describe import describe
from queryengine_sqlalchemy.explain import explain_on
from queryengine_sqlalchemy.pages import PageStatements
from queryengine_sqlalchemy.results import SQLAlchemyQueryResult
from queryengine_sqlalchemy.schema import SchemaReader
from queryengine_sqlalchemy.statement import StatementCompiler
from queryengine_sqlalchemy.template import Templates

__all__ = ["SQLAlchemyQueryEngine"]

T = TypeVar("T")

DIALECTS = (None, "sqlite", "postgresql")
TEXT_ORDERS = ("codepoint", "database", "database_is_codepoint")
NULL_ORDERS = ("smallest", "largest")
CASE_FOLDS = ("ascii", "unicode")


class SQLAlchemyQueryEngine(Generic[T]):
    """The engine for a mapped class: declarative, dataclass-mapped or SQLModel.

    `dialect` names the one database that queries run on; without it the engine does what SQLite and
    PostgreSQL both do. `text_order="database"` gives the order of text by code point up, in favour of the
    database's collation; `"database_is_codepoint"` promises that the collation is one by code point.
    `null_order="largest"` makes null the largest value. `case_fold="unicode"` leaves the folding of the `i…`
    operators to the database's `lower`, so that rows may differ between databases.

    Raises ConfigurationError for other words, and, when the schema is first asked for, for unmapped classes.

    >>> from sqlalchemy import Integer
    >>> from sqlalchemy.orm import DeclarativeBase, mapped_column
    >>> class Base(DeclarativeBase):
    ...     pass
    >>> class Flight(Base):
    ...     __tablename__ = "flights"
    ...     id = mapped_column(Integer, primary_key=True)
    >>> query, projection_model, sort = SQLAlchemyQueryEngine(Flight).build_query(FilterAST())
    >>> print(query)  # doctest: +NORMALIZE_WHITESPACE
    SELECT flights.id
    FROM flights
    """

    def __init__(
        self,
        model: type[T],
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
        self._dialect: Literal["sqlite", "postgresql"] | None = dialect
        self._capabilities = _capabilities(dialect, text_order, null_order)
        self._reader = SchemaReader(dialect)
        text = TextRules(text_order, case_fold)
        self._templates: Templates[T] = Templates(lambda: StatementCompiler(model, text))
        self._pages = PageStatements(model, text)
        self._text = text

    @property
    def model(self) -> type[T]:
        """The mapped class whose rows the queries return."""
        return self._model

    @property
    def schema(self) -> ModelSchema[T]:
        """The class as filters see it, read from its mapping when it is first asked for."""
        return self._reader.read(self._model)

    @property
    def capabilities(self) -> Capabilities:
        """What SQLAlchemy can do exactly on the engine's databases."""
        return self._capabilities

    def build_query(self, ast: FilterAST) -> SQLAlchemyQueryResult[T]:
        """Compile a bound filter to a `Select` of the model."""
        query = self._templates.compile(ast)
        return SQLAlchemyQueryResult(query, ast.projection, ast.order, filter=ast, pages=self._pages)

    def execute_query(self, ast: FilterAST) -> SQLAlchemyQueryResult[T]:
        """Return the same as `build_query`: a `Select` is ready to run."""
        return self.build_query(ast)

    @property
    def aggregates(self) -> AggregateCapabilities:
        """Which aggregates the engine's databases give exactly."""
        return aggregates_on(self._dialect)

    def build_aggregate(self, ast: AggregateAST) -> AggregateSelect:
        """Compile a bound aggregate to a `Select` of tuples, for `session.execute`."""
        return AggregateCompiler(self._model, self._text).compile(ast)

    def describe_query(self, ast: FilterAST) -> str:
        """Return the SQL of a filter and its parameters; of SQLite, where the engine is told no dialect."""
        return describe(self.build_query(ast).query, self._dialect)

    def explain_on(self, database: str, ast: FilterAST, *, weights: CostWeights | None = None) -> Explanation:
        """Return the filter with the plan of the database of a URL, of whichever driver, and all values.

        It waits for the database: it is for the command line, `explain` is for handlers.
        """
        return explain_on(database, self.build_query(ast), weights)


def _capabilities(
    dialect: str | None, text_order: str, null_order: Literal["smallest", "largest"]
) -> Capabilities:
    gaps, notes = _gaps(dialect)
    return Capabilities(
        backend="sqlalchemy",
        operators=MappingProxyType(
            {kind: names - gaps.get(kind, frozenset()) for kind, names in FULL.items()}
        ),
        cursor=text_order != "database",
        null_order=null_order,
        notes=notes,
    )


def _gaps(dialect: str | None) -> tuple[dict[TypeKind, frozenset[str]], MappingProxyType[str, str]]:
    """The operators that are missing, by kind, and why."""
    notes = {
        "cursor": "texts are ordered by the database's collation, which cursors cannot follow",
    }
    if dialect == "postgresql":
        return {}, MappingProxyType(notes)
    # Callers read these: what the author of the service could do about it is in the documents.
    notes["regex"] = "SQLite has no regular expressions; PostgreSQL has it"
    for word in ("eq", "ne"):
        notes[f"{TypeKind.JSON}:{word}"] = "SQLite compares JSON as text, not by value; PostgreSQL has it"
    gaps = {TypeKind.TEXT: frozenset({"regex"}), TypeKind.JSON: frozenset({"eq", "ne"})}
    return gaps, MappingProxyType(notes)
