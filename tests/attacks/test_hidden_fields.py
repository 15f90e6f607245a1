"""A hidden field is answered, byte for byte, as the same request is by a model without it; no SQL is sent."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI

from queryengine.operators import LOGICAL, OPERATORS, QUANTIFIERS, Arity
from tests.asgi import call, query_of
from tests.attacks.service import Service

pytestmark = pytest.mark.long

HIDDEN = ["tenant", "margin", "password_hash", "profile", "profile.name", "profile.tenant", "owner.tenant"]
NEAR = ["tenan", "tenants", "margins", "profil", "password_has"]
OPERANDS = {Arity.ONE: "x", Arity.MANY: ["x", 1], Arity.PAIR: [1, 2], Arity.FLAG: True}


def attacks(name: str) -> list[dict[str, Any]]:
    """Each operator and clause that could touch a field of this name."""
    tests: list[Any] = [1, "x", None, True, 1.5, ["x"], {}]
    tests += [{operator.name: OPERANDS[operator.arity]} for operator in OPERATORS]
    tests += [{word: {"name": "x"}} for word in QUANTIFIERS]
    tests += [{"name": "x"}, {"or": [{"name": "x"}]}, {"not": {"eq": 1}}]
    wheres = [{name: test} for test in tests]
    wheres += [{word: {name: 1} if word == "not" else [{name: 1}]} for word in LOGICAL]
    wheres += [{"parts": {"some": {name: 1}}}, {"parent": {name: 1}}, {f"parent.{name}": 1}]
    documents: list[dict[str, Any]] = [{"where": where} for where in wheres]
    documents += [{"order": text} for text in (name, f"-{name}", f"{name} DESC NULLS LAST", f"id,{name}")]
    documents += [
        {"fields": [name]},
        {"fields": {name: True}},
        {"fields": {name: False}},
        {"fields": ["id", name]},
    ]
    documents += [
        {"include": name},
        {"include": [name]},
        {"include": {"relation": name, "scope": {"limit": 1}}},
    ]
    documents += [{"include": {"relation": "parent", "scope": {"where": {name: 1}, "fields": [name]}}}]
    documents += [{"where": {name: 1}, "after": "x"}, {"order": name, "before": "x"}]
    return documents


@pytest.mark.parametrize("path", ["/items", "/exposed"])
@pytest.mark.parametrize("name", HIDDEN + NEAR)
def test_the_answer_is_the_one_of_a_model_without_it(
    service: Service, twin: FastAPI, path: str, name: str
) -> None:
    service.statements.clear()
    for document in attacks(name):
        query = query_of(document)
        answer, expected = call(service.app, query, path=path), call(twin, query, path=path)
        assert (answer.status, answer.body) == (expected.status, expected.body), document
        assert answer.status == 422
    assert service.statements == []


@pytest.mark.parametrize("name", HIDDEN)
def test_bracket_parameters_tell_no_more(service: Service, twin: FastAPI, name: str) -> None:
    for query in (
        f"filter[where][{name}]=1",
        f"filter[where][{name}][gt]=1",
        f"filter[order]=-{name}",
        f"filter[fields][{name}]=true",
        f"filter[include]={name}",
    ):
        answer, expected = call(service.app, query.encode()), call(twin, query.encode())
        assert (answer.status, answer.body) == (expected.status, expected.body)
        assert answer.status == 422


def test_no_error_speaks_of_what_is_hidden(service: Service) -> None:
    for name in NEAR:
        body = call(service.app, query_of({"where": {name: 1}})).body
        for hidden in (b"tenant", b"margin", b"password_hash", b"profile"):
            assert hidden not in body.replace(name.encode(), b"")
