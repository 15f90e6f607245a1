"""Pages of Prisma's rows: keys behind required relations are loaded for the page, and taken off its rows."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import Depends, FastAPI
from queryengine_prisma import PrismaQueryResult, fetch_page, fetch_page_sync

from queryengine import ConfigurationError, FilterError, Page, QueryConfig, create_qe_dependency
from queryengine.ast import FilterAST
from queryengine.errors import ErrorCode
from queryengine.testing import Stage
from tests.asgi import call, query_of

Filter = dict[str, Any]  # Any: values as JSON has them


def bound(stage: Stage, entity: str, filter: Filter) -> FilterAST:
    return stage.differential(entity).bind(filter)


def walked(stage: Stage, entity: str, filter: Filter) -> list[Page[object]]:
    pages = [stage.page(entity, bound(stage, entity, filter))]
    while pages[-1].next is not None:
        pages.append(stage.page(entity, bound(stage, entity, filter | {"after": pages[-1].next})))
    return pages


@pytest.mark.parametrize(
    ("entity", "order"), [("Thing", "-owner.id,count"), ("Part", "-thing.owner.id,thing.count DESC")]
)
def test_keys_behind_required_relations_are_followed_and_leave_nothing(
    stage: Stage, entity: str, order: str
) -> None:
    pages = walked(stage, entity, {"order": order, "limit": 2})
    rows = [row for page in pages for row in page.items]
    assert [stage.key(entity, row) for row in rows] == stage.keys(
        entity, bound(stage, entity, {"order": order})
    )
    assert {page.total for page in pages} == {len(rows)}
    first = order.strip("-").partition(".")[0]
    assert len(pages) > 1
    assert {getattr(row, first) for row in rows} == {None}


def test_related_rows_that_were_asked_for_stay(stage: Stage) -> None:
    filter = {"order": "thing.owner.id", "include": ["thing"], "limit": 2}
    for page in walked(stage, "Part", filter):
        for row in page.items:
            thing: Any = getattr(row, "thing")  # noqa: B009  # a row of a generated class
            assert thing is not None
            assert thing.owner is None


def test_a_cursor_in_an_order_by_bytes_is_refused(stage: Stage) -> None:
    page = stage.page("Thing", bound(stage, "Thing", {"order": "blob", "limit": 1}))
    with pytest.raises(FilterError) as caught:
        bound(stage, "Thing", {"order": "blob", "limit": 1, "after": page.next})
    assert caught.value.code is ErrorCode.UNSUPPORTED_BY_BACKEND


def test_an_asynchronous_client_is_waited_for(on_sqlite: Stage) -> None:
    @dataclass
    class Row:
        id: int

    class Later:
        """The actions of an asynchronous client."""

        async def find_many(self, **query: object) -> list[Row]:
            del query
            return [Row(n) for n in (1, 2, 3)]

        async def count(self, **query: object) -> int:
            return 3 if "take" not in query else int(str(query["take"]))

    engine: Any = on_sqlite.engine("Label")  # Any: of a generated model
    made = engine.build_query(bound(on_sqlite, "Label", {"limit": 3}))
    page = asyncio.run(fetch_page(Later(), made, total=2))
    assert ([row.id for row in page.items], page.total, page.capped) == ([1, 2, 3], 2, True)


def test_a_result_that_no_engine_made_is_refused(on_sqlite: Stage) -> None:
    made = PrismaQueryResult[Any].of({}, bound(on_sqlite, "Label", {"limit": 1}))
    actions: Any = None
    with pytest.raises(ConfigurationError, match="not made by an engine"):
        asyncio.run(fetch_page(actions, made))


@dataclass
class LongRow:
    id: int
    name: str


class LongRows:
    """The actions of a client whose rows have long names."""

    def find_many(self, **query: object) -> list[LongRow]:
        del query
        return [LongRow(n, "x" * 5_000) for n in (1, 2)]

    def count(self, **query: object) -> int:
        del query
        return 2


def test_a_row_too_long_for_a_cursor_is_an_error_of_the_request(on_sqlite: Stage) -> None:
    engine: Any = on_sqlite.engine("Label")  # Any: of a generated model
    listed = create_qe_dependency(
        engine, config=QueryConfig(cursor_secret="a secret of the tests"), required=True
    )
    app, given = FastAPI(), Depends(listed)

    @app.get("/items")
    async def read_labels(result: PrismaQueryResult[LongRow] = given) -> Page[LongRow]:
        return fetch_page_sync(LongRows(), result)

    answer = call(app, query_of({"order": "name", "limit": 1}))
    assert (answer.status, answer.code) == (422, "limit_exceeded")
    assert answer.json["detail"][0]["loc"] == ["query", "filter", "order", "name"]
