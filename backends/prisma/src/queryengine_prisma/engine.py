"""The engine: a generated model, its schema, what Prisma can do exactly, and filters to arguments."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pprint import pformat
from types import MappingProxyType
from typing import Any, Generic, Literal, TypeVar, cast

from queryengine.ast import FilterAST, Op, Shape
from queryengine.engine import FULL, Capabilities
from queryengine.operators import SORTABLE
from queryengine.schema import ModelSchema, TypeKind
from queryengine.settings import check_word
from queryengine_prisma.arguments import ArgumentsCompiler
from queryengine_prisma.field_types import Database
from queryengine_prisma.results import FindManyArguments, PrismaQueryResult
from queryengine_prisma.schema import SchemaReader
from queryengine_prisma.template import Template, fill

__all__ = ["PrismaQueryEngine"]

T = TypeVar("T")

DATABASES = (None, "sqlite", "postgresql")
TEXT_ORDERS = ("codepoint", "database", "database_is_codepoint")
NULL_ORDERS = ("smallest", "largest")
CASE_FOLDS = ("ascii", "unicode")


class PrismaQueryEngine(Generic[T]):
    """The engine for a model of the generated client, of `client.models`.

    The database is the one of the client's schema, unless `dialect` names it. On PostgreSQL the database's
    collation orders text, so that the engine refuses such orders and comparisons:
    `text_order="database_is_codepoint"` promises that the collation is one by code point, and
    `text_order="database"` takes whatever it is. `null_order="largest"` makes null the largest value.
    `case_fold="unicode"` leaves the folding of the `i…` operators to PostgreSQL, which folds more than A-Z.

    Raises ConfigurationError for other words, and, when the schema is first asked for, for other classes.
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
        check_word("dialect", dialect, DATABASES)
        check_word("text_order", text_order, TEXT_ORDERS)
        check_word("null_order", null_order, NULL_ORDERS)
        check_word("case_fold", case_fold, CASE_FOLDS)
        self._model = model
        self._text_order = text_order
        self._null_order: Literal["smallest", "largest"] = null_order
        self._case_fold = case_fold
        self._reader = SchemaReader(dialect)

    @property
    def model(self) -> type[T]:
        """The generated class whose rows the queries return."""
        return self._model

    @property
    def schema(self) -> ModelSchema[T]:
        """The class as filters see it, read from the client's schema when it is first asked for."""
        return self._reader.read(self._model)

    @property
    def capabilities(self) -> Capabilities:
        """What Prisma can do exactly on the engine's database, which the client's schema names."""
        return self._capabilities

    @cached_property
    def _capabilities(self) -> Capabilities:
        database = self._reader.database(self._model)
        gaps, notes = _gaps(database, self._text_order, self._case_fold)
        ordered = database == "sqlite" or self._text_order != "codepoint"
        return Capabilities(
            backend="prisma",
            operators=MappingProxyType(
                {kind: names - gaps.get(kind, frozenset()) for kind, names in FULL.items()}
            ),
            sortable=SORTABLE if ordered else SORTABLE - {TypeKind.TEXT},
            order_by_missing=False,
            cursor=self._text_order != "database",
            include_missing=False,
            unescaped=UNESCAPED if database == "sqlite" else frozenset(),
            null_order=self._null_order,
            notes=notes,
        )

    @cached_property
    def _compiler(self) -> ArgumentsCompiler:
        return ArgumentsCompiler(self.schema, self._reader.database(self._model))

    @cached_property
    def _result(self) -> type[PrismaQueryResult[T]]:
        compiler = self._compiler

        class Result(PrismaQueryResult[Any]):  # Any: T, of which a class in a method makes no base
            """One engine's results: to set on each what all have would take a tenth of the time."""

            arguments: ArgumentsCompiler | None = compiler

        return Result

    def build_query(self, ast: FilterAST) -> PrismaQueryResult[T]:
        """Compile a bound filter to the arguments of `find_many`.

        Raises FilterError (`unsupported_by_backend`) for what depends on values and row scopes and cannot be
        said by the client.
        """
        shape = ast.shape
        if shape is not None:
            template: Template[T] | None = shape.compiled.get(self)
            if template is not None:
                return template(ast)
            self._meet(shape)
        return self._result.of(cast(FindManyArguments, self._compiler.compile(ast)), ast)

    def _meet(self, shape: Shape) -> None:
        """Make the template when a shape comes for the second time: it costs several times a compilation."""
        again = self in shape.compiled
        shape.compiled[self] = fill(self._compiler.compile(shape.template), self._result) if again else None

    def execute_query(self, ast: FilterAST) -> PrismaQueryResult[T]:
        """Return the same as `build_query`: the arguments are ready to run."""
        return self.build_query(ast)

    def describe_query(self, ast: FilterAST) -> str:
        """Return the arguments as Python writes them."""
        return pformat(self.build_query(ast).query, sort_dicts=False, width=100)


PATTERNS = frozenset({"like", "nlike", "ilike", "nilike", "regex"})
ORDER = frozenset({"gt", "gte", "lt", "lte", "between"})
FOLDED = frozenset(
    {"icontains", "notIcontains", "istartsWith", "notIstartsWith", "iendsWith", "notIendsWith"}
)
UNESCAPED = frozenset({Op.ICONTAINS, Op.ISTARTS_WITH, Op.IENDS_WITH})
CASED = frozenset({"contains", "notContains", "endsWith", "notEndsWith"})


def _gaps(
    database: Database, text_order: str, case_fold: str
) -> tuple[dict[TypeKind, frozenset[str]], Mapping[str, str]]:
    """The operators that are missing, by kind, and why."""
    text, notes = PATTERNS, dict.fromkeys(PATTERNS, "Prisma has no patterns")
    if database == "sqlite":
        text |= CASED
        notes |= dict.fromkeys(CASED, "SQLite's LIKE takes a and A for equal; icontains asks just that")
    if database == "postgresql" and text_order == "codepoint":
        text |= ORDER
        why = 'its collation decides; text_order="database_is_codepoint" says that it is one by code point'
        notes |= {f"{TypeKind.TEXT}:{word}": why for word in (*ORDER, "order")}
    if database == "postgresql" and case_fold == "ascii":
        text |= FOLDED
        notes |= dict.fromkeys(FOLDED, "PostgreSQL's ILIKE folds more than A-Z")
    notes |= {f"{TypeKind.BYTES}:{word}": "Prisma compares bytes for equality only" for word in ORDER}
    notes |= {
        f"{TypeKind.JSON}:{word}": "the client has no word for JSON's null" for word in ("isNull", "exists")
    }
    notes["aggregates"] = (
        "the client's group_by sorts by one key, without a place for nulls, and reaches no related rows"
    )
    notes["size"] = "Prisma counts no elements"
    notes["include_missing"] = "Prisma takes no condition on a related row that is required"
    notes["cursor"] = "texts are ordered by the database's collation, which cursors cannot follow"
    notes["order_by_missing"] = "Prisma takes a place for nulls only of fields that can be null themselves"
    gaps = {
        TypeKind.TEXT: text,
        TypeKind.BYTES: ORDER,
        TypeKind.JSON: frozenset({"isNull", "exists"}),
        TypeKind.ARRAY: frozenset({"size"}),
    }
    return gaps, MappingProxyType(notes)
