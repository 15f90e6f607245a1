"""The conformance suite: a class of tests that the author of a back-end subclasses."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Iterator, Sequence
from typing import ClassVar, Final

import pytest

from queryengine.testing.adapter import Adapter, Engines, Load, Run, Stage
from queryengine.testing.aggregating import check_aggregates
from queryengine.testing.campaign import PAIRS, roots_of, run_campaign, store_random_rows
from queryengine.testing.cases import Case, all_cases
from queryengine.testing.cases.aggregates import AggregateCase, aggregate_cases
from queryengine.testing.conformance import Conformance
from queryengine.testing.declarations import model_differences, unexplained_gaps
from queryengine.testing.grouping import check_groups
from queryengine.testing.paging import check_pages, check_pages_while_rows_change
from queryengine.testing.results import (
    Report,
    report_aggregate,
    report_case,
    report_fault,
    report_filters,
)
from queryengine.testing.scoped import check_aggregates_outside, check_changes_outside, check_scopes

__all__ = ["ConformanceSuite"]

SHARES: Final = {"Thing": 1, "Phrase": 5, "Bag": 5}
"""things are asked most: of the other groups there is one dataset for so many of theirs"""

NO_AGGREGATES: Final = "the engines have no aggregates"


class ConformanceSuite:
    """All that a back-end has to show. A subclass names it, and gives its engines and two functions.

    ```python
    class TestMine(ConformanceSuite):
        name = "mine, on SQLite"
        absent = {"Thing.clock": "there is no type for times of day"}

        @pytest.fixture(scope="class")
        @classmethod
        def engines(cls) -> Engines: ...

        @pytest.fixture(scope="class")
        @classmethod
        def load(cls) -> Load: ...

        @pytest.fixture(scope="class")
        @classmethod
        def run(cls) -> Run: ...
    ```

    A subclass that has an `Adapter` already gives the fixture `adapter` instead of the three.
    """

    name: ClassVar[str] = ""
    """what the back-end is called in the counts at the end of a run, with its database"""
    absent: ClassVar[dict[str, str]] = {}
    """the entities, fields and relations that its models do not have, with the reasons"""
    faults: ClassVar[dict[str, str]] = {}
    """the cases that fail by a fault of the database, by name, with what is wrong: they have to fail"""
    datasets: ClassVar[int] = 5
    """of random rows, with a hundred random filters and more over each"""

    # -- what an author gives

    @pytest.fixture(scope="class")
    @classmethod
    def engines(cls) -> Engines:
        """Give the engine of each entity by the entity's name; always the same engine object."""
        raise NotImplementedError(f"{cls.__name__} has to give its engines")

    @pytest.fixture(scope="class")
    @classmethod
    def load(cls) -> Load:
        """Give the function that replaces all rows, those of all entities, by the items that it is given."""
        raise NotImplementedError(f"{cls.__name__} has to load rows")

    @pytest.fixture(scope="class")
    @classmethod
    def run(cls) -> Run:
        """Give the function that runs a bound filter over an entity and returns its rows in order."""
        raise NotImplementedError(f"{cls.__name__} has to run queries")

    @pytest.fixture(scope="class")
    @classmethod
    def adapter(cls, engines: Engines, load: Load, run: Run) -> Adapter:
        """Join what the author gives."""
        return Adapter(name=cls.name, engines=engines, load=load, run=run, absent=cls.absent)

    # -- what the kit makes of it

    @pytest.fixture(scope="class")
    @classmethod
    def runner(cls) -> Generator[asyncio.Runner]:
        """Give the event loop on which all coroutines of the back-end run; fixtures may use it too."""
        with asyncio.Runner() as runner:
            yield runner

    @pytest.fixture(scope="class")
    @classmethod
    def stage(cls, adapter: Adapter, runner: asyncio.Runner) -> Stage:
        """Give the adapter, ready to be asked."""
        return Stage(adapter, runner)

    @pytest.fixture(scope="class")
    @classmethod
    def conformance(cls, stage: Stage) -> Conformance:
        """Give what holds the back-end to the cases."""
        return Conformance(stage)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Give each test its cases, or its groups of entities and the numbers of their datasets."""
        if "case" in metafunc.fixturenames:
            names = {case.name for case in all_cases()} | {case.name for case in aggregate_cases()}
            unknown = self.faults.keys() - names
            assert not unknown, f"faults of cases that are not known: {sorted(unknown)}"
            metafunc.parametrize("case", [*self._cases(all_cases())])
        elif "aggregate_case" in metafunc.fixturenames:
            metafunc.parametrize("aggregate_case", [*self._cases(aggregate_cases())])
        elif "group" in metafunc.fixturenames:
            counts = {group: -(-self.datasets // share) for group, share in SHARES.items()}
            pairs = [(group, number) for group, count in counts.items() for number in range(count)]
            metafunc.parametrize(("group", "number"), pairs)
        elif "number" in metafunc.fixturenames:
            metafunc.parametrize("number", range(-(-self.datasets // 5)))

    def _cases(self, cases: Sequence[Case] | Sequence[AggregateCase]) -> Iterator[object]:
        for case in cases:
            fault = self.faults.get(case.name, "")
            strict = pytest.mark.xfail(reason=fault, raises=AssertionError, strict=True)
            yield pytest.param(case, id=case.name.replace(" ", "-"), marks=[strict] if fault else [])

    # -- the tests

    def test_the_models_are_the_world_as_far_as_is_declared(self, adapter: Adapter) -> None:
        """What is absent is declared, and what is declared absent is not there."""
        assert list(model_differences(adapter)) == []

    def test_every_gap_says_why(self, adapter: Adapter) -> None:
        """Each operator, feature and member that is missing has its reason."""
        assert list(unexplained_gaps(adapter)) == []

    @pytest.mark.conformance
    def test_rows_come_back_as_they_went_in(self, stage: Stage, conformance: Conformance) -> None:
        """The back-end holds all values of its domains exactly."""
        for group, entities in stage.world.groups.items():
            store_random_rows(stage, group, 0)
            present = [entity for entity in entities if entity in stage.entities]
            assert [line for entity in present for line in conformance.changed(entity)] == []

    @pytest.mark.conformance
    def test_case(self, case: Case, conformance: Conformance, record_property: Report) -> None:
        """What the back-end declares to do gives the rows of the case; all else is refused."""
        backend = conformance.stage.adapter.name
        if case.name in self.faults:
            report_fault(record_property, backend)
        report_case(record_property, backend, conformance.check(case))

    @pytest.mark.conformance
    def test_aggregate(self, aggregate_case: AggregateCase, stage: Stage, record_property: Report) -> None:
        """What the back-end declares of aggregates gives the groups of the case; all else is refused."""
        backend, aggregate = stage.adapter.name, stage.adapter.aggregate
        if aggregate_case.name in self.faults:
            report_fault(record_property, backend)
        reasons = [NO_AGGREGATES] if aggregate is None else check_groups(stage, aggregate, aggregate_case)
        report_aggregate(record_property, backend, reasons)

    @pytest.mark.fuzz
    def test_random_filters(self, group: str, number: int, stage: Stage, record_property: Report) -> None:
        """Random filters over random rows give what the reference evaluator gives, in its order."""
        compared = run_campaign(stage, group, number)
        report_filters(record_property, stage.adapter.name, compared)
        assert compared >= PAIRS or not roots_of(stage, group)

    @pytest.mark.fuzz
    def test_pages_give_every_row_once(self, number: int, stage: Stage) -> None:
        """All pages, walked forward and back, give all rows in order, where the back-end has cursors."""
        check_pages(stage, number)

    @pytest.mark.fuzz
    def test_pages_miss_no_row_that_stays(self, number: int, stage: Stage) -> None:
        """While rows come and go between the pages, those that stay come once, in order."""
        check_pages_while_rows_change(stage, number)

    @pytest.mark.fuzz
    def test_random_aggregates(self, group: str, number: int, stage: Stage) -> None:
        """Random aggregates give what the reference gives; what engines have, their adapter asks for."""
        aggregate = stage.adapter.aggregate
        if aggregate is None:
            assert not [
                name for name in stage.entities if hasattr(type(stage.engine(name)), "build_aggregate")
            ]
        else:
            assert check_aggregates(stage, aggregate, group, number) or not roots_of(stage, group)

    @pytest.mark.fuzz
    def test_random_row_scopes(self, number: int, stage: Stage, record_property: Report) -> None:
        """A row outside of its scope does not exist, on whatever way a filter comes there."""
        report_filters(record_property, stage.adapter.name, check_scopes(stage, number))

    @pytest.mark.fuzz
    def test_rows_outside_of_a_scope_never_change_an_answer(self, number: int, stage: Stage) -> None:
        """Rows outside are changed, and others added: every filter gives the same rows as before."""
        check_changes_outside(stage, number)

    @pytest.mark.fuzz
    def test_rows_outside_of_a_scope_never_change_an_aggregate(self, number: int, stage: Stage) -> None:
        """Nor do they count: every aggregate is that of a world which has only the rows inside."""
        aggregate = stage.adapter.aggregate
        if aggregate is not None:
            check_aggregates_outside(stage, aggregate, number)
