"""`check_app` reads policies and models, and finds response models that write what was not asked for."""

# Annotations are not postponed here: FastAPI could not look up the dependencies that a test makes for itself.

from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

import pytest
from fastapi import Depends, FastAPI
from pydantic import BaseModel
from typing_extensions import TypeAliasType

from queryengine import (
    Access,
    ConfigurationError,
    MemoryQueryEngine,
    Narrowed,
    SecurityPolicy,
    check_app,
    create_qe_dependency,
)
from tests.harbour import ships

T = TypeVar("T")


def mistake(app: FastAPI) -> str:
    with pytest.raises(ConfigurationError) as caught:
        check_app(app)
    return str(caught.value)


class PortOut(BaseModel):
    name: str


class ShipOut(BaseModel):
    id: int
    name: str
    home: PortOut | None


class BrokenPortOut(BaseModel):
    harbour_master: str


class BrokenShipOut(BaseModel):
    id: int
    home: BrokenPortOut | None


def app_of(policy: SecurityPolicy, response: object = None, engine: Any = None, **settings: Any) -> FastAPI:
    """Make an application with one route, whose annotation is right."""
    app = FastAPI()
    dependency = create_qe_dependency(engine or ships(), policy=policy, required=True)

    @app.get("/ships", response_model=response, **settings)
    async def list_ships(result: Annotated[object, Depends(dependency)]) -> None:
        pass

    return app


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (SecurityPolicy(paths={"nmae": None}), "SecurityPolicy.paths['nmae']: Ship has no 'nmae', but: "),
        (
            SecurityPolicy(relations=True, paths={"home.nmae": None}),
            "SecurityPolicy.paths['home.nmae']: Port has no 'nmae', but: ",
        ),
        (
            SecurityPolicy(expose=BrokenShipOut),
            "BrokenPortOut.harbour_master: Port has no attribute of that name",
        ),
    ],
    ids=["path", "path of a relation", "nested response model"],
)
def test_a_policy_that_does_not_fit_its_model_is_found(policy: SecurityPolicy, message: str) -> None:
    assert mistake(app_of(policy)).startswith(f"/ships: {message}")


def test_a_model_that_cannot_be_read_is_found() -> None:
    app = app_of(SecurityPolicy(), engine=MemoryQueryEngine(int))
    assert mistake(app) == "/ships: <class 'int'> is not a pydantic model, a dataclass or a typed dict"


def test_related_models_are_read_once_each() -> None:
    check_app(app_of(SecurityPolicy(relations=True), engine=MemoryQueryEngine(Person)))


@dataclass
class Person:
    id: int
    friend: "Person | None"


# -- response models that write everything


class Page(BaseModel, Generic[T]):
    items: list[T]
    next: "Page[T] | None" = None


EXPOSED = SecurityPolicy(expose=ShipOut)
NAMED: Any = TypeAliasType  # Any: what `type X = ...` makes in later Pythons; pyright knows it as a statement
NARROW: Any = Narrowed[ShipOut]  # Any: an annotation as a value


@pytest.mark.parametrize(
    "response",
    [ShipOut, list[ShipOut], dict[str, ShipOut | None], Page[ShipOut], NAMED("Named", list[ShipOut])],
    ids=str,
)
def test_a_response_model_that_would_write_null_for_what_was_not_asked_for_is_found(response: object) -> None:
    assert mistake(app_of(EXPOSED, response)) == (
        "/ships: the response model writes ShipOut whole, whatever `fields` ask for: return the projection "
        "model and say Narrowed[ShipOut], or take the right away with Access(select=False)"
    )


@pytest.mark.parametrize("response", [None, list[NARROW], Page[NARROW], list[PortOut], int], ids=str)
def test_a_response_model_that_writes_what_it_is_given_is_right(response: object) -> None:
    check_app(app_of(EXPOSED, response))


def test_a_response_model_is_right_where_callers_may_not_select_or_what_is_not_set_is_left_out() -> None:
    fixed = SecurityPolicy(expose=ShipOut, others=Access(select=False))
    check_app(app_of(fixed, list[ShipOut]))
    check_app(app_of(EXPOSED, list[ShipOut], response_model_exclude_unset=True))
    check_app(app_of(SecurityPolicy(), list[ShipOut]))
