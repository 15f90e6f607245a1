"""Runs a filter on a back-end and on the reference evaluator, and tells how they differ."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar, assert_never

from pydantic import BaseModel

from queryengine.ast import (
    And,
    Comparison,
    FilterAST,
    JSONDocument,
    Not,
    Or,
    Path,
    Quantified,
    Where,
    comparisons,
)
from queryengine.memory import evaluate, value_at
from queryengine.parsed import Source
from queryengine.predicate import Scope
from queryengine.printer import to_text
from queryengine.process import Processor
from queryengine.request import read_query
from queryengine.testing.dumps import comparable, sorted_ways
from queryengine.testing.queries import query_string
from queryengine.testing.reference import shown
from queryengine.testing.strategies import Document

__all__ = ["Differential", "Disagreement", "smallest"]

T = TypeVar("T")


class Disagreement(AssertionError):  # noqa: N818 - not an error of the program: what a test found
    """A back-end and the reference evaluator, or two answers of a back-end, differ; the message says how.

    `again` makes the same comparison on other rows.
    """

    def __init__(self, message: str, again: Callable[[Differential], None]) -> None:
        super().__init__(message)
        self.again = again


@dataclass(frozen=True, slots=True)
class Differential:
    """A back-end beside the reference evaluator, over the same rows.

    `run` returns the keys of the rows that the back-end gives, in its order; `rows` are plain objects with
    the same values and relations, whose keys `key` tells. All `rows` must fit into the default limit. `fetch`
    returns the back-end's rows themselves, for what they show; `key` tells their keys too.
    """

    processor: Processor
    run: Callable[[FilterAST], Sequence[Hashable]]
    rows: Sequence[object]
    key: Callable[[object], Hashable]
    fetch: Callable[[FilterAST], Sequence[object]] | None = None

    def bind(self, document: Document, scope: Scope | None = None) -> FilterAST:
        """Return the bound filter of a document, by way of its text."""
        return self.processor.process(Source(_json(document)), scope=scope)

    def check(self, document: Document, scope: Scope | None = None) -> None:
        """Raise Disagreement unless the back-end gives the rows of the reference evaluator, in its order."""
        ast = self.bind(document, scope)
        expected = [self.key(row) for row in evaluate(ast, self.rows)]
        rows = None if self.fetch is None else self.fetch(ast)
        actual = list(self.run(ast)) if rows is None else [self.key(row) for row in rows]
        report = ""
        if actual != expected:
            report = self._report(ast, expected, actual)
        elif rows is not None and ast.projection is not None:
            report = self._report_shown(ast, ast.projection, rows)
        if report:
            message = f"the back-end and the reference evaluator differ\n  filter: {_json(document)}{report}"
            raise Disagreement(message, lambda other: other.check(document, scope))

    def check_partition(self, where: Document, scope: Scope | None = None) -> None:
        """Raise Disagreement unless a condition and its negation together give all rows, once each."""
        found = list(self.run(self.bind({"where": where}, scope)))
        others = list(self.run(self.bind({"where": {"not": where}}, scope)))
        every = list(self.run(self.bind({}, scope)))
        if Counter(found + others) != Counter(every):
            message = f"a condition and its negation do not give all rows once each\n  where: {_json(where)}"
            message += f"\n  rows: {found}\n  rows of the negation: {others}\n  all rows: {every}"
            raise Disagreement(message, lambda other: other.check_partition(where, scope))

    def check_print(self, document: Document, scope: Scope | None = None) -> None:
        """Raise Disagreement unless the filter's canonical text means the same filter."""
        ast = self.bind(document, scope)
        text = to_text(ast)
        again = self.processor.process(Source(text), scope=scope)
        if again != ast or to_text(again) != text:
            message = f"printing changes a filter\n  filter: {_json(document)}\n  printed: {text}"
            raise Disagreement(message, lambda other: other.check_print(document, scope))

    def check_brackets(self, document: Document, scope: Scope | None = None) -> None:
        """Raise Disagreement unless a filter means the same in brackets, as far as these can say it."""
        ast, query = self.bind(document, scope), query_string(document)
        if query is None or _has_json_value(ast):
            return
        source = read_query(query, self.processor.config, self.processor.policy.limits)
        assert source is not None
        again = self.processor.process(source, scope=scope)
        if again != ast:
            message = f"a filter means something else in brackets\n  filter: {_json(document)}"
            message += f"\n  query: {query.decode()}\n  JSON: {ast}\n  brackets: {again}"
            raise Disagreement(message, lambda other: other.check_brackets(document, scope))

    def _report_shown(self, ast: FilterAST, projection: type[BaseModel], rows: Sequence[object]) -> str:
        """Say where a row shows something else than the reference's row does, by the filter's projection."""
        known, in_order = {self.key(row): row for row in self.rows}, sorted_ways(ast)
        for row in rows:
            key = self.key(row)
            dump = projection.model_validate(row, from_attributes=True).model_dump()
            actual = comparable(dump, in_order=in_order)
            expected = comparable(shown(ast, known[key]), in_order=in_order)
            if actual != expected:
                return f"\n  row {key} shows: {actual}\n  and should show: {expected}"
        return ""

    def _report(self, ast: FilterAST, expected: Sequence[Hashable], actual: Sequence[Hashable]) -> str:
        lines = ["", f"  expected: {list(expected)}", f"  actual: {list(actual)}"]
        wrong = set(expected) ^ set(actual) or set(expected)
        for row in self.rows:
            key = self.key(row)
            if key in wrong:
                side = "missing" if key not in actual else "too many" if key not in expected else "misplaced"
                lines.append(f"  {side} {key}: {_values(ast, row)}")
        if ast.scope is not None:
            lines.append(f"  bound: {ast.where}")
        return "\n".join(lines)


def smallest(items: Sequence[T], fails: Callable[[Sequence[T]], bool]) -> Sequence[T]:
    """Return few of the items with which something still fails: leaving out any one of them mends it.

    >>> smallest(range(100), lambda some: 7 in some and 42 in some)
    [7, 42]
    """
    left = list(items)
    size = len(left)
    while size >= 1:
        start = 0
        while start < len(left):
            fewer = left[:start] + left[start + size :]
            if fails(fewer):
                left = fewer
            else:
                start += size
        size //= 2
    return left


def _has_json_value(ast: FilterAST) -> bool:
    """In brackets a JSON value is a text in JSON, which is another text."""
    own = any(
        isinstance(leaf, Comparison) and isinstance(leaf.value, JSONDocument)
        for leaf in comparisons(ast.where)
    )
    return own or any(_has_json_value(include.filter) for include in ast.include)


def _json(document: object) -> str:
    return json.dumps(document, ensure_ascii=False)


def _values(ast: FilterAST, row: object) -> str:
    """What the row holds where the filter looks, as far as to-one paths lead there."""
    paths = [*_paths(ast.where), *(key.path for key in ast.order)]
    found = {str(path): value_at(path, row) for path in paths if path.field is not None}
    return ", ".join(f"{name}={value!r}" for name, value in found.items())


def _paths(where: Where | None) -> list[Path]:
    match where:
        case None | Quantified():
            return []
        case And() | Or():
            return [path for operand in where.operands for path in _paths(operand)]
        case Not():
            return _paths(where.operand)
        case Comparison():
            return [where.path]
        case _:
            assert_never(where)
