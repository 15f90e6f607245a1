"""The command `queryengine`: check and explain filters, show a model's filter schema, list the operators.

Knows Typer and rich; `queryengine.cli` is what runs it.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.json import JSON
from rich.table import Table

from queryengine import __version__
from queryengine.ast import FilterAST
from queryengine.backends import engine_for
from queryengine.cost import CostWeights
from queryengine.engine import DescribesQueries, Engine
from queryengine.errors import ConfigurationError, FilterError
from queryengine.explain import ExplainsQueries, Explanation, explain_filter
from queryengine.json_schema import filter_schema
from queryengine.operators import LOGICAL, OPERATORS, QUANTIFIERS
from queryengine.policy import SecurityPolicy
from queryengine.printer import to_text
from queryengine.process import Processor
from queryengine.request import read_query, read_text

__all__ = ["app", "run"]

HELP = "Check and explain filters, show a model's filter schema, list the operators."
REFUSED = 1
MISUSED = 2

app: typer.Typer = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

FilterText = Annotated[
    str, typer.Argument(metavar="FILTER", help="JSON, bracket parameters, or - for standard input")
]
ModelName = Annotated[str, typer.Option("--model", "-m", help="the model, as package.module:Model")]
ExposeName = Annotated[
    str | None,
    typer.Option("--expose", "-e", help="the response model that says what callers see, as module:Class"),
]
BackendName = Annotated[
    str | None, typer.Option("--backend", "-b", help="the back-end; else the first that fits")
]
AllRelations = Annotated[
    bool, typer.Option("--relations", help="show all relations, without a response model")
]
DialectName = Annotated[
    str | None,
    typer.Option("--dialect", "-d", help="the database, for back-ends that know several: sqlite, postgresql"),
]
DatabaseURL = Annotated[
    str | None, typer.Option("--database", metavar="URL", help="the database to ask for its plan")
]
AsJSON = Annotated[bool, typer.Option("--json", help="print it as a JSON document")]
AllowRegex = Annotated[bool, typer.Option("--regex", help="allow the operator regex")]


def run() -> None:
    """Run the command. It ends with 0, with 1 for a filter that is refused, with 2 for a wrong call."""
    sys.path.insert(0, str(Path.cwd()))
    try:
        app()
    except ConfigurationError as error:
        Console(stderr=True, soft_wrap=True).print(f"queryengine: {error}", markup=False, highlight=False)
        sys.exit(MISUSED)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"queryengine {__version__}")
        raise typer.Exit


@app.callback(help=HELP)
def _common(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="show the version", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    pass


@app.command()
def check(
    filter: FilterText,
    model: ModelName,
    *,
    expose: ExposeName = None,
    backend: BackendName = None,
    relations: AllRelations = False,
    dialect: DialectName = None,
    regex: AllowRegex = False,
) -> None:
    """Print the canonical form of a filter, or what is wrong with it and where."""
    processor = _processor(model, expose, backend, dialect, relations=relations, regex=regex)[1]
    typer.echo(to_text(_bind(processor, filter)))


@app.command()
def explain(
    filter: FilterText,
    model: ModelName,
    *,
    expose: ExposeName = None,
    backend: BackendName = None,
    relations: AllRelations = False,
    dialect: DialectName = None,
    regex: AllowRegex = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Print the canonical form of a filter, its cost, its native query, and with --database the plan."""
    engine, processor = _processor(model, expose, backend, dialect, relations=relations, regex=regex)
    found = _explained(engine, _bind(processor, filter), processor.policy.weights, database)
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
        return
    typer.echo(str(found))
    if found.query is None:
        typer.echo(f"\nthe back-end {found.backend} has no native query")


@app.command()
def schema(
    model: ModelName,
    *,
    expose: ExposeName = None,
    backend: BackendName = None,
    relations: AllRelations = False,
    dialect: DialectName = None,
    regex: AllowRegex = False,
) -> None:
    """Print the JSON Schema of a model's filters."""
    engine, processor = _processor(model, expose, backend, dialect, relations=relations, regex=regex)
    found = filter_schema(processor.view, engine.capabilities, processor.policy)
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": f"#/components/schemas/{found.root}",
        "components": {"schemas": dict(found.components)},
    }
    Console(soft_wrap=True).print(JSON(json.dumps(document)))


@app.command()
def operators() -> None:
    """List the words of the language, and the fields that they are for."""
    table = Table("operator", "also", "takes", "fields", "meaning", title="operators")
    for operator in OPERATORS:
        kinds = ", ".join(sorted(operator.kinds))
        table.add_row(operator.name, ", ".join(operator.aliases), operator.arity.value, kinds, operator.text)
    words = Table("word", "meaning", title="words that join conditions")
    for word, text in LOGICAL.items():
        words.add_row(word, text)
    for word, quantifier in QUANTIFIERS.items():
        words.add_row(word, f"{quantifier.value} of the related rows")
    console = Console()
    console.print(table)
    console.print(words)


def _explained(
    engine: Engine[object, object], ast: FilterAST, weights: CostWeights | None, database: str | None
) -> Explanation:
    backend = engine.capabilities.backend
    if database is not None:
        if not isinstance(engine, ExplainsQueries):
            raise ConfigurationError(f"--database: the back-end {backend} asks no database for a plan")
        return engine.explain_on(database, ast, weights=weights)
    query = engine.describe_query(ast) if isinstance(engine, DescribesQueries) else None
    return explain_filter(ast, backend=backend, weights=weights, query=query)


def _processor(
    model: str, expose: str | None, backend: str | None, dialect: str | None, *, relations: bool, regex: bool
) -> tuple[Engine[object, object], Processor]:
    engine = engine_for(_load(model), backend, dialect)
    response = None if expose is None else _load(expose)
    if response is not None and not issubclass(response, BaseModel):
        raise ConfigurationError(f"{expose} is no pydantic model")
    policy = SecurityPolicy(expose=response, relations=relations, regex=regex)
    return engine, Processor(engine, policy=policy)


def _bind(processor: Processor, text: str) -> FilterAST:
    """Bind the text of an argument; where it is refused, show the place and end."""
    given = (sys.stdin.read() if text == "-" else text).strip()
    config, limits = processor.config, processor.policy.limits
    try:
        if given.startswith(config.name):
            source = read_query(given.encode(), config, limits)
        else:
            source = read_text(given, limits)
        return processor.empty() if source is None else processor.process(source)
    except FilterError as error:
        console = Console(stderr=True, soft_wrap=True)
        console.print(f"{error.code}: {error}", markup=False, highlight=False)
        place = error.highlight()
        if place is not None:
            console.print(place, markup=False, highlight=False)
        if error.expected:
            console.print("expected: " + ", ".join(error.expected), markup=False, highlight=False)
        raise typer.Exit(REFUSED) from None


def _load(name: str) -> type[object]:
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise ConfigurationError(f"{name!r} names no class: write package.module:Class, such as main:Flight")
    try:
        found: object = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigurationError(f"{name!r} cannot be loaded: {error}") from error
    if not isinstance(found, type):
        raise ConfigurationError(f"{name} is no class")
    return found
