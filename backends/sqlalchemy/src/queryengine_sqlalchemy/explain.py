"""What a query would do, asked of the database without running it. Knows sessions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import URL, ClauseElement, Executable, NullPool, Row, Select, create_engine, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler

from queryengine.cost import CostWeights
from queryengine.errors import ConfigurationError
from queryengine.explain import Explanation, explain_filter
from queryengine.sql_plans import EXPLAIN, SQLDatabase, check_file, read_plan
from queryengine_sqlalchemy.constructs import UnsupportedDialectError
from queryengine_sqlalchemy.describe import describe
from queryengine_sqlalchemy.results import SQLAlchemyQueryResult

__all__ = ["ExplainStatement", "explain", "explain_on", "explain_sync"]


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


def explain_on(
    database: str,
    result: SQLAlchemyQueryResult[Any],  # Any: the rows do not matter here
    weights: CostWeights | None,
) -> Explanation:
    """Explain a result on the database of a URL, with all values, and let go of it.

    Raises ConfigurationError where it cannot be asked.
    """
    try:
        url = make_url(database)
        if url.get_backend_name() == "sqlite":
            check_file(url.database)
        if url.get_dialect().is_async:
            return asyncio.run(_explain_async(url, result, weights))
        engine = create_engine(url, poolclass=NullPool)
        with Session(engine) as session:
            return explain_sync(session, result, weights=weights, values=True)
    except DBAPIError as error:
        raise ConfigurationError(f"the database cannot be asked: {error.orig}") from error
    except (SQLAlchemyError, ImportError, OSError) as error:
        raise ConfigurationError(f"the database cannot be asked: {error}") from error


async def _explain_async(
    url: URL, result: SQLAlchemyQueryResult[Any], weights: CostWeights | None
) -> Explanation:
    engine = create_async_engine(url, poolclass=NullPool)
    async with AsyncSession(engine) as session:
        return await explain(session, result, weights=weights, values=True)


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
compiles(ExplainStatement, "sqlite")(_prefixed(EXPLAIN["sqlite"]))
compiles(ExplainStatement, "postgresql")(_prefixed(EXPLAIN["postgresql"]))


def _explanation(
    result: SQLAlchemyQueryResult[Any],
    rows: Sequence[Row[Any]],
    database: str,
    weights: CostWeights | None,
    *,
    values: bool,
) -> Explanation:
    known: SQLDatabase = "sqlite" if database == "sqlite" else "postgresql"  # EXPLAIN is refused elsewhere
    return explain_filter(
        result.filter,
        backend="sqlalchemy",
        weights=weights,
        query=describe(result.query, database, values=values),
        plan=read_plan(known, [tuple(row) for row in rows], values=values),
    )
