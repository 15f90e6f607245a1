"""The dependency of aggregates: what a handler gets, what a request is told, what is refused early."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, create_model
from starlette.requests import Request

from queryengine import (
    Capabilities,
    ConfigurationError,
    QueryConfig,
    create_qe_aggregate_dependency,
)
from queryengine.aggregate_process import AggregateProcessor
from tests.test_aggregates import ENGINE, FLIGHTS, Flight


class Delays(BaseModel):
    miles: int = 0
    count: int = 0
    avg_delay: float | None = None


def request(query: str = "") -> Request:
    return Request({"type": "http", "query_string": query.encode(), "headers": []})


def test_a_dependency_gives_the_rows_of_its_model() -> None:
    result = create_qe_aggregate_dependency(ENGINE, row=Delays).build(
        request("aggregate[groupBy]=miles&aggregate[count]=true&aggregate[having][count][gt]=1"), None
    )
    assert result.rows(result.query.all(FLIGHTS)) == [Delays(miles=100, count=2)]


def test_a_request_that_asks_for_nothing_is_an_error() -> None:
    with pytest.raises(RequestValidationError) as caught:
        create_qe_aggregate_dependency(ENGINE, row=Delays).build(request(), None)
    assert caught.value.errors()[0]["type"] == "empty_condition"


def test_the_parameter_keeps_its_name_whatever_else_is_configured() -> None:
    given = create_qe_aggregate_dependency(ENGINE, row=Delays, config=QueryConfig(cache_size=3))
    assert given.build(request('aggregate={"count":true}'), None).aggregate.measures
    named = create_qe_aggregate_dependency(ENGINE, row=Delays, config=QueryConfig(parameter="filter"))
    assert named.build(request('filter={"count":true}'), None).aggregate.measures


@pytest.mark.parametrize(
    ("config", "place"),
    [
        (QueryConfig(cache_size=3), "no 'aggregate' in it"),
        (QueryConfig(parameter="a"), "no 'a' in it"),
        (QueryConfig(source="body"), "it has no body"),
    ],
)
def test_a_request_that_asks_for_nothing_is_told_where_to_ask(config: QueryConfig, place: str) -> None:
    with pytest.raises(RequestValidationError) as caught:
        create_qe_aggregate_dependency(ENGINE, row=Delays, config=config).build(request(), None)
    assert caught.value.errors()[0]["msg"].endswith(place)


def test_paging_may_be_left_to_others() -> None:
    config = QueryConfig(paging="external")
    dependency = create_qe_aggregate_dependency(ENGINE, row=Delays, config=config)
    assert dependency.build(request(), '{"count": true}').aggregate.groups.window.limit is None
    with pytest.raises(RequestValidationError):
        dependency.build(request(), '{"count": true, "limit": 1}')


class WithoutAggregates:
    """An engine that was written before there were aggregates."""

    model = Flight
    capabilities = Capabilities(backend="old", notes={"aggregates": "it is old"})


def test_an_engine_without_aggregates_is_refused_with_its_reason() -> None:
    with pytest.raises(ConfigurationError, match=r"^WithoutAggregates has no aggregates \(it is old\)$"):
        AggregateProcessor(WithoutAggregates(), Delays)  # type: ignore[arg-type]  # what is asked


def test_a_field_of_the_row_that_must_be_given_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"Row\.count: it needs a default"):
        create_qe_aggregate_dependency(ENGINE, row=create_model("Row", count=int))


@pytest.mark.parametrize(
    ("name", "annotation", "message"),
    [
        ("sum_speed", Any, "nothing that can be asked fills it: sum does not apply to float fields"),
        ("max_cabin", Any, "nothing that can be asked fills it: max does not apply to enum fields"),
        ("cabin", Any, "nothing that can be asked fills it: enum fields have no order, .* no groups"),
        ("avg_secret_code", Any, "nothing that can be asked fills it$"),
        ("carrier_nothing", Any, "nothing that can be asked fills it$"),
        ("sum_miles", int, "it can be None"),
        ("delay", int, "it can be None"),
    ],
)
def test_a_row_that_does_not_fit_is_found_by_the_check(name: str, annotation: Any, message: str) -> None:
    fields: dict[str, Any] = {name: (annotation, 0)}
    dependency = create_qe_aggregate_dependency(ENGINE, row=create_model("Row", **fields))
    with pytest.raises(ConfigurationError, match=rf"Row\.{name}: {message}"):
        dependency.processor.check()
