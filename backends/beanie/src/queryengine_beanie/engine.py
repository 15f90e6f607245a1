"""The engine: a document class, its schema, what MongoDB can do exactly, and filters to Beanie's queries."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

from beanie import Document
from beanie.odm.queries.aggregation import AggregationQuery
from beanie.odm.queries.find import FindMany
from beanie.odm.settings.document import DocumentSettings
from beanie.odm.utils.projection import get_projection
from pydantic import BaseModel
from pymongo.collation import Collation

from queryengine.aggregates import AggregateAST, AggregateCapabilities
from queryengine.ast import FilterAST, Slot
from queryengine.engine import FULL, Capabilities
from queryengine.errors import ConfigurationError
from queryengine.operators import SORTABLE
from queryengine.pages import count_filter
from queryengine.schema import ModelSchema, TypeKind
from queryengine_beanie.aggregates import AGGREGATES, AggregatePipeline, compile_aggregate
from queryengine_beanie.compiler import NOTHING
from queryengine_beanie.describe import describe
from queryengine_beanie.lookups import Condition, children_of, collection_of
from queryengine_beanie.projection import Projections
from queryengine_beanie.results import BeanieQueryResult
from queryengine_beanie.schema import UNSORTABLE, SchemaReader, is_initialised
from queryengine_beanie.statement import Statement, StatementTemplate, compile_filter

__all__ = ["BeanieQueryEngine"]

T = TypeVar("T", bound=Document)

EQUALITY: Final = frozenset({"eq", "ne", "in", "nin", "isNull", "exists"})
NULL: Final = frozenset({"isNull", "exists"})
OPERATORS: Final[Mapping[TypeKind, frozenset[str]]] = MappingProxyType(
    {
        **FULL,
        TypeKind.TEXT: FULL[TypeKind.TEXT] - {"regex"},
        TypeKind.BYTES: EQUALITY,
        TypeKind.JSON: NULL,
        TypeKind.TIME: NULL,
    }
)
REASONS: Final[Mapping[TypeKind, str]] = MappingProxyType(
    {
        TypeKind.TEXT: "MongoDB matches regular expressions by trying, in a time that nothing bounds",
        TypeKind.BYTES: "BSON orders bytes by their number first",
        TypeKind.JSON: "MongoDB takes objects for equal only if their keys have the same order",
        TypeKind.TIME: "BSON has no time of day",
    }
)
CAPABILITIES: Final = Capabilities(
    backend="beanie",
    operators=OPERATORS,
    sortable=SORTABLE - UNSORTABLE,
    cursor=True,
    notes=MappingProxyType(
        {
            f"{kind}:{word}": reason
            for kind, reason in REASONS.items()
            for word in sorted(FULL[kind] - OPERATORS[kind])
        }
        | {f"{kind}:order": REASONS[kind] for kind in UNSORTABLE}
    ),
)

# MongoDB's own order, also in a collection that was made with another collation.
BY_CODE_POINT: Final = Collation(locale="simple")


class BeanieQueryEngine(Generic[T]):
    """The engine for a Beanie document.

    The schema is read from the class; Beanie has to be initialised when the first query is built.
    `with_children` takes in the documents of classes that inherit from this one, as it does in `find`.

    Raises ConfigurationError, when the schema is first asked for, for classes that are no documents.

    >>> class Flight(Document):
    ...     dest: str
    >>> list(BeanieQueryEngine(Flight).schema.fields)
    ['id', 'dest']
    """

    def __init__(self, model: type[T], *, with_children: bool = False) -> None:
        self._model = model
        self._with_children = with_children
        self._reader = SchemaReader()
        self._projections = Projections()

    @property
    def model(self) -> type[T]:
        """The document class that the queries return."""
        return self._model

    @property
    def schema(self) -> ModelSchema[T]:
        """The class as filters see it, read when it is first asked for."""
        return self._reader.read(self._model)

    @property
    def capabilities(self) -> Capabilities:
        """What MongoDB can do exactly."""
        return CAPABILITIES

    def build_query(self, ast: FilterAST) -> BeanieQueryResult[T]:
        """Return a bound filter as a query, which is not projected."""
        shown = ast.projection
        if shown is not None:
            shown = self._projections.of(shown, self.schema)
        result = BeanieQueryResult(self._query(ast), shown, ast.order, filter=ast)
        result.pages = self
        return result

    def execute_query(self, ast: FilterAST) -> BeanieQueryResult[T]:
        """Return the same as `build_query`."""
        return self.build_query(ast)

    @property
    def aggregates(self) -> AggregateCapabilities:
        """Which aggregates MongoDB gives exactly."""
        return AGGREGATES

    def build_aggregate(self, ast: AggregateAST) -> AggregatePipeline:
        """Compile a bound aggregate to a query of groups, for `fetch_groups`."""
        match, stages = compile_aggregate(ast)
        return self._find(match).aggregate(stages, collation=BY_CODE_POINT)

    def page_query(
        self, ast: FilterAST, limit: int, shown: type[BaseModel] | None = None
    ) -> AggregationQuery[dict[str, Any]]:  # Any: of BSON
        """Return the query of that many documents from the page's first on, for `fetch_page`."""
        statement = self._statement(ast).keyed(None if shown is None else get_projection(shown))
        pipeline = statement.pipeline(_number(ast.window.offset), limit)
        return self._find(statement.match).aggregate(pipeline, collation=BY_CODE_POINT)

    def number_query(self, ast: FilterAST, most: int | None) -> AggregationQuery[dict[str, Any]]:
        """Return the query that counts the documents on all pages, for `fetch_page`."""
        statement = compile_filter(self.schema, count_filter(ast))
        return self._find(statement.match).aggregate(statement.counted(most), collation=BY_CODE_POINT)

    def describe_query(self, ast: FilterAST) -> str:
        """Return the query in the words of MongoDB's shell; Beanie need not be initialised.

        >>> from queryengine import process_filter_to_ast
        >>> class Airport(Document):
        ...     name: str
        >>> engine = BeanieQueryEngine(Airport)
        >>> print(engine.describe_query(process_filter_to_ast({"where": {"name": {"ne": "$x"}}}, engine)))
        db.Airport.find({"name": {"$ne": "$x"}})
          .sort({"_id": 1})
          .limit(100)
        """
        return self._described(ast, ast)

    def shown_query(self, ast: FilterAST, *, values: bool) -> str | None:
        """Return what `describe_query` does, for `explain`; without `values` each is "?".

        A filter that was made by hand has no shape, which knows the values from the rest: None then.
        """
        if values:
            return self._described(ast, ast)
        return None if ast.shape is None else self._described(ast, ast.shape.template)

    def _described(self, ast: FilterAST, compiled: FilterAST) -> str:
        of_class = children_of(self._model, with_children=self._with_children)
        statement = compile_filter(self.schema, compiled).within(of_class)
        offset, limit = _number(ast.window.offset), _number(ast.window.limit or 0)
        return describe(collection_of(self._model), statement, offset, limit)

    def _query(self, ast: FilterAST) -> FindMany[T] | AggregationQuery[T]:
        statement = self._statement(ast)
        offset, limit = _number(ast.window.offset), _number(ast.window.limit or 0)
        # To MongoDB, a limit of 0 is none.
        find = self._find(NOTHING if ast.window.limit == 0 else statement.match)
        if statement.is_find:
            # What `sort` does, without looking at each key.
            find.sort_expressions.extend(statement.order.directions)
            return find.skip(offset).limit(limit)
        return find.aggregate(
            statement.pipeline(offset, limit),
            projection_model=self._model,
            collation=BY_CODE_POINT,
        )

    def _find(self, match: Condition) -> FindMany[T]:
        """Return the query of the documents that meet a condition."""
        class_id = self._settings().class_id
        if class_id in match:
            match = {"$and": [match]}  # Beanie would take it for its own condition on the class
        matched = (match,) if match else ()
        return self._model.find_many(*matched, with_children=self._with_children, collation=BY_CODE_POINT)

    def _settings(self) -> DocumentSettings:
        """Return Beanie's settings of the model. Raises where Beanie is not initialised with it."""
        settings = self._model.get_settings()
        if not is_initialised(self._model):  # they are its parent's
            name = self._model.__name__
            raise ConfigurationError(f"{name} is missing from the document_models of init_beanie")
        return settings

    def _statement(self, ast: FilterAST) -> Statement:
        """Return the statement of a filter: its shape's, with the filter's own values."""
        shape = ast.shape
        if shape is None:
            return compile_filter(self.schema, ast)
        children = self._reader.children()
        template: StatementTemplate | None = shape.compiled.get(self)
        if template is None or template.children != children:
            self._settings()  # raises, where Beanie knows no children yet
            statement = compile_filter(self.schema, shape.template)
            template = shape.compiled[self] = StatementTemplate(statement, children)
        return template.fill(ast.values)


def _number(bound: int | Slot) -> int:
    if isinstance(bound, Slot):
        raise TypeError("the template of a shape has no window")
    return bound
