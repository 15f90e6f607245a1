"""What a query looks like: values behind operators, no pipeline where none is needed, the class kept."""

from __future__ import annotations

from typing import Any

import pytest
from beanie import Document
from beanie.odm.queries.aggregation import AggregationQuery
from beanie.odm.queries.find import FindMany
from pydantic import Field
from queryengine_beanie import BeanieQueryEngine, BeanieQueryResult

from queryengine import ConfigurationError, FilterAST, SecurityPolicy, field, process_filter_to_ast
from queryengine.ast import Window
from queryengine.parsed import Source
from queryengine.process import Processor
from tests.beanie.conftest import POLICY, Shop
from tests.beanie.shop import Address, Article, Book, Order, Record

ORDERS = BeanieQueryEngine(Order)
LOOKED_UP = '{"from": "Customer", "localField": "customer.$id", "foreignField": "_id", "as": "_qe0"}'


def built(filter: Record, engine: BeanieQueryEngine[Any] = ORDERS) -> BeanieQueryResult[Any]:
    return engine.build_query(process_filter_to_ast(filter, engine, policy=POLICY))


def match(filter: Record, engine: BeanieQueryEngine[Any] = ORDERS) -> Record:
    query = built(filter, engine).query
    assert isinstance(query, FindMany)
    found: Record = query.get_filter_query()
    return found


@pytest.mark.usefixtures("shop")
class TestQueries:
    @pytest.mark.parametrize(
        ("where", "expected"),
        [
            ({"number": 5}, {"number": {"$eq": 5}}),
            ({"number": {"ne": 5}}, {"number": {"$ne": 5}}),
            ({"number": {"in": [5, 6]}}, {"number": {"$in": [5, 6]}}),
            ({"not": {"number": {"gt": 5}}}, {"number": {"$not": {"$gt": 5}}}),
            ({"address.place.floor": 1}, {"addr.p.floor": {"$eq": 1}}),
            ({"address.street": {"contains": ".*"}}, {"addr.street": {"$regex": r"\.\*"}}),
            ({"address.street": {"istartsWith": "a-É"}}, {"addr.street": {"$regex": r"\A[Aa]\-É"}}),
            (
                {"address.street": {"like": "a%b%_\\%"}},
                {"addr.street": {"$regex": r"\Aa(?>[\s\S]*?b)[\s\S]*[\s\S]\%\z"}},
            ),
            (
                {"lines": {"some": {"sku": "a", "quantity": None}}},
                {"lines": {"$elemMatch": {"$and": [{"s": {"$eq": "a"}}, {"quantity": {"$eq": None}}]}}},
            ),
        ],
    )
    def test_a_condition_is_a_document_with_its_value_behind_an_operator(
        self, where: Record, expected: Record
    ) -> None:
        assert match({"where": where}) == expected

    def test_a_filter_of_its_own_fields_is_found_without_a_pipeline(self) -> None:
        query = built({"where": {"number": 1}, "order": "-placed,number", "limit": 5, "offset": 2}).query
        assert isinstance(query, FindMany)
        assert query.sort_expressions == [("placed", -1), ("number", 1), ("_id", 1)]
        assert (query.skip_number, query.limit_number) == (2, 5)

    def test_a_link_is_looked_up_after_what_an_index_can_serve(self) -> None:
        where = {"customer.name": "Ada", "number": {"gt": 1}, "address.street": "Main"}
        query = built({"where": where, "order": "number"}).query
        assert isinstance(query, AggregationQuery)
        first, lookup, unwound, second, sort, limit, projected = query.aggregation_pipeline
        assert first == {"$match": {"$and": [{"number": {"$gt": 1}}, {"addr.street": {"$eq": "Main"}}]}}
        assert lookup == {
            "$lookup": {"from": "Customer", "localField": "customer.$id", "foreignField": "_id", "as": "_qe0"}
        }
        assert unwound == {"$addFields": {"_qe0": {"$arrayElemAt": ["$_qe0", 0]}}}
        assert second == {"$match": {"_qe0.name": {"$eq": "Ada"}}}
        assert (sort, limit) == ({"$sort": {"number": 1, "_id": 1}}, {"$limit": 100})
        assert projected == {"$project": {"_qe0": 0}}

    def test_two_conditions_in_one_related_document_share_a_lookup(self) -> None:
        where = {"customer.name": "Ada", "or": [{"customer.level": 1}, {"customer.level": None}]}
        query = built({"where": where, "order": "customer.name"}).query
        assert isinstance(query, AggregationQuery)
        assert str(query.aggregation_pipeline).count("$lookup") == 1

    def test_related_documents_are_asked_for_one_and_for_no_more(self) -> None:
        query = built({"where": {"watchers": {"some": {"name": "Ada"}}}}).query
        assert isinstance(query, AggregationQuery)
        lookup = query.aggregation_pipeline[0]["$lookup"]
        assert lookup["pipeline"] == [
            {"$match": {"name": {"$eq": "Ada"}}},
            {"$limit": 1},
            {"$project": {"_id": 1}},
        ]
        assert query.aggregation_pipeline[1] == {"$match": {"_qe0": {"$size": 1}}}

    def test_filters_of_one_shape_have_their_own_values(self) -> None:
        processor = Processor(ORDERS, policy=POLICY)

        def text(name: str, number: int) -> str:
            where = f'{{"customer.name": "{name}", "lines": {{"some": {{"quantity": {number}}}}}}}'
            return f'{{"where": {where}, "limit": {number}}}'

        filters = [processor.process(Source(text(*values))) for values in (("a", 1), ("b", 2), ("c", 3))]
        assert len({id(bound.shape) for bound in filters}) == 1
        fresh = [FilterAST(bound.condition, bound.order, window=bound.window) for bound in filters]
        for bound, again in zip(filters, fresh, strict=True):
            assert ORDERS.describe_query(bound) == ORDERS.describe_query(again)
            one, other = ORDERS.build_query(bound).query, ORDERS.build_query(again).query
            assert isinstance(one, AggregationQuery)
            assert isinstance(other, AggregationQuery)
            assert one.aggregation_pipeline == other.aggregation_pipeline

    def test_a_limit_of_nothing_gives_nothing(self, shop: Shop) -> None:
        result = ORDERS.build_query(FilterAST(window=Window(limit=0)))
        assert shop.runner.run(result.query.to_list()) == []

    def test_text_is_compared_by_code_point_whatever_the_collection_s_collation(self) -> None:
        query = built({"where": {"number": 1}}).query
        assert isinstance(query, FindMany)
        assert query.pymongo_kwargs["collation"].document == {"locale": "simple"}

    def test_the_class_is_part_of_the_query(self) -> None:
        books = BeanieQueryEngine(Book)
        assert match({"where": {"pages": 1}}, books) == {
            "$and": [{"pages": {"$eq": 1}}, {"kind": "Article.Book"}]
        }
        family = BeanieQueryEngine(Article, with_children=True)
        assert match({}, family) == {"kind": {"$in": ["Article", "Article.Book"]}}
        assert '"kind": "Article.Book"' in books.describe_query(FilterAST())

    def test_a_query_may_be_run_and_counted(self, shop: Shop) -> None:
        result = built({"where": {"number": {"gt": 1}}, "limit": 2})
        assert isinstance(result.query, FindMany)
        assert shop.runner.run(result.query.count()) == 2
        assert len(shop.runner.run(result.query.to_list())) == 2


class Kinded(Document):
    """A field stands under the key by which Beanie tells classes apart."""

    sort: str = Field(alias="_class_id")

    class Settings:
        is_root = True


def test_a_condition_on_the_key_of_classes_does_not_replace_beanie_s(shop: Shop) -> None:
    from beanie import init_beanie  # pyright: ignore[reportUnknownVariableType]  # of any database

    shop.runner.run(init_beanie(shop.database, document_models=[Kinded], skip_indexes=True))
    engine = BeanieQueryEngine(Kinded)
    assert match({"where": {"sort": "Other"}}, engine) == {
        "$and": [{"$and": [{"_class_id": {"$eq": "Other"}}]}, {"_class_id": "Kinded"}]
    }


@pytest.mark.usefixtures("shop")
def test_a_scope_of_an_embedded_document_is_an_error_of_the_configuration() -> None:
    bound = Processor(ORDERS, policy=POLICY).process(
        Source('{"where": {"address.street": "Main"}}'), scope={Address: field("street") == "Main"}
    )
    with pytest.raises(ConfigurationError, match="is embedded"):
        ORDERS.build_query(bound)


def test_a_description_has_the_words_of_the_shell() -> None:
    bound = process_filter_to_ast(
        {"where": {"customer.name": "Ada", "number": 1}, "order": "number", "limit": 3, "offset": 1},
        ORDERS,
        policy=SecurityPolicy(relations=True),
    )
    assert ORDERS.describe_query(bound).splitlines() == [
        "db.shop_orders.aggregate([",
        '  {"$match": {"number": {"$eq": 1}}},',
        f'  {{"$lookup": {LOOKED_UP}}},',
        '  {"$addFields": {"_qe0": {"$arrayElemAt": ["$_qe0", 0]}}},',
        '  {"$match": {"_qe0.name": {"$eq": "Ada"}}},',
        '  {"$sort": {"number": 1, "_id": 1}},',
        '  {"$skip": 1},',
        '  {"$limit": 3},',
        '  {"$project": {"_qe0": 0}}',
        "])",
    ]
    plain = process_filter_to_ast({"where": {"number": 1}, "offset": 2}, ORDERS)
    assert ORDERS.describe_query(plain).splitlines() == [
        'db.shop_orders.find({"number": {"$eq": 1}})',
        '  .sort({"_id": 1})',
        "  .skip(2)",
        "  .limit(100)",
    ]
