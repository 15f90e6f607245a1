"""The kit's cases of aggregates: the reference has all, and what is not as declared is found."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence
from dataclasses import replace
from types import MappingProxyType
from uuid import UUID

import pytest

from queryengine.aggregates import APPLIES, AggregateAST, AggregateCapabilities, Function
from queryengine.errors import ErrorCode
from queryengine.memory import MemoryQueryEngine
from queryengine.schema import TypeKind
from queryengine.testing import WORLD, Adapter, Aggregate
from queryengine.testing.adapter import Stage
from queryengine.testing.aggregating import typed
from queryengine.testing.cases import all_cases
from queryengine.testing.cases.aggregates import aggregate_cases
from queryengine.testing.grouping import check_groups
from queryengine.testing.results import Results, report_aggregate
from tests.conformance.memory import Memory

CASES = {case.name: case for case in aggregate_cases()}


class NoSums(MemoryQueryEngine[object]):
    """Says that it does not add up integers."""

    @property
    def aggregates(self) -> AggregateCapabilities:
        """All but that."""
        functions = dict(APPLIES) | {Function.SUM: APPLIES[Function.SUM] - {TypeKind.INTEGER}}
        return AggregateCapabilities(functions=functions, notes=MappingProxyType({"integer:sum": "too many"}))


@pytest.fixture
def stage() -> Generator[Stage]:
    memory = Memory()
    aggregate = Aggregate(engines=memory.engines, run=memory.aggregate)
    adapter = Adapter(
        name="memory", engines=memory.engines, load=memory.load, run=memory.run, aggregate=aggregate
    )
    with asyncio.Runner() as runner:
        yield Stage(adapter, runner)


def held(stage: Stage, name: str, aggregate: Aggregate | None = None) -> Sequence[str]:
    chosen = aggregate or stage.adapter.aggregate
    assert chosen is not None
    return check_groups(stage, chosen, CASES[name])


def wrong(stage: Stage, groups: Sequence[Sequence[object]]) -> Aggregate:
    """Return aggregates whose answer is always the same."""
    memory = stage.adapter.aggregate
    assert memory is not None

    def run(entity: str, ast: AggregateAST) -> Sequence[Sequence[object]]:
        del entity, ast
        return groups

    return replace(memory, run=run)


class DriversUUID(UUID):
    """As asyncpg has one."""


def test_classes_of_values_are_compared_but_for_a_driver_s_own_uuid() -> None:
    assert typed([[1]]) != typed([[True]]) != typed([[1.0]])
    assert typed([[DriversUUID(int=0)]]) == typed([[UUID(int=0)]])


def test_the_cases_have_names_of_their_own() -> None:
    assert len(CASES) == len(aggregate_cases())
    assert not CASES.keys() & {case.name for case in all_cases()}


def test_every_function_on_every_kind_that_it_is_of_has_a_case() -> None:
    engine = MemoryQueryEngine(WORLD.models["Thing"])
    fields = engine.schema.fields
    asked = {
        (function, fields[name].type.kind)
        for case in aggregate_cases()
        if not isinstance(case.answer, ErrorCode)
        for function in (Function.SUM, Function.AVG, Function.MIN, Function.MAX)
        for name in fields
        if name in case.aggregate.get(function.value, ())
    }
    functions = {function: kinds for function, kinds in APPLIES.items() if "count" not in function}
    assert {(function, kind) for function, kinds in functions.items() for kind in kinds} - asked == set()


def test_groups_that_are_not_those_of_the_case_are_found(stage: Stage) -> None:
    assert held(stage, "aggregate count 1", wrong(stage, [(5,)])) == []
    others: list[Sequence[Sequence[object]]] = [[(4,)], [(5.0,)], [(5,), (5,)], []]
    for groups in others:
        with pytest.raises(AssertionError, match="expected"):
            held(stage, "aggregate count 1", wrong(stage, groups))


def test_a_sum_beyond_64_bits_that_is_answered_is_found(stage: Stage) -> None:
    assert held(stage, "aggregate sum 7") == []
    with pytest.raises(AssertionError, match="and no error"):
        held(stage, "aggregate sum 7", wrong(stage, [(2**63,)]))


def test_a_declared_gap_has_to_be_refused_and_gives_its_reason(stage: Stage) -> None:
    memory = stage.adapter.aggregate
    assert memory is not None
    engines = {name: NoSums(model) for name, model in WORLD.models.items()}
    assert held(stage, "aggregate sum 1", replace(memory, engines=engines)) == ["too many"]
    assert held(stage, "aggregate sum 10", replace(memory, engines=engines)) == []


def test_cases_of_aggregates_are_counted_by_themselves() -> None:
    results = Results()
    for reasons in ([], [], ["too many"]):
        report_aggregate(lambda _, facts: results.add(facts), "toy", reasons)  # type: ignore[arg-type]
    assert list(results.lines()) == [
        "conformance of toy: 2 cases of aggregates passed, 1 cases of aggregates met declared gaps"
    ]
