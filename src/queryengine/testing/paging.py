"""The law of pages: all of them, walked forward and back, give every row once, while others come and go."""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from hypothesis import strategies as st

from queryengine.ast import FilterAST, Window
from queryengine.memory import evaluate, value_at
from queryengine.pages import Page
from queryengine.testing.adapter import Stage
from queryengine.testing.campaign import roots_of, run_examples, seed_of, store_random_rows
from queryengine.testing.rows import consistent
from queryengine.testing.strategies import Document, Ground, filters

__all__ = ["check_pages", "check_pages_while_rows_change"]

Place: TypeAlias = tuple[object, ...]
"""the values of the order's keys, by which a row has its place"""

GROUP: Final = "Thing"
WALKS: Final = 15
"""over each dataset"""
CHANGING_WALKS: Final = 3
"""each of which stores the rows anew for every page"""
CAP: Final = 3
"""the most rows that are counted where a total is capped"""


def check_pages(stage: Stage, number: int) -> int:
    """Hold that pages give every row once, in order, either way; and totals. Return how many walks it took.

    There are none where the back-end declares no cursors.
    """
    store_random_rows(stage, GROUP, number)
    drawn = _drawn(stage, st.integers(1, 9))

    def compare(data: st.DataObject, index: int) -> None:
        root = [*drawn][index % len(drawn)]
        pages = _pages(stage, root, data.draw(drawn[root], label="filter"))
        forward = [*pages.forward()]
        shown = [pages.keys(page) for page in forward]
        expected = [*pages.places()]
        assert [key for keys in shown for key in keys] == expected, f"{pages} give {shown}, not {expected}"
        assert forward[0].previous is None, f"the first of {pages} has one before it"
        pages.check_totals(forward, len(expected))
        back = [pages.keys(page) for page in pages.back(forward[-1].previous)]
        assert back[::-1] == shown[:-1], f"{pages} give {shown}, and on the way back {back}"

    if drawn:
        run_examples(compare, number, WALKS)
    return WALKS if drawn else 0


def check_pages_while_rows_change(stage: Stage, number: int) -> None:
    """Hold that no row that stays is missed or repeated while others come and go between the pages."""
    items = store_random_rows(stage, GROUP, number)
    drawn = _drawn(stage, st.integers(2, 5))

    def compare(data: st.DataObject, index: int) -> None:
        root = [*drawn][index % len(drawn)]
        choose = random.Random(seed_of(number) + index)  # noqa: S311  # the same for the same seed
        coming = {id(item) for item in items if item.entity == root and choose.random() < 0.5}
        pages = _pages(stage, root, data.draw(drawn[root], label="filter"))
        places: list[Mapping[Hashable, Place]] = []

        def change() -> None:
            some = [item for item in items if id(item) not in coming or choose.random() < 0.5]
            stage.store(consistent(stage.world, some))
            places.append(pages.places())

        change()
        seen = [pages.keys(page) for page in pages.forward(change)]
        _check_stayed(pages, places, seen)
        places.clear()
        change()
        *_, last = pages.forward()
        if last.previous is not None:
            seen = [pages.keys(page) for page in pages.back(last.previous, change)]
            _check_stayed(pages, places, seen[::-1], pages.keys(last)[0])

    if drawn:
        run_examples(compare, number, CHANGING_WALKS)


def _drawn(stage: Stage, sizes: st.SearchStrategy[int]) -> dict[str, st.SearchStrategy[Document]]:
    """Return what filters are drawn from for each entity whose back-end has cursors."""
    present = dict.fromkeys(roots_of(stage, GROUP))
    able = [entity for entity in present if stage.engine(entity).capabilities.cursor]
    return {entity: _paged(stage.ground(entity), sizes) for entity in able}


def _paged(ground: Ground, sizes: st.SearchStrategy[int]) -> st.SearchStrategy[Document]:
    """Draw a filter for pages of a size; half of them without a condition: they have the most pages."""

    def of(document: Document, size: int, everything: bool) -> Document:
        kept = {name: part for name, part in document.items() if name != "where" or not everything}
        return kept | {"limit": size}

    return st.builds(of, filters(ground, paged=False), sizes, st.booleans())


def _nothing() -> None:
    """Leave the rows between two pages as they are."""


@dataclass(frozen=True)
class _Pages:
    """The pages of one filter over an entity."""

    stage: Stage
    root: str
    document: Document

    def __str__(self) -> str:
        return f"the pages of {self.root} on {self.stage.adapter.name} for {self.document}"

    def forward(self, between: Callable[[], None] = _nothing) -> Iterator[Page[object]]:
        """Yield all pages, from the first on."""
        page = self._page({})
        yield page
        while page.next is not None:
            between()
            page = self._page({"after": page.next})
            yield page

    def back(self, cursor: str | None, between: Callable[[], None] = _nothing) -> Iterator[Page[object]]:
        """Yield the pages before a cursor, the nearest first."""
        while cursor is not None:
            page = self._page({"before": cursor})
            yield page
            cursor = page.previous
            between()

    def keys(self, page: Page[object]) -> list[Hashable]:
        """Return the primary keys of a page's rows."""
        return [self.stage.key(self.root, row) for row in page.items]

    def places(self) -> Mapping[Hashable, Place]:
        """Return the places of the rows that the reference gives now, by their primary keys, in order."""
        ast = self._bind({})
        rows = evaluate(replace(ast, window=Window()), self.stage.objects[self.root])
        return {
            self.stage.key(self.root, row): tuple([value_at(key.path, row) for key in ast.order])
            for row in rows
        }

    def check_totals(self, pages: Sequence[Page[object]], count: int) -> None:
        """Hold that each page says how many rows there are, where the back-end counts them."""
        if self.stage.adapter.page is None:
            return
        assert {page.total for page in pages} == {count}, f"{self} count otherwise than {count}"
        capped = self.stage.page(self.root, self._bind({}), CAP)
        assert (capped.total, capped.capped) == (min(count, CAP), count > CAP), f"{self} count {capped}"

    def _page(self, place: Document) -> Page[object]:
        return self.stage.page(self.root, self._bind(place))

    def _bind(self, place: Document) -> FilterAST:
        return self.stage.differential(self.root).bind(self.document | place)


def _pages(stage: Stage, root: str, document: Document) -> _Pages:
    """Return the pages of a filter; in no order where it is by a field that is sorted, but not compared."""
    able, order = stage.engine(root).capabilities, stage.differential(root).bind(document).order
    if not all(able.can("gt", key.path.kind) for key in order):
        document = {name: part for name, part in document.items() if name != "order"}
    return _Pages(stage, root, document)


def _check_stayed(
    pages: _Pages,
    places: Sequence[Mapping[Hashable, Place]],
    seen: Sequence[Sequence[Hashable]],
    until: Hashable | None = None,
) -> None:
    """Hold that each row that was there all the time, and in its place, was seen once, in order.

    A walk back comes to the rows ahead of `until`, where it began.
    """
    first = places[0]
    known = [*first] if until is None else [*first][: [*first].index(until)]
    stayed = [key for key in known if all(first[key] == each.get(key) for each in places)]
    met = [key for keys in seen for key in keys if key in stayed]
    assert met == stayed, f"{pages} give {met} while rows change, and {stayed} stay"
