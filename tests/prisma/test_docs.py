"""The page on Prisma: its service runs and type-checks, with a client generated from the page's schema."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import pytest

from scripts.docs_code import ROOT, Program, programs
from tests.document_blocks import LANGUAGES, program
from tests.servers.prisma_client import generated_as, settings

pytestmark = pytest.mark.processes

PAGE = ROOT / "docs" / "prisma.md"
TABLES = """
CREATE TABLE "Author" (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, country TEXT NOT NULL);
CREATE TABLE "Book" (
    id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, published DATETIME NOT NULL,
    pages INTEGER NOT NULL, rating REAL, cost INTEGER NOT NULL, author_id INTEGER REFERENCES "Author" (id)
);
"""


@pytest.fixture(scope="module")
def page() -> Program:
    (found,) = programs(PAGE.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def folder(page: Program) -> Path:
    """Where the page's client is, as the package `prisma` that its reader has."""
    (schema,) = [block.text for block in page.blocks if block.language == "prisma"]
    generator = "generator client {"
    assert schema.count(generator) == 1
    return generated_as("prisma", schema.replace(generator, f'{generator}\n  output = "{{output}}"'))


@pytest.fixture
def client(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Let `prisma` be the page's client, and make its tables, as `prisma db push` does."""
    for name in [name for name in sys.modules if name.split(".")[0] == "prisma"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    monkeypatch.chdir(tmp_path)
    for name, value in {**settings(), "DATABASE_URL": f"file:{tmp_path}/books.db"}.items():
        monkeypatch.setenv(name, value)
    with closing(sqlite3.connect(tmp_path / "books.db")) as database:
        database.executescript(TABLES)
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "prisma"]:
        del sys.modules[name]


@pytest.mark.usefixtures("client")
def test_the_service_of_the_page_answers_as_the_page_says(
    page: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with program("docs_prisma", PAGE, monkeypatch) as reader:
        for block in page.blocks:
            assert block.language in LANGUAGES | {"prisma"}
            if block.language == "prisma" or block.text.startswith("prisma "):
                continue
            if block.text.startswith("curl"):  # each starts the service anew: with empty tables
                with closing(sqlite3.connect(tmp_path / "books.db")) as database, database:
                    for table in ("Book", "Author", "sqlite_sequence"):
                        database.execute(f"DELETE FROM {table}")
            reader.read(block)


@pytest.fixture
def written(page: Program, tmp_path: Path) -> Path:
    file = tmp_path / "main.py"
    file.write_text(page.source("python"), encoding="utf-8")
    return file


def test_mypy_accepts_the_service(written: Path, folder: Path) -> None:
    assert mypy_says(written, folder) == []


def test_pyright_accepts_the_service(written: Path, folder: Path) -> None:
    assert pyright_says(written, folder) == []


WRONG = """
wrong: PrismaQueryResult[Author] = engine.build_query(FilterAST())
engine.build_query(FilterAST()).query["wher"]
engine.build_query("{}")
one, two = engine.build_query(FilterAST())
"""


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_type_checkers_reject_what_the_result_is_not(written: Path, folder: Path, checker: str) -> None:
    source = written.read_text(encoding="utf-8").replace("import Scope,", "import FilterAST, Scope,")
    written.write_text(source + WRONG, encoding="utf-8")
    last = len(source.splitlines())
    said = mypy_says(written, folder) if checker == "mypy" else pyright_says(written, folder)
    assert sorted({line for line, _ in said}) == [last + 2, last + 3, last + 4, last + 5]


def mypy_says(file: Path, folder: Path) -> list[tuple[int, str]]:
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--no-error-summary"]
    paths = [folder, ROOT / "src", ROOT / "backends" / "prisma" / "src"]
    answer = subprocess.run(
        [*command, "--config-file=", f"--cache-dir={folder}/mypy", str(file)],
        env={**os.environ, "MYPYPATH": os.pathsep.join(map(str, paths))},
        cwd=file.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.findall(r"^main\.py:(\d+): error: (.*)$", answer.stdout, re.MULTILINE)
    assert answer.returncode == bool(found), answer.stdout + answer.stderr
    return [(int(line), text) for line, text in found]


def pyright_says(file: Path, folder: Path) -> list[tuple[int, str]]:
    paths = [folder, ROOT / "src", ROOT / "backends" / "prisma" / "src"]
    project = {
        "typeCheckingMode": "strict",
        "include": [file.name],
        "extraPaths": [str(path) for path in paths],
    }
    (file.parent / "pyrightconfig.json").write_text(json.dumps(project), encoding="utf-8")
    answer = subprocess.run(
        [
            sys.executable,
            "-m",
            "pyright",
            "--outputjson",
            f"--pythonpath={sys.executable}",
            "-p",
            str(file.parent),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    entries = json.loads(answer.stdout)["generalDiagnostics"]
    # What follows from a mistake is no message of its own.
    own = [
        entry for entry in entries if not str(entry.get("rule")).startswith(("reportUnknown", "reportUnused"))
    ]
    return [(entry["range"]["start"]["line"] + 1, entry["message"]) for entry in own]
