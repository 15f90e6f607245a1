"""The log: what is refused is told by code and place, and nothing of what the caller wrote."""

from __future__ import annotations

import logging

import pytest
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

from queryengine import MemoryQueryEngine, create_qe_aggregate_dependency, create_qe_dependency
from queryengine.cursor import CursorCodec, own_secret
from tests.command_models import Book


class Counts(BaseModel):
    count: int = 0


books = create_qe_dependency(MemoryQueryEngine(Book), required=True)
counts = create_qe_aggregate_dependency(MemoryQueryEngine(Book), row=Counts)
REQUEST = Request({"type": "http", "query_string": b""})


def test_a_refusal_is_logged_once_with_code_clause_and_span(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "queryengine")
    with pytest.raises(RequestValidationError):
        books.build(REQUEST, '{"where": {"secret_note": "hush"}}')
    (record,) = [record for record in caplog.records if record.name == "queryengine"]
    facts = vars(record)
    assert facts["event"] == "filter_refused"
    assert (facts["code"], facts["clause"], facts["span"]) == ("unknown_field", "where", (11, 24))
    assert "secret_note" not in str(facts)
    assert "hush" not in str(facts)


def test_a_refused_aggregate_tells_its_clause(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "queryengine")
    with pytest.raises(RequestValidationError):
        counts.build(REQUEST, '{"groupBy": ["secret_note"]}')
    (record,) = [record for record in caplog.records if record.name == "queryengine"]
    assert (vars(record)["code"], vars(record)["clause"]) == ("unknown_field", "groupBy")
    assert "secret_note" not in str(vars(record))


def test_a_filter_that_is_taken_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "queryengine")
    assert books.build(REQUEST, '{"where": {"title": "hush"}}').filter.where is not None
    assert not [record for record in caplog.records if record.name == "queryengine"]


def test_a_secret_of_this_process_alone_is_a_warning_and_a_record_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    own_secret.cache_clear()
    with pytest.warns(UserWarning, match="cursors have no secret"):
        CursorCodec().seal([], [], "here")
    CursorCodec().seal([], [], "here")
    (record,) = [record for record in caplog.records if record.name == "queryengine"]
    assert record.levelname == "WARNING"
    assert vars(record)["event"] == "cursor_secret_missing"
    assert "cursor_secret=" in record.message
