"""Aggregates under attack: hidden fields in each clause, strange words and values, and limits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

import pytest
from fastapi import Depends, FastAPI, Request
from pydantic import BaseModel
from queryengine_sqlalchemy import SQLAlchemyAggregateResult, fetch_groups_sync
from sqlalchemy.orm import Session

from queryengine import create_qe_aggregate_dependency
from queryengine.aggregates import Function, result_name
from tests.asgi import Answer, call
from tests.attacks.service import ENGINE, EXPOSE, POLICY, TWIN, Service
from tests.attacks.test_hidden_fields import HIDDEN, NEAR, attacks
from tests.attacks.test_strange_filters import CONTROL_WORDS

pytestmark = pytest.mark.long

Asked = Mapping[str, Any]  # Any: values as JSON has them


class Groups(BaseModel):
    """What may be asked, of the service and of its twin."""

    name: str = ""
    weight: int | None = None
    owner_name: str | None = None
    count: int = 0
    sum_weight: int | None = None
    avg_weight: float | None = None
    min_name: str | None = None
    max_owner_name: str | None = None
    count_distinct_weight: int = 0


Result = SQLAlchemyAggregateResult[Groups]
items = create_qe_aggregate_dependency(ENGINE, row=Groups, policy=POLICY)
exposed = create_qe_aggregate_dependency(ENGINE, row=Groups, policy=EXPOSE)
plain_items = create_qe_aggregate_dependency(TWIN, row=Groups, policy=POLICY)
plain_exposed = create_qe_aggregate_dependency(TWIN, row=Groups, policy=EXPOSE)


def _fetched(request: Request, result: Result) -> list[Groups]:
    with Session(request.app.state.database) as session:
        return fetch_groups_sync(session, result)


def count_items(request: Request, result: Annotated[Result, Depends(items)]) -> list[Groups]:
    return _fetched(request, result)


def count_exposed(request: Request, result: Annotated[Result, Depends(exposed)]) -> list[Groups]:
    return _fetched(request, result)


def refuse_items(result: Annotated[Result, Depends(plain_items)]) -> None:
    raise AssertionError(f"this was to be refused: {result.aggregate}")


def refuse_exposed(result: Annotated[Result, Depends(plain_exposed)]) -> None:
    raise AssertionError(f"this was to be refused: {result.aggregate}")


@pytest.fixture
def app(service: Service) -> FastAPI:
    """Give the service of aggregates; the statements that it sends are counted from here."""
    app = FastAPI()
    app.state.database = service.database
    app.get("/items")(count_items)
    app.get("/exposed")(count_exposed)
    service.statements.clear()
    return app


@pytest.fixture
def twin_app() -> FastAPI:
    """Give the twin, whose model has nothing to hide."""
    app = FastAPI()
    app.get("/items")(refuse_items)
    app.get("/exposed")(refuse_exposed)
    return app


def ask(app: FastAPI, document: Asked | str, path: str = "/items") -> Answer:
    text = document if isinstance(document, str) else json.dumps(document)
    return call(app, b"aggregate=" + quote(text).encode(), path=path)


def refused(answer: Answer, *codes: str) -> None:
    """Assert that an answer is one of our errors, complete and quiet."""
    assert answer.status == 422, answer.body
    error = answer.json["detail"][0]
    assert error["loc"][:2] == ["query", "aggregate"]
    assert error["type"] in codes, error
    assert b"Traceback" not in answer.body
    assert b"SELECT" not in answer.body
    assert len(answer.body) < 4_096


def about(name: str) -> list[Asked]:
    """Return aggregates that touch a field of this name, in each clause."""
    wheres = [document["where"] for document in attacks(name) if "where" in document]
    documents: list[Asked] = [{"count": True, "where": where} for where in wheres]
    documents += [{"groupBy": name}, {"groupBy": [name]}, {"groupBy": ["name", name], "count": True}]
    documents += [{"groupBy": f"parent.{name}"}, {"groupBy": f"owner.{name}"}]
    for function in Function:
        named = result_name(name, function) if function is not Function.COUNT else name
        if function is not Function.COUNT:
            documents += [{function.value: name}, {function.value: ["weight", name]}]
            documents += [{function.value: f"parent.{name}"}]
        for test in (1, "x", None, {"gt": 1}, {"isNull": True}, {"in": ["x"]}, {"name": "x"}):
            documents += [{"count": True, "having": {named: test}}]
        documents += [{"groupBy": "name", "having": {"not": {named: 1}}}]
        documents += [{"groupBy": "name", "order": text} for text in (named, f"-{named}", f"name,{named}")]
    return documents


@pytest.mark.parametrize("path", ["/items", "/exposed"])
@pytest.mark.parametrize("name", HIDDEN + NEAR)
def test_a_hidden_field_is_answered_as_by_a_model_without_it(
    service: Service, app: FastAPI, twin_app: FastAPI, path: str, name: str
) -> None:
    for document in about(name):
        answer, expected = ask(app, document, path), ask(twin_app, document, path)
        assert (answer.status, answer.body) == (expected.status, expected.body), document
        assert answer.status == 422
    assert service.statements == []


@pytest.mark.parametrize("name", HIDDEN)
def test_bracket_parameters_tell_no_more(app: FastAPI, twin_app: FastAPI, name: str) -> None:
    for query in (
        f"aggregate[groupBy]={name}",
        f"aggregate[sum][]={name}",
        f"aggregate[count]=true&aggregate[where][{name}]=1",
        f"aggregate[count]=true&aggregate[having][{name}][gt]=1",
        f"aggregate[count]=true&aggregate[order]=-{name}",
    ):
        answer, expected = call(app, query.encode()), call(twin_app, query.encode())
        assert (answer.status, answer.body) == (expected.status, expected.body), query
        assert answer.status == 422


def test_what_may_be_asked_is_answered(app: FastAPI) -> None:
    answer = ask(app, {"groupBy": "owner.name", "count": True, "order": "-count", "limit": 1})
    assert [group["count"] for group in answer.json] == [15]


NO_SUCH_NAME = (
    "unknown_field",
    "unknown_clause",
    "unknown_operator",
    "not_allowed",
    "syntax_error",
    "invalid_encoding",
    "invalid_parameter",
    "limit_exceeded",
)


@pytest.mark.parametrize("word", CONTROL_WORDS)
def test_control_words_are_names_that_nobody_has(service: Service, app: FastAPI, word: str) -> None:
    documents: list[Asked] = [
        {"groupBy": word},
        {"groupBy": ["name", f"owner.{word}"]},
        {"sum": word},
        {"countDistinct": [word]},
        {"count": True, "having": {word: 1}},
        {"count": True, "where": {word: 1}},
        {"count": True, "order": word},
        {word: True},
    ]
    for document in documents:
        refused(ask(app, document), *NO_SUCH_NAME)
    assert service.statements == []


@pytest.mark.parametrize("operator", ["$gt", "$where", "$expr", "$function", "$ne", "$regex"])
def test_operators_in_the_place_of_values_are_refused(service: Service, app: FastAPI, operator: str) -> None:
    inner: Any = {operator: ""}
    codes = ("syntax_error", "type_mismatch", "unknown_operator")
    for clause, name in (("where", "name"), ("having", "min_name")):
        for value in ({"eq": inner}, {"$eq": inner}, {"in": [inner]}, [inner], {"not": {"eq": inner}}):
            refused(ask(app, {"min": "name", clause: {name: value}}), *codes)
    names: list[Asked] = [{"groupBy": inner}, {"groupBy": [inner]}, {"sum": inner}, {"count": inner}]
    for document in names:
        refused(ask(app, document), "syntax_error", "unknown_operator")
    assert service.statements == []


@pytest.mark.parametrize(
    "having", [{}, {"or": []}, {"count": {}}, {"count": []}, None, {"not": {}}, {"count": {"gt": None}}]
)
def test_what_is_empty_never_widens_an_answer(app: FastAPI, having: object) -> None:
    codes = ("empty_condition", "syntax_error", "type_mismatch", "unknown_clause", "operator_not_applicable")
    refused(ask(app, {"groupBy": "name", "count": True, "having": having}), *codes)


def test_in_nothing_gives_no_group(app: FastAPI) -> None:
    assert ask(app, {"groupBy": "name", "count": True, "having": {"count": {"in": []}}}).json == []
    assert ask(app, {"count": True, "having": {"count": None}}).json == []


@pytest.mark.parametrize(
    "value", ["9" * 20, "9" * 4_000, "1e999", "-1e999", "NaN", "Infinity", "1" + "0" * 400 + ".5"]
)
def test_numbers_that_no_column_holds_are_refused(service: Service, app: FastAPI, value: str) -> None:
    codes = ("out_of_range", "type_mismatch", "syntax_error", "limit_exceeded")
    for name in ("sum_weight", "count", "avg_weight") if value != "9" * 20 else ("sum_weight", "count"):
        text = f'{{"count":true,"sum":"weight","avg":"weight","having":{{"{name}":{value}}}}}'
        refused(ask(app, text), *codes)
    for clause in ("limit", "offset"):
        refused(ask(app, f'{{"groupBy":"name","{clause}":{value}}}'), *codes)
    assert service.statements == []


def test_limits_hold_before_any_work(service: Service, app: FastAPI) -> None:
    deep = '{"count":true,"having":' + '{"not":' * 10_000 + '{"count":1}' + "}" * 10_001
    nested = '{"count":true,"having":' + '{"not":' * 100 + '{"count":1}' + "}" * 101
    many = {"count": True, "having": {"or": [{"count": number} for number in range(65)]}}
    both = {"count": True, "where": {"id": {"in": list(range(501))}}}
    keys = {"groupBy": [f"f{number}" for number in range(9)]}
    functions = {"sum": [f"f{number}" for number in range(65)]}
    way = {"groupBy": "parent." * 50 + "name"}
    windows: list[Asked] = [{"groupBy": "name", "limit": 1_001}, {"groupBy": "name", "limit": -1}]
    documents: list[Asked | str] = [deep, nested, many, both, keys, functions, way, *windows]
    for document in documents:
        refused(ask(app, document), "limit_exceeded", "out_of_range", "syntax_error")
    assert service.statements == []


@pytest.mark.parametrize(
    "text",
    ['{"count":true,"count":true}', '{"count":true}}', "[]", "null", '"count"', "{", '{"count":true,}', "\\"],
)
def test_what_is_no_aggregate_is_refused(app: FastAPI, text: str) -> None:
    refused(ask(app, text), "duplicate_key", "syntax_error")


def test_an_aggregate_is_sent_once(app: FastAPI) -> None:
    one = quote('{"count":true}')
    refused(call(app, f"aggregate={one}&aggregate={one}".encode()), "duplicate_parameter")
    refused(call(app, f"aggregate={one}&aggregate[count]=true".encode()), "duplicate_parameter")
    refused(call(app, b"aggregate=%FF"), "invalid_encoding")
