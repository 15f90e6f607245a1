"""`check_app` finds annotations beside `Depends` that say something else than the dependency gives."""

# Annotations are not postponed here: FastAPI could not look up the dependencies that a test makes for itself.

import functools
import inspect
from collections.abc import Sequence
from typing import Annotated, Any, Generic, Protocol, TypeAlias, TypeVar, Union

import pytest
from fastapi import APIRouter, Depends, FastAPI, WebSocket
from typing_extensions import TypeAliasType

from queryengine import (
    Capabilities,
    ConfigurationError,
    FilterAST,
    MemoryQueryEngine,
    MemoryQueryResult,
    Predicate,
    QueryConfig,
    QueryResult,
    check_app,
    create_qe_dependency,
    field,
)
from queryengine.engine import Sort
from queryengine.memory import MemoryQuery
from queryengine.model_schema import read_schema
from queryengine.schema import ModelSchema
from tests.harbour import Port, Ship, ships

Ships: TypeAlias = MemoryQueryResult[Ship]
T = TypeVar("T")
Q = TypeVar("Q")


def app_with(annotation: object, *, required: bool = False, engine: Any = None) -> FastAPI:
    """Make an application whose handler says `annotation` of what the dependency gives it."""
    app = FastAPI()
    dependency = create_qe_dependency(engine or ships(), required=required)

    async def list_ships(result: object = Depends(dependency)) -> None:
        del result

    list_ships.__annotations__["result"] = annotation
    app.get("/ships")(list_ships)
    return app


def mistake(app: FastAPI) -> str:
    with pytest.raises(ConfigurationError) as caught:
        check_app(app)
    return str(caught.value)


UNION: Any = Union  # Any: the linters want the other spelling
ACCEPTED: list[object] = [Ships | None, UNION[None, Ships], Annotated[UNION[Ships, None], "x"], Any, object]


@pytest.mark.parametrize("annotation", ACCEPTED, ids=str)
def test_the_result_or_none_is_right_where_a_filter_is_not_required(annotation: object) -> None:
    check_app(app_with(annotation))


@pytest.mark.parametrize(
    "annotation",
    [
        Ships,
        Ships | None,
        MemoryQueryResult,
        QueryResult[MemoryQuery[Ship]],
        tuple[MemoryQuery[Ship], Any, Sort],
        tuple,
        Sequence,
        MemoryQueryResult[object],
    ],
    ids=str,
)
def test_the_result_or_what_is_wider_is_right_where_a_filter_is_required(annotation: object) -> None:
    check_app(app_with(annotation, required=True))


def test_a_result_that_may_be_none_must_say_so() -> None:
    found = mistake(app_with(Ships))
    assert found.startswith("/ships: ")
    assert found.endswith(
        "list_ships: result is MemoryQueryResult[Ship], but is given MemoryQueryResult[Ship] | None"
    )


@pytest.mark.parametrize(
    "annotation",
    [
        MemoryQueryResult[Port],
        Ship,
        list[Ship],
        str,
        None,
        QueryResult[MemoryQuery[Port]],
        tuple[str, Any, Sort],
        dict[str, int] | int,
    ],
    ids=str,
)
def test_another_model_or_another_class_is_found(annotation: object) -> None:
    assert "but is given MemoryQueryResult[Ship]" in mistake(app_with(annotation, required=True))


def test_all_places_are_listed_in_routers_mounts_and_dependencies_below() -> None:
    dependency = create_qe_dependency(ships())
    router = APIRouter(prefix="/router")
    mounted, app = FastAPI(), FastAPI()

    def below(inner: Annotated[Ships, Depends(dependency)]) -> int:
        return len(inner)

    class Page:
        def __init__(self, listed: Ships = Depends(dependency)) -> None:  # noqa: B008  # the older way
            self.listed = listed

    @router.get("/{id}")
    async def in_router(one: Annotated[str, Depends(dependency)]) -> None:
        pass

    @mounted.get("/mounted")
    async def in_mount(two: Annotated[int, Depends(below)]) -> None:
        pass

    @app.get("/page")
    async def with_page(page: Annotated[Page, Depends()]) -> None:
        pass

    @app.get("/right", dependencies=[Depends(dependency)])
    async def right(result: Annotated[Ships | None, Depends(dependency)]) -> None:
        pass

    app.include_router(router, prefix="/v1")
    app.mount("/part", mounted)
    found = mistake(app).splitlines()
    assert len(found) == 3
    for path, name in (("/v1/router/{id}", "one is str"), ("/mounted", "inner is"), ("/page", "listed is")):
        assert any(line.startswith(path) and name in line for line in found)


def test_a_scope_makes_the_result_certain() -> None:
    def scope() -> Predicate:
        return field("id") == 1

    app = FastAPI()
    dependency = create_qe_dependency(ships(), scope=scope)

    @app.get("/ships")
    async def list_ships(result: Annotated[Ships, Depends(dependency)]) -> None:
        pass

    check_app(app)


def test_a_filter_on_a_websocket_is_found() -> None:
    app = FastAPI()
    dependency = create_qe_dependency(ships())

    @app.websocket("/live")
    async def live(socket: WebSocket, result: Annotated[Ships | None, Depends(dependency)]) -> None:
        pass

    assert mistake(app) == "/live: a WebSocket has no filter: its dependency reads HTTP requests"


def test_an_annotation_that_cannot_be_evaluated_is_found() -> None:
    found = mistake(app_with("Nowhere"))
    assert "the annotation of result cannot be evaluated: name 'Nowhere' is not defined" in found


def quoted(annotation: str) -> Any:
    return Annotated[annotation, "in quotes"]


def test_what_stands_in_quotes_within_an_annotation_is_evaluated_too() -> None:
    check_app(app_with(quoted("Ships | None")))
    check_app(app_with(quoted("Ships"), required=True))
    assert "result is str, but is given" in mistake(app_with(quoted("str")))


@pytest.mark.parametrize("annotation", ["Nowhere", "inspect.nothing", "Ships[int][str]"])
def test_what_cannot_be_evaluated_within_an_annotation_is_found(annotation: str) -> None:
    found = mistake(app_with(quoted(annotation)))
    assert "list_ships: the annotation of result cannot be evaluated: " in found


def test_quotes_are_evaluated_where_the_caller_is_no_function() -> None:
    dependency = create_qe_dependency(ships())

    class Page:
        def __init__(self, listed: object = Depends(dependency)) -> None:
            self.listed = listed

        def __call__(self, listed: object = Depends(dependency)) -> None:
            self.listed = listed

    def page(size: int, listed: object = Depends(dependency)) -> None:
        del size, listed

    callers: list[Any] = [Page, Page(None), Page(None).__call__, functools.partial(page, 1)]
    for annotation, accepted in (("Ships | None", True), ("str", False)):
        for function in (Page.__init__, Page.__call__, page):
            function.__annotations__["listed"] = quoted(annotation)
        for caller in callers:
            app = FastAPI()
            app.get("/page", dependencies=[Depends(caller)])(lambda: None)
            if accepted:
                check_app(app)
            else:
                assert "listed is str, but is given" in mistake(app)


def test_a_parameter_without_annotation_is_not_wrong() -> None:
    check_app(app_with(inspect.Parameter.empty))


class Wrapped(Generic[T, Q]):
    """An engine's base with a type variable for the result."""

    schema: ModelSchema[Any] = read_schema(Ship)  # Any: of no interest here
    capabilities = Capabilities(backend="wrapped")

    def __init__(self, model: type[T]) -> None:
        self.model = model

    def build_query(self, ast: FilterAST) -> Q:
        raise NotImplementedError

    def execute_query(self, ast: FilterAST) -> Q:
        return self.build_query(ast)


class Paired(Wrapped[T, dict[T, Q]]):
    """An engine whose result has a type variable beside its model's."""


class Listed(Wrapped[T, list[T]]):
    pass


class Ports(Wrapped[Port, list[Port]]):
    pass


class Plain(Listed[T]):
    def build_query(self, ast: FilterAST) -> list[T]:
        raise NotImplementedError


vars(Plain)["build_query"].__annotations__.clear()


@pytest.mark.parametrize(
    ("engine", "right", "wrong"),
    [
        (Listed(Ship), list[Ship], list[Port]),
        (Ports(Port), list[Port], list[Ship]),
        (Wrapped[Ship, Any](Ship), list[Ship], None),
        (Paired[Ship, Any](Ship), list[Ship], None),
        (Plain(Ship), Ship, None),
    ],
    ids=["bound in a base", "bound wholly", "no bound", "two free variables", "no annotation"],
)
def test_the_result_is_read_from_the_engine_s_annotation(engine: Any, right: object, wrong: object) -> None:
    check_app(app_with(right, required=True, engine=engine))
    if wrong is not None:
        assert "but is given list[" in mistake(app_with(wrong, required=True, engine=engine))


class Dynamic:
    """An engine whose class says nothing of `build_query`."""

    def __getattr__(self, name: str) -> Any:
        return getattr(ships(), name)


class Postponed(Listed[T]):
    def build_query(self, ast: FilterAST) -> "list[Missing]":  # type: ignore[name-defined]  # noqa: F821  # as under TYPE_CHECKING
        raise NotImplementedError


@pytest.mark.parametrize("engine", [Dynamic(), Postponed(Ship)], ids=["no method", "an unknown name"])
def test_where_the_engine_says_nothing_anything_passes(engine: object) -> None:
    check_app(app_with(Ship, engine=engine))


NAMED: Any = TypeAliasType  # Any: what `type X = ...` makes in later Pythons; pyright knows it as a statement


class HasQuery(Protocol):
    query: object


def test_protocols_and_named_types_are_understood() -> None:
    check_app(app_with(HasQuery, required=True))
    check_app(app_with(NAMED("Named", Ships), required=True))
    assert mistake(app_with(NAMED("Named", MemoryQueryResult[Port]), required=True))


def test_a_subclass_of_a_plain_base_is_seen_as_that_base() -> None:
    check_app(app_with(Sequence[Port], required=True, engine=Ports(Port)))


def test_an_engine_of_memory_made_for_one_model_is_read_too() -> None:
    class Fleet(MemoryQueryEngine[Ship]):
        pass

    check_app(app_with(Ships, required=True, engine=Fleet(Ship)))
    assert mistake(app_with(MemoryQueryResult[Port], required=True, engine=Fleet(Ship)))


# -- where the filter stands


def app_with_body(method: str, parameter: str = "filter") -> FastAPI:
    """Make an application with a filter in the body, and one in the URL beside it."""
    app = FastAPI()
    in_body = create_qe_dependency(ships(), config=QueryConfig(source="body", parameter=parameter))
    in_url = create_qe_dependency(ships())

    @app.api_route("/ships", methods=[method])
    async def list_ships(
        one: Annotated[Ships | None, Depends(in_body)], two: Annotated[Ships | None, Depends(in_url)]
    ) -> None:
        del one, two

    return app


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_filter_in_the_body_of_a_get_is_found(method: str) -> None:
    assert mistake(app_with_body(method, "other")) == (
        f"/ships: the filter is the body of a {method} request, which clients and proxies may drop: use POST"
    )


def test_a_filter_in_the_url_that_the_one_in_the_body_would_refuse_is_found() -> None:
    assert mistake(app_with_body("POST")) == (
        "/ships: one filter 'filter' stands in the URL and one in the body, which refuses the other: "
        "give one of them another QueryConfig.parameter"
    )
    check_app(app_with_body("POST", "other"))


# -- examples


def test_an_example_of_the_service_that_it_would_refuse_is_found() -> None:
    app = FastAPI()
    dependency = create_qe_dependency(ships(), config=QueryConfig(example={"where": {"nmae": "Anna"}}))

    @app.get("/ships")
    async def list_ships(result: Annotated[Ships | None, Depends(dependency)]) -> None:
        del result

    assert mistake(app).startswith("/ships: QueryConfig.example: no field 'nmae'")
