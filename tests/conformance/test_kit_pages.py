"""The kit's law of pages passes where it holds, and finds back-ends that lose rows or their place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from queryengine.ast import FilterAST, Or
from queryengine.engine import Capabilities
from queryengine.memory import MemoryQuery, evaluate
from queryengine.pages import Page, Total
from queryengine.testing import FetchPage, Stage
from queryengine.testing.paging import check_pages, check_pages_while_rows_change
from tests.conformance.reference import Reference, stage_of

ABLE = Capabilities(backend="reference", cursor=True)

Check = Callable[[Stage, int], object]


def check(law: Check, reference: Reference, page: FetchPage | None = None) -> object:
    with stage_of(replace(reference.adapter(), page=page)) as stage:
        return law(stage, 0)


def test_the_reference_keeps_the_law_without_pages_of_its_own() -> None:
    assert check(check_pages, Reference(capabilities=ABLE)) == 15
    check(check_pages_while_rows_change, Reference(capabilities=ABLE))


def test_a_back_end_without_cursors_is_not_asked_for_pages() -> None:
    without = Reference(capabilities=Capabilities(backend="reference"))
    assert check(check_pages, without) == 0
    check(check_pages_while_rows_change, without)


def test_a_row_that_is_dropped_at_a_tie_is_found() -> None:
    def without_ties(ast: FilterAST, rows: Sequence[object]) -> Sequence[object]:
        beyond = ast.seek.operands[0] if isinstance(ast.seek, Or) else ast.seek
        return evaluate(replace(ast, seek=beyond), rows)

    with pytest.raises(AssertionError, match=r"the pages of Thing on reference for .* give"):
        check(check_pages, Reference(capabilities=ABLE, answer=without_ties))


def test_a_total_that_counts_from_the_cursor_on_is_found() -> None:
    reference = Reference(capabilities=ABLE)

    def page(entity: str, ast: FilterAST, total: Total) -> Page[object]:
        del total
        rows, schema = reference.objects[entity], reference.adapter().engines[entity].schema
        left = len(evaluate(replace(ast, window=replace(ast.window, limit=None)), rows))
        found = MemoryQuery(ast, schema).page(rows)
        return found.model_copy(update={"total": left})

    with pytest.raises(AssertionError, match="count otherwise than"):
        check(check_pages, reference, page)


def test_pages_that_are_counted_off_instead_of_sought_are_found_while_rows_change() -> None:
    reference = Reference(capabilities=ABLE)
    passed = 0

    def page(entity: str, ast: FilterAST, total: Total) -> Page[object]:
        nonlocal passed
        rows, schema = reference.objects[entity], reference.adapter().engines[entity].schema
        limit = ast.window.limit
        assert isinstance(limit, int)
        passed = passed + limit if ast.seek is not None else 0
        counted = replace(ast, seek=None, window=replace(ast.window, offset=passed))
        return MemoryQuery(counted, schema).page(rows, total=total)

    with pytest.raises(AssertionError, match="while rows change"):
        check(check_pages_while_rows_change, reference, page)
