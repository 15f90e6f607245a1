"""Row scopes and principals as dependencies of a request."""

# Annotations are not postponed here: FastAPI could not look up the dependencies that a test makes for itself.

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Header
from fastapi.testclient import TestClient

from queryengine import (
    EVERYTHING,
    Predicate,
    create_qe_dependency,
    field,
)
from queryengine.http_errors import FilterAccessDenied
from tests.harbour import Container, Port, Ship, ships
from tests.harbour_service import OPEN, Ships, ask, client, names, request


def test_a_scope_narrows_what_exists() -> None:
    async def scope() -> Predicate:
        return field("active") == True  # noqa: E712  # a condition, not a test

    scoped = client(create_qe_dependency(ships(), policy=OPEN, scope=scope))
    assert scoped.get("/ships").json() == ["Anna", "Bertha"]
    assert ask(scoped, {"where": {"or": [{"active": False}, {"id": {"gte": 1}}]}}) == ["Anna", "Bertha"]
    assert ask(scoped, {"where": {"not": {"id": 1}}}) == ["Bertha"]


def test_a_scope_may_speak_of_each_model_and_of_hidden_fields() -> None:
    def scope() -> Mapping[type[object], Predicate]:
        return {
            Ship: field("password") == "swordfish",
            Container: field("weight") > 2,
            Port: field("id") == 1,
        }

    scoped = client(create_qe_dependency(ships(), policy=OPEN, scope=scope))
    assert ask(scoped, {"where": {"containers": {"some": {"id": {"gt": 0}}}}}) == ["Anna", "Clara"]
    assert ask(scoped, {"where": {"home": {"isNull": True}}}) == ["Bertha", "Clara"]


def test_a_scope_depends_on_the_request_like_any_dependency() -> None:
    def user(x_user: Annotated[str, Header()]) -> str:
        return x_user

    def scope(user: Annotated[str, Depends(user)]) -> Predicate:
        return field("name") == user

    scoped = client(create_qe_dependency(ships(), scope=scope))
    assert scoped.get("/ships", headers={"x-user": "Clara"}).json() == ["Clara"]
    assert scoped.get("/ships", headers={"x-user": "Anna"}).json() == ["Anna"]
    assert scoped.get("/ships").status_code == 422


def test_scopes_may_be_generators_of_either_colour() -> None:
    closed: list[str] = []

    def sync() -> Iterator[Predicate]:
        yield field("id") == 1
        closed.append("sync")

    async def asynchronous() -> AsyncIterator[Predicate]:
        yield field("id") == 2
        closed.append("async")

    assert client(create_qe_dependency(ships(), scope=sync)).get("/ships").json() == ["Anna"]
    assert client(create_qe_dependency(ships(), scope=asynchronous)).get("/ships").json() == ["Bertha"]
    assert closed == ["sync", "async"]


def test_a_scope_can_be_overridden_in_tests() -> None:
    def scope() -> Predicate | None:
        return None

    scoped = client(create_qe_dependency(ships(), scope=scope))
    app = scoped.app
    assert isinstance(app, FastAPI)
    app.dependency_overrides[scope] = lambda: EVERYTHING
    assert len(scoped.get("/ships").json()) == 3


def test_none_from_a_scope_denies_with_or_without_a_filter() -> None:
    def scope() -> Predicate | None:
        return None

    denied = client(create_qe_dependency(ships(), scope=scope))
    for query in ("", "?filter={}", "?filter=nonsense"):
        answer = denied.get(f"/ships{query}")
        assert (answer.status_code, answer.json()) == (403, {"detail": "access to these rows is denied"})


def test_build_without_the_scope_of_the_dependency_denies() -> None:
    def scope() -> Predicate:
        return EVERYTHING

    dependency = create_qe_dependency(ships(), scope=scope)
    with pytest.raises(FilterAccessDenied):
        dependency.build(request(), "{}")
    assert names(dependency.build(request(), "{}", scope=field("id") == 3)) == ["Clara"]


def test_a_scope_that_is_no_predicate_is_a_mistake_of_the_service() -> None:
    def scope() -> Any:
        return {"id": 1}

    broken = client(create_qe_dependency(ships(), scope=scope))
    assert broken.get("/ships").status_code == 500


def test_the_principal_is_in_the_bound_filter() -> None:
    async def principal(x_user: Annotated[str, Header()]) -> str:
        return x_user

    app = FastAPI()
    dependency = create_qe_dependency(ships(), principal=principal, required=True)

    @app.get("/ships")
    async def list_ships(result: Annotated[Ships, Depends(dependency)]) -> str | None:
        return result.filter.principal

    assert TestClient(app).get("/ships", headers={"x-user": "mary"}).json() == "mary"
