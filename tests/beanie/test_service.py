"""The shop's service under attack: no operator comes in by a value, nothing hidden shows, scopes hold."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Response

from queryengine.operators import OPERATORS, QUANTIFIERS, Arity
from tests.beanie.conftest import Shop
from tests.beanie.service import shop_service

Filter = dict[str, Any]  # Any: values as JSON has them


class Service:
    """Asks the service on the shop's event loop."""

    def __init__(self, shop: Shop, app: FastAPI) -> None:
        self._shop = shop
        self._app = app

    def ask(
        self, filter: Filter | None, path: str = "/orders", headers: Mapping[str, str] | None = None
    ) -> Response:
        """Send one request; the queries that it leads to are counted from here."""
        self._shop.commands.queries.clear()
        return self._shop.runner.run(self._ask(filter, path, headers))

    async def _ask(self, filter: Filter | None, path: str, headers: Mapping[str, str] | None) -> Response:
        parameters = {} if filter is None else {"filter": json.dumps(filter)}
        async with AsyncClient(transport=ASGITransport(self._app), base_url="http://test") as client:
            return await client.get(path, params=parameters, headers=headers)

    @property
    def queries(self) -> int:
        """How many queries the last request led to."""
        return len(self._shop.commands.queries)


@pytest.fixture(scope="module")
def service(shop: Shop) -> Service:
    return Service(shop, shop_service())


def refused(service: Service, response: Response) -> str:
    """Assert that an answer is an error of ours, that nothing was asked, and return its code."""
    assert response.status_code == 422, response.text
    assert service.queries == 0
    assert "Traceback" not in response.text
    return str(response.json()["detail"][0]["type"])


def test_a_filter_gives_its_orders(service: Service) -> None:
    filter = {"where": {"customer.name": {"ne": "Ada"}}, "order": "-number", "limit": 2}
    assert service.ask(filter).json() == [4, 3]
    assert service.queries == 1
    assert service.ask(None).json() == [1, 2, 3, 4]


def test_a_response_model_is_filled_within_one_query(service: Service) -> None:
    assert service.ask({"order": "number"}, "/exposed").json() == [
        {"number": 1, "customer": {"name": "Ada"}},
        {"number": 2, "customer": {"name": "Ben"}},
        {"number": 3, "customer": None},
        {"number": 4, "customer": None},
    ]
    assert service.queries == 1
    narrow = service.ask({"fields": ["number"], "where": {"customer.name": "Ada"}}, "/exposed")
    assert narrow.json() == [{"number": 1}]


OPERATORS_OF_MONGODB: list[Any] = [
    {"$gt": ""},
    {"$ne": None},
    {"$exists": True},
    {"$regex": ".*"},
    {"$where": "true"},
    {"$expr": {"$eq": [1, 1]}},
    {"$function": {"body": "function() { return true }", "args": [], "lang": "js"}},
    {"$elemMatch": {"$gt": ""}},
    {"$not": {"$eq": 1}},
]


def poisoned(value: Any) -> list[Filter]:
    """Filters with an object in the place of each kind of value."""
    wheres: list[Filter] = [
        {"number": {"eq": value}},
        {"number": {"$eq": value}},
        {"number": {"in": [value]}},
        {"number": {"between": [value, value]}},
        {"address.street": {"contains": value}},
        {"address.street": {"like": value}},
        {"batches": {"has": value}},
        {"batches": {"hasAll": [value]}},
        {"batches": [value]},
        {"lines": {"some": {"sku": {"eq": value}}}},
        {"lines": {"some": {"tags": {"hasAny": [value]}}}},
        {"customer.name": {"eq": value}},
        {"watchers": {"every": {"name": {"ne": value}}}},
        {"or": [{"number": {"nin": [value]}}]},
        {"id": {"gt": value}},
        {"wait": {"lt": value}},
    ]
    return [{"where": where} for where in wheres]


@pytest.mark.parametrize("value", OPERATORS_OF_MONGODB, ids=lambda value: str(value)[:30])
def test_no_operator_of_mongodb_comes_in_by_a_value(service: Service, value: Any) -> None:
    for filter in poisoned(value):
        assert refused(service, service.ask(filter)) in {"type_mismatch", "syntax_error", "unknown_operator"}


@pytest.mark.parametrize("word", ["$where", "$expr", "$function", "$jsonSchema", "$text", "$comment", "$nor"])
def test_no_operator_of_mongodb_comes_in_by_a_name(service: Service, word: str) -> None:
    wheres: list[Filter] = [{word: "true"}, {"number": {word: "true"}}, {"lines": {"some": {word: 1}}}]
    for where in wheres:
        refused(service, service.ask({"where": where}))


TEXTS = [
    "$gt",
    "$address.street",
    "$$ROOT",
    "{'$ne': 1}",
    "$where",
    "Ma.n",
    "^Main",
    "M%",
    ".*",
    "\\",
    "(?i)main",
]


@pytest.mark.parametrize("text", TEXTS)
def test_what_looks_like_an_operator_is_text(service: Service, text: str) -> None:
    for word in ("eq", "in", "contains", "icontains", "startsWith", "endsWith"):
        operand = [text] if word == "in" else text
        for name in ("address.street", "customer.name", "id"):
            assert service.ask({"where": {name: {word: operand}}}).json() == []
    found = service.ask({"where": {"lines": {"some": {"sku": {"eq": text}}}}}).json()
    assert found == ([4] if text == "$gt" else [])


HIDDEN = ["token", "customer.email", "watchers.email", "revision_id", "customer.revision_id"]
UNKNOWN = [
    "tokens",
    "customer.mails",
    "_id",
    "_class_id",
    "customer.$id",
    "customer.$ref",
    "$id",
    "lines.0.sku",
]
OPERANDS = {Arity.ONE: "x", Arity.MANY: ["x"], Arity.PAIR: [1, 2], Arity.FLAG: True}


def touching(name: str) -> list[Filter]:
    """Each clause and operator that could touch a field of this name."""
    tests: list[Any] = [1, "x", None, *({one.name: OPERANDS[one.arity]} for one in OPERATORS)]
    tests += [{word: {"name": "x"}} for word in QUANTIFIERS]
    filters: list[Filter] = [{"where": {name: test}} for test in tests]
    filters += [{"where": {"not": {name: 1}}}, {"where": {"or": [{"number": 1}, {name: 1}]}}]
    return [*filters, {"order": name}, {"fields": [name]}, {"fields": {name: False}}, {"include": name}]


@pytest.mark.parametrize("name", HIDDEN)
def test_a_hidden_field_is_answered_as_one_that_is_not_there(service: Service, name: str) -> None:
    missing = name[:-1] + "~"
    for path in ("/orders", "/exposed", "/mine"):
        for hidden, absent in zip(touching(name), touching(missing), strict=True):
            one = service.ask(hidden, path, {"customer": "Ada"})
            refused(service, one)
            other = service.ask(absent, path, {"customer": "Ada"})
            assert without(one.text, name) == without(other.text, missing)


def without(text: str, name: str) -> str:
    """Return an answer without the name that it is about."""
    return text.replace(name, "?").replace(name.rpartition(".")[2], "?")


@pytest.mark.parametrize("name", UNKNOWN)
def test_keys_of_the_database_are_no_names(service: Service, name: str) -> None:
    for filter in touching(name):
        refused(service, service.ask(filter))


WHERES: list[Filter | None] = [
    None,
    {"or": [{"number": {"gt": 0}}, {"number": {"lt": 0}}]},
    {"not": {"number": -1}},
    {"nor": [{"number": -1}]},
    {"customer": {"isNull": True}},
    {"customer.name": {"ne": "x"}},
    {"watchers": {"none": {"name": "x"}}},
    {"watchers": {"some": {"orders": {"some": {"number": {"gt": 0}}}}}},
    {"watchers": {"every": {"orders": {"every": {"customer.name": {"ne": "x"}}}}}},
    {"lines": {"every": {"sku": {"ne": "x"}}}},
]
ORDERS = [None, "-number", "customer.name NULLS LAST"]


def test_only_what_is_in_scope_is_ever_seen(service: Service) -> None:
    own = {"Ada": {1}, "Ben": {2}, "Cleo": set[int]()}
    for (customer, numbers), where, order in itertools.product(own.items(), WHERES, ORDERS):
        filter = {key: value for key, value in (("where", where), ("order", order)) if value is not None}
        answer = service.ask(filter, "/mine", {"customer": customer})
        assert answer.status_code == 200, answer.text
        assert set(answer.json()) <= numbers


def test_what_others_do_changes_no_answer(service: Service, shop: Shop) -> None:
    filters = [{"where": where} for where in WHERES if where is not None]
    before = [service.ask(filter, "/mine", {"customer": "Ada"}).text for filter in filters]

    async def change() -> None:
        others = {"name": {"$ne": "Ada"}}
        await shop.database["Customer"].update_many(others, {"$set": {"name": "x", "level": 9}})
        await shop.database["shop_orders"].update_many({"number": {"$ne": 1}}, {"$set": {"number": 7}})
        await shop.database["shop_orders"].insert_one({"number": 8, "customer": None})

    shop.runner.run(change())
    try:
        assert [service.ask(filter, "/mine", {"customer": "Ada"}).text for filter in filters] == before
    finally:
        shop.runner.run(shop.load())


def test_who_is_nobody_is_denied(service: Service) -> None:
    assert service.ask({"where": {"number": 1}}, "/mine").status_code == 403
    assert service.queries == 0
