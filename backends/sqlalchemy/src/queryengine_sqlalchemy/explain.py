"""What a query would do, asked of the database without running it. Knows sessions."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

from pydantic import JsonValue
from sqlalchemy import ClauseElement, Executable, Row, Select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler

from queryengine.cost import CostWeights
from queryengine.explain import Explanation, explain_filter, without_values
from queryengine_sqlalchemy.constructs import UnsupportedDialectError
from queryengine_sqlalchemy.describe import describe
from queryengine_sqlalchemy.results import SQLAlchemyQueryResult

__all__ = ["ExplainStatement", "explain", "explain_sync"]

TEXTS: Final = frozenset(
    {
        *("Node Type", "Parent Relationship", "Subplan Name", "CTE Name", "Join Type", "Strategy"),
        *("Partial Mode", "Scan Direction", "Index Name", "Relation Name", "Schema", "Alias", "Command"),
    }
)
"""the texts in PostgreSQL's plans that name things; all others can hold a condition with its values"""


async def explain(
    session: AsyncSession,
    result: SQLAlchemyQueryResult[Any],  # Any: the rows do not matter here
    *,
    weights: CostWeights | None = None,
    values: bool = False,
) -> Explanation:
    """Return what becomes of a result's filter, with the database's own plan (EXPLAIN); nothing is run.

    The query is the result's own, its policy and its row scope included. `weights` are those of the policy,
    if it has any. With `values` the query has its parameters and the plan its conditions: those of the row
    scope, too. Raises UnsupportedDialectError for other databases than SQLite and PostgreSQL.
    """
    asked = ExplainStatement(result.query)
    found = await session.execute(asked, bind_arguments=asked.bound)
    database = session.get_bind(**asked.bound).dialect.name
    return _explanation(result, found.all(), database, weights, values=values)


def explain_sync(
    session: Session,
    result: SQLAlchemyQueryResult[Any],  # Any: the rows do not matter here
    *,
    weights: CostWeights | None = None,
    values: bool = False,
) -> Explanation:
    """Explain a result as `explain` does, with a synchronous session."""
    asked = ExplainStatement(result.query)
    found = session.execute(asked, bind_arguments=asked.bound)
    database = session.get_bind(**asked.bound).dialect.name
    return _explanation(result, found.all(), database, weights, values=values)


class ExplainStatement(Executable, ClauseElement):
    """EXPLAIN before a query. Its rows are the database's words, not the model's."""

    inherit_cache: bool | None = False

    def __init__(self, query: Select[Any]) -> None:  # Any: the rows do not matter here
        self.query = query
        self.bound: dict[str, Any] = {"mapper": query.column_descriptions[0]["entity"]}  # Any: SQLAlchemy's


def _prefixed(prefix: str) -> Callable[..., str]:
    def render(
        element: ExplainStatement, compiler: SQLCompiler, **keywords: Any
    ) -> str:  # Any: they are open
        return f"{prefix} {compiler.process(element.query, **keywords)}"

    return render


def _refuse(element: ExplainStatement, compiler: SQLCompiler, **keywords: Any) -> str:  # noqa: ARG001  # SQLAlchemy's
    raise UnsupportedDialectError("EXPLAIN", compiler.dialect.name)


compiles(ExplainStatement)(_refuse)
compiles(ExplainStatement, "sqlite")(_prefixed("EXPLAIN QUERY PLAN"))
compiles(ExplainStatement, "postgresql")(_prefixed("EXPLAIN (FORMAT JSON)"))


def _explanation(
    result: SQLAlchemyQueryResult[Any],
    rows: Sequence[Row[Any]],
    database: str,
    weights: CostWeights | None,
    *,
    values: bool,
) -> Explanation:
    plan = _steps(rows, 0) if database == "sqlite" else _read(rows[0][0])
    return explain_filter(
        result.filter,
        backend="sqlalchemy",
        weights=weights,
        query=describe(result.query, database, values=values),
        plan=plan if values or database == "sqlite" else without_values(plan, TEXTS),
    )


def _steps(rows: Sequence[Row[Any]], parent: int) -> list[JsonValue]:
    """Make a tree of SQLite's steps (id, parent, unused, detail). They name columns, and no values."""
    steps: list[JsonValue] = []
    for row in rows:
        number, above, _, detail = cast("tuple[int, int, int, str]", row)
        if above == parent:
            step: dict[str, JsonValue] = {"detail": detail}
            within = _steps(rows, number)
            steps.append({**step, "steps": within} if within else step)
    return steps


def _read(plan: object) -> JsonValue:
    """Return PostgreSQL's plan, which one driver gives as text and the other one as an object."""
    return cast("JsonValue", json.loads(plan) if isinstance(plan, str) else plan)
