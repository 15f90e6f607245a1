"""What the walk promises: each answer is checked against hand-written SQL, and a wrong one is told."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import httpx2
import pytest
from rich.console import Console

from examples.flights.backend import Truth, backend
from examples.flights.steps import STEPS, Refused, Rows, Step
from examples.flights.walk import walk

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]


def take(database: Path, steps: Sequence[Step], *, whole_sql: bool = False) -> tuple[bool, str]:
    console = Console(file=io.StringIO(), width=400)
    right = asyncio.run(
        walk(backend("sqlalchemy"), Truth(database), console, steps=steps, whole_sql=whole_sql)
    )
    assert isinstance(console.file, io.StringIO)
    return right, console.file.getvalue()


def test_all_answers_are_right(flights_file: Path) -> None:
    right, text = take(flights_file, STEPS)
    assert right, text
    assert f"All {len(STEPS)} answers are what they should be." in text


def test_each_step_shows_its_url_its_sql_with_parameters_its_rows_and_its_time(flights_file: Path) -> None:
    _, text = take(flights_file, STEPS[:1])
    assert 'GET /flights?filter={"where": {"dep_delay": {"gt": 60}, "carrier.name": ' in text
    assert "SELECT flights.id, flights.date, flights.carrier_code, /* and" in text
    assert "WHERE flights.dep_delay > ?" in text
    assert "parameters 60, " in text
    assert "United Air Lines Inc." in text
    assert "✓ 200 5 rows, the same as from hand-written SQL" in text
    assert " ms, again " in text


def test_an_aggregate_shows_its_url_its_sql_and_its_groups(flights_file: Path) -> None:
    steps = [step for step in STEPS if step.name == "groups"]
    right, text = take(flights_file, steps)
    assert right, text
    assert 'GET /flights/delays?aggregate={"groupBy": "carrier.name", "count": true' in text
    assert "GROUP BY" in text
    assert "avg_dep_delay" in text
    assert "✓ 200 5 rows, the same as from hand-written SQL" in text


def test_the_whole_sql_is_shown_on_demand(flights_file: Path) -> None:
    _, text = take(flights_file, STEPS[:1], whole_sql=True)
    assert "/* and" not in text
    assert "flights.time_hour" in text


def test_a_syntax_error_is_marked_at_its_place(flights_file: Path) -> None:
    _, text = take(flights_file, STEPS[-1:])
    lines = text.splitlines()
    (marked,) = [number for number, line in enumerate(lines) if line.strip().startswith("^")]
    place = slice(lines[marked].index("^"), lines[marked].rindex("^") + 1)
    assert lines[marked - 1][place] == '"limit"'
    assert "line 1, column 37" in text
    assert "no query was sent" in text


FILTER = {"filter": '{"order": "id", "limit": 1}'}
WRONG = {
    "other rows": (
        Step("it", "other rows", "/flights", FILTER, Rows("SELECT 2 AS id", ("id",))),
        "row 1 is {'id': 1}, not {'id': 2}",
    ),
    "too few rows": (
        Step(
            "it",
            "too few rows",
            "/flights",
            FILTER,
            Rows("SELECT id FROM flights ORDER BY id LIMIT 2", ("id",)),
        ),
        "1 rows, not 2",
    ),
    "more than was asked": (
        Step("it", "more than was asked", "/flights", FILTER, Rows("SELECT 1 AS id", ("id",), only=True)),
        "row 1 is {'id': 1, 'date'",
    ),
    "proof of nothing": (
        Step(
            "it", "proof of nothing", "/flights", FILTER, Rows("SELECT id FROM flights WHERE id < 0", ("id",))
        ),
        "finds nothing",
    ),
    "refused": (
        Step("it", "refused", "/flights", {"filter": "{"}, Rows("SELECT 1 AS id", ("id",))),
        "status 422, not 200",
    ),
    "not refused": (
        Step("it", "not refused", "/flights", FILTER, Refused("unknown_field", ("query", "filter"))),
        "status 200, not 422",
    ),
    "refused for another reason": (
        Step("it", "refused for another reason", "/flights", {"filter": "{"}, Refused("unknown_field", ())),
        "the error is {'type': 'syntax_error'",
    ),
    "not there": (
        Step("it", "not there", "/nowhere", FILTER, Rows("SELECT 1 AS id", ("id",))),
        "status 404, not 200",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_answer_fails_the_walk_and_says_why(name: str, flights_file: Path) -> None:
    step, why = WRONG[name]
    right, text = take(flights_file, [step, STEPS[0]])
    assert not right
    assert why in text
    assert "1 of 2 answers are not what they should be." in text


def test_a_service_that_breaks_fails_the_walk_and_is_told(tmp_path: Path) -> None:
    right, text = take(tmp_path / "empty.sqlite", STEPS[:1])
    assert not right
    assert "status 500, not 200" in text


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-W", "error", "-m", "examples.flights", *arguments]


@pytest.fixture
def cached(flights_file: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of a user who has the database already."""
    folder = tmp_path / "queryengine"
    folder.mkdir()
    shutil.copy(flights_file, folder / "flights.sqlite")
    return {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}


@pytest.mark.processes
def test_the_demo_exits_0_and_uses_the_file_that_is_there(cached: dict[str, str]) -> None:
    done = subprocess.run(
        command("demo"), cwd=ROOT, env=cached, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert "answers are what they should be" in done.stdout
    with closing(
        sqlite3.connect(Path(cached["XDG_CACHE_HOME"]) / "queryengine" / "flights.sqlite")
    ) as database:
        assert database.execute("SELECT count(*) FROM flights").fetchone() == (1_785,)


@pytest.mark.processes
def test_serve_keeps_the_service_up_until_it_is_told_to_stop(cached: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen(
        command("serve", "--port", str(port)), cwd=ROOT, env=cached, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stderr is not None
        try:
            started = any("Uvicorn running" in line for line in server.stderr)
            answers = [
                httpx2.get(f"http://127.0.0.1:{port}{path}").status_code for path in ("/docs", "/flights")
            ]
            running = server.poll() is None
        finally:
            server.terminate()
            server.stderr.read()
    assert (started, answers, running) == (True, [200, 200], True)
