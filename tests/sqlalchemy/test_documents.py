"""A column of JSON may hold anything: what is not as declared is null, in conditions and in responses."""

from __future__ import annotations

from typing import Annotated

import pytest
from fastapi import Depends, FastAPI
from pydantic import BaseModel, SerializeAsAny
from queryengine_sqlalchemy import SQLAlchemyQueryEngine, SQLAlchemyQueryResult
from sqlalchemy import update
from sqlalchemy.orm import Session

from queryengine.dependency import create_qe_dependency
from tests.asgi import call, query_of
from tests.sqlalchemy.models import Types

rows = create_qe_dependency(SQLAlchemyQueryEngine(Types), required=True)


@pytest.fixture
def service(session: Session) -> FastAPI:
    """Give a service that shows what a filter asks for."""
    app = FastAPI()

    @app.get("/rows")
    async def show(
        result: Annotated[SQLAlchemyQueryResult[Types], Depends(rows)],
    ) -> list[SerializeAsAny[BaseModel]]:
        assert result.projection_model is not None
        return [result.projection_model.model_validate(row) for row in session.scalars(result.query)]

    return app


def shown(service: FastAPI, *fields: str) -> list[object]:
    answer = call(service, query_of({"fields": fields, "order": "id"}), path="/rows")
    assert answer.status == 200
    return [row["facts"] for row in answer.json]


def test_members_of_other_types_are_null_in_a_response(service: FastAPI) -> None:
    nothing = {"color": None, "sold": None, "size": {"width": None, "height": None}}
    first = {"color": "red", "sold": True, "size": {"width": 3, "height": 1.5}}
    assert shown(service, "facts") == [first, nothing, None]
    assert shown(service, "facts.size.width") == [{"size": {"width": 3}}, {"size": {"width": None}}, None]


@pytest.mark.parametrize("document", [[1, 2], "text", 5, True, {"size": [3]}, {"size": {"width": [3]}}])
def test_documents_of_other_types_are_null_in_a_response(
    service: FastAPI, session: Session, document: object
) -> None:
    session.execute(update(Types).values(facts=document))
    expected = None
    if isinstance(document, dict):
        expected = {"size": None if document == {"size": [3]} else {"width": None}}
    assert shown(service, "facts.size.width") == [expected] * 3
    found = call(service, query_of({"where": {"facts.size.width": None}, "fields": ["id"]}), path="/rows")
    assert len(found.json) == 3
