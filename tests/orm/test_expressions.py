"""Expressions in Python are the core's own conditions; what cannot be compared is refused at once."""

from __future__ import annotations

from typing import Any

import pytest
from queryengine_orm.conditions import Compared, Joined, Opposite
from queryengine_orm.errors import ConfigurationError, ParameterError, UsageError

from queryengine.ast import And, Comparison, Not, Nulls, Op, Or, Quantified, Quantifier
from queryengine.predicate import field
from queryengine.schema import TypeKind
from tests.orm.library import Author, Book, Genre, Tag


def test_a_comparison_with_a_value_is_a_node_of_the_core() -> None:
    condition = (Book.pages > 100).condition
    assert isinstance(condition, Comparison)
    assert (str(condition.path), condition.op, condition.value) == ("pages", Op.GT, 100)


def test_and_or_not_are_nodes_of_the_core() -> None:
    assert isinstance(((Book.pages > 1) & (Book.title == "x")).condition, And)
    assert isinstance(((Book.pages > 1) | (Book.title == "x")).condition, Or)
    assert isinstance((~(Book.pages > 1)).condition, Not)


def test_none_asks_for_null() -> None:
    condition = (Author.born == None).condition  # noqa: E711  # what the operator is for
    assert isinstance(condition, Comparison)
    assert condition.op is Op.IS_NULL


def test_a_none_among_values_asks_for_null_too() -> None:
    condition = Author.born.in_([None]).condition
    assert isinstance(condition, Or)


def test_an_expression_has_no_truth() -> None:
    with pytest.raises(TypeError, match="join expressions with &, \\| and ~"):
        _ = 18 < Book.pages < 65


def test_a_column_of_a_related_row_is_a_path() -> None:
    condition = (Book.author.at(Author.name) == "Ada").condition
    assert isinstance(condition, Comparison)
    assert condition.path.names == ("author", "name")


def test_a_way_may_go_over_two_relations() -> None:
    condition = (Book.author.at(Author.mentor.at(Author.name)) == "Ada").condition
    assert isinstance(condition, Comparison)
    assert condition.path.names == ("author", "mentor", "name")


def test_some_of_many_rows_is_a_quantifier() -> None:
    condition = Author.books.some(Book.pages > 1).condition
    assert isinstance(condition, Quantified)
    assert condition.quantifier is Quantifier.SOME


def test_a_condition_on_a_related_row_wants_that_row() -> None:
    condition = Author.mentor.has(~(Author.name == "Ada")).condition
    assert isinstance(condition, And)


def test_one_column_against_another_is_of_the_companions_own_union() -> None:
    assert isinstance((Book.pages > Book.version).condition, Compared)
    assert isinstance(((Book.pages > Book.version) & (Book.pages > 1)).condition, Joined)
    assert isinstance((~(Book.pages > Book.version)).condition, Opposite)


def test_a_value_of_another_type_is_refused_without_being_shown() -> None:
    with pytest.raises(ParameterError, match="pages: expected an integer") as refused:
        _ = Book.pages > "1; DROP TABLE books"  # type: ignore[operator]  # what type checkers refuse as well
    assert "DROP" not in str(refused.value)


def test_a_value_beyond_a_columns_range_is_refused() -> None:
    with pytest.raises(ParameterError, match="pages"):
        _ = Book.pages == 2**63


def test_an_operator_that_a_type_does_not_know_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"Book\.genre: enum values know no >"):
        _ = Book.genre > Genre.ESSAY  # type: ignore[misc]  # type checkers know it too


def test_columns_against_columns_are_for_the_rows_themselves() -> None:
    with pytest.raises(ConfigurationError, match="compare columns with values only"):
        _ = Author.books.some(Book.pages > Book.version)


def test_an_update_sets_a_rows_own_columns_only() -> None:
    with pytest.raises(
        ConfigurationError, match=r"author\.name: an update sets columns of its own rows only"
    ):
        Book.author.at(Author.name).set("x")


def test_arithmetic_is_for_numbers() -> None:
    title: Any = Book.title  # Any: what one of the type checkers refuses as well
    with pytest.raises(ConfigurationError, match="text values know no"):
        _ = title + "x"
    assert (Book.pages + 1).type.kind is TypeKind.INTEGER


def test_an_attribute_names_a_field_of_a_row_scope() -> None:
    assert (field(Tag.word) == "x") == (field("word") == "x")


def test_nulls_stand_first_or_last() -> None:
    assert Book.price.desc(nulls="last").nulls is Nulls.LAST
    assert Book.price.asc(nulls=Nulls.FIRST).nulls is Nulls.FIRST
    with pytest.raises(UsageError, match="nulls stand first or last, not 'end'"):
        Book.price.asc(nulls="end")  # type: ignore[arg-type]  # not for who has no type checker
