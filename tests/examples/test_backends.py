"""What the other back-ends promise: the same answers, or the refusals that they declare, and no others."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from rich.console import Console

from examples.flights import __main__ as program
from examples.flights.backend import NAMES, Backend, Gap, MissingError, Truth, backend
from examples.flights.steps import STEPS, Step
from examples.flights.walk import serving, walk
from tests.examples.conftest import DAYS
from tests.servers.mongo import MongoServer

OTHERS = tuple(name for name in NAMES if name != "sqlalchemy")
ROOT = Path(__file__).parents[2]

Bodies = dict[str, Any]  # Any: JSON


@pytest.fixture
def truth(flights_file: Path, mongo: MongoServer, monkeypatch: pytest.MonkeyPatch) -> Truth:
    """Give the file that answers are checked against; whoever needs a MongoDB takes that of the tests."""
    monkeypatch.setenv("MONGODB_URI", mongo.uri)
    return Truth(flights_file, DAYS)


def take(chosen: Backend, truth: Truth, steps: Sequence[Step] = STEPS) -> tuple[bool, str]:
    console = Console(file=io.StringIO(), width=400)
    right = asyncio.run(walk(chosen, truth, console, steps=steps))
    assert isinstance(console.file, io.StringIO)
    return right, console.file.getvalue()


LISTS = {
    "/flights": '{"order": "id", "limit": 30}',
    "/flights#fields": '{"order": "id", "limit": 5, "fields": ["flight", "plane.model", "weather.temp"]}',
    "/carriers": '{"order": "code"}',
    "/airports": '{"order": "code", "limit": 30}',
    "/planes": '{"order": "tailnum", "limit": 30}',
}


def bodies(chosen: Backend, truth: Truth) -> Bodies:
    """Return what a back-end answers to some requests without any condition."""

    async def ask() -> Bodies:
        async with (
            chosen.open(truth, Console(file=io.StringIO())) as running,
            serving(running.app) as address,
            httpx2.AsyncClient(base_url=address, timeout=60) as client,
        ):
            return {
                path: (await client.get(path, params={"filter": filter})).json()
                for path, filter in LISTS.items()
            }

    return asyncio.run(ask())


def rounded(body: Any) -> Any:  # Any: JSON
    """Return a body with the digits of its floats that a double is sure of."""
    return json.loads(json.dumps(body), parse_float=lambda digits: float(f"{float(digits):.15g}"))


SHOWN = {
    "beanie": "flights.aggregate(",
    "memory": "Flight: {'where': {'date': {'eq': '2013-01-02'}",
    "orm": 'WHERE ("qe"."date" = ?1',
    "prisma": "flight.find_many(",
    "tortoise": 'WHERE ("flights"."date" = ?',
}


@pytest.mark.parametrize("name", OTHERS)
def test_all_answers_are_right_gaps_are_refused_and_native_queries_shown(name: str, truth: Truth) -> None:
    chosen = backend(name)
    right, text = take(chosen, truth)
    assert right, text
    assert SHOWN[name] in text
    assert f"All {len(STEPS) - len(chosen.without)} answers are what they should be." in text
    for reason in chosen.without.values():
        assert f"not asked: {reason}" in text
    for gap in chosen.gaps.values():
        assert f"✓ 422 refused, as it should be: {gap.reason}" in text


@pytest.mark.parametrize("name", OTHERS)
def test_rows_are_shown_as_sqlalchemy_shows_them_to_the_last_member(name: str, truth: Truth) -> None:
    expected = rounded(bodies(backend("sqlalchemy"), truth))
    assert rounded(bodies(backend(name), truth)) == expected
    assert None in [flight["plane"] for flight in expected["/flights"]]


def test_a_refusal_that_is_not_declared_or_stands_elsewhere_fails(truth: Truth) -> None:
    steps = [step for step in STEPS if step.name in {"times", "order"}]
    gaps = {"order": Gap(("query", "filter", "where"), "BSON has no time of day")}
    right, text = take(replace(backend("beanie"), gaps=gaps), truth, steps)
    assert not right
    assert "2 of 2 answers are not what they should be." in text
    assert "status 422, not 200" in text
    assert "the error is {'type': 'unsupported_by_backend'" in text


def test_a_gap_that_answers_fails(truth: Truth) -> None:
    gap = Gap(("query", "filter", "where", "dep_delay", "gt"), "it cannot count")
    right, text = take(replace(backend("memory"), gaps={STEPS[0].name: gap}), truth, STEPS[:1])
    assert not right
    assert "status 200, not 422" in text


@pytest.mark.parametrize("name", NAMES)
def test_gaps_are_declared_of_steps_that_there_are(name: str) -> None:
    chosen = backend(name)
    assert chosen.gaps.keys() | chosen.without.keys() <= {step.name for step in STEPS}
    assert not chosen.gaps.keys() & chosen.without.keys()


def test_a_back_end_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="'django' is none of sqlalchemy, beanie, "):
        backend("django")


# -- what is missing


def not_installed(package: str) -> None:
    del package


def test_what_is_missing_is_named_and_the_exit_status_is_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nothing(name: str) -> Backend:
        raise MissingError(f"{name} is a long way off")

    monkeypatch.setattr(program, "backend", nothing)
    monkeypatch.setattr(sys, "argv", ["flights", "demo", "--backend", "prisma"])
    assert program.main() == 2
    assert "prisma cannot run here: prisma is a long way off" in capsys.readouterr().out


def test_without_a_mongodb_it_is_said_how_to_get_one(truth: Truth, monkeypatch: pytest.MonkeyPatch) -> None:
    from examples.flights.beanie import demo

    monkeypatch.delenv("MONGODB_URI")
    monkeypatch.setattr(demo, "find_spec", not_installed)
    with pytest.raises(MissingError, match="set MONGODB_URI to the address of one"):
        take(demo.BACKEND, truth)


def test_without_the_query_engine_it_is_said_how_to_get_it(
    truth: Truth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from examples.flights.prisma import demo
    from tests.servers import prisma_client

    monkeypatch.setattr(prisma_client, "PACKAGES", tmp_path)
    with pytest.raises(MissingError, match="make prisma"):
        take(demo.BACKEND, truth)
    monkeypatch.setattr(demo, "find_spec", not_installed)
    with pytest.raises(MissingError, match="the package prisma"):
        take(demo.BACKEND, truth)


def test_a_package_that_is_missing_is_named() -> None:
    code = (
        "import sys; sys.modules['tortoise'] = None\n"
        "from examples.flights.backend import MissingError, backend\n"
        "try:\n    backend('tortoise')\nexcept MissingError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "the package tortoise is not installed" in done.stdout


@pytest.mark.processes
def test_one_back_end_loads_no_other() -> None:
    code = "import sys, examples.flights.__main__ as m; m.backend('sqlalchemy'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"beanie", "prisma", "tortoise", "pymongo"} & set(done.stdout.split())
