"""How the walk looks in a terminal: rich renderables of requests, native queries, rows and errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from examples.flights.backend import Native
from examples.flights.check import JSON, Answer
from examples.flights.layout import lay_out
from examples.flights.steps import Step

__all__ = ["Taken", "error", "left_out", "queries", "request", "rows", "summary", "verdict"]


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that was taken: the answer, the queries behind it, the seconds of it and of a second one."""

    answer: Answer
    queries: Sequence[Native]
    first: float
    again: float


def request(number: int, step: Step) -> Group:
    """The step's title and its request, with the query string as a person reads it."""
    query = "&".join(f"{name}={value}" for name, value in step.parameters.items())
    url = Text.assemble(("GET ", "bold green"), (step.path, "bold"), "?", (query, "cyan"))
    return Group(Text(), Rule(f"[bold]{number}. {step.title}", align="left", style="dim"), _indented(url))


def queries(taken: Sequence[Native], *, whole: bool) -> RenderableType:
    """What a request asked the database, with parameters; without `whole`, long select lists are cut down."""
    if not taken:
        return _indented(Text("no query was sent", style="dim"))
    return _indented(Group(*_each(taken, whole=whole)))


def rows(found: Sequence[JSON], columns: Iterable[str]) -> RenderableType:
    """A table of rows; a column is a dotted path into a row."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    paths = list(columns)
    for path in paths:
        table.add_column(path, justify="right" if _is_number(found, path) else "left")
    for row in found:
        table.add_row(*(_cell(_at(row, path)) for path in paths))
    return _indented(table)


def error(body: JSON, text: str | None) -> RenderableType:
    """A refusal, with a mark under its place in the filter's text."""
    problem = body["detail"][0]
    context = problem.get("ctx", {})
    place = " > ".join(map(str, problem["loc"]))
    parts: list[RenderableType] = [Text()]
    if text is not None and "span" in context:
        start, end = context["span"]
        parts += [Text(text, style="cyan"), Text(" " * start + "^" * (end - start), style="bold red")]
        place += f", line {context['line']}, column {context['column']}"
    parts += [Text.assemble((problem["type"], "bold red"), ": ", problem["msg"]), _named("at", place)]
    if "expected" in context:
        parts.append(_named("expected", " or ".join(context["expected"])))
    return _indented(Group(*parts, Text()))


def verdict(taken: Taken, what: str, wrong: str | None) -> RenderableType:
    """The last line of a step: what came back, whether it is right, how long it took."""
    mark = ("✗ ", "bold red") if wrong else ("✓ ", "bold green")
    native = sum(query.seconds for query in taken.queries)
    times = f"   {taken.first * 1e3:.1f} ms, again {taken.again * 1e3:.1f} ms"
    part = f", of that {_words(taken.queries[0])} {native * 1e3:.1f} ms" if native else ""
    return _indented(Text.assemble(mark, f"{taken.answer.status} ", wrong or what, (times + part, "dim")))


def left_out(reason: str) -> RenderableType:
    """The only line below a request that is not made."""
    return _indented(Text(f"not asked: {reason}", style="dim"))


def summary(steps: int, failures: int, gaps: int, name: str) -> RenderableType:
    """The last line of the walk."""
    if failures:
        return Text(f"\n{failures} of {steps} answers are not what they should be.", style="bold red")
    done = f"\nAll {steps} answers are what they should be."
    refused = f" {gaps} of them refuse what {name} cannot do exactly." if gaps else ""
    return Text.assemble((done, "bold green"), refused, " `make serve` keeps the service up, with /docs.")


def _words(query: Native) -> str:
    return "SQL" if query.language == "sql" else "the query"


def _each(taken: Sequence[Native], *, whole: bool) -> Iterator[RenderableType]:
    for query in taken:
        text = query.text
        if query.language == "sql":
            text = lay_out(text, most_columns=None if whole else 3)
        lines = Syntax("", query.language, theme="ansi_dark", background_color="default").highlight(text)
        lines.rstrip()
        lines.no_wrap = False
        yield lines
        if query.parameters:
            yield _named("parameters", ", ".join(map(repr, query.parameters)))


def _indented(renderable: RenderableType) -> Padding:
    return Padding(renderable, (0, 0, 0, 3), expand=False)


def _at(row: JSON, path: str) -> JSON:
    for name in path.split("."):
        row = None if row is None else row[name]
    return row


def _is_number(found: Sequence[JSON], path: str) -> bool:
    return any(isinstance(_at(row, path), int | float) for row in found)


def _cell(value: JSON) -> Text:
    if value is None:
        return Text("null", style="dim italic")
    return Text(f"{value:.6g}" if isinstance(value, float) else str(value))


def _named(name: str, value: str) -> Text:
    return Text.assemble((f"{name} ", "dim"), value)
