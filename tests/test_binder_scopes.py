"""Row scopes in bound filters, and the bounds on the relations that a filter goes through."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from queryengine.ast import And, Comparison, Nulls, Op, Quantified, Where
from queryengine.errors import ConfigurationError, ErrorCode
from queryengine.policy import Access, SecurityPolicy
from queryengine.predicate import EVERYTHING, AnyOf, Predicate, field
from queryengine.process import Processor
from tests.shop import OPEN, Maker, Product, ProductOut, Review, ShopEngine, bind, refused

CODE = ErrorCode


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
    scopes = {Product: field("active") == True, Maker: field("country") == "CH", Review: field("stars") > 1}  # noqa: E712  # a condition
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


# -- bounds


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
