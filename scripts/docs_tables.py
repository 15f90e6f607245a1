"""Writes the tables that are made from the code into the pages that show them.

    python -m scripts.docs_tables --write

fills each place `<!-- table: operators -->` of a page with the table of that name. Without `--write` it names
the pages whose tables are not what the code says; tests/test_docs.py holds that there are none.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from queryengine_sqlalchemy import SQLAlchemyQueryEngine

from queryengine.engine import FULL, Capabilities, Engine
from queryengine.errors import ErrorCode
from queryengine.limits import Limits
from queryengine.memory import MemoryQueryEngine
from queryengine.operators import LOGICAL, OPERATORS, QUANTIFIERS, Arity
from queryengine.schema import TypeKind
from queryengine.values.table import TYPE_TABLE
from scripts.docs_aggregates import aggregate_gaps
from scripts.docs_support import support

__all__ = ["filled", "pages"]

ROOT = Path(__file__).resolve().parents[1]
END = "<!-- end of table -->"
PLACE = re.compile(rf"^<!-- table: (?P<name>[a-z-]+) -->\n(?:(?:(?!<!-- ).*\n)*{END}\n)?", re.MULTILINE)
"""a mark, with the table that it was given before"""

Cells = Sequence[str]


def pages() -> list[Path]:
    """Return the pages that have tables."""
    return [page for page in sorted(ROOT.glob("docs/**/*.md")) if PLACE.search(page.read_text("utf-8"))]


def filled(markdown: str) -> str:
    r"""Return the text of a page with its tables as they are now. Raises KeyError for an unknown table.

    >>> page = filled("<!-- table: logical -->\n")
    >>> print(page)  # doctest: +ELLIPSIS
    <!-- table: logical -->
    <BLANKLINE>
    | Word | Meaning |
    ...
    <!-- end of table -->
    <BLANKLINE>
    >>> filled(page) == page
    True
    """
    return PLACE.sub(
        lambda place: f"<!-- table: {place['name']} -->\n\n{TABLES[place['name']]()}\n\n{END}\n", markdown
    )


def table(head: Cells, rows: Iterable[Cells]) -> str:
    r"""Return a table in Markdown.

    >>> print(table(["a", "b"], [["1", "x|y"]]))
    | a | b |
    | --- | --- |
    | 1 | x\|y |
    """
    lines = [head, ["---"] * len(head), *([cell.replace("|", r"\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def code(text: str) -> str:
    """Return a text as code; an empty one stays empty."""
    return f"`{text}`" if text else ""


def codes(texts: Iterable[str]) -> str:
    """Return several texts as code."""
    return ", ".join(map(code, texts))


def attribute_texts(cls: type[object]) -> Mapping[str, str]:
    """Return the text below each attribute of a class, by the attribute's name.

    >>> attribute_texts(Limits)["max_offset"]
    'rows that a filter may skip'
    """
    (tree,) = ast.parse(inspect.getsource(cls)).body
    assert isinstance(tree, ast.ClassDef)
    texts: dict[str, str] = {}
    for statement, following in zip(tree.body, tree.body[1:], strict=False):
        match statement, following:
            case (
                ast.Assign(targets=[ast.Name(name)]) | ast.AnnAssign(target=ast.Name(name)),
                ast.Expr(ast.Constant(str(text))),
            ):
                texts[name] = inspect.cleandoc(text)
            case _:
                pass
    return MappingProxyType(texts)


# -- the tables


def operators() -> str:
    """All operators, with what they take and the fields that they are for."""
    takes = {
        Arity.ONE: "a value",
        Arity.MANY: "a list",
        Arity.PAIR: "a list of two",
        Arity.FLAG: "`true` or `false`",
    }
    rows = (
        [
            codes([operator.name, *operator.aliases]),
            takes[operator.arity],
            operator.text,
            fields_of(operator.kinds),
        ]
        for operator in OPERATORS
    )
    return table(["Operator", "Takes", "True where the field", "Fields"], rows)


def fields_of(kinds: frozenset[TypeKind]) -> str:
    """Say which fields an operator is for, without listing all where nearly all are meant."""
    missing = [kind for kind in TypeKind if kind not in kinds and kind is not TypeKind.RELATION]
    if not missing:
        return "all, and relations" if TypeKind.RELATION in kinds else "all"
    if len(missing) <= 2 + (TypeKind.ENUM in missing) * 2:
        return "all but " + ", ".join(missing)
    return ", ".join(kind for kind in TypeKind if kind in kinds)


def logical() -> str:
    """The words that join conditions."""
    return table(["Word", "Meaning"], ([code(word), text] for word, text in LOGICAL.items()))


def quantifiers() -> str:
    """The words that go into a to-many relation."""
    texts = {
        "some": "one related row, at least, meets the condition",
        "every": "all related rows meet it; also true where there are none",
        "none": "no related row meets it",
        "elemMatch": "the same as `some`",
    }
    return table(["Word", "Meaning"], ([code(word), texts[word]] for word in QUANTIFIERS))


def types() -> str:
    """What values of each type look like."""
    rows = (
        [row.kind.value, code(row.python), row.literal, code(row.json), code(row.text)] for row in TYPE_TABLE
    )
    return table(["Type", "Python", "Written as", "In JSON", "In brackets"], rows)


def comparisons() -> str:
    """When values of each type are equal, how they are ordered, and whether an order may name them."""
    rows = (
        [row.kind.value, row.equality, row.order or "not at all", "yes" if row.sortable else "no"]
        for row in TYPE_TABLE
    )
    return table(["Type", "Equal", "Greater and less", "In `order`"], rows)


def operators_by_type() -> str:
    """The operators of each type."""
    rows = (
        [row.kind.value, codes(o.name for o in OPERATORS if o.name in FULL[row.kind])] for row in TYPE_TABLE
    )
    return table(["Type", "Operators"], rows)


def limits() -> str:
    """The bounds on a filter."""
    texts = attribute_texts(Limits)
    defaults = Limits()
    return table(
        ["Limit", "Default", "Bounds"],
        ([code(name), _number(getattr(defaults, name)), text] for name, text in texts.items()),
    )


def _number(limit: int | None) -> str:
    return "none" if limit is None else f"{limit:,}"


def errors() -> str:
    """The codes of errors."""
    texts = attribute_texts(ErrorCode)
    return table(["Code", "Meaning"], ([code(each.value), texts[each.name]] for each in ErrorCode))


def benchmarks(results: Path = ROOT / "benchmarks" / "results") -> str:
    """What `make bench` measured last, as far as its results are committed."""
    return _measured(path for path in results.glob("*.json") if not path.name.startswith(COMPANION))


def benchmarks_orm(results: Path = ROOT / "benchmarks" / "results") -> str:
    """What `make bench-orm` measured last, as far as its results are committed."""
    return _measured(results.glob(f"{COMPANION}*.json"))


COMPANION = "orm_"


def _measured(files: Iterable[Path]) -> str:
    tables: list[str] = []
    for path in sorted(files):
        rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))  # Any: texts and numbers
        tables.append(f"### {path.stem}\n\n" + table(BENCHMARK_HEAD, map(benchmark_row, rows)))
    return "\n\n".join(tables) or "*Not measured yet: no results are committed.*"


BENCHMARK_HEAD = ["What", "Beside", "Ours, µs", "Peer, µs", "Ratio", "At most", "Holds"]


def benchmark_row(row: Mapping[str, Any]) -> list[str]:  # Any: texts and numbers
    """Return one comparison as cells."""
    holds = {True: "yes", False: "**no**", None: ""}[row["holds"]]
    bar = "" if row["bar"] is None else f"{row['bar']:g}"
    return [
        row["name"],
        row["peer"],
        f"{row['ours_us']:,.1f}",
        f"{row['peer_us']:,.1f}",
        f"{row['ratio']:.2f}",
        bar,
        holds,
    ]


def gaps() -> str:
    """What each back-end declares not to have, and why."""
    engines: dict[str, Engine[object, object]] = {
        "memory": MemoryQueryEngine(object),
        "SQLAlchemy, PostgreSQL": SQLAlchemyQueryEngine(object, dialect="postgresql"),
        "SQLAlchemy, SQLite": SQLAlchemyQueryEngine(object, dialect="sqlite"),
    }
    rows = ([name, *gap] for name, engine in engines.items() for gap in gaps_of(engine.capabilities))
    return table(["Engine", "Has no", "Because"], rows)


def gaps_of(able: Capabilities) -> Iterator[Cells]:
    """Yield what is missing, with the reason."""
    for operator in OPERATORS:
        kinds = [kind for kind in FULL if operator.name in FULL[kind] and not able.can(operator.name, kind)]
        for kind in kinds:
            yield f"{code(operator.name)} on {kind} fields", able.note(operator.name, kind) or ""
    features = {
        "include": "`include`",
        "include_window": "`order` and `limit` in an `include`",
        "include_missing": "a condition on one related row that is required, in an `include`",
        "order_by_relation": "`order` by a path",
        "order_by_missing": "`order` by a field, never null itself, of related rows that may be missing",
        "projection": "`fields`",
        "cursor": "`after` and `before`",
    }
    for feature, text in features.items():
        if not getattr(able, feature) and (feature != "include_window" or able.include):
            yield text, able.note(feature) or ""


def decisions() -> str:
    """The notes in docs/decisions, by their titles."""
    pages = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    titles = {
        page.name: page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ") for page in pages
    }
    return "\n".join(f"- [{title}]({name})" for name, title in titles.items())


TABLES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "aggregate-gaps": lambda: table(["Engine", "Does not give", "Because"], aggregate_gaps()),
        "benchmarks": benchmarks,
        "benchmarks-orm": benchmarks_orm,
        "comparisons": comparisons,
        "decisions": decisions,
        "errors": errors,
        "gaps": gaps,
        "limits": limits,
        "logical": logical,
        "operators": operators,
        "operators-by-type": operators_by_type,
        "quantifiers": quantifiers,
        "support": support,
        "types": types,
    }
)


def main(write: bool) -> int:
    """Renew the tables of all pages, or name those that need it; return the status to exit with."""
    stale = [page for page in pages() if filled(page.read_text("utf-8")) != page.read_text("utf-8")]
    for page in stale:
        print(page.relative_to(ROOT))
        if write:
            page.write_text(filled(page.read_text("utf-8")), encoding="utf-8")
    return 0 if write else min(len(stale), 1)


if __name__ == "__main__":
    sys.exit(main(write="--write" in sys.argv[1:]))
