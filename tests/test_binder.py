"""Binding of conditions: what they become, and the error of each that cannot be bound, with its place."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from decimal import Decimal
from typing import Any

import pytest

from queryengine.ast import And, Comparison, JSONDocument, Not, Op, Or, Quantified, Quantifier
from queryengine.errors import ErrorCode
from queryengine.request import encode
from tests.shop import Color, bind, only, refused

CODE = ErrorCode


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
        ({"reviews": {"stars": 5}}, CODE.QUANTIFIER_REQUIRED, ["where", "reviews", "stars"]),
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


@pytest.mark.parametrize("word", ["greaterThan", ">", "greater_than", "zzz"])
def test_an_unknown_operator_is_answered_with_those_that_the_field_has(word: str) -> None:
    error = refused({"where": {"color": {word: "red"}}})
    assert error.code is CODE.UNKNOWN_OPERATOR
    assert error.expected == ("eq", "ne", "in", "nin", "isNull", "exists")
    assert error.nearest == (None if word == "zzz" else "gt")
    if word != ">":
        assert refused({"where": {"color": {f"${word}": "red"}}}).nearest == (
            None if word == "zzz" else "$gt"
        )


@pytest.mark.parametrize(
    ("where", "nearest"),
    [
        ({"OR": [{"stock": 1}]}, "or"),
        ({"AND": [{"stock": 1}]}, "and"),
        ({"maker": {"||": [{"name": "x"}]}}, "or"),
        ({"stock": {"OR": [{"gt": 1}]}}, "or"),
        ({"maker.OR": 1}, None),
    ],
)
def test_words_that_join_conditions_are_known_by_other_spellings(where: Any, nearest: str | None) -> None:
    assert refused({"where": where}).nearest == nearest


def test_an_operator_that_stands_for_a_field_is_told_its_place() -> None:
    error = refused({"where": {"gt": 5}})
    assert (error.code, error.hint) == (CODE.UNKNOWN_FIELD, "an operator stands in the object of a field")


def test_what_goes_on_behind_a_field_is_not_told_that_field_again() -> None:
    error = refused({"where": {"name.length": 1}})
    assert (error.code, error.nearest) == (CODE.UNKNOWN_FIELD, None)
    assert error.message == "'name' is a field that has no fields of its own"


NO_ROWS = 'for no related row at all write {"reviews": {"none": {"id": {"exists": true}}}}'
SOME_ROWS = 'for a related row, whichever, write {"reviews": {"some": {"id": {"exists": true}}}}'


@pytest.mark.parametrize(
    ("test", "code", "hint"),
    [
        ({"isEmpty": True}, CODE.OPERATOR_NOT_APPLICABLE, NO_ROWS),
        ({"size": 0}, CODE.OPERATOR_NOT_APPLICABLE, NO_ROWS),
        (None, CODE.QUANTIFIER_REQUIRED, NO_ROWS),
        ({"isNull": True}, CODE.QUANTIFIER_REQUIRED, NO_ROWS),
        ({"isNull": False}, CODE.QUANTIFIER_REQUIRED, SOME_ROWS),
        ({"exists": True}, CODE.QUANTIFIER_REQUIRED, SOME_ROWS),
        ({"stars": 1}, CODE.QUANTIFIER_REQUIRED, 'write {"reviews": {"some": ...}}'),
    ],
)
def test_what_many_related_rows_cannot_be_asked_is_answered_with_what_they_can(
    test: Any, code: ErrorCode, hint: str
) -> None:
    error = refused({"where": {"reviews": test}})
    assert (error.code, error.expected, error.hint) == (code, ("some", "every", "none"), hint)


def test_what_errors_say_of_related_rows_can_be_written() -> None:
    for hint in (NO_ROWS, SOME_ROWS):
        bind({"where": json.loads(hint.partition(" write ")[2])})


def test_null_is_no_value_to_compare_with() -> None:
    error = refused({"where": {"stock": {"gt": None}}})
    assert (error.code, error.message) == (CODE.TYPE_MISMATCH, "null cannot be compared")
    assert (error.expected, error.hint) == (("a value",), "isNull asks for rows without a value")


def test_an_offset_without_its_plus_is_told_how_a_url_writes_it() -> None:
    error = refused({"where": {"made_at": "2013-01-01T00:00:00 00:00"}})
    assert error.message == (
        "expected a date-time with its zone as YYYY-MM-DDTHH:MM:SSZ, "
        "not one with a blank before its offset: in a URL, + is written %2B"
    )


def test_a_field_named_like_an_operator_is_reached_by_its_path() -> None:
    assert refused({"where": {"maker": {"size": 5}}}).hint == "give an object of conditions on its fields"
