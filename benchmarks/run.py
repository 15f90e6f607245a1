"""The rows and their bars: what is compared with what. `main` prints the tables and writes results/*.json."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final, TypeVar

from fastapi import FastAPI
from sqlalchemy import Select
from sqlalchemy.orm import Session

from benchmarks import models, workload
from benchmarks.aggregates import aggregate_rows
from benchmarks.asgi import application, filter_string, get, parameter_string
from benchmarks.harness import Row, Runner, calls, compare, coroutines, measure, print_rows, row, write_rows
from benchmarks.ours import Ours, text
from benchmarks.paging import paging_rows
from benchmarks.peers import fastapi_filter, handwritten, odata, qengine
from benchmarks.side_by_side import backend_rows
from benchmarks.workload import Question

__all__ = ["GROUPS", "main"]

T = TypeVar("T")

RESULTS: Final = Path(__file__).parent / "results"
QUESTIONS: Final = 720
"""how many sets of values a known shape is asked with; all periods of the values divide it"""
SHAPES: Final = 20_000
"""how many shapes come in turn: far more than a cache keeps, so each is new again when it comes again"""
COUNTS: Final[tuple[int, ...]] = (1, 2, 4, 8, 16, 32, 64)
NEW_COUNTS: Final = COUNTS[2:]
"""of fewer conditions there are not enough shapes for each to be new"""


def turns(function: Callable[[T], object], inputs: Sequence[T]) -> Runner:
    """Return a runner that gives the function one input after another, for ever."""
    following: Iterator[T] = itertools.cycle(inputs)
    return calls(lambda: function(next(following)))


def ast_rows(rounds: int) -> list[Row]:
    """Text to bound AST beside fastapi-qengine's text to MongoDB, on the very same texts."""
    ours = Ours()
    known = [text(workload.five_shared(number)) for number in range(QUESTIONS)]
    unseen = [text(question) for question in itertools.islice(workload.new_shapes(), SHAPES)]
    return [
        compare(
            "known shape: text to bound AST",
            qengine.NAME,
            ours=turns(ours.ast, known),
            theirs=turns(qengine.mongo_query, known),
            rounds=rounds,
            bar=0.3,
        ),
        compare(
            "first sight of a shape: text to bound AST",
            qengine.NAME,
            ours=turns(ours.ast, unseen),
            theirs=turns(qengine.mongo_query, unseen),
            rounds=rounds,
            bar=4.0,
        ),
    ]


def select_rows(rounds: int) -> list[Row]:
    """Text to SQLAlchemy Select for five predicates, an order and a limit."""
    ours = Ours()
    odata.silence()
    questions = [workload.five(number) for number in range(QUESTIONS)]
    texts = [text(question) for question in questions]
    by_hand = [handwritten.arguments(question) for question in questions]
    parameters = [fastapi_filter.parameters(question) for question in questions]
    filters = [(odata.text(question), question.limit) for question in questions]
    sides: list[Callable[[int], Select[models.Flight]]] = [
        lambda number: ours.statement(texts[number]),
        lambda number: handwritten.select_five(**by_hand[number]),
        lambda number: fastapi_filter.statement(parameters[number]),
        lambda number: odata.statement(*filters[number]),
    ]
    _assert_same_rows(sides)
    first, *peers = [turns(side, range(QUESTIONS)) for side in sides]
    unseen = [text(question) for question in itertools.islice(workload.new_shapes(), SHAPES)]
    new = turns(ours.statement, unseen)
    names = (handwritten.NAME, fastapi_filter.NAME, odata.NAME)
    return [
        *(
            compare(
                "known shape: text to Select",
                name,
                ours=first,
                theirs=peer,
                rounds=rounds,
                bar=1.0 if name == handwritten.NAME else None,
            )
            for name, peer in zip(names, peers, strict=True)
        ),
        *(
            compare("first sight of a shape: text to Select", name, ours=new, theirs=peer, rounds=rounds)
            for name, peer in zip(names, peers, strict=True)
        ),
    ]


def request_rows(rounds: int) -> list[Row]:
    """A whole request that executes its select, beside the same with a hand-written dependency."""
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        async_database = runner.run(models.async_database())
        app = application(models.database(), async_database)
        questions = [workload.five(number) for number in range(QUESTIONS)]
        filters = [filter_string(text(question)) for question in questions]
        parameters = [parameter_string(question) for question in questions]
        runner.run(_assert_same_bodies(app, filters, parameters))

        def requests(path: str, queries: Sequence[bytes]) -> Runner:
            following = itertools.cycle(queries)
            return coroutines(loop, lambda: get(app, path, next(following)))

        rows = [
            compare(
                f"request with its execution, {kind}",
                f"hand-written dependency, {detail}",
                ours=requests(f"{prefix}/ours", filters),
                theirs=requests(f"{prefix}/{path}", queries),
                rounds=rounds,
                bar=bar,
            )
            for prefix, kind in (("", "Session"), ("/async", "AsyncSession, aiosqlite"))
            for path, detail, queries, bar in (
                ("handwritten", "six typed parameters", parameters, 1.1),
                ("constant", "no parameters, constant values", [b""], None),
            )
        ]
        runner.run(async_database.dispose())
    return rows


def growth_rows(rounds: int) -> list[Row]:
    """From 1 to 64 conditions: the curve beside its peers, and whether it is a straight line.

    The line's test: what a condition costs between 32 and 64 of them, over what it costs between 1 and 32. A
    straight line gives 1, n log n about 1.4, a square about 2.9.
    """
    ours = Ours()
    questions = {count: [workload.many(count, number) for number in range(QUESTIONS)] for count in COUNTS}
    texts = {count: [text(question) for question in questions[count]] for count in COUNTS}
    curves = {
        "ast": [turns(ours.ast, texts[count]) for count in COUNTS],
        "mongo": [turns(qengine.mongo_query, texts[count]) for count in COUNTS],
        "select": [turns(ours.statement, texts[count]) for count in COUNTS],
        "by hand": [turns(handwritten.select_many, questions[count]) for count in COUNTS],
        "first": _first_sights(ours),
    }
    figures = iter(measure(itertools.chain.from_iterable(curves.values()), rounds=rounds))
    us: dict[str, dict[int, float]] = {
        name: dict(zip(COUNTS[-len(curve) :], itertools.islice(figures, len(curve)), strict=True))
        for name, curve in curves.items()
    }
    rows: list[Row] = []
    for name, what, peer, other in (
        ("ast", "text to bound AST", "mongo", qengine.NAME),
        ("first", "first sight, text to bound AST", "mongo", qengine.NAME),
        ("select", "text to Select", "by hand", handwritten.NAME),
    ):
        rows += [
            row(f"conditions: {count}, {what}", other, ours_us=us[name][count], peer_us=us[peer][count])
            for count in us[name]
        ]
        rows.append(_straight(what, us[name]))
    return rows


def refusal_rows(rounds: int) -> list[Row]:
    """A hidden field and one that does not exist must not be told apart by the clock either."""
    ours = Ours()
    hidden, absent = (f'{{"where":{{"{name}":{{"eq":"x"}}}}}}' for name in ("audit_token", "audit_taken"))
    if ours.refusal(hidden) != ours.refusal(absent):
        raise AssertionError("a hidden field is answered otherwise than an unknown one")
    of_hidden, of_absent = measure([turns(ours.refusal, [each]) for each in (hidden, absent)], rounds=rounds)
    return [
        row("refusal of a hidden field", "an unknown field", ours_us=of_hidden, peer_us=of_absent, bar=1.1),
        row("refusal of an unknown field", "a hidden field", ours_us=of_absent, peer_us=of_hidden, bar=1.1),
    ]


GROUPS: Final[dict[str, Callable[[int], list[Row]]]] = {
    "ast": ast_rows,
    "select": select_rows,
    "aggregates": aggregate_rows,
    "request": request_rows,
    "backends": backend_rows,
    "growth": growth_rows,
    "paging": paging_rows,
    "refusal": refusal_rows,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the groups that are named, or all; return 1 if a bar does not hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("groups", nargs="*", choices=[*GROUPS, []], help="which groups (default: all)")
    parser.add_argument("--rounds", type=int, default=9, help="interleaved rounds a row (default: 9)")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder of the JSON files")
    options = parser.parse_args(arguments)
    print("Python", platform.python_version(), *(f"{it} {version(it)}" for it in ("sqlalchemy", "fastapi")))
    held = True
    for name in options.groups or GROUPS:
        rows = GROUPS[name](options.rounds)
        print_rows(name, rows)
        write_rows(options.results / f"{name}.json", rows)
        held = held and all(each.holds is not False for each in rows)
    return 0 if held else 1


def _straight(what: str, us: Mapping[int, float]) -> Row:
    first = min(us)
    late, early = (us[64] - us[32]) / 32, (us[32] - us[first]) / (32 - first)
    name = f"a condition more between 32 and 64, {what}"
    return row(name, f"itself between {first} and 32", ours_us=late, peer_us=early, bar=1.3)


def _first_sights(ours: Ours) -> list[Runner]:
    """Return a runner a count, whose shapes are new: five at a time from the endless supply."""
    supply = workload.new_shapes()
    runners: list[Runner] = []
    for count in NEW_COUNTS:
        conditions = (each for question in supply for each in question.conditions)
        questions = (Question(tuple(itertools.islice(conditions, count)), 20) for _ in range(SHAPES // 10))
        runners.append(turns(ours.ast, [text(question) for question in questions]))
    return runners


def _assert_same_rows(sides: Sequence[Callable[[int], Select[models.Flight]]]) -> None:
    """All sides must give the same answers to some of the questions, and not only empty ones."""
    engine = models.database()
    found = 0
    with Session(engine) as session:
        for number in range(0, QUESTIONS, 7):
            answers = [[flight.id for flight in session.scalars(side(number))] for side in sides]
            if any(answer != answers[0] for answer in answers):
                raise AssertionError(f"the sides differ on question {number}: {answers}")
            found += len(answers[0])
    engine.dispose()
    if found == 0:
        raise AssertionError("no question finds a row")


async def _assert_same_bodies(app: FastAPI, filters: Sequence[bytes], parameters: Sequence[bytes]) -> None:
    for filter_query, parameter_query in itertools.islice(zip(filters, parameters, strict=True), 0, None, 31):
        expected = await get(app, "/handwritten", parameter_query)
        for path, query in (("/ours", filter_query), ("/async/ours", filter_query)):
            if expected[0] != 200 or await get(app, path, query) != expected:
                raise AssertionError(f"{path} answers otherwise: {query.decode()}")
