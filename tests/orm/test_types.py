"""Types of PostgreSQL's own: enums that are types, addresses, ranges; and enums that tables check."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from ipaddress import IPv4Interface, IPv4Network, IPv6Interface, IPv6Network, ip_interface, ip_network

import pytest
from queryengine_orm import (
    CheckedEnum,
    DeclarativeBase,
    ForeignKey,
    Mapped,
    NativeEnum,
    One,
    Range,
    Session,
    create_all,
    drop_all,
    mapped_column,
    relationship,
    schema_sql,
)
from queryengine_orm.backend import ORMQueryEngine
from queryengine_orm.driver import Pool
from queryengine_orm.errors import CheckViolation, ConfigurationError, DataError, ParameterError
from queryengine_orm.mapping import mapper_of

from queryengine import ErrorCode, FilterError, process_filter_to_ast
from queryengine.schema import DateTimeType, IntegerType

pytestmark = pytest.mark.anyio


class Base(DeclarativeBase):
    """A base of enums."""


class Mood(enum.Enum):
    """Texts, one of them with a quote."""

    GLAD = "glad"
    SO = "so'so"
    SAD = "sad"


class Level(enum.Enum):
    """Whole numbers."""

    LOW = 1
    HIGH = 2


class Day(Base):
    """Has enums of both kinds; one is its key."""

    mood: Mapped[Mood] = mapped_column(NativeEnum("day_mood"), primary_key=True, init=True)
    other: Mapped[Mood | None] = mapped_column(NativeEnum(), default=None)
    level: Mapped[Level] = mapped_column(CheckedEnum(), default=Level.LOW)


class Hour(Base):
    """Refers by an enum."""

    id: Mapped[int] = mapped_column(primary_key=True)
    day_mood: Mapped[Mood] = mapped_column(NativeEnum("day_mood"), ForeignKey("day.mood"), init=False)
    day: One[Day] = relationship(foreign_key="day_mood", init=True)


@pytest.fixture
async def days(library: Pool) -> AsyncIterator[Session]:
    """Give a session over two days."""
    await create_all(library, Base)
    await create_all(library, Base)
    async with Session(library) as session:
        glad = Day(mood=Mood.GLAD, other=Mood.SO)
        session.add_all([glad, Day(mood=Mood.SAD, level=Level.HIGH), Hour(day=glad)])
        await session.flush()
        session.clear()
        yield session


async def test_enums_are_stored_found_and_read(days: Session) -> None:
    glad = await days.get(Day, Mood.GLAD)
    assert glad is not None
    assert (glad.other, glad.level) == (Mood.SO, Level.LOW)
    assert await days.find(Day.other == Mood.SO).count() == 1
    assert await days.find(Day.mood.in_([Mood.SAD, Mood.GLAD]), Day.level == Level.HIGH).count() == 1
    assert await days.find(Day.other.in_([Mood.SAD, None])).count() == 1
    hour = await days.find(Hour).include(Hour.day).one()
    assert hour.day is glad
    glad.other = None
    await days.flush()
    assert await days.find(Day.mood == Mood.GLAD).update(Day.other.set(Mood.SAD)) == 1
    assert [day.other for day in (glad,)] == [Mood.SAD]
    assert await days.insert_all([Day(mood=Mood.SO, other=Mood.SAD)]) == 1
    assert (await days.upsert(Day(mood=Mood.SO, other=None))).other is None


@pytest.mark.usefixtures("days")
async def test_filters_know_enums(library: Pool) -> None:
    engine = ORMQueryEngine(Day, dialect=library.dialect)
    ast = process_filter_to_ast({"where": {"mood": {"in": ["glad", "so'so"]}}}, engine)
    assert [day.mood for day in await engine.build_query(ast).query.all(library)] == [Mood.GLAD]


async def test_a_table_checks_the_values_of_an_enum(days: Session, library: Pool) -> None:
    with pytest.raises(CheckViolation):
        await library.script("UPDATE day SET level = 3")
    with pytest.raises(DataError if library.dialect == "postgresql" else CheckViolation):
        await library.script("UPDATE day SET other = 'gone'")
    await days.find(Day).count()


@pytest.mark.parametrize("library", ["sqlite"], indirect=True)
async def test_a_value_that_is_no_members_is_said(library: Pool) -> None:
    await library.script(
        "CREATE TABLE day (mood TEXT, other TEXT, level INTEGER); INSERT INTO day VALUES ('x', '', 1)"
    )
    with pytest.raises(DataError, match="no member of Mood has the value"):
        await Session(library).find(Day).all()


async def test_types_go_with_the_tables(days: Session, library: Pool) -> None:
    await days.find(Day).count()
    await drop_all(library, Base)
    await create_all(library, Base)
    assert await days.find(Day).count() == 0


class Native(DeclarativeBase):
    """A base of what PostgreSQL alone has."""


class Host(Native):
    """Has addresses and ranges."""

    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[IPv4Interface | IPv6Interface]
    network: Mapped[IPv4Network | IPv6Network | None] = mapped_column(default=None)
    ports: Mapped[Range[int] | None] = mapped_column(IntegerType(0, 2**16), default=None)
    size: Mapped[Range[int] | None] = mapped_column(default=None)
    price: Mapped[Range[Decimal] | None] = mapped_column(default=None)
    days: Mapped[Range[dt.date] | None] = mapped_column(default=None)
    naive: Mapped[Range[dt.datetime] | None] = mapped_column(default=None)
    aware: Mapped[Range[dt.datetime] | None] = mapped_column(DateTimeType(aware=True), default=None)


@pytest.mark.parametrize("library", ["postgresql"], indirect=True)
async def test_addresses_and_ranges_come_back_as_they_were_stored(session: Session, library: Pool) -> None:
    await create_all(library, Native)
    day, noon = dt.date(2020, 1, 2), dt.datetime(2020, 1, 2, 12)  # noqa: DTZ001  # a naive one is meant
    given = {
        "address": ip_interface("10.1.2.3/8"),
        "network": ip_network("2001:db8::/32"),
        "ports": Range(80, 90),
        "size": Range[int](None, 2**40),
        "price": Range(Decimal("1.50"), Decimal(2), upper_inclusive=True),
        "days": Range(day, day + dt.timedelta(days=3)),
        "naive": Range(noon, None),
        "aware": Range[dt.datetime](empty=True),
    }
    host = Host(address=given["address"])  # type: ignore[arg-type]  # one of many
    for name, value in given.items():
        setattr(host, name, value)
    session.add(host)
    await session.flush()
    assert await session.insert_all([Host(address=ip_interface("::1"), ports=Range(1, 2))]) == 1
    session.clear()
    read = await session.get(Host, 1)
    assert read is not None
    assert {name: getattr(read, name) for name in given} == given
    read.ports = Range(1, 2)
    await session.flush()
    await session.refresh(read)
    assert read.ports == Range(1, 2)
    assert "ports" not in mapper_of(Host).schema.fields


@pytest.mark.parametrize("library", ["postgresql"], indirect=True)
async def test_what_is_no_address_and_no_range_is_refused_by_its_column(session: Session) -> None:
    address = ip_interface("::1")
    for name, value in (("address", "10.1.2.3"), ("network", 5), ("ports", (1, 2)), ("days", range(5))):
        host = Host(address=address)
        setattr(host, name, value)
        with pytest.raises(ParameterError, match=rf"^Host\.{name}: expected an? \w+"):
            await session.insert_all([host])


@pytest.mark.parametrize("filter", [{"where": {"address": "::1"}}, {"order": "size"}, {"fields": ["days"]}])
def test_filters_know_neither_addresses_nor_ranges(filter: Mapping[str, object]) -> None:
    with pytest.raises(FilterError) as refused:
        process_filter_to_ast(filter, ORMQueryEngine(Host, dialect="postgresql"))
    assert refused.value.code is ErrorCode.UNKNOWN_FIELD


def test_conditions_and_updates_of_addresses_and_ranges_say_what_to_do() -> None:
    for ask in (
        lambda: Host.address.set(ip_interface("::1")),
        Host.ports.is_null,
        lambda: Host.size == Range(1, 2),
    ):
        with pytest.raises(ConfigurationError, match="set it on objects, or write SQL"):
            ask()


def test_sqlite_has_neither_addresses_nor_ranges() -> None:
    with pytest.raises(ConfigurationError, match="SQLite has no inet"):
        schema_sql(Native, "sqlite")


class Wrong(DeclarativeBase):
    """A base of mistakes."""


class NoEnum(Wrong):
    """Keeps a number as an enum."""

    id: Mapped[int] = mapped_column(NativeEnum(), primary_key=True)


class Numbers(Wrong):
    """Has a type whose values would be numbers."""

    level: Mapped[Level] = mapped_column(NativeEnum(), primary_key=True, init=True)


class Oddly(Wrong):
    """Has a type with a strange name."""

    mood: Mapped[Mood] = mapped_column(NativeEnum("a b"), primary_key=True, init=True)


class Twice(DeclarativeBase):
    """A base of two enums of one name."""


class One1(Twice):
    """Has the one."""

    mood: Mapped[Mood] = mapped_column(NativeEnum("kind"), primary_key=True, init=True)


class Weather(enum.Enum):
    """Another enum."""

    RAIN = "rain"


class Two(Twice):
    """Has the other."""

    weather: Mapped[Weather] = mapped_column(NativeEnum("kind"), primary_key=True, init=True)


def test_what_is_no_enum_of_postgresql_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"NoEnum\.id: only enums are kept as enums"):
        mapper_of(NoEnum)
    for model in (Numbers, Oddly):
        with pytest.raises(ConfigurationError, match="a plain name, and texts"):
            mapper_of(model).primary_key[0].storage("postgresql")
    with pytest.raises(ConfigurationError, match="two enums of PostgreSQL are called kind"):
        schema_sql(Twice, "postgresql")
