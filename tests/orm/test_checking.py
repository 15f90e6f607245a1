"""Values of writes are held to their columns, the same on both databases: what is stored can be read."""

from __future__ import annotations

import datetime as dt
import enum
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from queryengine_orm import DeclarativeBase, Mapped, Session, String, create_all, mapped_column
from queryengine_orm.driver import Pool
from queryengine_orm.errors import NotNullViolation, ParameterError

from queryengine.schema import DateTimeType, DecimalType, IntegerType

pytestmark = pytest.mark.anyio

AT = dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.UTC)


class Base(DeclarativeBase):
    """The base of a row of every type."""


class State(enum.Enum):
    """Texts."""

    OPEN = "open"


class Other(enum.Enum):
    """Of another class, with the same value."""

    OPEN = "open"


class Visit(Base):
    """A column of every type."""

    id: Mapped[int] = mapped_column(primary_key=True)
    room: Mapped[int] = mapped_column(IntegerType(-(2**15), 2**15 - 1), default=1)
    age: Mapped[int | None] = mapped_column(default=None)
    weight: Mapped[float | None] = mapped_column(default=None)
    price: Mapped[Decimal] = mapped_column(DecimalType(12, 2), default=Decimal(0))
    paid: Mapped[bool | None] = mapped_column(default=None)
    name: Mapped[str | None] = mapped_column(default=None)
    code: Mapped[str | None] = mapped_column(String(5), default=None)
    born: Mapped[dt.date | None] = mapped_column(default=None)
    at: Mapped[dt.datetime | None] = mapped_column(DateTimeType(aware=True), default=None)
    local: Mapped[dt.datetime | None] = mapped_column(default=None)
    clock: Mapped[dt.time | None] = mapped_column(default=None)
    took: Mapped[dt.timedelta | None] = mapped_column(default=None)
    uid: Mapped[UUID | None] = mapped_column(default=None)
    secret: Mapped[bytes | None] = mapped_column(default=None, hidden=True)
    state: Mapped[State | None] = mapped_column(default=None)
    notes: Mapped[dict[str, object]] = mapped_column(default_factory=dict)
    data: Mapped[object] = mapped_column(default=None)


WRONG: list[tuple[str, object]] = [
    ("room", 2**15),
    ("age", 5.5),
    ("age", "sesame"),
    ("age", True),
    ("age", 2**63),
    ("weight", "sesame"),
    ("weight", math.nan),
    ("weight", Decimal("1.5")),
    ("price", "7"),
    ("price", 5.5),
    ("price", Decimal("1.005")),
    ("price", Decimal("1E+12")),
    ("price", Decimal("NaN")),
    ("price", Decimal("Infinity")),
    ("paid", 1),
    ("name", 5),
    ("name", "a\0b"),
    ("name", "a\ud800"),
    ("code", "abcdef"),
    ("code", "abcde "),
    ("code", "ë" * 6),
    ("born", AT),
    ("born", "2026-01-01"),
    ("at", "2026-01-01"),
    ("at", AT.replace(tzinfo=None)),
    ("local", AT),
    ("clock", dt.time(1, tzinfo=dt.UTC)),
    ("took", 5),
    ("uid", str(UUID(int=5))),
    ("secret", "sesame"),
    ("state", "open"),
    ("state", Other.OPEN),
    ("notes", {"day": dt.date(2026, 1, 1)}),
    ("notes", {"n": math.nan}),
    ("notes", {1: "sesame"}),
    ("notes", {"n": "a\0b"}),
]
TAKEN: list[tuple[str, object, object]] = [
    ("age", -(2**63), -(2**63)),
    ("weight", 3, 3.0),
    ("price", 7, Decimal("7.00")),
    ("price", Decimal("1.5000"), Decimal("1.50")),
    ("price", Decimal("9999999999.99"), Decimal("9999999999.99")),
    ("price", Decimal("-0"), Decimal("0.00")),
    ("name", "Zoë", "Zoë"),
    ("code", "ë" * 5, "ë" * 5),
    ("at", AT.astimezone(dt.timezone(dt.timedelta(hours=5))), AT),
    ("secret", bytearray(b"abc"), b"abc"),
    ("notes", {"a": [1, None, {"b": "c"}]}, {"a": [1, None, {"b": "c"}]}),
    ("data", None, None),
]


@pytest.fixture
async def visits(library: Pool) -> AsyncIterator[Session]:
    """Give a session over a table of visits."""
    await create_all(library, Base)
    async with Session(library) as session:
        yield session


def visit(attribute: str, value: Any) -> Visit:  # Any: values of wrong types too
    """Return a visit of which one value is given."""
    made = Visit()
    setattr(made, attribute, value)
    return made


async def refused(visits: Session, attribute: str, value: Any) -> None:
    """Each way of writing refuses the value, and says where."""
    ways: list[Callable[[], Awaitable[object]]] = [
        lambda: store(visits, visit(attribute, value)),
        lambda: visits.insert_all([Visit(), visit(attribute, value)]),
        lambda: visits.upsert(visit(attribute, value)),
        lambda: visits.find(Visit).update(getattr(Visit, attribute).set(value)),
        lambda: change(visits, attribute, value),
    ]
    for way in ways:
        with pytest.raises(ParameterError) as error:
            await way()
        visits.clear()
        text = str(error.value)
        assert text.startswith(f"Visit.{attribute}: ")
        assert "expected" in text or "a string holds NUL" in text
        assert not any(word in text for word in ("sesame", "1.005", "5.5"))


async def store(visits: Session, one: Visit) -> None:
    """Store a new object."""
    visits.add(one)
    await visits.flush()


async def change(visits: Session, attribute: str, value: Any) -> None:
    """Change the object that there is."""
    found = await visits.find(Visit).one()
    setattr(found, attribute, value)
    await visits.flush()


async def test_no_way_of_writing_stores_a_value_of_another_type(visits: Session) -> None:
    await store(visits, Visit())
    for attribute, value in WRONG:
        await refused(visits, attribute, value)
    assert len(await visits.find(Visit).all()) == 1


async def test_what_a_column_holds_exactly_is_taken_by_all_ways(visits: Session) -> None:
    for attribute, value, read in TAKEN:
        await store(visits, visit(attribute, value))
        assert await visits.insert_all([visit(attribute, value)]) == 1
        await visits.upsert(visit(attribute, value))
        if attribute != "data":
            await visits.find(Visit).update(getattr(Visit, attribute).set(value))
        visits.clear()
        values = [getattr(each, attribute) for each in await visits.find(Visit).all()]
        assert [(type(each), str(each)) for each in values] == [(type(read), str(read))] * 3
        await visits.find(Visit).delete()


async def test_json_that_may_not_be_null_is_not_null(visits: Session) -> None:
    with pytest.raises(NotNullViolation) as error:
        async with visits.begin():
            visits.add(visit("notes", None))
    assert error.value.column == "notes"
    with pytest.raises(NotNullViolation):
        await visits.insert_all([visit("notes", None)])


async def test_a_text_that_is_too_long_is_told_how_long_it_may_be(visits: Session) -> None:
    with pytest.raises(ParameterError) as error:
        await store(visits, visit("code", "sesame"))
    assert str(error.value) == "Visit.code: expected a text of at most 5 characters; given: one of 6"
    assert await visits.find(Visit.code == "sesame").count() == 0
