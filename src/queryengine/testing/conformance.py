"""Holds a back-end to the cases: what it declares to do must be right, and all else must be refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from queryengine.ast import FilterAST
from queryengine.errors import ConfigurationError, ErrorCode, FilterError
from queryengine.pages import count_filter, page_size
from queryengine.parsed import Source
from queryengine.predicate import Predicate
from queryengine.process import Processor
from queryengine.testing.adapter import POLICY, Stage, value_of
from queryengine.testing.cases import Case
from queryengine.testing.declared import Declared, Gap, Unheld
from queryengine.testing.dumps import comparable, sorted_ways
from queryengine.testing.needs import Need, needs_of, scope_needs
from queryengine.testing.reference import ReferenceEngine, reference_schema
from queryengine.testing.world import WORLD
from queryengine.values import check, write

__all__ = ["Conformance", "Outcome", "needs_of_case"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a case: it passed, or it met gaps: which need is not met, and why."""

    needs: frozenset[Need]
    gaps: Sequence[tuple[Need | None, str]] = ()


class Conformance:
    """The cases on one stage. `check` raises AssertionError where the back-end is not what it declares."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.declared: Declared = Declared(stage.adapter)
        self._processors: dict[str, Processor] = {}

    def changed(self, entity: str) -> Iterator[str]:
        """Yield which values of an entity's rows come back from the back-end otherwise than they went in."""
        fields = self.declared.schemas[entity].fields
        found = {
            self.stage.key(entity, row): row for row in self.stage.rows(entity, self._everything(entity))
        }
        for row in self.stage.objects[entity]:
            key = self.stage.key(entity, row)
            for name in fields:
                stored, back = value_of(row, name), value_of(found[key], name)
                if back != stored or not isinstance(back, type(stored)):
                    yield f"{entity} {key}: {name} is {back!r}, and was {stored!r}"

    def check(self, case: Case) -> Outcome:
        """Hold the back-end to a case; return whether it passed or met gaps that it declares."""
        needs = needs_of_case(case)
        absent = [self.stage.adapter.absent.get(entity) for entity in (case.entity, *(case.scope or ()))]
        reasons = [reason for reason in absent if reason is not None]
        if reasons:
            return Outcome(
                needs, [(self.declared.told_by(need), reason) for need in needs for reason in reasons]
            )
        gaps = self.declared.gaps(case.entity, needs) + self._outside(case)
        if gaps:
            self._check_refused(case, gaps)
            return Outcome(needs, [(gap.need, gap.reason) for gap in gaps])
        if isinstance(case.answer, ErrorCode):
            self._check_refused(case, [])
            return Outcome(needs)
        unheld = self.declared.unheld(case.items)
        if unheld:
            return Outcome(needs, [(None, self._refused_value(each)) for each in unheld])
        self._check_rows(case, case.answer)
        return Outcome(needs)

    # -- what must be right

    def _check_rows(self, case: Case, answer: Sequence[int]) -> None:
        if self.stage.items is not case.items:
            self.stage.store(case.items)
        try:
            ast = self._bind(case)
            rows = self.stage.rows(case.entity, ast)
        except FilterError as error:
            _fail(case, f"rows {list(answer)}", f"{error.code}, which is not declared: {error}")
        keys = [self.stage.key(case.entity, row) for row in rows]
        if keys != list(answer):
            _fail(case, f"rows {list(answer)}", f"rows {keys}")
        if case.shows is not None:
            self._check_shown(case, ast, rows)
        self._check_total(case, ast, len(rows))

    def _check_total(self, case: Case, ast: FilterAST, found: int) -> None:
        """Hold that a page of the filter counts all rows, as far as the back-end has pages in this order."""
        able, cursors = self.stage.engine(case.entity).capabilities, ast.shape and ast.shape.cursors
        if self.stage.adapter.page is None or cursors is None or not able.cursor:
            return
        if not all(able.can("gt", key.path.kind) for key in ast.order):
            return
        whole = not ast.window.offset and found < page_size(ast)
        count = found if whole else len(self.stage.rows(case.entity, count_filter(ast)))
        total = self.stage.page(case.entity, ast).total
        if total != count:
            _fail(case, f"a total of {count}", f"a total of {total}")

    def _check_shown(self, case: Case, ast: FilterAST, rows: Sequence[object]) -> None:
        assert ast.projection is not None
        assert case.shows is not None
        in_order = sorted_ways(ast)
        without = self.stage.left_out
        validated = [ast.projection.model_validate(row, from_attributes=True) for row in rows]
        actual = [comparable(row.model_dump(), without=without, in_order=in_order) for row in validated]
        expected = [comparable(row, without=without, in_order=in_order) for row in case.shows]
        if actual != expected:
            _fail(case, f"{expected}", f"{actual}")

    # -- what must be refused

    def _check_refused(self, case: Case, gaps: Sequence[Gap]) -> None:
        codes = {gap.code for gap in gaps}
        if isinstance(case.answer, ErrorCode):
            codes.add(case.answer)
        declared = "; ".join(f"{gap.code}: {gap.reason}" for gap in gaps) or str(case.answer)
        try:
            self._bind(case)
        except FilterError as error:
            if error.code not in codes:
                _fail(case, f"an error ({declared})", f"{error.code}: {error}")
        except ConfigurationError as error:
            if case.scope is None:
                _fail(case, f"an error ({declared})", f"{type(error).__name__}: {error}")
        else:
            _fail(case, f"an error ({declared})", "no error: the filter was bound")

    def _outside(self, case: Case) -> list[Gap]:
        """Return which operands of a right filter lie outside of the back-end's domains."""
        if isinstance(case.answer, ErrorCode):
            return []
        if case.entity not in self._processors:
            engine = ReferenceEngine(WORLD.models[case.entity])
            self._processors[case.entity] = Processor(engine, policy=POLICY)
        return self.declared.outside(case.entity, self._processors[case.entity].process(Source(case.filter)))

    def _refused_value(self, unheld: Unheld) -> str:
        """Hold that a filter cannot ask for a value that no row can hold, and return why it is so."""
        entity, field, value = unheld
        where = f"{entity}.{field.name} does not hold {value!r}"
        asked = field.gap is None and self.declared.capabilities(entity).can("eq", field.type.kind)
        if asked and entity in self.stage.entities:
            literal = write(check(reference_schema(WORLD.models[entity]).fields[field.name].type, value))
            try:
                self.stage.processor(entity).process(
                    Source(json.dumps({"where": {field.name: {"eq": literal}}}))
                )
            except FilterError as error:
                if error.code is not ErrorCode.OUT_OF_RANGE:
                    raise AssertionError(f"{where}, but a filter is answered with {error}") from None
            else:
                raise AssertionError(f"{where}, but a filter may ask for it")
        return where

    def _everything(self, entity: str) -> FilterAST:
        return self.stage.processor(entity).process(Source("{}"))

    def _bind(self, case: Case) -> FilterAST:
        scope: Mapping[type[object], Predicate] | None = None
        if case.scope is not None:
            scope = {self.stage.engine(entity).model: each for entity, each in case.scope.items()}
        return self.stage.processor(case.entity).process(Source(case.filter), scope=scope)


def needs_of_case(case: Case) -> frozenset[Need]:
    """Return what a case asks for, by its filter and by its row scopes."""
    needs = needs_of(case.filter, reference_schema(WORLD.models[case.entity]), case.scope or ())
    for entity, predicate in (case.scope or {}).items():
        needs |= scope_needs(predicate, reference_schema(WORLD.models[entity]))
    return needs


def _fail(case: Case, expected: str, actual: str) -> NoReturn:
    rows = "\n".join(f"    {item.entity}: {item.values}" for item in case.items)
    raise AssertionError(f"{case}\n  expected: {expected}\n  actual: {actual}\n  rows:\n{rows}")
