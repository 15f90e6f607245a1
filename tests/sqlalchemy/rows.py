"""Rows for the models: people with bosses, homes and friends; a row of every type, and one of nulls."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

from sqlalchemy import Table

from tests.sqlalchemy.models import (
    Doctor,
    Drop,
    Hospital,
    Level,
    Person,
    Place,
    Postgres,
    Region,
    Rounded,
    Stream,
    Types,
    Ward,
    knows,
    located,
)

__all__ = ["links", "people", "postgres_rows", "typed_rows"]


def people() -> list[object]:
    """Return the rows of everything but the types."""
    places = [
        Place(id=1, name="Ölbach", land="CH", number=1),
        Place(id=2, name="Zug", land="CH", number=2),
        Place(id=3, name="aare", land="CH", number=None),
        Hospital(id=4, name="Spital", land="DE", number=1, beds=100),
        Hospital(id=5, name="klinik", beds=None),
    ]
    regions = [
        Region(land="CH", number=1, label="west"),
        Region(land="CH", number=2, label="East"),
        Region(land="DE", number=1, label="süd"),
    ]
    persons = [
        Person(id=1, name="Ada", home_id=1, work_id=2, password="x"),
        Person(id=2, name="bob", boss_id=1, home_id=2, work_id=2),
        Person(id=3, name=None, boss_id=1, home_id=None, work_id=3),
        Doctor(id=4, name="Eve", boss_id=2, home_id=1, work_id=4, ward="A"),
        Doctor(id=5, name="Émile", boss_id=4, home_id=3, work_id=4, ward=None),
        Person(id=6, name="100% sure_", boss_id=4, home_id=5, work_id=1),
    ]
    wards = [
        Ward(id=1, name="one", hospital_id=4),
        Ward(id=2, name="two", hospital_id=5),
        Ward(id=3, name="three"),
    ]
    return [*regions, *places, *persons, *wards, Stream(id=1), Drop(id=1, size=3, stream_id=1)]


def links() -> list[tuple[Table, list[dict[str, object]]]]:
    """Return the rows of the tables that have no class."""
    friends = [(1, 2), (1, 3), (2, 1), (4, 5), (5, 5), (6, 1)]
    found = [(1, "CH", 2), (2, "DE", 1), (3, None, None)]
    return [
        (knows, [{"one_id": one, "other_id": other} for one, other in friends]),
        (located, [{"place_id": place, "land": land, "region": region} for place, land, region in found]),
    ]


def typed_rows() -> list[Types]:
    """Return rows of every type, whose last one holds nulls where it may."""
    zone = dt.timezone(dt.timedelta(hours=5, minutes=30))
    noon = dt.datetime(2013, 1, 1, 12, 30, 15, 123456)  # noqa: DTZ001  # a wall-clock time
    return [
        Types(
            id=1,
            small=-5,
            big=2**62,
            price=Decimal("12.30"),
            weight=0.1,
            single=0.5,
            level=Level.LOW,
            choice="a",
            instant=noon.replace(tzinfo=zone),
            zulu=noon.replace(tzinfo=zone),
            wall=noon,
            lasts=dt.timedelta(days=-1, seconds=5),
            emulated=dt.timedelta(hours=30),
            key=uuid.UUID(int=1),
            text_key=str(uuid.UUID(int=2**127)),
            raw=b"\x00\xff",
            trimmed="Zoë",
            padded="abcde",
            folded="Abc",
            plain="b",
            document={"a": [1, None, {"b": "c"}]},
            facts={"color": "red", "sold": True, "size": {"width": 3, "height": 1.5}},
        ),
        Types(
            id=2,
            small=7,
            big=-(2**63),
            price=Decimal("-0.01"),
            weight=99.999,
            single=-1.25,
            level=Level.HIGH,
            choice="b",
            instant=noon.replace(tzinfo=dt.UTC),
            zulu=noon.replace(tzinfo=dt.UTC),
            wall=noon + dt.timedelta(microseconds=1),
            lasts=dt.timedelta(0),
            emulated=dt.timedelta(days=-3),
            key=uuid.UUID(int=2**128 - 1),
            text_key=str(uuid.UUID(int=1)),
            raw=b"",
            trimmed="",
            padded="ABCDE",
            folded="aBC",
            plain="B",
            document=None,
            # A value of another type than declared is null, and so is a member that is missing.
            facts={"color": None, "sold": "yes", "size": {"width": "3", "height": 10**400}},
        ),
        Types(id=3, small=0, big=0, price=Decimal(0), weight=0.0, level=Level.LOW),
    ]


def postgres_rows() -> list[object]:
    """Return rows of PostgreSQL's types."""
    return [
        Rounded(
            id=1,
            price=Decimal("12.3"),
            stamp=dt.datetime(2013, 1, 1, 12, 0, 1),  # noqa: DTZ001  # a wall-clock time
            clock=dt.time(12, 0, 1),
            lasts=dt.timedelta(seconds=1),
            takes=dt.timedelta(seconds=1),
            short="abc",
        ),
        Rounded(id=2),
        Postgres(
            id=1,
            name="Ada",
            document={"a": 1, "b": [True, None]},
            levels=[Level.LOW, Level.LOW],
            prices=[Decimal("1.50"), Decimal("2.00")],
            keys=[uuid.UUID(int=1)],
            singles=[0.1],
            names=["x"],
        ),
        Postgres(id=2, document={"b": [True, None], "a": 1.0}, levels=[], prices=[], keys=[], names=[]),
        Postgres(id=3, document=None, levels=None),
        Postgres(id=4, document={"a": True}, levels=[Level.HIGH, Level.LOW]),
    ]
