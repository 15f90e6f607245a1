"""Which aggregates SQLite and PostgreSQL give exactly, how SQL writes them, and how their drivers fail."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, LiteralString

from queryengine.aggregates import APPLIES, AggregateAST, AggregateCapabilities, Function
from queryengine.ast import Path
from queryengine.schema import FieldType, IntegerType, TypeKind
from queryengine.sql_plans import SQLDatabase

__all__ = ["aggregates_on", "is_out_of_range", "row_columns", "written"]

DOCUMENTS: Final = "members of documents have no type of their own in the answer of a database"
INEXACT: Final = "SQLite adds decimals as doubles, which is not exact; PostgreSQL has it"
ADDING: Final = frozenset({Function.SUM, Function.AVG})

OUT_OF_RANGE: Final = "22003"
"""PostgreSQL's SQLSTATE `numeric_value_out_of_range`"""

FUNCTIONS: Final[Mapping[Function, LiteralString]] = MappingProxyType(
    {
        Function.COUNT: "COUNT(*)",
        Function.COUNT_DISTINCT: "COUNT(DISTINCT {})",
        Function.SUM: "SUM({})",
        Function.AVG: "CAST(SUM({}) AS DOUBLE PRECISION) / CAST(COUNT({}) AS DOUBLE PRECISION)",
        Function.MIN: "MIN({})",
        Function.MAX: "MAX({})",
    }
)
OF_INTEGERS: Final[Mapping[Function, LiteralString]] = MappingProxyType(
    {
        Function.SUM: "CAST(SUM({}) AS BIGINT)",
        Function.AVG: (
            "CAST(CAST(SUM({}) AS BIGINT) AS DOUBLE PRECISION) / CAST(COUNT({}) AS DOUBLE PRECISION)"
        ),
    }
)
"""A sum is one of 64 bits: beyond them both databases fail, and do not round."""


def aggregates_on(database: SQLDatabase | None) -> AggregateCapabilities:
    """Return what a database gives exactly; without a name what both do.

    >>> aggregates_on(None).note(Function.SUM, TypeKind.DECIMAL)
    'SQLite adds decimals as doubles, which is not exact; PostgreSQL has it'
    """
    notes = {"documents": DOCUMENTS}
    if database == "postgresql":
        return AggregateCapabilities(documents=False, notes=MappingProxyType(notes))
    functions = {
        function: kinds - {TypeKind.DECIMAL} if function in ADDING else kinds
        for function, kinds in APPLIES.items()
    }
    notes |= {f"{TypeKind.DECIMAL}:{function}": INEXACT for function in ADDING}
    return AggregateCapabilities(
        functions=MappingProxyType(functions), documents=False, notes=MappingProxyType(notes)
    )


def row_columns(ast: AggregateAST) -> dict[str, Path]:
    """Return what is read of each row, by the names of its columns: `key_0`, ... and `of_0`, ...

    The latter have the numbers of their functions; `count` reads nothing.
    """
    named = {f"key_{number}": key.path for number, key in enumerate(ast.keys)}
    for number, measure in enumerate(ast.measures):
        if measure.path is not None:
            named[f"of_{number}"] = measure.path
    return named


def written(function: Function, type_: FieldType | None) -> LiteralString:
    """Return the SQL of a function of values of a type, with `{}` in each place of the column.

    >>> written(Function.SUM, IntegerType()), written(Function.COUNT, None)
    ('CAST(SUM({}) AS BIGINT)', 'COUNT(*)')
    """
    of_integers = OF_INTEGERS.get(function) if isinstance(type_, IntegerType) else None
    return of_integers or FUNCTIONS[function]


def is_out_of_range(error: object) -> bool:
    """Tell whether a driver's error says that a number is out of range, as of a sum beyond 64 bits."""
    if isinstance(error, sqlite3.OperationalError):
        return str(error) == "integer overflow"
    state: object = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    return state == OUT_OF_RANGE
