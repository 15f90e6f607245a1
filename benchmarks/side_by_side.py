"""The group `backends`: build_query, and a whole request, of each back-end beside the same by hand."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from importlib import import_module
from typing import Final, TypeVar

from fastapi import FastAPI

from benchmarks import workload
from benchmarks.asgi import filter_string, get, parameter_string
from benchmarks.backends.contender import Contender, Opened, application
from benchmarks.harness import Row, Runner, calls, compare, coroutines
from benchmarks.models import FlightOut
from benchmarks.ours import text
from benchmarks.peers import handwritten
from queryengine import FilterAST, Processor, SecurityPolicy
from queryengine.parsed import Source

__all__ = ["BACKENDS", "backend_rows"]

T = TypeVar("T")

BACKENDS: Final = ("sqlalchemy", "tortoise", "beanie", "prisma", "orm", "memory")
QUESTIONS: Final = 720
"""how many sets of values the shape is asked with; all periods of the values divide it"""
BUILD_BAR: Final = 1.5
REQUEST_BARS: Final = {"SQLAlchemy": 1.1}


def backend_rows(rounds: int, names: Sequence[str] = BACKENDS) -> list[Row]:
    """Compare each back-end with its ORM by hand, on the same questions and rows."""
    return [row for name in names for row in _rows_of(name, rounds)]


def _rows_of(name: str, rounds: int) -> list[Row]:
    # Back-ends are loaded one by one: each may need what others do not.
    opened: Opened = import_module(f"benchmarks.backends.{name}").opened
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        contender = runner.run(stack.enter_async_context(opened()))
        try:
            app = application(contender)
            questions = [workload.five(number) for number in range(QUESTIONS)]
            filters = [filter_string(text(question)) for question in questions]
            parameters = [parameter_string(question) for question in questions]
            runner.run(_assert_same_bodies(app, filters, parameters))
            return [
                *_build_rows(contender, questions, rounds),
                _request_row(runner.get_loop(), contender, app, (filters, parameters), rounds),
            ]
        finally:
            runner.run(stack.aclose())


def _build_rows(contender: Contender, questions: Sequence[workload.Question], rounds: int) -> list[Row]:
    """Compare a bound filter to a native query with the same query written by hand."""
    if contender.name == "memory":
        return []  # the bound filter itself is the query
    filters = _bound(contender, [text(question) for question in questions])
    values = [handwritten.arguments(question) for question in questions]
    build, by_hand, finish = contender.engine.build_query, contender.by_hand, contender.finish
    rows = [
        compare(
            f"{contender.name}, known shape: bound filter to query",
            contender.peer,
            ours=_turns(build, filters),
            theirs=_turns(by_hand, values),
            rounds=rounds,
            bar=BUILD_BAR,
        )
    ]
    if finish is not None:
        rows.append(
            compare(
                f"{contender.name}, known shape: bound filter to what is sent",
                contender.peer,
                ours=_turns(lambda bound: finish(build(bound).query), filters),
                theirs=_turns(lambda some: finish(by_hand(some)), values),
                rounds=rounds,
            )
        )
    return rows


def _request_row(
    loop: asyncio.AbstractEventLoop,
    contender: Contender,
    app: FastAPI,
    queries: tuple[Sequence[bytes], Sequence[bytes]],
    rounds: int,
) -> Row:
    def requests(path: str, strings: Sequence[bytes]) -> Runner:
        following = itertools.cycle(strings)
        return coroutines(loop, lambda: get(app, path, next(following)))

    filters, parameters = queries
    bar = REQUEST_BARS.get(contender.name)
    return compare(
        f"{contender.name}: request with its execution",
        f"{contender.peer}, six typed parameters",
        ours=requests("/ours", filters),
        theirs=requests("/handwritten", parameters),
        rounds=rounds if bar is not None else max(1, rounds // 3),  # some take a tenth of a second
        bar=bar,
    )


def _bound(contender: Contender, texts: Sequence[str]) -> list[FilterAST]:
    processor = Processor(contender.engine, policy=SecurityPolicy(expose=FlightOut))
    for _ in range(3):  # what is made at a shape's first sights is not the cost of a known one
        contender.engine.build_query(processor.process(Source(texts[0])))
    return [processor.process(Source(each)) for each in texts]


def _turns(function: Callable[[T], object], inputs: Sequence[T]) -> Runner:
    following: Iterator[T] = itertools.cycle(inputs)
    return calls(lambda: function(next(following)))


async def _assert_same_bodies(app: FastAPI, filters: Sequence[bytes], parameters: Sequence[bytes]) -> None:
    """Both dependencies must give the same answers to some of the questions, and not only empty ones."""
    found: list[tuple[int, bytes]] = []
    for filter_query, parameter_query in itertools.islice(zip(filters, parameters, strict=True), 0, None, 31):
        ours, theirs = await get(app, "/ours", filter_query), await get(app, "/handwritten", parameter_query)
        if ours != theirs or ours[0] != 200:
            raise AssertionError(f"{ours} is not {theirs}: {filter_query.decode()}")
        found.append(ours)
    if all(body == b"[]" for _, body in found):
        raise AssertionError("no question finds a row")
