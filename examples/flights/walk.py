"""Walks through the demo's requests over HTTP: prints each answer, and checks it."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, closing
from time import perf_counter

import httpx2
import uvicorn
from fastapi import FastAPI
from rich.console import Console

from examples.flights import show
from examples.flights.backend import Backend, Gap, Recorder, Truth
from examples.flights.check import Answer, problem
from examples.flights.show import Taken
from examples.flights.steps import STEPS, Refused, Rows, Step

__all__ = ["serving", "walk"]


async def walk(
    backend: Backend,
    truth: Truth,
    console: Console,
    *,
    steps: Sequence[Step] = STEPS,
    whole_sql: bool = False,
) -> bool:
    """Serve the flights by a back-end, take all steps, and tell whether each answer is what it should be.

    A step that the back-end declares as a gap has to be refused, and no other; one that its service has no
    place for is not taken. Raises MissingError.
    """
    failures = 0
    with closing(sqlite3.connect(truth.file)) as database:
        async with (
            backend.open(truth, console) as running,
            serving(running.app) as address,
            httpx2.AsyncClient(base_url=address, timeout=600) as client,
        ):
            for path in {step.path for step in steps}:
                # A service's first request reads its models: that is not the step's time.
                await client.get(path, params={"filter": '{"limit": 1}', "aggregate": '{"count": true}'})
            for number, step in enumerate(steps, start=1):
                console.print(show.request(number, step))
                if step.name in backend.without:
                    console.print(show.left_out(backend.without[step.name]))
                    continue
                gap = backend.gaps.get(step.name)
                expected = step.expected if gap is None else Refused("unsupported_by_backend", gap.loc)
                taken = await _take(step, client, running.recorder)
                console.print(show.queries(taken.queries, whole=whole_sql))
                wrong = problem(taken.answer, expected, database)
                _print(console, step, taken, wrong, gap)
                failures += wrong is not None
    taken_steps = [step for step in steps if step.name not in backend.without]
    gaps = sum(step.name in backend.gaps for step in taken_steps)
    console.print(show.summary(len(taken_steps), failures, gaps, backend.name))
    return not failures


async def _take(step: Step, client: httpx2.AsyncClient, recorder: Recorder) -> Taken:
    recorder.take()
    started = perf_counter()
    response = await client.get(step.path, params=step.parameters)
    first = perf_counter() - started
    queries = recorder.take()
    started = perf_counter()
    await client.get(step.path, params=step.parameters)
    again = perf_counter() - started
    # A service that breaks answers in plain text.
    is_json = response.headers["content-type"].startswith("application/json")
    body = response.json() if is_json else response.text
    return Taken(Answer(response.status_code, body), queries, first, again)


def _print(console: Console, step: Step, taken: Taken, wrong: str | None, gap: Gap | None) -> None:
    answer = taken.answer
    if answer.status == 200 and isinstance(step.expected, Rows):
        console.print(show.rows(answer.body, step.expected.shown))
        what = f"{len(answer.body)} rows, the same as from hand-written SQL"
    elif answer.status == 422:
        console.print(show.error(answer.body, step.parameters.get("filter")))
        what = "refused, as it should be" + ("" if gap is None else f": {gap.reason}")
    else:
        what = str(answer.body)
    console.print(show.verdict(taken, what, wrong))


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncGenerator[str]:
    """Run an application on a free port of the loopback interface; yield its address."""
    # asyncio sends small answers at once only through sockets that say they are TCP.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()  # before the server runs: a client that comes too early waits in the queue
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running
