"""A back-end of one's own needs no base class, and what it returns is known through the dependency."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar, assert_type

from pydantic import BaseModel

from queryengine import Capabilities, Engine, FilterAST, QEDependency, QueryResult, create_qe_dependency
from queryengine.model_schema import read_schema
from queryengine.schema import ModelSchema

T = TypeVar("T")


@dataclass(frozen=True)
class Find(Generic[T]):
    """A native query."""

    model: type[T]
    arguments: Mapping[str, object]


class ShelfQueryResult(QueryResult[Find[T]], Generic[T]):
    """`query, projection_model, sort`, where the query finds on shelves."""


class ShelfQueryEngine(Generic[T]):
    """Its members are properties, as those of the engines of this project."""

    def __init__(self, model: type[T]) -> None:
        self._model = model

    @property
    def model(self) -> type[T]:
        return self._model

    @property
    def schema(self) -> ModelSchema[T]:
        return read_schema(self._model)

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(backend="shelf")

    def build_query(self, ast: FilterAST) -> ShelfQueryResult[T]:
        find = Find(self._model, {"limit": ast.window.limit})
        return ShelfQueryResult(find, ast.projection, ast.order, filter=ast)

    def execute_query(self, ast: FilterAST) -> ShelfQueryResult[T]:
        return self.build_query(ast)


class Book(BaseModel):
    id: int
    title: str


class Novel(Book):
    heroes: int


class NovelQueryEngine:
    """An engine for one model only; plain attributes do, and so does any query."""

    capabilities = Capabilities(backend="novels")

    def __init__(self) -> None:
        self.model = Novel
        self.schema = read_schema(Novel)

    def build_query(self, ast: FilterAST) -> QueryResult[str]:
        return QueryResult("novels", ast.projection, ast.order, filter=ast)

    def execute_query(self, ast: FilterAST) -> QueryResult[str]:
        return self.build_query(ast)


engine: Engine[Book, ShelfQueryResult[Book]] = ShelfQueryEngine(Book)
other: Engine[Novel, QueryResult[str]] = NovelQueryEngine()

books = create_qe_dependency(ShelfQueryEngine(Book))
assert_type(books, QEDependency[ShelfQueryResult[Book] | None])

required_books = create_qe_dependency(ShelfQueryEngine(Book), required=True)
assert_type(required_books, QEDependency[ShelfQueryResult[Book]])

novels = create_qe_dependency(NovelQueryEngine(), required=True)
assert_type(novels, QEDependency[QueryResult[str]])


def of_any(engine: Engine[T, ShelfQueryResult[T]]) -> type[T]:
    """The protocol is generic in the model."""
    query, _, _ = engine.build_query(FilterAST())
    assert_type(query, Find[T])
    return query.model


assert_type(of_any(ShelfQueryEngine(Book)), type[Book])
make_optional = partial(create_qe_dependency, required=False)

# An engine for a class is one for its base, and one that returns a kind of result returns the base of that.
of_base: Engine[Book, ShelfQueryResult[Novel]] = ShelfQueryEngine(Novel)
of_base_result: Engine[Novel, QueryResult[Find[Novel]]] = ShelfQueryEngine(Novel)
of_base_query: Engine[Book, QueryResult[object]] = NovelQueryEngine()
of_anything: Engine[object, object] = of_base
