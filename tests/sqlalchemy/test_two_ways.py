"""A row that is met on two ways has one object: its relations cannot be narrowed by two conditions."""

from __future__ import annotations

from collections.abc import Generator
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from queryengine_sqlalchemy import SQLAlchemyQueryEngine
from sqlalchemy import ForeignKey, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from queryengine.dependency import create_qe_dependency
from queryengine.errors import ErrorCode, FilterError
from queryengine.policy import SecurityPolicy
from queryengine.predicate import Scope, field
from queryengine.process import Processor
from queryengine.request import encode
from tests.asgi import call, query_of

POLICY = SecurityPolicy(relations=True)
Document = dict[str, Any]  # Any: a JSON document


class TreeBase(DeclarativeBase):
    """The models of this module."""


class Node(TreeBase):
    """A row that is found as itself, as a child and as a parent."""

    __tablename__ = "node"

    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("node.id"))

    parent: Mapped[Node | None] = relationship(remote_side=id, back_populates="children")
    children: Mapped[list[Node]] = relationship(back_populates="parent")
    parts: Mapped[list[Part]] = relationship()


class Part(TreeBase):
    """A row of the relation that is narrowed."""

    __tablename__ = "part"

    id: Mapped[int] = mapped_column(primary_key=True)
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id"))
    size: Mapped[int]


class Eager(TreeBase):
    """A node whose relations are always loaded."""

    __tablename__ = "eager"

    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("eager.id"))

    children: Mapped[list[Eager]] = relationship(lazy="selectin", join_depth=2)
    cousins: Mapped[list[Eager]] = relationship(viewonly=True)


@pytest.fixture
def session() -> Generator[Session]:
    database = create_engine("sqlite://")
    TreeBase.metadata.create_all(database)
    with Session(database) as session:
        session.add_all([Node(id=1), Node(id=2, parent_id=1), Node(id=3, parent_id=2)])
        session.add_all(
            Part(id=10 * node + size, node_id=node, size=size) for node in (1, 2) for size in (1, 2)
        )
        session.add_all([Eager(id=1), Eager(id=2, parent_id=1), Eager(id=3, parent_id=2)])
        session.commit()
        session.expunge_all()
        yield session
    database.dispose()


def rows(session: Session, model: type[Any], document: Document, scope: Scope | None = None) -> list[Any]:
    """Return what a filter gives. Any: each model has attributes of its own."""
    engine = SQLAlchemyQueryEngine(model)
    ast = Processor(engine, policy=POLICY).process(encode(document), scope=scope)
    return list(session.scalars(engine.build_query(ast).query))


def refused(session: Session, model: type[Any], document: Document) -> FilterError:
    with pytest.raises(FilterError) as caught:
        rows(session, model, document)
    assert caught.value.code is ErrorCode.UNSUPPORTED_BY_BACKEND
    return caught.value


def include(relation: str, **scope: object) -> Document:
    return {"relation": relation, "scope": scope}


nodes = create_qe_dependency(SQLAlchemyQueryEngine(Node), policy=POLICY)

SMALL, LARGE = {"size": 1}, {"size": 2}


def test_two_conditions_for_one_relation_are_refused(session: Session) -> None:
    below = include("children", include=[include("parts", where=LARGE)])
    error = refused(session, Node, {"include": [include("parts", where=SMALL), below]})
    assert (error.path, error.hint) == (("include", "children", "include", "parts"), "see include.parts")


@pytest.mark.parametrize("first", ["parts", include("parts", where=SMALL)])
def test_a_condition_on_one_way_only_is_refused(session: Session, first: object) -> None:
    second = include("parts", where=SMALL) if first == "parts" else "parts"
    refused(session, Node, {"include": [first, include("children", include=[second])]})


def test_fields_are_a_way_too(session: Session) -> None:
    document = {"fields": ["id", "children.parent.id"], "include": [include("parent", where={"id": 2})]}
    assert refused(session, Node, document).path == ("fields",)


def test_one_condition_may_stand_on_both_ways(session: Session) -> None:
    for size in (1, 2, 1):
        narrowed = include("parts", where={"size": size})
        found = rows(
            session,
            Node,
            {"order": "id", "include": [narrowed, include("children", include=[narrowed])]},
        )
        assert [[part.id for part in node.parts] for node in found] == [[10 + size], [20 + size], []]
        assert [part.id for part in found[0].children[0].parts] == [20 + size]


def test_the_values_of_each_filter_are_what_is_compared() -> None:
    engine = SQLAlchemyQueryEngine(Node)
    processor = Processor(engine, policy=POLICY)

    def build(first: int, second: int) -> None:
        below = include("children", include=[include("parts", where={"size": second})])
        document = {"include": [include("parts", where={"size": first}), below]}
        engine.build_query(processor.process(encode(document)))

    for _ in range(3):  # of one shape, known or not
        build(1, 1)
        with pytest.raises(FilterError):
            build(1, 2)


def test_an_error_of_a_known_shape_shows_no_place_in_another_callers_text() -> None:
    app = FastAPI()

    @app.get("/items")
    async def show(result: Annotated[object, Depends(nodes)]) -> bool:
        return result is not None

    below = include("children", include=["parts"])
    document: Document = {"include": [include("parts", where={"size": 1}), below], "where": {"id": {"gt": 1}}}
    first = call(app, query_of(document)).json["detail"][0]
    document["where"] = {"id": {"gt": 1_000_000}}
    second = call(app, query_of(dict(reversed(document.items())))).json["detail"][0]
    assert first["type"] == "unsupported_by_backend"
    assert first["ctx"] == second["ctx"] == {"hint": "see include.parts"}


def test_a_row_scope_on_both_ways_is_one_condition(session: Session) -> None:
    document = {"order": "id", "include": ["parts", include("children", include=["parts"])]}
    found = rows(session, Node, document, {Part: field("size") == 2})
    assert [[part.id for part in node.parts] for node in found] == [[12], [22], []]


def test_the_way_back_to_the_parent_is_another_relation(session: Session) -> None:
    document = {"order": "id", "include": [include("children", where={"id": 3}, include=["parent"])]}
    found = rows(session, Node, document)
    assert [[child.id for child in node.children] for node in found] == [[], [3], []]
    assert found[1].children[0].parent is found[1]


def test_a_condition_on_what_the_model_itself_loads_on_another_way_is_refused(session: Session) -> None:
    error = refused(
        session,
        Eager,
        {"include": [include("cousins", where={"id": 2}), include("children", where={"id": 3})]},
    )
    assert error.path == ("include", "children")
    assert error.hint == "the model itself loads all of Eager.children"
    found = rows(session, Eager, {"order": "id", "include": [include("cousins", where={"id": 3})]})
    assert [[cousin.id for cousin in row.cousins] for row in found] == [[], [3], []]
    assert [[child.id for child in row.children] for row in found] == [[2], [3], []]
