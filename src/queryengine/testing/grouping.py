"""Holds a back-end to the cases of aggregates: what it declares is right, and all else is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final, NoReturn

from queryengine.aggregate_process import AggregateProcessor
from queryengine.aggregates import APPLIES, AggregateAST, AggregateCapabilities, Function
from queryengine.errors import ConfigurationError, ErrorCode, FilterError
from queryengine.operators import SORTABLE
from queryengine.parsed import Source
from queryengine.testing.adapter import POLICY, Aggregate, Stage
from queryengine.testing.aggregating import answer_of, listed, typed
from queryengine.testing.cases.aggregates import AggregateCase
from queryengine.testing.declared import NESTED, Declared, Gap
from queryengine.testing.needs import ORDER, Need, needs_of, scope_needs, way_of
from queryengine.testing.reference import reference_schema
from queryengine.testing.world import WORLD

__all__ = ["check_groups"]

DOCUMENTS: Final = frozenset(NESTED.values())
"""the entities of documents in rows"""


def check_groups(stage: Stage, aggregate: Aggregate, case: AggregateCase) -> Sequence[str]:
    """Hold a back-end to a case; return the reasons of the gaps that it declares and met."""
    return _Check(stage, aggregate, case).reasons()


class _Check:
    def __init__(self, stage: Stage, aggregate: Aggregate, case: AggregateCase) -> None:
        self._stage = stage
        self._aggregate = aggregate
        self._case = case
        self._declared = Declared(stage.adapter)

    def reasons(self) -> Sequence[str]:
        """Return the reasons of the gaps; raise AssertionError where the back-end is not what it declares."""
        case = self._case
        absent = [self._stage.adapter.absent.get(entity) for entity in (case.entity, *(case.scope or ()))]
        if reasons := [reason for reason in absent if reason is not None]:
            return reasons
        gaps = list(self._gaps())
        ast = self._bound(gaps)
        if ast is None:
            return [gap.reason for gap in gaps]
        if unheld := self._declared.unheld(case.items):
            return [f"{each.entity}.{each.field.name} does not hold {each.value!r}" for each in unheld]
        self._run(ast)
        return []

    # -- what must be refused

    def _bound(self, gaps: Sequence[Gap]) -> AggregateAST | None:
        """Return the aggregate as it is bound; None where it is refused, as it has to be."""
        case = self._case
        codes = {gap.code for gap in gaps}
        if isinstance(case.answer, ErrorCode):
            codes.add(case.answer)
        refused = bool(codes - {ErrorCode.OUT_OF_RANGE})
        try:
            ast = self._bind(refused=refused)
        except FilterError as error:
            if error.code not in codes:
                self._fail(f"{error.code}, which is not declared: {error}")
            return None
        except ConfigurationError as error:
            if case.scope is None or not gaps:
                self._fail(f"{type(error).__name__}: {error}")
            return None
        if refused:
            self._fail(f"no error, where {', '.join(sorted(codes))} is declared: the aggregate was bound")
        return ast

    def _bind(self, *, refused: bool) -> AggregateAST:
        """Bind the aggregate. Its row has what is asked for; no row may have what nobody can ask for."""
        case = self._case
        row = answer_of({"count": True} if refused else case.aggregate)
        scope = None
        if case.scope is not None:
            scope = {self._stage.engine(entity).model: each for entity, each in case.scope.items()}
        engine = self._aggregate.engines[case.entity]
        processor = AggregateProcessor(engine, row, policy=POLICY)
        return processor.process(Source(json.dumps(case.aggregate)), scope=scope)

    # -- what must be right

    def _run(self, ast: AggregateAST) -> None:
        stage, case = self._stage, self._case
        if stage.items is not case.items:
            stage.store(case.items)
        if isinstance(case.answer, ErrorCode):
            try:
                found = stage.wait(self._aggregate.run(case.entity, ast))
            except Exception:  # noqa: BLE001  # the database has an error of its own
                return
            self._fail(f"{found}, and no error")
        found = stage.wait(self._aggregate.run(case.entity, ast))
        if typed(found) != typed(case.answer):
            self._fail(f"{[tuple(group) for group in found]}")

    # -- what is declared

    def _gaps(self) -> Iterator[Gap]:
        """Yield which of the needs of the case are not met."""
        case, schema = self._case, reference_schema(WORLD.models[self._case.entity])
        asked = {"where": case.aggregate["where"]} if "where" in case.aggregate else {}
        needs = needs_of(json.dumps(asked), schema, case.scope or ())
        for entity, predicate in (case.scope or {}).items():
            needs |= scope_needs(predicate, reference_schema(WORLD.models[entity]))
        yield from self._declared.gaps(case.entity, needs)
        for name in listed(case.aggregate.get("groupBy")):
            yield from self._gaps_of(way_of(name, schema), None)
        for function in Function:
            if function is not Function.COUNT:
                for name in listed(case.aggregate.get(function.value)):
                    yield from self._gaps_of(way_of(name, schema), function)

    def _gaps_of(self, way: Sequence[Need], function: Function | None) -> Iterator[Gap]:
        """Yield why there is no function, or no key, of what stands at the end of a way."""
        if not way:
            return
        last = way[-1]
        found = self._declared.gaps(self._case.entity, way)
        yield from found
        field = self._declared.field(last.entity, last.member)
        applies = SORTABLE if function is None else APPLIES[function]
        if found or field is None or last.kind not in applies:
            return
        able, capabilities = self._able, self._declared.capabilities(self._case.entity)
        reason: str | None = None
        if not able.documents and last.entity in DOCUMENTS:
            reason = able.notes.get("documents")
        elif function is None and last.kind not in capabilities.sortable:
            reason = capabilities.note(f"{last.kind}:{ORDER}")
        elif function is not None and not able.can(function, field.type):
            reason = able.note(function, last.kind)
        else:
            return
        assert reason, f"{self._case}: the gap has no reason"
        yield Gap(ErrorCode.UNSUPPORTED_BY_BACKEND, reason, last)

    @property
    def _able(self) -> AggregateCapabilities:
        return self._aggregate.engines[self._case.entity].aggregates

    def _fail(self, actual: str) -> NoReturn:
        case = self._case
        rows = "\n".join(f"    {item.entity}: {item.values}" for item in case.items)
        raise AssertionError(f"{case}\n  expected: {case.answer}\n  actual: {actual}\n  rows:\n{rows}")
