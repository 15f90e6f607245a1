"""Errors of the companion: each SQLSTATE at its class, one tree, no parameter in a text."""

from __future__ import annotations

import pickle

import pytest
from queryengine_orm import errors
from queryengine_orm.errors import DatabaseError, OrmError, database_error

from queryengine.errors import QueryEngineError


@pytest.mark.parametrize(
    ("sqlstate", "kind"),
    [
        ("23505", errors.UniqueViolation),
        ("23001", errors.IntegrityError),
        ("40001", errors.SerializationFailure),
        ("40P01", errors.DeadlockDetected),
        ("42601", errors.StatementError),
        ("42P01", errors.UndefinedTable),
        ("57014", errors.QueryCanceled),
        ("26000", errors.StalePlan),
        ("XX001", errors.StorageError),
        ("P0001", DatabaseError),
        ("", DatabaseError),
    ],
)
def test_a_sqlstate_becomes_the_error_of_its_condition_or_else_of_its_group(
    sqlstate: str, kind: type[DatabaseError]
) -> None:
    assert type(database_error(sqlstate, "refused")) is kind


def test_a_statement_that_ran_too_long_is_told_from_one_that_was_cancelled() -> None:
    error = database_error("57014", "canceling statement due to statement timeout")
    assert isinstance(error, errors.StatementTimeout)
    assert isinstance(error, TimeoutError)


def test_a_plan_that_changed_is_stale_and_another_unsupported_feature_is_not() -> None:
    assert isinstance(database_error("0A000", "cached plan must not change result type"), errors.StalePlan)
    assert type(database_error("0A000", "cannot do that")) is DatabaseError
    german = "gecachter Plan darf den Ergebnistyp nicht ändern"
    assert isinstance(database_error("0A000", german, routine="RevalidateCachedQuery"), errors.StalePlan)
    assert type(database_error("0A000", german, routine="parse_analyze")) is DatabaseError


def test_the_detail_with_its_values_is_an_attribute_and_no_part_of_the_text() -> None:
    error = database_error("23505", "duplicate key", detail="Key (mail)=(ann) is there.", table="users")
    assert error.detail == "Key (mail)=(ann) is there."
    assert str(error) == "duplicate key (SQLSTATE 23505, table users)"


def test_the_columns_of_a_key_that_is_there_are_told() -> None:
    detail = 'Key (author_id, "my title")=(1, x) ist schon da.'
    on_postgresql = database_error("23505", "duplicate key", detail=detail, constraint="books_key")
    assert on_postgresql.columns == ("author_id", "my title")
    assert database_error("23502", "null", column="title").columns == ("title",)
    assert database_error("23505", "duplicate key").columns == ()


def test_a_database_error_survives_a_pickle() -> None:
    error = database_error("23503", "refused", constraint="orders_customer_fkey", position=3)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), vars(again)) == (type(error), vars(error))


def test_all_errors_are_of_one_tree() -> None:
    kinds = [getattr(errors, name) for name in errors.__all__ if name != "database_error"]
    assert all(issubclass(kind, OrmError) for kind in kinds)
    assert issubclass(OrmError, QueryEngineError)
