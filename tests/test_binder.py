"""Binding: what filters become, and the error of each that cannot be bound, with its place."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from queryengine.ast import And, Comparison, JSONDocument, Not, Nulls, Op, Or, Quantified, Quantifier, Where
from queryengine.config import QueryConfig
from queryengine.engine import FULL, Capabilities
from queryengine.errors import ConfigurationError, ErrorCode, FilterError
from queryengine.limits import Limits
from queryengine.policy import Access, SecurityPolicy
from queryengine.predicate import EVERYTHING, AnyOf, Predicate, field
from queryengine.process import Processor
from queryengine.request import encode
from queryengine.schema import TypeKind
from tests.shop import OPEN, Color, Maker, Product, ProductOut, Review, ShopEngine, bind

CODE = ErrorCode


def only(where: dict[str, Any], **settings: Any) -> Comparison:
    """The one comparison that a condition becomes."""
    bound = bind({"where": where}, **settings).condition
    assert isinstance(bound, Comparison)
    return bound


def refused(document: dict[str, Any], **settings: Any) -> FilterError:
    """The error of a filter that cannot be bound."""
    with pytest.raises(FilterError) as caught:
        bind(document, **settings)
    return caught.value


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ({"stock": 5}, 5),
        ({"stock": 5.0}, 5),
        ({"price": 5}, Decimal(5)),
        ({"price": "5.25"}, Decimal("5.25")),
        ({"name": "x"}, "x"),
        ({"active": True}, True),
        ({"color": "red"}, Color.RED),
        ({"made_at": "2013-01-01T10:00:00+01:00"}, dt.datetime(2013, 1, 1, 9, tzinfo=dt.UTC)),
        ({"code": "00000000-0000-0000-0000-000000000001"}, uuid.UUID(int=1)),
        ({"tags": ["a", "b"]}, ("a", "b")),
        ({"extra": {"eq": {"b": 1, "a": [True, None]}}}, JSONDocument('{"a":[true,null],"b":1}')),
    ],
)
def test_values_have_the_type_of_their_field(where: dict[str, Any], value: object) -> None:
    comparison = only(where)
    assert comparison.op is Op.EQ
    assert comparison.value == value
    assert type(comparison.value) is type(value)


@pytest.mark.parametrize(
    ("test", "op", "value"),
    [
        ({"$gt": "a"}, Op.GT, "a"),
        ({"gte": "a"}, Op.GTE, "a"),
        ({"in": ["a", "b"]}, Op.IN, ("a", "b")),
        ({"inq": []}, Op.IN, ()),
        ({"like": "a%"}, Op.LIKE, "a%"),
        ({"istartsWith": "A"}, Op.ISTARTS_WITH, "A"),
        ({"isNull": True}, Op.IS_NULL, None),
        ({"eq": None}, Op.IS_NULL, None),
    ],
)
def test_operators_become_predicates(test: dict[str, Any], op: Op, value: object) -> None:
    comparison = only({"name": test})
    assert (comparison.op, comparison.value) == (op, value)


@pytest.mark.parametrize(
    ("word", "plain"),
    [
        ("ne", "eq"),
        ("neq", "eq"),
        ("nlike", "like"),
        ("nilike", "ilike"),
        ("notContains", "contains"),
        ("notIstartsWith", "istartsWith"),
        ("notEndsWith", "endsWith"),
    ],
)
def test_a_negated_operator_is_not_its_plain_one(word: str, plain: str) -> None:
    assert bind({"where": {"name": {word: "x"}}}).condition == Not(only({"name": {plain: "x"}}))


def test_null_tests_have_four_spellings() -> None:
    null = only({"name": {"isNull": True}})
    for test in ({"isNull": False}, {"exists": True}, {"ne": None}):
        assert bind({"where": {"name": test}}).condition == Not(null)
    assert only({"name": {"exists": False}}) == null
    assert only({"name": None}) == null


def test_between_is_two_comparisons() -> None:
    bound = bind({"where": {"stock": {"between": [1, 5]}}}).condition
    assert isinstance(bound, And)
    assert [(c.op, c.value) for c in bound.operands if isinstance(c, Comparison)] == [
        (Op.GTE, 1),
        (Op.LTE, 5),
    ]


def test_null_in_a_list_counts_as_eq_null() -> None:
    bound = bind({"where": {"stock": {"in": [1, None, 7]}}}).condition
    assert bound == Or((only({"stock": {"in": [1, 7]}}), only({"stock": None})))
    assert bind({"where": {"stock": {"nin": [None, 1]}}}).condition == Not(
        Or((only({"stock": {"in": [1]}}), only({"stock": None})))
    )


def test_lists_of_booleans_are_read() -> None:
    assert only({"active": {"in": [True, False]}}).value == (True, False)


def test_arrays_have_their_operators() -> None:
    assert only({"tags": {"has": "a"}}).value == "a"
    assert only({"tags": {"hasAny": ["a", "b"]}}).value == ("a", "b")
    assert only({"tags": {"size": 2}}).value == 2
    assert only({"tags": {"isEmpty": True}}).op is Op.IS_EMPTY
    assert bind({"where": {"tags": {"isEmpty": False}}}).condition == Not(only({"tags": {"isEmpty": True}}))


def test_logical_words_nest() -> None:
    a, b = only({"stock": 1}), only({"stock": 2})
    assert bind({"where": {"and": [{"stock": 1}, {"stock": 2}]}}).condition == And((a, b))
    assert bind({"where": {"$or": [{"stock": 1}, {"stock": 2}]}}).condition == Or((a, b))
    assert bind({"where": {"nor": [{"stock": 1}, {"stock": 2}]}}).condition == Not(Or((a, b)))
    assert bind({"where": {"not": {"stock": 1}}}).condition == Not(a)
    assert bind({"where": {"stock": {"eq": 1}, "and": [{"stock": 2}]}}).condition == And((a, b))


def test_logical_words_join_the_operators_of_one_field() -> None:
    low, high = only({"stock": {"lt": 1}}), only({"stock": {"gt": 9}})
    assert bind({"where": {"stock": {"or": [{"lt": 1}, {"gt": 9}]}}}).condition == Or((low, high))
    assert bind({"where": {"stock": {"not": {"lt": 1}}}}).condition == Not(low)
    missing, named = only({"maker": None}), only({"maker.name": "x"})
    assert bind({"where": {"maker": {"or": [{"isNull": True}, {"name": "x"}]}}}).condition == Or(
        (missing, named)
    )


def test_a_path_through_a_relation_has_its_step() -> None:
    comparison = only({"maker.name": "x"})
    assert comparison.path.names == ("maker", "name")
    assert [step.relation.name for step in comparison.path.steps] == ["maker"]
    assert only({"maker": {"name": "x"}}) == comparison
    assert only({"parent.maker": {"name": {"eq": "x"}}}).path.names == ("parent", "maker", "name")


def test_a_missing_relation_can_be_asked_for() -> None:
    comparison = only({"maker": {"isNull": True}})
    assert comparison.path.field is None
    assert only({"maker": None}) == comparison
    assert bind({"where": {"maker": {"exists": True}}}).condition == Not(comparison)


@pytest.mark.parametrize("word", ["some", "every", "none", "$some", "elemMatch"])
def test_to_many_relations_are_quantified(word: str) -> None:
    bound = bind({"where": {"reviews": {word: {"stars": 5, "text": {"contains": "x"}}}}}).condition
    assert isinstance(bound, Quantified)
    assert bound.quantifier is (Quantifier(word.strip("$")) if "elem" not in word else Quantifier.SOME)
    assert isinstance(bound.where, And)


def test_inside_of_a_quantifier_paths_start_anew() -> None:
    bound = bind({"where": {"parent.reviews": {"some": {"product.name": "x"}}}}).condition
    assert isinstance(bound, Quantified)
    assert bound.path.names == ("parent", "reviews")
    assert isinstance(bound.where, Comparison)
    assert bound.where.path.names == ("product", "name")


# -- what is refused


@pytest.mark.parametrize(
    ("where", "code", "path"),
    [
        ({"prise": 1}, CODE.UNKNOWN_FIELD, ["where", "prise"]),
        ({"maker.nam": 1}, CODE.UNKNOWN_FIELD, ["where", "maker.nam"]),
        ({"name.length": 1}, CODE.UNKNOWN_FIELD, ["where", "name.length"]),
        ({"": 1}, CODE.SYNTAX_ERROR, ["where", ""]),
        ({"__class__": 1}, CODE.UNKNOWN_FIELD, ["where", "__class__"]),
        ({"name": {"gtt": "x"}}, CODE.UNKNOWN_OPERATOR, ["where", "name", "gtt"]),
        ({"name": {"not": {"name": "x"}}}, CODE.UNKNOWN_OPERATOR, ["where", "name", "not", "name"]),
        ({"name": {"or": [{"name": "x"}]}}, CODE.UNKNOWN_OPERATOR, ["where", "name", "or", 0, "name"]),
        ({"stock": {"contains": "x"}}, CODE.OPERATOR_NOT_APPLICABLE, ["where", "stock", "contains"]),
        ({"active": {"gt": True}}, CODE.OPERATOR_NOT_APPLICABLE, ["where", "active", "gt"]),
        ({"color": {"gt": "red"}}, CODE.OPERATOR_NOT_APPLICABLE, ["where", "color", "gt"]),
        ({"name": {"some": {"name": "x"}}}, CODE.OPERATOR_NOT_APPLICABLE, ["where", "name", "some"]),
        ({"maker": {"some": {"name": "x"}}}, CODE.OPERATOR_NOT_APPLICABLE, ["where", "maker", "some"]),
        ({"maker": {"eq": 5}}, CODE.OPERATOR_NOT_APPLICABLE, ["where", "maker", "eq"]),
        ({"maker": 5}, CODE.OPERATOR_NOT_APPLICABLE, ["where", "maker"]),
        ({"name": {"regex": "x"}}, CODE.NOT_ALLOWED, ["where", "name", "regex"]),
        ({"stock": "5"}, CODE.TYPE_MISMATCH, ["where", "stock"]),
        ({"stock": 5.5}, CODE.TYPE_MISMATCH, ["where", "stock"]),
        ({"stock": True}, CODE.TYPE_MISMATCH, ["where", "stock"]),
        ({"stock": {"gt": None}}, CODE.TYPE_MISMATCH, ["where", "stock", "gt"]),
        ({"stock": [5]}, CODE.TYPE_MISMATCH, ["where", "stock"]),
        ({"stock": {"eq": {"a": 1}}}, CODE.TYPE_MISMATCH, ["where", "stock", "eq"]),
        ({"stock": {"in": [[1]]}}, CODE.SYNTAX_ERROR, ["where", "stock", "in", 0]),
        ({"name": {"contains": None}}, CODE.TYPE_MISMATCH, ["where", "name", "contains"]),
        ({"tags": {"hasAny": ["a", None]}}, CODE.TYPE_MISMATCH, ["where", "tags", "hasAny"]),
        ({"tags": ["a", None]}, CODE.TYPE_MISMATCH, ["where", "tags"]),
        ({"active": 1}, CODE.TYPE_MISMATCH, ["where", "active"]),
        ({"color": "green"}, CODE.TYPE_MISMATCH, ["where", "color"]),
        ({"stock": 2**31}, CODE.OUT_OF_RANGE, ["where", "stock"]),
        ({"price": "1.2345678901234567"}, CODE.OUT_OF_RANGE, ["where", "price"]),
        ({"reviews.stars": 5}, CODE.QUANTIFIER_REQUIRED, ["where", "reviews.stars"]),
        ({"reviews": {"stars": 5}}, CODE.QUANTIFIER_REQUIRED, ["where", "reviews"]),
        ({"reviews": None}, CODE.QUANTIFIER_REQUIRED, ["where", "reviews"]),
        ({"reviews": {"isNull": True}}, CODE.QUANTIFIER_REQUIRED, ["where", "reviews", "isNull"]),
        ({"name": {}}, CODE.EMPTY_CONDITION, ["where", "name"]),
        ({"reviews": {"some": {}}}, CODE.EMPTY_CONDITION, ["where", "reviews", "some"]),
        ({"label": "x"}, CODE.UNSUPPORTED_BY_BACKEND, ["where", "label"]),
    ],
)
def test_what_cannot_be_bound_is_an_error_with_its_place(
    where: dict[str, Any], code: ErrorCode, path: list[str | int]
) -> None:
    error = refused({"where": where})
    assert (error.code, list(error.path)) == (code, path)
    assert error.span is not None
    assert error.source == encode({"where": where}).text


def test_errors_point_at_the_value() -> None:
    error = refused({"where": {"and": [{"stock": 1}, {"stock": {"in": [1, "x"]}}]}})
    assert error.span is not None
    assert error.source is not None
    assert error.span.slice(error.source) == '"x"'
    error = refused({"where": {"stock": {"between": [1, "x"]}}})
    assert error.span is not None
    assert error.source is not None
    assert error.span.slice(error.source) == '"x"'


def test_a_misspelt_name_is_answered_with_the_nearest_visible_one() -> None:
    assert refused({"where": {"prise": 1}}).nearest == "price"
    assert refused({"where": {"name": {"gtt": "x"}}}).nearest == "gt"
    assert refused({"where": {"passwrd_hash": 1}}).nearest is None


def test_a_field_named_like_an_operator_is_reached_by_its_path() -> None:
    assert refused({"where": {"maker": {"size": 5}}}).hint == "give an object of conditions on its fields"


@dataclass
class Gap:
    capabilities: Capabilities
    document: dict[str, Any]


GAPS = [
    Gap(
        Capabilities(backend="few", operators={**FULL, TypeKind.TEXT: frozenset({"eq"})}),
        {"where": {"name": {"like": "x"}}},
    ),
    Gap(
        Capabilities(backend="few", operators={**FULL, TypeKind.RELATION: frozenset()}),
        {"where": {"maker": None}},
    ),
    Gap(Capabilities(backend="few", quantifiers=frozenset()), {"where": {"reviews": {"some": {"stars": 1}}}}),
    Gap(Capabilities(backend="few", sortable=frozenset()), {"order": "name"}),
    Gap(Capabilities(backend="few"), {"order": "label"}),
    Gap(Capabilities(backend="few", order_by_relation=False), {"order": "maker.name"}),
    Gap(Capabilities(backend="few", nulls_order=False), {"order": "stock"}),
    Gap(Capabilities(backend="few", include=False), {"include": "maker"}),
    Gap(
        Capabilities(backend="few", include_window=False),
        {"include": {"relation": "reviews", "scope": {"order": "stars"}}},
    ),
    Gap(
        Capabilities(backend="few", include_window=False),
        {"include": {"relation": "reviews", "scope": {"limit": 1}}},
    ),
    Gap(Capabilities(backend="few"), {"after": "x"}),
    Gap(Capabilities(backend="few"), {"before": "x"}),
]


@pytest.mark.parametrize("gap", GAPS, ids=lambda gap: json.dumps(gap.document))
def test_a_gap_is_refused_with_the_name_of_the_back_end(gap: Gap) -> None:
    error = refused(gap.document, capabilities=gap.capabilities)
    assert error.code is CODE.UNSUPPORTED_BY_BACKEND
    assert "few" in error.message


def test_a_gap_gives_its_note() -> None:
    operators = {**FULL, TypeKind.TEXT: frozenset({"eq"})}
    few = Capabilities(backend="few", operators=operators, notes={"text:like": "no patterns here"})
    assert refused({"where": {"name": {"like": "x"}}}, capabilities=few).hint == "no patterns here"


# -- policy


def test_a_field_may_have_some_operators_only() -> None:
    policy = SecurityPolicy(paths={"name": Access(filter={"eq", "in"}, sort=False, select=False)})
    assert only({"name": "x"}, policy=policy).value == "x"
    assert refused({"where": {"name": {"contains": "x"}}}, policy=policy).code is CODE.NOT_ALLOWED
    assert refused({"order": "name"}, policy=policy).code is CODE.NOT_ALLOWED
    assert refused({"fields": ["name"]}, policy=policy).code is CODE.NOT_ALLOWED


def test_a_relation_may_be_closed_to_filters_and_includes() -> None:
    policy = SecurityPolicy(paths={"maker": Access(filter=False, include=False)})
    for where in ({"maker": {"name": "x"}}, {"maker.name": "x"}, {"maker": None}):
        assert refused({"where": where}, policy=policy).code is CODE.NOT_ALLOWED
    closed = SecurityPolicy(paths={"maker": Access(sort=False, select=False)})
    assert refused({"order": "maker.name"}, policy=closed).code is CODE.NOT_ALLOWED
    assert refused({"fields": ["maker.name"]}, policy=closed).code is CODE.NOT_ALLOWED
    assert refused({"include": "maker"}, policy=policy).code is CODE.NOT_ALLOWED


def test_lenient_policies_read_numbers_from_text() -> None:
    assert only({"stock": "5"}, policy=SecurityPolicy(lenient=True)).value == 5


def test_a_policy_may_name_the_zone_of_date_times() -> None:
    zone = dt.timezone(dt.timedelta(hours=2))
    value = only({"made_at": "2013-01-01T10:00:00"}, policy=SecurityPolicy(timezone=zone)).value
    assert value == dt.datetime(2013, 1, 1, 8, tzinfo=dt.UTC)


def test_regexes_are_checked_when_they_are_allowed() -> None:
    policy = SecurityPolicy(regex=True)
    assert only({"name": {"regex": "^a+b$"}}, policy=policy).value == "^a+b$"
    assert refused({"where": {"name": {"regex": "(a+)+"}}}, policy=policy).code is CODE.INVALID_REGEX


def test_names_are_those_of_the_response_model() -> None:
    policy = SecurityPolicy(expose=ProductOut)
    comparison = only({"inStock": 4}, policy=policy)
    assert comparison.path.names == ("inStock",)
    assert comparison.path.field is not None
    assert comparison.path.field.name == "stock"
    assert refused({"where": {"stock": 4}}, policy=policy).code is CODE.UNKNOWN_FIELD
    assert refused({"where": {"secret_cost": 4}}, policy=policy).code is CODE.UNKNOWN_FIELD


@pytest.mark.parametrize(
    ("limits", "document", "name"),
    [
        (Limits(max_conditions=2), {"where": {"or": [{"stock": i} for i in range(3)]}}, "max_conditions"),
        (Limits(max_list_length=2), {"where": {"stock": {"in": [1, 2, 3]}}}, "max_list_length"),
        (Limits(max_list_length=2), {"where": {"stock": {"in": [1, 2, None]}}}, "max_list_length"),
        (Limits(max_string_length=2), {"where": {"name": "abc"}}, "max_string_length"),
        (Limits(max_order_keys=1), {"order": "id,name"}, "max_order_keys"),
        (
            Limits(max_include_depth=1),
            {"include": {"relation": "maker", "scope": {"include": "products"}}},
            "max_include_depth",
        ),
        (Limits(max_depth=3), {"where": {"not": {"not": {"not": {"stock": 1}}}}}, "max_depth"),
    ],
)
def test_a_breached_limit_is_named(limits: Limits, document: dict[str, Any], name: str) -> None:
    error = refused(document, policy=SecurityPolicy(relations=True, limits=limits))
    assert error.code is CODE.LIMIT_EXCEEDED
    assert any(name in expected for expected in error.expected)


# -- order, window, include


def test_nulls_are_the_smallest_and_only_named_where_there_can_be_some() -> None:
    order = bind({"order": "stock,-price"}).order
    assert [(str(key.path), key.descending, key.nulls) for key in order] == [
        ("stock", False, Nulls.FIRST),
        ("price", True, None),
        ("id", False, None),
    ]
    assert bind({"order": "-stock"}).order[0].nulls is Nulls.LAST
    assert bind({"order": "-stock NULLS FIRST"}).order[0].nulls is Nulls.FIRST
    assert bind({"order": "price NULLS FIRST"}).order[0].nulls is None
    assert bind({"order": "maker.name"}).order[0].nulls is Nulls.FIRST


def test_an_engine_may_have_nulls_the_largest() -> None:
    largest = Capabilities(backend="shop", null_order="largest")
    assert bind({"order": "stock"}, capabilities=largest).order[0].nulls is Nulls.LAST
    assert bind({"order": "-stock"}, capabilities=largest).order[0].nulls is Nulls.FIRST


def test_the_primary_key_ends_every_order_once() -> None:
    assert [(str(key.path), key.implied) for key in bind({}).order] == [("id", True)]
    assert [(str(key.path), key.implied) for key in bind({"order": "-id"}).order] == [("id", False)]


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ("nope", CODE.UNKNOWN_FIELD),
        ("maker", CODE.NOT_ALLOWED),
        ("color", CODE.OPERATOR_NOT_APPLICABLE),
        ("tags", CODE.OPERATOR_NOT_APPLICABLE),
        ("id,-id", CODE.DUPLICATE_KEY),
        ("reviews.stars", CODE.QUANTIFIER_REQUIRED),
    ],
)
def test_orders_that_mean_nothing_are_refused(order: str, code: ErrorCode) -> None:
    assert refused({"order": order}).code is code


def test_the_window_has_the_policy_s_bounds() -> None:
    assert bind({}).window.limit == 100
    assert bind({"limit": 5, "skip": 7}).window.limit == 5
    assert bind({"limit": 5, "offset": 7}).window.offset == 7
    for limit in (0, -1, 1.5, "10", 10**9, True):
        assert refused({"limit": limit}).code in (
            CODE.OUT_OF_RANGE,
            CODE.TYPE_MISMATCH,
            CODE.SYNTAX_ERROR,
            CODE.LIMIT_EXCEEDED,
        )
    assert refused({"offset": -1}).code is CODE.OUT_OF_RANGE


def test_external_paging_refuses_the_window_and_sets_none() -> None:
    external = QueryConfig(paging="external")
    assert bind({}, config=external).window.limit is None
    for word in ("limit", "offset", "skip"):
        assert refused({word: 5}, config=external).code is CODE.NOT_ALLOWED


def test_includes_have_filters_of_their_own() -> None:
    document = {
        "include": [{"relation": "reviews", "scope": {"where": {"stars": 5}, "order": "-stars"}}, "maker"]
    }
    reviews, maker = bind(document).include
    assert isinstance(reviews.filter.condition, Comparison)
    assert reviews.filter.window.limit is None
    assert [str(key.path) for key in reviews.filter.order] == ["stars"]
    assert maker.filter.condition is None
    assert [
        str(key.path)
        for key in bind({"include": {"relation": "reviews", "scope": {"limit": 3}}}).include[0].filter.order
    ] == ["id"]


@pytest.mark.parametrize(
    ("include", "code"),
    [
        ("nope", CODE.UNKNOWN_FIELD),
        ("name", CODE.NOT_ALLOWED),
        (["maker", "maker"], CODE.DUPLICATE_KEY),
        ({"relation": "maker", "scope": {"where": {"nope": 1}}}, CODE.UNKNOWN_FIELD),
    ],
)
def test_includes_that_mean_nothing_are_refused(include: object, code: ErrorCode) -> None:
    assert refused({"include": include}).code is code


# -- scopes


def scoped(where: dict[str, Any] | None, scope: Any) -> tuple[Where | None, Where | None]:
    bound = bind({} if where is None else {"where": where}, scope=scope)
    return bound.scope, bound.where


def test_a_scope_stands_outermost() -> None:
    scope, where = scoped({"or": [{"stock": 1}, {"stock": 2}]}, field("cost") < Decimal(3))
    assert isinstance(where, And)
    assert where.operands[0] == scope
    scope, where = scoped(None, field("cost") < Decimal(3))
    assert where == scope
    assert isinstance(where, Comparison)
    assert where.value == Decimal(3)


def test_scopes_of_related_models_are_in_every_step() -> None:
    scopes = {Product: field("active") == True, Maker: field("country") == "CH", Review: field("stars") > 1}  # noqa: E712
    ast = bind(
        {
            "where": {"maker.name": "x", "reviews": {"every": {"product.maker.name": "y"}}},
            "order": "maker.name",
            "include": "maker",
        },
        scope=scopes,
    )
    assert isinstance(ast.condition, And)
    path, quantified = ast.condition.operands
    assert isinstance(path, Comparison)
    assert isinstance(quantified, Quantified)
    assert isinstance(quantified.where, Comparison)
    steps = [*path.path.steps, *quantified.path.steps, *quantified.where.path.steps]
    steps += [*ast.order[0].path.steps, *ast.include[0].path.steps]
    values = [step.scope.value for step in steps if isinstance(step.scope, Comparison)]
    assert values == ["CH", 1, True, "CH", "CH", "CH"]


def test_a_scoped_relation_can_be_missing() -> None:
    ast = bind({"order": "maker.name"}, scope={Maker: field("country") == "CH"})
    assert ast.order[0].nulls is Nulls.FIRST


def test_the_empty_predicates_mean_all_and_nothing() -> None:
    assert scoped(None, EVERYTHING) == (None, None)
    never, _ = scoped(None, ~EVERYTHING)
    assert isinstance(never, Comparison)
    assert (never.op, never.value) == (Op.IN, ())
    assert scoped(None, AnyOf(()))[0] == never
    assert scoped(None, EVERYTHING | (field("id") == 1))[0] is None
    assert scoped(None, field("reviews").every(EVERYTHING))[0] is None
    some, _ = scoped(None, field("reviews").some())
    assert isinstance(some, Quantified)
    assert some.where is None


def test_the_values_of_a_scope_are_new_with_every_request() -> None:
    processor = Processor(ShopEngine(), policy=OPEN)
    for cost in (Decimal(1), Decimal(2)):
        bound = processor.empty(scope=(field("cost") < cost) & field("name").in_(["a"])).scope
        assert isinstance(bound, And)
        assert [c.value for c in bound.operands if isinstance(c, Comparison)] == [cost, ("a",)]


@pytest.mark.parametrize(
    "scope",
    [
        field("nope") == 1,
        field("stock") == "x",
        field("stock").in_(["x"]),
        field("stock").contains("x"),
        field("maker") == 1,
        field("maker").some(),
        field("reviews.stars") == 1,
        field("reviews").some(field("nope") == 1),
    ],
)
def test_a_scope_that_cannot_be_bound_is_the_service_s_mistake(scope: Predicate) -> None:
    with pytest.raises(ConfigurationError, match="scope"):
        bind({}, scope=scope)


def test_scopes_hold_in_what_is_selected() -> None:
    for fields in (["maker.name"], {"maker.country": False}):
        ast = bind(
            {"fields": fields},
            policy=SecurityPolicy(expose=ProductOut),
            scope={Maker: field("country") == "CH"},
        )
        assert ast.fields is not None
        steps = [step for path in ast.fields for step in path.steps]
        assert [step.scope.value for step in steps if isinstance(step.scope, Comparison)] == ["CH"]


# -- what a reviewer would try


def deep(path: str, depth: int) -> dict[str, Any]:
    where: dict[str, Any] = {"name": "x"}
    for _ in range(depth):
        where = {path: where}
    return {"where": where}


def test_relations_inside_of_one_another_are_bounded() -> None:
    assert bind(deep("parent", 6)).condition is not None
    for document in (deep("parent", 7), deep("parent.parent", 4), {"order": "parent." * 7 + "id"}):
        error = refused(document)
        assert error.code is CODE.LIMIT_EXCEEDED
        assert error.expected == ("max_relation_depth 6",)
    inner: dict[str, Any] = {"name": "x"}
    for _ in range(4):
        inner = {"maker.products": {"some": inner}}
    assert refused({"where": inner}).code is CODE.LIMIT_EXCEEDED


def test_relations_of_a_whole_filter_are_bounded() -> None:
    path = ".".join(["parent"] * 6) + ".name"
    assert bind({"where": {"or": [{path: str(n)} for n in range(10)]}}).condition is not None
    error = refused({"where": {"or": [{path: str(n)} for n in range(11)]}})
    assert error.expected == ("max_relation_steps 64",)


def test_selected_relations_are_as_deep_as_included_ones() -> None:
    assert bind({"fields": ["parent.parent.name"]}).fields is not None
    assert refused({"fields": ["parent.parent.parent.name"]}).expected == ("max_include_depth 2",)


def test_rights_at_the_root_are_not_rights_behind_a_relation_to_the_same_model() -> None:
    policy = SecurityPolicy(relations=True, paths={"cost": Access()})
    assert bind({"where": {"cost": 1}}, policy=policy).condition is not None
    for name in ("parent.cost", "parent.parent.cost"):
        assert refused({"where": {name: 1}}, policy=policy).code is CODE.UNKNOWN_FIELD
    few = SecurityPolicy(relations=True, others=Access(filter={"eq"}), paths={"name": Access()})
    assert bind({"where": {"name": {"gt": "x"}}}, policy=few).condition is not None
    assert refused({"where": {"parent.name": {"gt": "x"}}}, policy=few).code is CODE.NOT_ALLOWED


def test_a_mapping_of_scopes_never_fails_open() -> None:
    for scope in ({int: field("id") == 1}, {ProductOut: field("id") == 1}, {}):
        with pytest.raises(ConfigurationError, match="scope"):
            bind({}, scope=scope)
    never, _ = scoped(None, {Product: None})
    assert isinstance(never, Comparison)
    assert (never.op, never.value) == (Op.IN, ())


def test_a_scope_on_a_field_that_the_back_end_cannot_compare_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="collation"):
        bind({}, scope=field("label") == "x")
    assert scoped(None, field("label").is_null())[0] is not None


def test_the_projection_shows_what_is_included() -> None:
    policy = SecurityPolicy(expose=ProductOut)
    projection = bind({"fields": ["id"], "include": "maker"}, policy=policy).projection
    assert projection is not None
    assert set(projection.model_json_schema(mode="serialization")["properties"]) == {"id", "maker"}
    ast = bind({"include": {"relation": "maker", "scope": {"fields": ["name"]}}})
    assert ast.fields is None
    assert ast.projection is not None
    maker = ast.projection.model_json_schema()["$defs"]["MakerProjection"]
    assert set(maker["properties"]) == {"name"}
    bare = SecurityPolicy(paths={"cost": Access(), "password_hash": Access(), "maker": Access()})
    assert bind({}, policy=bare).projection is None
    assert bind({"include": "maker"}, policy=bare).projection is not None
