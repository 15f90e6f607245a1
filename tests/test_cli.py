"""The command line: what it prints, where errors go, and how it ends."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from queryengine import __version__
from queryengine.cli import main
from queryengine.commands import MISUSED, REFUSED, app
from queryengine.errors import ConfigurationError
from queryengine.operators import OPERATORS

MODEL = "tests.command_models:Book"
TABLE = "tests.sqlalchemy.models:Person"
MAPPED = "tests.orm.library:Book"


def run(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=given, env={"COLUMNS": "200"})


def test_check_prints_the_canonical_form() -> None:
    result = run("check", '{"where": {"pages": {"$gt": 5.0}}, "order": "title ASC"}', "-m", MODEL)
    assert result.exit_code == 0
    assert json.loads(result.stdout)["where"] == {"pages": {"gt": 5}}
    assert run("check", result.stdout, "-m", MODEL).stdout == result.stdout


def test_check_takes_bracket_parameters() -> None:
    result = run("check", "filter[where][pages][gt]=5&filter[order]=-title", "-m", MODEL)
    assert result.exit_code == 0
    assert json.loads(result.stdout)["where"] == {"pages": {"gt": 5}}


def test_check_reads_standard_input() -> None:
    assert run("check", "-", "-m", MODEL, given='{"limit": 5}').exit_code == 0


def test_a_refused_filter_shows_the_place_and_ends_with_one() -> None:
    text = '{"where": {"pges": 5}}'
    result = run("check", text, "-m", MODEL)
    assert result.exit_code == REFUSED
    assert result.stdout == ""
    code, line, carets, *_ = result.stderr.splitlines()
    assert code.startswith("unknown_field")
    assert "did you mean 'pages'" in code
    assert line == text
    assert carets.rstrip() == " " * text.index('"pges"') + "^" * len('"pges"')


def test_what_could_have_stood_there_is_listed() -> None:
    result = run("check", '{"where": {"author": {"gt": 5}}}', "-m", MODEL)
    assert "expected: isNull, exists" in result.stderr


def test_a_response_model_narrows_what_can_be_asked() -> None:
    arguments = ('{"where": {"pages": 5}}', "-m", MODEL, "-e", "tests.command_models:BookTitle")
    assert run("check", *arguments).exit_code == REFUSED


def test_relations_are_shown_when_asked() -> None:
    assert run("check", '{"where": {"author.name": "x"}}', "-m", MODEL, "--relations").exit_code == 0


def test_schema_prints_a_json_schema_of_the_visible_fields() -> None:
    result = run("schema", "-m", MODEL)
    assert result.exit_code == 0
    text = json.dumps(json.loads(result.stdout))
    assert "pages" in text
    assert "secret_note" not in text


def test_the_version_is_shown() -> None:
    result = run("--version")
    assert (result.exit_code, result.stdout) == (0, f"queryengine {__version__}\n")


def test_regular_expressions_are_allowed_when_asked() -> None:
    arguments = ("check", '{"where": {"title": {"regex": "^A"}}}', "-m", MODEL, "-b", "memory")
    assert run(*arguments).exit_code == REFUSED
    assert run(*arguments, "--regex").exit_code == 0


def test_a_dialect_is_handed_to_the_back_end() -> None:
    arguments = ("explain", '{"where": {"name": {"regex": "^A"}}}', "-m", TABLE, "--regex")
    assert "SQLite has no regular expressions" in run(*arguments).stderr
    result = run(*arguments, "--dialect", "postgresql")
    assert result.exit_code == 0
    assert " ~ " in result.stdout


def test_explain_prints_the_cost_with_its_figures() -> None:
    result = run("explain", '{"where": {"name": {"contains": "x"}}, "limit": 10}', "-m", TABLE)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1] == "cost 21.5: comparison 1, unanchored 20, row 0.5"


def test_explain_says_where_there_is_no_native_query() -> None:
    result = run("explain", "{}", "-m", MODEL, "-b", "memory")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == '{"limit":100}'
    assert result.stdout.splitlines()[-1] == "the back-end memory has no native query"


@pytest.mark.parametrize("driver", ["sqlite", "sqlite+aiosqlite"])
def test_explain_shows_the_plan_of_a_database(tmp_path: Path, driver: str) -> None:
    from sqlalchemy import create_engine

    from tests.sqlalchemy.models import Base

    database = create_engine(f"sqlite:///{tmp_path / 'zoo.db'}")
    Base.metadata.create_all(database)
    database.dispose()
    url = f"{driver}:///{tmp_path / 'zoo.db'}"
    asked = ("explain", '{"where": {"id": 40417}}', "-m", TABLE, "--database", url)
    readable = run(*asked)
    assert readable.exit_code == 0
    *_, title, plan = readable.stdout.splitlines()
    assert (title, plan) == ("plan", "  detail: SEARCH person USING INTEGER PRIMARY KEY (rowid=?)")
    assert "40417" in readable.stdout
    document = json.loads(run(*asked, "--json").stdout)
    assert document["plan"] == [{"detail": "SEARCH person USING INTEGER PRIMARY KEY (rowid=?)"}]
    assert document["cost_parts"]["comparison"] == 1


def test_explain_shows_the_plan_of_the_companions_database(tmp_path: Path) -> None:
    from queryengine_orm import create_all
    from queryengine_orm.connecting import connect_pool

    from tests.orm.library import Base

    url = f"sqlite:///{tmp_path / 'library.db'}"

    async def prepare() -> None:
        async with connect_pool(url) as pool:
            await create_all(pool, Base)

    asyncio.run(prepare())
    asked = ("explain", '{"where": {"id": 40417}}', "-m", MAPPED, "--database", url)
    *_, title, plan = run(*asked).stdout.splitlines()
    assert (title, plan) == ("plan", "  detail: SEARCH qe USING INTEGER PRIMARY KEY (rowid=?)")
    document = json.loads(run(*asked, "--json").stdout)
    assert (document["backend"], "?1 = 40417" in document["query"]) == ("orm", True)


def test_explain_is_json_without_a_database_too() -> None:
    document = json.loads(run("explain", '{"limit": 5}', "-m", TABLE, "--json").stdout)
    assert document["filter"] == '{"limit":5}'
    assert document["plan"] is None


@pytest.mark.parametrize(
    ("model", "url", "message"),
    [
        (MODEL, "sqlite://", "memory asks no database"),
        (TABLE, "sqlite://", "cannot be asked: no such table: person"),
        (TABLE, "sqlite+aiosqlite://", "cannot be asked: no such table: person"),
        (TABLE, "sqlite:///nothere.db", "cannot be asked: there is no file 'nothere.db'"),
        (
            TABLE,
            "sqlite+aiosqlite:///file:nothere.db?uri=true",
            "cannot be asked: there is no file 'nothere.db'",
        ),
        (MAPPED, "sqlite:///nothere.db", "cannot be asked: there is no file 'nothere.db'"),
        (TABLE, "nonsense", "cannot be asked: Could not parse"),
        (TABLE, "mysql+asyncmy://localhost/x", "cannot be asked: No module named"),
        (TABLE, "postgresql+asyncpg://nobody@127.0.0.1:1/x", "cannot be asked: "),
    ],
)
def test_a_database_that_cannot_be_asked_is_a_wrong_call(
    model: str, url: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    error = run("explain", "{}", "-m", model, "--database", url).exception
    assert isinstance(error, ConfigurationError)
    assert message in str(error)
    assert list(tmp_path.iterdir()) == []  # nothing is made by asking


def test_operators_lists_them_all() -> None:
    result = run("operators")
    assert result.exit_code == 0
    assert all(operator.name in result.stdout for operator in OPERATORS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("check", "{}", "-m", "tests.command_models:Nope"), "cannot be loaded: module"),
        (
            ("check", "{}", "-m", "main"),
            "'main' names no class: write package.module:Class, such as main:Flight",
        ),
        (("check", "{}", "-m", ":Book"), "':Book' names no class"),
        (("check", "{}", "-m", MODEL, "-b", "memory", "-d", "sqlite"), "memory: it has no dialects"),
        (("check", "{}", "-m", TABLE, "-d", "oracle"), "dialect='oracle'"),
        (("check", "{}", "-m", "no.such.module:Nope"), "cannot be loaded"),
        (("check", "{}", "-m", "tests.command_models:NOT_A_CLASS"), "is no class"),
        (("check", "{}", "-m", MODEL, "-b", "nope"), "no back-end 'nope'"),
        (("check", "{}", "-m", "builtins:int"), "no back-end reads int"),
        (("check", "{}", "-m", MODEL, "-e", "builtins:int"), "no pydantic model"),
    ],
)
def test_a_wrong_call_is_explained(arguments: tuple[str, ...], message: str) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, ConfigurationError)
    assert message in str(result.exception)


def test_the_installed_command_ends_with_two_for_a_wrong_call() -> None:
    command = [str(Path(sys.executable).with_name("queryengine")), "check", "{}", "-m", "no.such:Model"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == MISUSED
    assert ended.stderr.startswith("queryengine: 'no.such:Model' cannot be loaded: ")
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_its_extra_the_command_says_what_to_install(missing: str) -> None:
    program = f"import sys; sys.modules[{missing!r}] = None; from queryengine.cli import main; main()"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode == MISUSED
    assert ended.stdout == ""
    assert ended.stderr == (
        f'queryengine: no module {missing!r}: the command needs pip install "queryengine[cli]"\n'
    )


def test_a_module_that_is_missing_otherwise_is_not_blamed_on_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "queryengine.commands", None)
    with pytest.raises(ModuleNotFoundError):
        main()


def test_the_script_runs_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["queryengine", "operators"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
