"""Who may import whom: the core knows no ORM, its stages run one way, and importing it costs little."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
CORE = ROOT / "src" / "queryengine"
BACKENDS = {folder.parents[1].name: folder for folder in sorted(ROOT.glob("backends/*/src/queryengine_*"))}

# The companion's back-end lies within its own package, and may import all of that.
COMPANION = ROOT / "orm" / "python" / "queryengine_orm"
BACKEND_FILES = {"__init__.py", "compiler.py", "engine.py", "results.py", "schema.py"}

# What the whole core may import besides Python's own library, and what only one place in it may.
ALLOWED = {
    "annotated_types",
    "fastapi",
    "lark",
    "pydantic",
    "pydantic_core",
    "queryengine",
    "starlette",
    "typing_extensions",
}
ALLOWED_IN = {
    "commands": {"rich", "typer"},
    "cursor": {"cryptography"},
    "otel": {"opentelemetry"},
    "testing": {"hypothesis", "pytest"},
}

# The companion stands on these: they have to load without a web framework and without a parser.
FOUNDATIONS = ["ast", "binder", "compiler", "errors", "operators", "schema"]
WEB_AND_PARSER = {"fastapi", "lark", "starlette"}
NOT_AT_IMPORT = {"fastapi", "lark", "opentelemetry", "rich", "starlette", "typer"}


def module_name(file: Path, package: Path) -> str:
    parts = file.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules_of(package: Path) -> dict[str, Path]:
    return {module_name(file, package): file for file in sorted(package.rglob("*.py"))}


def statements(node: ast.AST, *, at_load: bool) -> Iterator[ast.AST]:
    """Give all nodes of a tree; `at_load` leaves out what only functions or type checkers come to."""
    for child in ast.iter_child_nodes(node):
        if at_load and isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if at_load and isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            continue
        yield child
        yield from statements(child, at_load=at_load)


def imported(file: Path, *, at_load: bool = False) -> Iterator[str]:
    """Give the modules that a file's imports name; `from a.b import c` names `a.b` and perhaps `a.b.c`."""
    for statement in statements(ast.parse(file.read_text(encoding="utf-8")), at_load=at_load):
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            yield statement.module
            yield from (f"{statement.module}.{alias.name}" for alias in statement.names)


def foreign(file: Path) -> set[str]:
    """Return the packages that a file imports anywhere, those of Python's own library left out."""
    return {name.partition(".")[0] for name in imported(file)} - set(sys.stdlib_module_names)


def loaded_by(statement: str) -> set[str]:
    """Return which packages a fresh interpreter has loaded after a statement."""
    program = f"{statement}\nimport sys\nprint(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return {name.partition(".")[0] for name in answer.stdout.split()}


@pytest.mark.parametrize("name", modules_of(CORE))
def test_a_core_module_imports_no_orm_and_nothing_else_unknown(name: str) -> None:
    part = name.partition(".")[2].partition(".")[0]
    allowed = ALLOWED | ALLOWED_IN.get(part, set())
    assert foreign(modules_of(CORE)[name]) <= allowed


@pytest.mark.parametrize("name", FOUNDATIONS)
def test_a_foundation_loads_neither_web_framework_nor_parser(name: str) -> None:
    assert not loaded_by(f"import queryengine.{name}") & WEB_AND_PARSER


def test_the_core_modules_form_no_cycle() -> None:
    check_order(modules_of(CORE))


def check_order(modules: Mapping[str, Path]) -> None:
    graph = {
        name: {used for used in imported(file, at_load=True) if used in modules and used != name}
        for name, file in modules.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"modules import each other in a ring: {' <- '.join(error.args[1])}")


def test_importing_the_core_loads_no_framework_no_parser_no_terminal() -> None:
    assert not loaded_by("import queryengine") & NOT_AT_IMPORT


def test_every_public_name_of_the_core_resolves() -> None:
    package = importlib.import_module("queryengine")
    public: list[str] = package.__all__
    assert public
    assert len(public) == len(set(public))
    for name in public:
        assert getattr(package, name) is not None
    assert set(public) <= set(dir(package))


def test_an_unknown_name_of_the_core_is_an_attribute_error() -> None:
    package = importlib.import_module("queryengine")
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = package.no_such_name


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_backend_imports_no_other_backend(backend: str) -> None:
    own = BACKENDS[backend].name
    others = {folder.name for folder in BACKENDS.values()} - {own}
    for file in BACKENDS[backend].rglob("*.py"):
        assert not foreign(file) & others, file


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_backend_has_the_files_that_every_backend_has(backend: str) -> None:
    files = {file.name for file in BACKENDS[backend].iterdir()}
    assert BACKEND_FILES | {"py.typed"} <= files


def test_the_companions_backend_has_the_files_that_every_backend_has() -> None:
    assert {file.name for file in (COMPANION / "backend").iterdir()} >= BACKEND_FILES


def test_the_companion_imports_the_core_and_no_backend() -> None:
    newer = {"annotationlib"}  # of the library of newer Pythons than ours
    allowed = {"queryengine", "queryengine_orm", "typing_extensions", *newer}
    for file in COMPANION.rglob("*.py"):
        assert foreign(file) <= allowed, file


def test_the_companion_loads_neither_web_framework_nor_parser() -> None:
    assert not loaded_by("import queryengine_orm") & WEB_AND_PARSER


def test_the_companions_backend_is_named_as_an_entry_point() -> None:
    module, _, name = project(ROOT / "orm")["entry-points"]["queryengine.backends"]["orm"].partition(":")
    assert isinstance(getattr(importlib.import_module(module), name), type)


def test_the_modules_of_the_companion_form_no_cycle() -> None:
    check_order(modules_of(COMPANION))


def project(folder: Path) -> Mapping[str, Any]:  # Any: what TOML holds
    """Return what a distribution says of itself."""
    text = (folder / "pyproject.toml").read_text(encoding="utf-8")
    found: Mapping[str, Any] = tomllib.loads(text)["project"]
    return found


def test_every_backend_is_an_extra_of_its_own() -> None:
    extras = project(ROOT)["optional-dependencies"]
    for name in (*BACKENDS, "orm"):
        assert extras[name] == [f"queryengine-{name}"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_readme_of_a_backend_names_the_oldest_version_that_it_takes(backend: str) -> None:
    folder = BACKENDS[backend].parents[1]
    needed = re.search(r"It needs \w+ ([\d.]+)", (folder / "README.md").read_text(encoding="utf-8"))
    if needed is not None:
        own = project(folder)["dependencies"][1]
        assert own.partition(">=")[2].removesuffix(".0") == needed[1]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_backend_is_found_by_its_entry_point(backend: str) -> None:
    found = {point.name: point for point in entry_points(group="queryengine.backends")}
    engine: object = found[backend].load()
    assert isinstance(engine, type)
    assert engine.__module__.split(".")[0] == BACKENDS[backend].name


def test_the_rules_see_an_import_wherever_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "sly.py"
    file.write_text("def late():\n    import sqlalchemy.orm\nif True:\n    from beanie import Document\n")
    assert foreign(file) == {"beanie", "sqlalchemy"}
    assert set(imported(file, at_load=True)) == {"beanie", "beanie.Document"}
