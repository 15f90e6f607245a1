"""The random part of the kit: rows in their domains, faults found and made small, back-ends at once."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from queryengine.ast import FilterAST
from queryengine.engine import FULL, Capabilities
from queryengine.memory import MemoryQueryEngine, evaluate
from queryengine.process import Processor
from queryengine.schema import Field, IntegerType, TypeKind
from queryengine.testing import (
    WORLD,
    Adapter,
    Differential,
    Document,
    Ground,
    Together,
    filters,
    models,
    rows,
)
from queryengine.testing.adapter import POLICY
from queryengine.testing.campaign import run_campaign
from queryengine.testing.cases.table import labelled, maker, part, thing
from queryengine.testing.dumps import comparable
from queryengine.testing.queries import query_string
from queryengine.testing.rows import consistent, make_items
from queryengine.testing.scoped import check_changes_outside, check_scopes
from tests.conformance.memory import in_memory
from tests.conformance.reference import Reference, changed, stage_of

FEW = settings(max_examples=20, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])


class Paint(enum.Enum):
    RED = "z"
    GREEN = "a"
    BLUE = "É"


def test_random_rows_lie_in_what_all_fields_hold_and_refer_to_one_another() -> None:
    narrow = {"count": Field("count", IntegerType(-1, 1))}
    items = make_items(WORLD, 3, WORLD.groups["Thing"], lambda entity: [narrow] if entity == "Thing" else [])
    things = [item.values for item in items if item.entity == "Thing"]
    assert {values["count"] for values in things} <= {-1, 0, 1}
    assert {values["owner_id"] for values in things} <= {i.values["id"] for i in items if i.entity == "Maker"}
    assert items == make_items(
        WORLD, 3, WORLD.groups["Thing"], lambda entity: [narrow] if entity == "Thing" else []
    )


def test_rows_are_mended_when_those_that_they_refer_to_are_gone() -> None:
    items = [maker(1), thing(1), thing(2, maker_id=1, parent_id=1), part(1, thing_id=2), *labelled(1, 5)]
    left = consistent(WORLD, [item for item in items if item.values.get("id") != 1 or item.entity == "Maker"])
    assert [(item.entity, item.values["id"]) for item in left] == [("Maker", 1), ("Thing", 2)]
    assert left[1].values["parent_id"] is None


def test_a_campaign_finds_the_smallest_rows_that_show_a_fault() -> None:
    def no_nulls(ast: FilterAST, rows: Sequence[object]) -> Sequence[object]:
        return [row for row in evaluate(ast, rows) if getattr(row, "note") is not None]  # noqa: B009  # an object's

    with stage_of(Reference(answer=no_nulls).adapter()) as stage, pytest.raises(AssertionError) as caught:
        run_campaign(stage, "Phrase", 0)
    message = str(caught.value)
    assert "Phrase on reference: " in message
    assert message.count("    Phrase: {") == 1
    assert message.endswith("to repeat: QE_FUZZ_SEED=0, dataset 0")


def test_random_row_scopes_pass_on_the_reference_and_are_found_where_they_are_dropped() -> None:
    with stage_of(Reference().adapter()) as stage:
        assert check_scopes(stage, 0) > 0
        check_changes_outside(stage, 0)

    def unscoped(ast: FilterAST, rows: Sequence[object]) -> Sequence[object]:
        return evaluate(replace(ast, scope=None), rows)

    with stage_of(Reference(answer=unscoped).adapter()) as stage, pytest.raises(AssertionError):
        check_scopes(stage, 0)


@FEW
@given(st.data())
def test_an_engine_in_memory_agrees_on_drawn_models_and_rows(data: st.DataObject) -> None:
    model = data.draw(models())
    engine = MemoryQueryEngine(model)
    objects = [model(**record) for record in data.draw(rows(engine.schema.fields))]
    processor = Processor(engine, policy=POLICY)

    def run(ast: FilterAST) -> list[int]:
        return [key(row) for row in engine.build_query(ast).query.all(objects)]

    def key(row: object) -> int:
        return int(getattr(row, "id"))  # noqa: B009  # an object of any class

    kit = Differential(processor, run, objects, key)
    document = data.draw(filters(Ground(processor.view, engine.capabilities)))
    kit.check(document)
    kit.check_print(document)
    kit.check_brackets(document)


@pytest.mark.parametrize(
    ("document", "query"),
    [
        ({"where": {"a": {"in": ["x", 5]}}}, b"filter[where][a][in][0]=x&filter[where][a][in][1]=5"),
        ({"where": {"a.b": {"$gt": 1e22}}, "limit": 5}, b"filter[where][a.b][$gt]=1e%2B22&filter[limit]=5"),
        ({"where": {"a": True, "b": "%&="}}, b"filter[where][a]=true&filter[where][b]=%25%26%3D"),
        ({"where": {"a": None}}, None),
        ({"where": {"a": {"in": []}}}, None),
    ],
)
def test_a_filter_is_written_in_brackets_where_they_can_say_it(
    document: Document, query: bytes | None
) -> None:
    assert query_string(document) == query


def test_dumps_are_compared_by_value_and_related_rows_as_sets() -> None:
    one = {"a": Decimal("1E+3"), "b": 1.0, "c": [{"x": 2}, {"x": 1}], "d": Paint.RED, "gone_id": 1}
    other = {"a": Decimal(1000), "b": 1, "c": [{"x": 1}, {"x": 2}], "d": "z", "gone_id": 2}
    assert comparable(one, without={"gone_id"}) == comparable(other, without={"gone_id"})
    assert comparable(one["c"], in_order={()}) != comparable(other["c"], in_order={()})


# -- several back-ends at once


def together(*references: Reference) -> Generator[Together]:
    with asyncio.Runner() as runner:
        yield Together([reference.adapter() for reference in references], runner)


@pytest.mark.parametrize("group", WORLD.groups)
def test_back_ends_that_agree_or_refuse_as_declared_pass_together(group: str) -> None:
    able = Capabilities(
        backend="few", operators={**FULL, TypeKind.TEXT: frozenset({"eq", "isNull"})}, include=False
    )
    narrow = changed("Thing", "big", lambda field: replace(field, type=IntegerType(-9, 9), gap="lost"))
    few = Reference("few", capabilities=able, schemas=narrow, absent={"Bag": "no arrays"})
    for both in together(Reference("one"), few):
        assert both.run_campaign(group, 0, pairs=30) > 0
        assert both.answered["one"] > both.answered["few"] or group == "Bag"


def test_a_back_end_whose_related_rows_come_with_the_row_shows_them_unasked(
    request: pytest.FixtureRequest,
) -> None:
    with asyncio.Runner() as runner, in_memory(request, runner) as embedding:
        both = Together([Reference("one").adapter(), embedding], runner)
        assert both.run_campaign("Thing", 0) > 0


def silent(ast: FilterAST, rows: Sequence[object]) -> Sequence[object]:
    del ast, rows
    return []


def test_a_back_end_that_disagrees_is_found_with_the_smallest_filter_and_rows() -> None:
    for both in together(Reference("one"), Reference("two", answer=silent)):
        with pytest.raises(AssertionError, match="two gives \\[\\], and the reference") as caught:
            both.run_campaign("Phrase", 0)
        assert str(caught.value).count("    Phrase: {") == 1


def test_an_error_that_is_not_declared_and_a_gap_that_is_taken_are_found_together() -> None:
    class Lying(Reference):
        def adapter(self) -> Adapter:
            return replace(super().adapter(), absent={"Phrase.note": "not here"})

    for both in together(Reference("one"), Lying("two")):
        with pytest.raises(AssertionError, match="two takes what it declares not to do"):
            both.run_campaign("Phrase", 0)

    class Shy(Reference):
        def adapter(self) -> Adapter:
            adapter = super().adapter()
            return replace(adapter, engines=dict(adapter.engines) | {"Phrase": MemoryQueryEngine(Wordless)})

    for both in together(Reference("one"), Shy("two")):
        with pytest.raises(AssertionError, match="two answers unknown_field"):
            both.run_campaign("Phrase", 0)


@dataclass
class Wordless:
    id: int
    text: str
