"""The JSON Schema of aggregates says the truth: what it accepts binds, and what does not bind it refuses."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from pydantic import BaseModel, create_model

from queryengine import (
    Access,
    Capabilities,
    ConfigurationError,
    FilterError,
    Limits,
    MemoryQueryEngine,
    SecurityPolicy,
)
from queryengine.aggregate_process import AggregateProcessor
from queryengine.aggregate_schema import aggregate_schema
from queryengine.aggregate_view import askable
from queryengine.aggregates import AggregateCapabilities
from queryengine.errors import ErrorCode
from queryengine.json_schema import FilterSchema
from queryengine.parsed import Source
from queryengine.schema import TypeKind
from tests.harbour import Port, Ship, ships
from tests.schema_samples import instances

OPEN = SecurityPolicy(relations=True)
NAMES = (
    *("name", "active", "home_name", "count", "count_distinct_mark", "sum_crew", "avg_tonnage"),
    *("min_built", "max_home_berths", "max_length"),
)
OUTSIDE_OF_SCHEMAS = {ErrorCode.OUT_OF_RANGE, ErrorCode.LIMIT_EXCEEDED, ErrorCode.DUPLICATE_KEY}


def row(*names: str) -> type[BaseModel]:
    fields: dict[str, Any] = dict.fromkeys(names, (Any, None))
    return create_model("Row", **fields)


class Subject:
    """A processor, and the validator of the schema of its aggregates."""

    def __init__(
        self,
        *names: str,
        policy: SecurityPolicy = OPEN,
        windowed: bool = True,
        engine: MemoryQueryEngine[Ship] | None = None,
    ) -> None:
        engine = engine or ships()
        self.processor = AggregateProcessor(engine, row(*(names or NAMES)), policy=policy)
        found = self.processor.askable
        self.schema: FilterSchema = aggregate_schema(
            self.processor.view, found, engine.capabilities, policy, windowed=windowed
        )
        document: dict[str, Any] = {
            "$ref": f"#/components/schemas/{self.schema.root}",
            "components": {"schemas": dict(self.schema.components)},
        }
        for component in self.schema.components.values():
            jsonschema.Draft202012Validator.check_schema(component)
        self.validator: Any = jsonschema.Draft202012Validator(document)  # Any: its stubs are not whole

    def accepts(self, document: object) -> bool:
        return bool(self.validator.is_valid(document))

    def error(self, document: object) -> FilterError | None:
        try:
            self.processor.process(Source(json.dumps(document)))
        except FilterError as error:
            return error
        return None


@pytest.fixture(scope="module")
def subject() -> Subject:
    return Subject()


@pytest.mark.long
def test_what_the_schema_accepts_binds(subject: Subject) -> None:
    @settings(deadline=None, max_examples=80)
    @given(instances({"$ref": subject.schema.root}, subject.schema.components))
    def law(document: object) -> None:
        assert subject.accepts(document)
        error = subject.error(document)
        if error is not None and error.code is ErrorCode.UNKNOWN_FIELD:
            assert error.path[0] in ("having", "order"), document  # these name what is asked for
        else:
            assert error is None or error.code in OUTSIDE_OF_SCHEMAS, (document, error)

    law()


@pytest.mark.parametrize(
    "document",
    [
        {"count": True},
        {"groupBy": "home.name", "count": True, "order": "-count"},
        {"groupBy": ["name", "active"], "sum": "crew", "having": {"sum_crew": {"gt": 5}}},
        {"avg": ["tonnage"], "min": "built", "max": ["home.berths", "length"], "limit": 5, "offset": 1},
        {"countDistinct": "mark", "where": {"containers": {"some": {"weight": {"gt": 1.5}}}}},
        {"groupBy": "name", "having": {"or": [{"name": "x"}, {"name": None}]}, "order": ["name desc"]},
    ],
)
def test_what_binds_the_schema_accepts(subject: Subject, document: object) -> None:
    assert subject.error(document) is None
    assert subject.accepts(document)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"count": False},
        {"where": {}},
        {"limit": 5},
        {"groupBy": []},
        {"groupBy": ["name", "name"]},
        {"groupBy": "crew"},
        {"groupBy": "password"},
        {"groupBy": "home"},
        {"sum": "name"},
        {"avg": "length"},
        {"count": True, "fields": ["name"]},
        {"count": True, "having": {"crew": 5}},
        {"count": True, "having": {"count": "many"}},
        {"count": True, "order": "crew"},
        {"count": True, "limit": 0},
        {"count": True, "where": {"nothing": 1}},
    ],
)
def test_what_does_not_bind_the_schema_refuses(subject: Subject, document: object) -> None:
    assert subject.error(document) is not None
    assert not subject.accepts(document)


def test_the_conditions_on_rows_are_the_components_of_filters(subject: Subject) -> None:
    components = subject.schema.components
    assert components["ShipAggregate"]["properties"]["where"] == {"$ref": "#/components/schemas/ShipWhere"}
    assert {"PortNested", "ContainerQuantifiers"} <= set(components)


def test_what_is_not_allowed_is_not_in_the_schema() -> None:
    policy = SecurityPolicy(
        relations=True,
        paths={"crew": None, "name": Access(select=False), "home": Access(select=False)},
        limits=Limits(max_order_keys=2),
    )
    subject = Subject("active", "count", "min_built", policy=policy, windowed=False)
    properties = subject.schema.components["ShipAggregate"]["properties"]
    assert set(properties) == {"groupBy", "count", "min", "where", "having", "order"}
    assert properties["groupBy"]["anyOf"][1]["maxItems"] == 2
    view = AggregateProcessor(ships(), row("count"), policy=policy).view
    assert not [each for name in ("name", "sum_crew", "home_name") for each in askable(view, name)]


class Poor(MemoryQueryEngine[Ship]):
    """An engine that can do less."""

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            backend="poor", sortable=frozenset({TypeKind.TEXT, TypeKind.INTEGER}), nulls_order=False
        )

    @property
    def aggregates(self) -> AggregateCapabilities:
        return AggregateCapabilities(functions={})


def test_what_the_back_end_lacks_is_not_in_the_schema() -> None:
    subject = Subject(engine=Poor(Ship))
    properties = subject.schema.components["ShipAggregate"]["properties"]
    assert set(properties) == {"groupBy", "count", "where", "having", "order", "limit", "offset"}
    assert properties["groupBy"]["anyOf"][0] == {"type": "string", "enum": ["name"]}


def test_a_row_of_which_the_back_end_gives_nothing_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="Row: poor gives nothing of it"):
        Subject("sum_crew", engine=Poor(Ship))


@dataclass
class Berth:
    id: int
    port_name: str
    port: Port | None = None


def test_one_name_in_an_answer_may_stand_for_two_paths() -> None:
    view = AggregateProcessor(MemoryQueryEngine(Berth), row("port_name"), policy=OPEN).view
    assert [each.path for each in askable(view, "port_name")] == ["port_name", "port.name"]
