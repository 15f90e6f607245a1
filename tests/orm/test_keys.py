"""A key that no row can have is refused, the same on both databases, and never finds another row."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import AsyncIterator
from decimal import Decimal
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from typing import Any

import pytest
from queryengine_orm import DeclarativeBase, Mapped, Range, Session, create_all, mapped_column
from queryengine_orm.driver import Pool
from queryengine_orm.errors import ParameterError, UsageError

from queryengine.schema import DateTimeType, DecimalType, IntegerType
from tests.orm.conftest import schema_on
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.anyio


class Base(DeclarativeBase):
    """The base of keys of every type."""


class Ward(enum.Enum):
    """Texts."""

    NORTH = "north"
    SOUTH = "south"


class Floor(enum.IntEnum):
    """Whole numbers, which are equal to those of Python."""

    GROUND = 1


class ByInt(Base):
    """Has a whole number."""

    id: Mapped[int] = mapped_column(IntegerType(-(2**15), 2**15 - 1), primary_key=True, init=True)


class ByText(Base):
    """Has a text."""

    id: Mapped[str] = mapped_column(primary_key=True, init=True)


class ByBytes(Base):
    """Has bytes."""

    id: Mapped[bytes] = mapped_column(primary_key=True, init=True)


class ByUUID(Base):
    """Has a UUID."""

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, init=True)


class ByDate(Base):
    """Has a date."""

    id: Mapped[dt.date] = mapped_column(primary_key=True, init=True)


class ByMoment(Base):
    """Has an instant."""

    id: Mapped[dt.datetime] = mapped_column(DateTimeType(aware=True), primary_key=True, init=True)


class ByEnum(Base):
    """Has a member of an enum."""

    id: Mapped[Ward] = mapped_column(primary_key=True, init=True)


class ByFloor(Base):
    """Has a member of an enum of numbers."""

    id: Mapped[Floor] = mapped_column(primary_key=True, init=True)


class ByDecimal(Base):
    """Has a decimal."""

    id: Mapped[Decimal] = mapped_column(DecimalType(8, 2), primary_key=True, init=True)


class ByTwo(Base):
    """Has two."""

    one: Mapped[int] = mapped_column(primary_key=True, init=True)
    two: Mapped[str] = mapped_column(primary_key=True, init=True)


class OnPostgreSQL(DeclarativeBase):
    """The base of keys that SQLite has no types of."""


class ByAddress(OnPostgreSQL):
    """Has an address, of either version, of which no two have an order."""

    id: Mapped[IPv4Interface | IPv6Interface] = mapped_column(primary_key=True, init=True)
    name: Mapped[str] = mapped_column(default="")


class BySize(OnPostgreSQL):
    """Has a range."""

    id: Mapped[Range[int]] = mapped_column(primary_key=True, init=True)
    name: Mapped[str] = mapped_column(default="")


UID = uuid.UUID(int=5)
DAY = dt.date(2026, 1, 2)
AT = dt.datetime(2026, 1, 2, 3, tzinfo=dt.UTC)

KEYS: list[tuple[type[Any], object, list[object]]] = [
    (ByInt, 1, [True, "1", 1.0, Decimal(1), b"1", [1], {"id": 1}, None, 2**15, 2**70, Floor.GROUND.name]),
    (ByText, "a", [1, b"a", None, ["a"], "a\0", Ward.NORTH]),
    (ByBytes, b"a", ["a", 1, None, [97]]),
    (ByUUID, UID, [str(UID), 5, UID.bytes, None]),
    (ByDate, DAY, ["2026-01-02", AT, 5, None]),
    (ByMoment, AT, [AT.replace(tzinfo=None), DAY, AT.isoformat(), AT.timestamp(), None]),
    (ByEnum, Ward.NORTH, ["north", "NORTH", Floor.GROUND, None]),
    (ByFloor, Floor.GROUND, [1, True, "1", None]),
    (ByDecimal, Decimal("1.50"), [1.5, "1.50", True, Decimal("1.505"), Decimal("NaN"), None]),
    (ByTwo, (1, "a"), [(True, "a"), (1, b"a"), ("1", "a"), (1, None), (1, ["a"])]),
]
CASES = [pytest.param(*case, id=case[0].__name__) for case in KEYS]


@pytest.fixture
async def keys(library: Pool) -> AsyncIterator[Session]:
    """Give a session over the tables."""
    await create_all(library, Base)
    async with Session(library) as session:
        yield session


@pytest.mark.parametrize(("model", "key", "wrong"), CASES)
async def test_a_key_of_another_type_is_refused_and_finds_no_row(
    keys: Session, model: type[Any], key: object, wrong: list[object]
) -> None:
    stored: DeclarativeBase = ByTwo(one=1, two="a") if model is ByTwo else model(id=key)
    keys.add(stored)
    await keys.flush()
    for is_known in (True, False):
        assert (await keys.get(model, key) is stored) is is_known
        if not is_known:
            keys.clear()
        for each in wrong:
            with pytest.raises(ParameterError, match=rf"^{model.__name__}\.\w+: "):
                await keys.get(model, each)
        keys.clear()
    assert repr(await keys.get(model, key)) == repr(stored)


async def test_a_key_is_found_by_what_is_equal_to_it_in_its_type(keys: Session) -> None:
    keys.add_all([ByDecimal(id=Decimal("7.00")), ByMoment(id=AT), ByBytes(id=b"a")])
    await keys.flush()
    moved = AT.astimezone(dt.timezone(dt.timedelta(hours=5)))
    for _ in range(2):
        assert await keys.get(ByDecimal, 7) is not None
        assert await keys.get(ByDecimal, Decimal("7.0")) is not None
        assert await keys.get(ByMoment, moved) is not None
        assert await keys.get(ByBytes, bytearray(b"a")) is not None
        keys.clear()


async def test_a_key_of_too_many_values_is_refused(keys: Session) -> None:
    with pytest.raises(UsageError, match=r"^the key of ByInt has 1 columns \(id\); given: 2$"):
        await keys.get(ByInt, (1, 2))
    with pytest.raises(UsageError, match=r"^the key of ByTwo has 2 columns \(one, two\); given: 1$"):
        await keys.get(ByTwo, 1)
    with pytest.raises(UsageError, match="given: 0"):
        await keys.get(ByTwo, ())


@pytest.mark.parametrize(
    ("model", "ids"),
    [
        (ByAddress, [ip_interface("10.0.0.1/32"), ip_interface("::1/128")]),
        (BySize, [Range(1, 2), Range(1, None), Range(3, 4)]),
    ],
)
async def test_objects_whose_keys_have_no_order_are_written_together(
    postgres: PostgresServer, model: Any, ids: list[object]
) -> None:
    async with schema_on(postgres) as pool:
        await create_all(pool, OnPostgreSQL)
        objects = [model(id=each) for each in ids]
        session = Session(pool)
        session.add_all(objects)
        await session.flush()
        for each in objects:
            each.name = "changed"
        await session.flush()
        assert {each.name for each in await Session(pool).find(model).all()} == {"changed"}
