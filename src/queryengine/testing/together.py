"""The same filters on the same rows of several back-ends at once: equal answers, or declared errors."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from hypothesis import strategies as st

from queryengine.ast import FilterAST
from queryengine.errors import FilterError
from queryengine.memory import evaluate
from queryengine.parsed import Source
from queryengine.process import Processor
from queryengine.schema import Field
from queryengine.testing.adapter import POLICY, Adapter, Stage, sample_of
from queryengine.testing.campaign import PAIRS, WEIGHTS, how_to_repeat, run_examples, seed_of
from queryengine.testing.declared import Declared
from queryengine.testing.differential import smallest
from queryengine.testing.dumps import comparable, sorted_ways
from queryengine.testing.needs import needs_of
from queryengine.testing.reference import ReferenceEngine, reference_schema, shown
from queryengine.testing.rows import Objects, consistent, make_items, make_objects
from queryengine.testing.selections import selections
from queryengine.testing.shared import Shared
from queryengine.testing.strategies import Document, Ground, siblings
from queryengine.testing.world import WORLD, Item

__all__ = ["Together"]

SHARED: Final = 3
"""so many filters ask for what all of the back-ends do, to one that asks for anything"""


class _Found(AssertionError):  # noqa: N818 - what a test found
    """Two back-ends differ, or one refuses what it declares to do."""

    def __init__(self, message: str, root: str, document: Document) -> None:
        super().__init__(message)
        self.root = root
        self.document = document


class Together:
    """Several adapters with the same rows."""

    def __init__(self, adapters: Sequence[Adapter], runner: asyncio.Runner) -> None:
        self._stages = {adapter.name: (Stage(adapter, runner), Declared(adapter)) for adapter in adapters}
        self._worlds = {True: Shared(adapters), False: Shared(())}
        self._objects: Objects = {}
        self._processors: dict[str, Processor] = {}
        self.answered: Counter[str] = Counter()
        """how many filters each back-end has answered with rows"""

    def run_campaign(self, group: str, number: int, pairs: int = PAIRS) -> int:
        """Compare random filters over the rows of a numbered dataset; return how many different ones.

        What is found is reported with the smallest filter and rows that show it.
        """
        items = make_items(WORLD, seed_of(number), WORLD.groups[group], self._fields)
        self._store(items)
        roots = list(self._roots(group))
        grounds = {root: self._ground(*root) for root in roots}
        agreed: set[tuple[str, str]] = set()

        def compare(data: st.DataObject, index: int) -> None:
            root = roots[index % len(roots)]
            documents = data.draw(siblings(grounds[root], 2), label="filters")
            selection = data.draw(selections(grounds[root]), label="selection")
            for document in (each | selection for each in documents):
                if (root[0], str(document)) not in agreed:
                    self._check(root[0], document)
                    agreed.add((root[0], str(document)))

        try:
            run_examples(compare, number, pairs)
        except _Found as found:
            raise AssertionError(self._reduced(found, items, number)) from None
        return len(agreed)

    # -- what filters are drawn for

    def _roots(self, group: str) -> Iterator[tuple[str, bool]]:
        """Yield the entities that filters are about, and whether these ask for what all back-ends have."""
        for entity in WORLD.groups[group]:
            weight = WEIGHTS.get(entity, 1)
            yield from [(entity, False)] * weight
            yield from [(entity, True)] * (SHARED * weight if self._worlds[True].has(entity) else 0)

    def _ground(self, entity: str, shared: bool) -> Ground:
        world = self._worlds[shared]
        engine = ReferenceEngine(WORLD.models[entity], world.capabilities, world.schema(WORLD.models[entity]))
        view = Processor(engine, policy=POLICY).view
        seen = {
            field: [sample_of(field, getattr(row, field.name)) for row in rows]
            for name, rows in self._objects.items()
            if world.has(name)
            for field in world.schema(WORLD.models[name]).fields.values()
        }
        return Ground(view, world.capabilities, seen)

    # -- rows

    def _fields(self, entity: str) -> Sequence[Mapping[str, Field]]:
        stages = [stage for stage, _ in self._stages.values() if entity in stage.entities]
        return [stage.engine(entity).schema.fields for stage in stages]

    def _store(self, items: Sequence[Item]) -> None:
        self._objects = make_objects(WORLD, items)
        for stage, _ in self._stages.values():
            stage.store(items)

    # -- one filter

    def _check(self, root: str, document: Document) -> None:
        text = json.dumps(document, ensure_ascii=False)
        ast = self._reference(root).process(Source(text))
        needs = needs_of(text, reference_schema(WORLD.models[root]))
        for name, (stage, declared) in self._stages.items():
            if root not in stage.entities:
                continue
            gaps = [*declared.gaps(root, needs), *declared.outside(root, ast)]
            said = {gap.code: gap.reason for gap in gaps}
            try:
                own = stage.processor(root).process(Source(text))
            except FilterError as error:
                if error.code not in said:
                    raise _Found(f"{name} answers {error.code}: {error}", root, document) from None
                continue
            if gaps:
                raise _Found(f"{name} takes what it declares not to do: {said}", root, document)
            self._compare(root, document, ast, stage, own)
            self.answered[name] += 1

    def _compare(self, root: str, document: Document, ast: FilterAST, stage: Stage, own: FilterAST) -> None:
        expected = evaluate(ast, self._objects[root])
        rows = stage.rows(root, own)
        keys = [stage.key(root, row) for row in rows], [stage.key(root, row) for row in expected]
        if keys[0] != keys[1]:
            message = f"{stage.adapter.name} gives {keys[0]}, and the reference {keys[1]}"
            raise _Found(message, root, document)
        if own.projection is None or ast.projection is None:
            return
        # What is embedded comes with its row; in the reference, only documents are.
        relations = stage.engine(root).schema.relations
        embedded = {name for name, relation in relations.items() if relation.embedded}
        for row, one in zip(rows, expected, strict=True):
            without, in_order = stage.left_out, sorted_ways(ast)
            show = shown(ast, one) or {}
            dump = own.projection.model_validate(row, from_attributes=True).model_dump()
            dump = {name: value for name, value in dump.items() if name in show or name not in embedded}
            actual, right = (comparable(each, without=without, in_order=in_order) for each in (dump, show))
            if actual != right:
                message = f"{stage.adapter.name} shows {actual}, and the reference {right}"
                raise _Found(message, root, document)

    def _reference(self, root: str) -> Processor:
        if root not in self._processors:
            self._processors[root] = Processor(ReferenceEngine(WORLD.models[root]), policy=POLICY)
        return self._processors[root]

    def _reduced(self, found: _Found, items: Sequence[Item], number: int) -> str:
        last = found

        def fails(some: Sequence[Item]) -> bool:
            nonlocal last
            self._store(consistent(WORLD, some))
            try:
                self._check(found.root, found.document)
            except _Found as still:
                last = still
                return True
            return False

        few = consistent(WORLD, smallest(items, fails))
        rows = "\n".join(f"    {item.entity}: {item.values}" for item in few)
        text = json.dumps(found.document, ensure_ascii=False)
        return f"{last}\n  filter: {found.root} {text}\n  rows:\n{rows}\n{how_to_repeat(number)}"
