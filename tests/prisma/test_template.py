"""Templates: what is kept of a shape gives the very arguments that the filter itself gives."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from queryengine_prisma import PrismaQueryEngine, PrismaQueryResult
from queryengine_prisma.structure import Pending
from queryengine_prisma.template import fill

from queryengine import Processor, SecurityPolicy
from queryengine.ast import FilterAST
from queryengine.request import encode
from queryengine.testing import Ground, siblings

OPEN = SecurityPolicy(relations=True)


@pytest.mark.long
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_filters_of_a_known_shape_have_the_arguments_that_they_have_by_themselves(
    world: ModuleType, data: st.DataObject
) -> None:
    engine = PrismaQueryEngine[object](world.models.Thing)
    processor = Processor(engine, policy=OPEN)
    for document in data.draw(siblings(Ground(processor.view, engine.capabilities), 4)):
        bound = processor.process(encode(document))
        alone = PrismaQueryEngine[object](world.models.Thing).build_query(bound)
        # A filter says nothing of the offset 0; a template has a place for any.
        assert {"skip": 0, **engine.build_query(bound).query} == {"skip": 0, **alone.query}


def test_no_two_queries_share_what_an_application_may_change(world: ModuleType) -> None:
    engine = PrismaQueryEngine[object](world.models.Phrase)
    processor = Processor(engine)
    bound = processor.process(encode({"where": {"text": {"in": ["a"]}}, "order": "note"}))
    before = engine.build_query(bound).query
    for _ in range(3):
        query: dict[str, Any] = {**engine.build_query(bound).query}
        assert query == before
        query["where"]["text"]["in"].append("b")
        query["order"][0]["note"] = "desc"


def test_a_template_is_made_once_when_its_shape_comes_again(world: ModuleType) -> None:
    engine = PrismaQueryEngine[object](world.models.Phrase)
    processor = Processor(engine)
    bound = [processor.process(encode({"where": {"text": text}})) for text in "abc"]
    shape = bound[0].shape
    assert shape is not None
    engine.build_query(bound[0])
    assert shape.compiled == {engine: None}
    engine.build_query(bound[1])
    template = shape.compiled[engine]
    engine.build_query(bound[2])
    assert shape.compiled == {engine: template}


def test_names_and_values_are_never_read_as_code() -> None:
    hostile = "__import__('os').abort()"
    structure = {hostile: [hostile, Pending(0, None), {"\"'\\n{": Pending(1, str)}], "known_1": "values"}
    assert fill(structure, PrismaQueryResult)(FilterAST(values=(hostile, 5))).query == {
        hostile: [hostile, hostile, {"\"'\\n{": "5"}],
        "known_1": "values",
    }
