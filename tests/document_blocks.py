"""What the blocks of a page promise, and how they are held to it: in order, as a reader goes through them.

- `python` is run, `pycon` prints what it says, with the names of all blocks above.
- `json` after a command: what the command answers. Any other `json`: filters, one after the other, which the
  dependency takes.
- `http`: requests whose filters the dependency takes; `sql` after them is the last one's query, on SQLite.
- `js`: what a front end does; where node is on the machine it runs, the program's `app` answers what it
  fetches, and what it logs is the next block's `text`.
- `sh`: commands, each of a kind that is known here. `curl` asks the program's `app`, whose answer is the next
  block's `json`; `queryengine` runs, and what it prints is the next block's `text`; `pytest` runs the
  tests in the program above, which must pass.
- `toml` is read as such.

The dependency is the last that the program made.
"""

from __future__ import annotations

import doctest
import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, TypeGuard
from urllib.parse import quote, urlsplit

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import ClauseElement, Engine
from sqlalchemy.dialects import sqlite
from typer.testing import CliRunner

from queryengine import QEDependency
from queryengine.commands import app as command_line
from queryengine.limits import Limits
from queryengine.parsed import Source
from queryengine.request import read_query
from scripts.docs_code import ROOT, Block
from tests.front_end import run_script

INSTALLED = frozenset({"queryengine", "queryengine-sqlalchemy", "aiosqlite", "opentelemetry-sdk", "uvicorn"})
LANGUAGES = frozenset({"http", "js", "json", "pycon", "python", "sh", "sql", "text", "toml"})


@contextmanager
def program(name: str, page: object, monkeypatch: pytest.MonkeyPatch) -> Generator[Reader, None, None]:
    """Give the reader of a program. The program can be imported as `main`, as a reader's own file can."""
    module = ModuleType(name)
    for alias in (name, "main"):
        monkeypatch.setitem(sys.modules, alias, module)
    try:
        yield Reader(str(page), module.__dict__)
    finally:
        for value in module.__dict__.values():
            if isinstance(value, Engine):
                value.dispose()


@dataclass
class Reader:
    """Goes through the blocks of one program, with what the last command has given."""

    page: str
    names: dict[str, Any]  # Any: the globals of a module
    answer: object = None
    printed: str | None = None
    program: str = ""
    logged: str | None = None
    scripted: bool = False
    query: object = None

    def read(self, block: Block) -> None:
        """Hold a block to what it promises."""
        match block.language:
            case "python":
                # The page's own name and line numbers: a traceback shows the page.
                lines = "\n" * (block.line - 1) + block.text
                exec(compile(lines, self.page, "exec"), self.names)
                self.program += f"{block.text}\n\n"
            case "pycon":
                self.talk(block)
            case "sh":
                for command in commands(block.text):
                    self.run(command)
            case "json" if self.answer is not None:
                assert self.answer == json.loads(block.text), json.dumps(self.answer)
                self.answer = None
            case "json":
                for text in documents(block.text):
                    self.take(Source(text))
            case "js":
                app = self.names["app"]
                assert isinstance(app, FastAPI)
                self.logged = run_script(block.text, app)
                self.scripted = True
            case "text" if self.scripted:
                assert self.logged is None or stripped(self.logged) == stripped(block.text), self.logged
                self.scripted = False
            case "sql":
                assert isinstance(self.query, ClauseElement)
                statement = str(self.query.compile(dialect=sqlite.dialect()))
                assert statement.split() == block.text.split(), statement
            case "text":
                assert self.printed is not None, "a text block is what a command prints"
                assert stripped(self.printed) == stripped(block.text), self.printed
            case "http":
                for line in block.text.splitlines():
                    self.take(self.request(line))
            case "toml":
                assert tomllib.loads(block.text)
            case _:
                raise AssertionError(f"nothing is known of {block.language} blocks")

    def talk(self, block: Block) -> None:
        """Run a session with the interpreter."""
        session = doctest.DocTestParser().get_doctest(
            block.text, self.names, "session", self.page, block.line - 1
        )
        report: list[str] = []
        doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(session, out=report.append, clear_globs=False)
        assert not report, "".join(report)
        self.names.update(session.globs)

    # -- filters

    def dependency(self) -> QEDependency[object]:
        """Return the last dependency that the program made."""
        return [value for value in self.names.values() if _is_dependency(value)][-1]

    def take(self, source: Source) -> None:
        """Let the dependency take a filter, and make its query."""
        dependency = self.dependency()
        result = dependency.engine.build_query(dependency.processor.process(source))
        self.query = getattr(result, "query", None)

    def request(self, line: str) -> Source:
        """Return the filter of `GET /path?query`."""
        dependency = self.dependency()
        assert line.startswith("GET /"), line
        source = read_query(quote(urlsplit(line).query, safe="&=%").encode(), dependency.config, Limits())
        assert source is not None, "the request has no filter"
        return source

    # -- commands

    def run(self, command: list[str]) -> None:
        """Run a command, or see to it that it could be run."""
        self.answer, self.printed = None, None
        match command:
            case ["curl", *arguments]:
                self.answer = self.curl(arguments)
            case ["queryengine", *arguments]:
                self.printed = CliRunner().invoke(command_line, arguments, catch_exceptions=False).output
            case ["pytest", *options, file]:
                passes(options, Path(file), self.program)
            case ["make", target, *_]:
                assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE), target
            case ["pip", "install", *packages]:
                installable(packages)
            case ["python", "-m", "venv", _] | [".", _]:
                pass
            case ["uvicorn", application, *_]:
                module, _, name = application.partition(":")
                assert (module, type(self.names[name])) == ("main", FastAPI)
            case _:
                raise AssertionError(f"nothing is known of the command {command}")

    def curl(self, arguments: list[str]) -> object:
        """Ask the program's application as curl would ask it."""
        app = self.names["app"]
        assert isinstance(app, FastAPI)
        call = CurlCall.read(arguments)
        with TestClient(app, base_url="http://127.0.0.1:8000") as client:
            return client.request(call.method, call.url, headers=call.headers, content=call.body).json()


@dataclass(frozen=True)
class CurlCall:
    """What a command line of curl asks for."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str | None

    @classmethod
    def read(cls, arguments: list[str]) -> CurlCall:
        """Read the words after `curl`."""
        url, body = "", None
        headers: dict[str, str] = {}
        parameters: list[str] = []
        rest = iter(arguments)
        for argument in rest:
            match argument:
                case "-G" | "-s":
                    pass
                case "--data-urlencode":
                    name, _, value = next(rest).partition("=")
                    parameters.append(f"{name}={quote(value)}")
                case "--json":
                    body = next(rest)
                    headers["content-type"] = "application/json"
                case "-H":
                    name, _, value = next(rest).partition(": ")
                    headers[name] = value
                case _:
                    assert argument.startswith("http://127.0.0.1:8000/"), f"curl: {argument}"
                    url = argument
        query = "?" + "&".join(parameters) if parameters else ""
        return cls("GET" if body is None else "POST", url + query, headers, body)


def _is_dependency(value: object) -> TypeGuard[QEDependency[object]]:
    return isinstance(value, QEDependency)


def commands(text: str) -> list[list[str]]:
    """Return the words of each command in a block of `sh`."""
    lines = text.replace("\\\n", " ").splitlines()
    return [command for line in lines if (command := shlex.split(line, comments=True))]


def documents(text: str) -> Iterator[str]:
    """Yield the JSON documents that stand one after the other in a text."""
    decoder = json.JSONDecoder()
    start = 0
    while start < len(text):
        _, end = decoder.raw_decode(text, start)
        yield text[start:end]
        start = end + len(text[end:]) - len(text[end:].lstrip())


def installable(packages: list[str]) -> None:
    """Hold that what is told to be installed exists: our distributions and extras, and what they use."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for package in packages:
        if package == "-e":
            continue
        if package.startswith(("./", "../")) or package == ".":
            continue
        name, _, extras = package.rstrip("]").partition("[")
        assert name in INSTALLED, package
        assert {extra for extra in extras.split(",") if extra} <= set(project["optional-dependencies"])


def passes(options: list[str], file: Path, program: str) -> None:
    """Hold that the tests in a program pass, as those of a file in an empty folder."""
    file.write_text(program, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, str(file)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-4_000:]


def stripped(text: str) -> list[str]:
    """Return the lines of a text without the spaces at their ends."""
    return [line.rstrip() for line in text.strip().splitlines()]
