"""Filters give the right documents: arrays of documents, ObjectIds, links, children, missing members."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from beanie import Document, Link, init_beanie  # pyright: ignore[reportUnknownVariableType]
from beanie.exceptions import CollectionWasNotInitialized
from bson import DBRef
from queryengine_beanie import BeanieQueryEngine

from queryengine import EVERYTHING, ConfigurationError, field
from queryengine.parsed import Source
from queryengine.process import Processor
from tests.beanie.conftest import POLICY, Shop
from tests.beanie.rows import BASKET_IDS
from tests.beanie.shop import Article, Basket, Book, Customer, Order

ORDERS = BeanieQueryEngine(Order)
FIRST_ID = "00000000000000000000000b"


def numbers(shop: Shop, where: dict[str, Any], **clauses: Any) -> list[int]:  # Any: values as JSON has them
    rows = shop.rows(ORDERS, {"where": where, "order": "number", **clauses})
    return [row.number for row in rows if isinstance(row, Order)]


EMBEDDED: list[tuple[dict[str, Any], list[int]]] = [
    ({"lines": {"some": {"sku": "a"}}}, [1, 2]),
    ({"lines": {"elemMatch": {"sku": "a", "quantity": {"gte": 1}}}}, [1]),
    ({"lines": {"some": {"sku": "a", "quantity": 5}}}, []),
    ({"lines": {"none": {"quantity": 5}}}, [2, 3]),
    ({"lines": {"every": {"quantity": {"gt": 0}}}}, [1, 3, 4]),
    ({"lines": {"every": {"quantity": {"ne": None}}}}, [1, 3, 4]),
    ({"lines": {"some": {"quantity": None}}}, [2]),
    ({"lines": {"some": {"not": {"quantity": {"lt": 5}}}}}, [1, 2, 4]),
    ({"lines": {"some": {"or": [{"sku": "$gt"}, {"quantity": 1}]}}}, [1, 4]),
    ({"lines": {"some": {"or": [{"sku": "b"}, {"sku": "a"}], "quantity": 5}}}, [1]),
    ({"not": {"lines": {"some": {"nor": [{"sku": "b"}, {"sku": "a"}]}}}}, [1, 3]),
    ({"lines": {"some": {"price": "1.5"}}}, [1]),
    ({"lines": {"some": {"price": {"lt": "0.2"}}}}, [4]),
    ({"lines": {"some": {"tags": {"has": "y"}}}}, [1, 4]),
    ({"lines": {"some": {"tags": {"hasAll": []}}}}, [1, 2, 4]),
    ({"lines": {"some": {"tags": {"isEmpty": True}}}}, [2]),
    ({"lines": {"some": {"tags": None}}}, [1, 2]),
    ({"lines": {"some": {"size.width": 2}}}, [1]),
    ({"lines": {"some": {"size": {"exists": True}}}}, [1]),
    ({"lines": {"some": {"origin": {"exists": True}}}}, [1]),
    ({"address.street": "Side"}, [2]),
    ({"address.place.city": {"ne": "Bergen"}}, [2, 3, 4]),
    ({"address.place": None}, [2, 3, 4]),
    ({"address": {"exists": True}}, [1, 2]),
    ({"address": {"place": {"floor": {"in": [2, None]}}}}, [1, 2, 3, 4]),
]


@pytest.mark.parametrize(("where", "expected"), EMBEDDED, ids=lambda value: str(value)[:60])
def test_embedded_documents_and_arrays_of_them(
    shop: Shop, where: dict[str, Any], expected: list[int]
) -> None:
    assert numbers(shop, where) == expected
    assert numbers(shop, {"not": where}) == [number for number in (1, 2, 3, 4) if number not in expected]


OBJECT_IDS: list[tuple[dict[str, Any], list[int]]] = [
    ({"id": FIRST_ID}, [1]),
    ({"id": FIRST_ID.upper()}, []),
    ({"id": "b"}, []),
    ({"id": {"in": [FIRST_ID, "x"]}}, [1]),
    ({"id": {"nin": [FIRST_ID]}}, [2, 3, 4]),
    ({"id": {"gt": FIRST_ID}}, [2, 3, 4]),
    ({"id": {"lte": FIRST_ID}}, [1]),
    ({"id": {"gt": "00000000000000000000000"}}, [1, 2, 3, 4]),
    ({"id": {"lt": "00000000000000000000000c~"}}, [1, 2]),
    ({"id": {"gte": "g"}}, []),
    ({"id": {"lt": "ffffffffffffffffffffffffff"}}, [1, 2, 3, 4]),
    ({"id": {"endsWith": "0d"}}, [3]),
    ({"id": {"ilike": "0%B"}}, [1]),
    ({"id": {"contains": "x"}}, []),
    ({"batches": {"has": "000000000000000000000002"}}, [1, 4]),
    ({"batches": {"hasAny": ["000000000000000000000001", "no"]}}, [1]),
    ({"batches": {"hasAll": ["000000000000000000000001", "no"]}}, []),
    ({"batches": ["000000000000000000000001", "000000000000000000000002"]}, [1]),
    ({"batches": {"size": 1}}, [4]),
]


@pytest.mark.parametrize(("where", "expected"), OBJECT_IDS, ids=lambda value: str(value)[:60])
def test_object_ids_are_the_text_of_their_digits(
    shop: Shop, where: dict[str, Any], expected: list[int]
) -> None:
    assert numbers(shop, where) == expected
    assert numbers(shop, {"not": where}) == [number for number in (1, 2, 3, 4) if number not in expected]


LINKS: list[tuple[dict[str, Any], list[int]]] = [
    ({"customer.name": "Ada"}, [1]),
    ({"customer.name": {"ne": "Ada"}}, [2, 3, 4]),
    ({"customer": None}, [3, 4]),
    ({"customer.level": None}, [2, 3, 4]),
    ({"customer.id": "000000000000000000000002"}, [2]),
    ({"customer.id": {"startsWith": "0000"}}, [1, 2]),
    ({"watchers": {"some": {"name": "Ben"}}}, [1]),
    ({"watchers": {"none": {"name": "Ben"}}}, [2, 3, 4]),
    ({"watchers": {"every": {"name": {"in": ["Éva", "Ben"]}}}}, [2, 3, 4]),
    ({"customer.name": "Ada", "number": 1, "watchers": {"some": {"level": 3}}}, [1]),
    ({"or": [{"number": 3}, {"customer.name": "Ben"}]}, [2, 3]),
]


@pytest.mark.parametrize(("where", "expected"), LINKS, ids=lambda value: str(value)[:60])
def test_links_lead_to_documents_that_are_there(
    shop: Shop, where: dict[str, Any], expected: list[int]
) -> None:
    assert numbers(shop, where) == expected
    assert numbers(shop, {"not": where}) == [number for number in (1, 2, 3, 4) if number not in expected]


def test_links_back_lead_to_the_documents_that_link(shop: Shop) -> None:
    customers = BeanieQueryEngine(Customer)

    def names(where: dict[str, Any]) -> list[str]:
        rows = shop.rows(customers, {"where": where, "order": "name"})
        return [row.name for row in rows if isinstance(row, Customer)]

    assert names({"orders": {"some": {"number": {"lt": 3}}}}) == ["Ada", "Ben"]
    assert names({"orders": {"none": {"lines": {"some": {"quantity": 5}}}}}) == ["Ben", "Éva"]
    assert names({"orders": {"every": {"customer.name": "Ada"}}}) == ["Ada", "Éva"]
    assert names({"favourite": {"exists": True}}) == ["Ada"]
    assert names({"favourite": None}) == ["Ben", "Éva"]


def test_an_order_has_nulls_first_unless_it_says_otherwise(shop: Shop) -> None:
    everything: dict[str, Any] = {"number": {"gt": 0}}

    def ordered(order: str) -> list[int]:
        return numbers(shop, everything, order=order)

    assert ordered("wait") == [2, 3, 4, 1]
    assert ordered("wait NULLS LAST") == [1, 2, 3, 4]
    assert ordered("-wait, -number") == [1, 4, 3, 2]
    assert ordered("-wait NULLS FIRST") == [2, 3, 4, 1]
    assert ordered("customer.name") == [3, 4, 1, 2]
    assert ordered("customer.name NULLS LAST, -number") == [1, 2, 4, 3]
    assert ordered("address.place.city, -id") == [4, 3, 2, 1]
    assert numbers(shop, everything, order="-wait NULLS FIRST", limit=2, offset=1) == [3, 4]
    assert numbers(shop, everything, order="-number", limit=2, offset=1) == [3, 2]


def test_children_are_there_when_they_are_asked_for(shop: Shop) -> None:
    alone, family = BeanieQueryEngine(Article), BeanieQueryEngine(Article, with_children=True)
    books = BeanieQueryEngine(Book)
    some: dict[str, Any] = {"where": {"title": {"ne": "x"}}, "order": "title"}
    assert [type(row) for row in shop.rows(alone, some)] == [Article]
    assert [type(row) for row in shop.rows(family, some)] == [Article, Book]
    assert [type(row) for row in shop.rows(books, {"where": {"pages": {"gt": 100}}})] == [Book]
    in_pipelines = {"where": {"customers": {"none": {"name": "x"}}}, "order": "title NULLS LAST"}
    assert [type(row) for row in shop.rows(alone, in_pipelines)] == [Article]
    assert [type(row) for row in shop.rows(family, in_pipelines)] == [Article, Book]


def test_a_link_leads_to_its_class_and_its_children_only(shop: Shop) -> None:
    baskets = BeanieQueryEngine(Basket)

    def found(where: dict[str, Any]) -> list[int]:
        rows = shop.rows(baskets, {"where": where, "order": "id"})
        return [BASKET_IDS.index(row.id) for row in rows if isinstance(row, Basket)]

    assert found({"best": {"exists": True}}) == [0]
    assert found({"best.title": {"contains": "o"}}) == [0]
    assert found({"any_article": {"exists": True}}) == [0, 1]


def test_a_row_scope_holds_on_each_way(shop: Shop) -> None:
    scope = {Order: field("number") < 4, Customer: field("name") == "Ada"}

    def seen(where: dict[str, Any], order: str = "number") -> list[int]:
        rows = shop.rows(ORDERS, {"where": where, "order": order}, scope=scope)
        return [row.number for row in rows if isinstance(row, Order)]

    assert seen({"number": {"gt": 0}}) == [1, 2, 3]
    assert seen({"or": [{"number": 4}, {"not": {"number": 4}}]}) == [1, 2, 3]
    assert seen({"customer": None}) == [2, 3]
    assert seen({"watchers": {"some": {"level": None}}}) == []
    assert seen({"watchers": {"every": {"name": "Ada"}}}) == [1, 2, 3]
    assert seen({"number": {"gt": 0}}, "-customer.name, number") == [1, 2, 3]
    customers = shop.rows(
        BeanieQueryEngine(Customer), {"where": {"orders": {"none": {"number": {"gt": 1}}}}}, scope=scope
    )
    assert [row.name for row in customers if isinstance(row, Customer)] == ["Ada"]


def test_a_row_scope_may_look_at_related_documents(shop: Shop) -> None:
    scope = {Order: field("customer.level") == 3, Customer: field("orders").some(field("number") == 1)}
    rows = shop.rows(ORDERS, {"where": {"watchers": {"every": {"name": "Ada"}}}}, scope=scope)
    assert [row.number for row in rows if isinstance(row, Order)] == [1]


def test_the_row_scope_of_a_child_holds_where_it_is_met_as_its_parent(shop: Shop) -> None:
    scope = {Basket: EVERYTHING, Book: field("pages") > 300}
    baskets = BeanieQueryEngine(Basket)
    assert ids(shop.rows(baskets, {"where": {"any_article.title": "Lamp"}}, scope=scope)) == BASKET_IDS[:1]
    assert ids(shop.rows(baskets, {"where": {"any_article.title": "Novel"}}, scope=scope)) == []
    assert ids(shop.rows(baskets, {"where": {"any_article": None}}, scope=scope)) == BASKET_IDS[1:]
    family = BeanieQueryEngine(Article, with_children=True)
    assert titles(shop.rows(family, {}, scope={Book: field("pages") > 300})) == ["Lamp"]
    assert titles(shop.rows(family, {}, scope={Book: field("pages") > 299})) == ["Lamp", "Novel"]
    assert titles(shop.rows(family, {}, scope={Book: ~(field("pages") > 299)})) == ["Lamp"]


class Early(Document):
    id: int  # type: ignore[assignment]
    number: int

    class Settings:
        is_root = True


class EarlyChild(Early):
    pass


class EarlyOwner(Document):
    id: int  # type: ignore[assignment]
    child: Link[EarlyChild] | None = None


def test_a_query_that_came_before_beanie_was_initialised_changes_none_after_it(shop: Shop) -> None:
    engine = BeanieQueryEngine(EarlyOwner)
    bound = Processor(engine, policy=POLICY).process(Source('{"where": {"child.number": 1}}'))
    with pytest.raises(CollectionWasNotInitialized):
        _ = engine.build_query(bound)
    models = [Early, EarlyChild, EarlyOwner]
    shop.runner.run(init_beanie(shop.database, document_models=models, skip_indexes=True))
    for document in (Early(id=1, number=1), EarlyChild(id=2, number=1)):
        shop.runner.run(document.insert())
    owners = [{"_id": number, "child": DBRef("Early", number)} for number in (1, 2)]
    shop.runner.run(shop.database["EarlyOwner"].insert_many(owners))
    assert ids(shop.runner.run(engine.build_query(bound).query.to_list())) == [2]


def ids(rows: Sequence[Document]) -> list[object]:
    return [row.id for row in rows]


def titles(rows: Sequence[Document]) -> list[str]:
    return [row.title for row in rows if isinstance(row, Article)]


class Marked:
    """A class by whose name a scope may speak of documents of several families."""


class LateTag(Document, Marked):
    id: int  # type: ignore[assignment]


class Late(Document):
    id: int  # type: ignore[assignment]
    tag: Link[LateTag] | None = None

    class Settings:
        is_root = True


class LateMiddle(Late):
    pass


class LateOwner(Document):
    id: int  # type: ignore[assignment]
    late: Link[Late] | None = None


def test_a_scope_holds_for_documents_of_classes_that_were_made_after_its_first_use(shop: Shop) -> None:
    scope = {LateMiddle: field("id") < 3, Marked: field("id") != 4}
    family, owners = BeanieQueryEngine(Late, with_children=True), BeanieQueryEngine(LateOwner)
    family_filters, owner_filters = Processor(family, policy=POLICY), Processor(owners, policy=POLICY)
    models: list[type[Document]] = [LateTag, Late, LateMiddle, LateOwner]

    def found() -> tuple[list[object], list[object]]:
        shop.runner.run(init_beanie(shop.database, document_models=models, skip_indexes=True))
        late = family.build_query(family_filters.process(Source("{}"), scope=scope)).query
        with_late = Source('{"where": {"late.id": {"gt": 0}}}')
        owning = owners.build_query(owner_filters.process(with_late, scope=scope)).query
        return ids(shop.runner.run(late.to_list())), ids(shop.runner.run(owning.to_list()))

    assert found() == ([], [])

    class LateChild(LateMiddle):
        pass

    class LateMarked(Late, Marked):
        pass

    models += [LateChild, LateMarked]
    assert found() == ([], [])
    child, marked = "Late.LateMiddle.LateChild", "Late.LateMarked"
    for number, class_id in enumerate(("Late", child, child, marked, marked), start=1):
        row, owner = {"_id": number, "_class_id": class_id}, {"_id": number, "late": DBRef("Late", number)}
        shop.runner.run(shop.database["Late"].insert_one(row))
        shop.runner.run(shop.database["LateOwner"].insert_one(owner))
    assert found() == ([1, 2, 5], [1, 2, 5])


class Missing(Document):
    id: int  # type: ignore[assignment]


class MissingChild(Late):
    pass


class Linking(Document):
    id: int  # type: ignore[assignment]
    missing: Link[Missing] | None = None
    child: Link[MissingChild] | None = None


def test_a_linked_class_that_beanie_was_not_given_is_named(shop: Shop) -> None:
    models: list[type[Document]] = [Late, LateTag, Linking]
    shop.runner.run(init_beanie(shop.database, document_models=models, skip_indexes=True))
    engine = BeanieQueryEngine(Linking)
    assert shop.rows(engine, {}) == []
    # Of MissingChild it knows the parent, whose collection and documents it would look at.
    for relation, name in (("missing", "Missing"), ("child", "MissingChild")):
        problem = rf"Linking\.{relation}: {name} is missing from the document_models of init_beanie"
        for filter in ({"where": {f"{relation}.id": 1}}, {"include": [relation]}):
            with pytest.raises(ConfigurationError, match=problem):
                _ = shop.rows(engine, filter)


def test_a_class_that_beanie_was_not_given_is_not_taken_for_its_parent(shop: Shop) -> None:
    models: list[type[Document]] = [Late, LateTag]
    shop.runner.run(init_beanie(shop.database, document_models=models, skip_indexes=True))

    class LateOrphan(Late):
        pass

    with pytest.raises(ConfigurationError, match="LateOrphan is missing from the document_models"):
        _ = shop.rows(BeanieQueryEngine(LateOrphan), {})
