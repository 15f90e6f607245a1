"""Whole numbers that the database computes are exact on both databases, or an error of the same class."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from queryengine_orm import DeclarativeBase, Mapped, Session, create_all, mapped_column
from queryengine_orm.driver import Pool
from queryengine_orm.errors import ConfigurationError, DataError, OrmError, ParameterError, UsageError

from queryengine.schema import DecimalType, IntegerType

pytestmark = pytest.mark.anyio


class Base(DeclarativeBase):
    """The base of numbers."""


class Drug(Base):
    """Has numbers of 16, 32 and 64 bits, and one that is not whole."""

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    small: Mapped[int] = mapped_column(IntegerType(-(2**15), 2**15 - 1), default=5)
    stock: Mapped[int] = mapped_column(IntegerType(-(2**31), 2**31 - 1), default=5)
    sold: Mapped[int | None] = mapped_column(default=5)
    weight: Mapped[float] = mapped_column(default=1.5)
    price: Mapped[Decimal] = mapped_column(DecimalType(5, 2), default=Decimal("1.50"))
    rate: Mapped[Decimal] = mapped_column(DecimalType(9, 4), default=Decimal("1.0050"))


@pytest.fixture
async def drugs(library: Pool) -> AsyncIterator[Session]:
    """Give a session over one drug."""
    await create_all(library, Base)
    async with Session(library) as session:
        session.add(Drug(code="a"))
        await session.flush()
        yield session


async def test_a_number_that_overflows_is_an_error_and_not_a_float(drugs: Session) -> None:
    for assignment in (
        Drug.sold.set(Drug.sold + (2**63 - 1)),
        Drug.sold.set(Drug.sold * 2**62),
        Drug.sold.set(Drug.sold - (2**63 - 1) - 2**62),
        Drug.stock.set(Drug.stock + (2**31 - 1)),
        Drug.small.set(Drug.small * 2**13),
        Drug.small.set(Drug.small * Drug.stock * 2**13),
        Drug.weight.set(Drug.weight * 1.7e308),
        Drug.weight.set(Drug.weight * -1.7e308),
        Drug.price.set(Drug.stock * 200),
    ):
        with pytest.raises(DataError) as error:
            await drugs.find(Drug).update(assignment)
        assert error.value.sqlstate == "22003"
    for condition in (Drug.sold * 2**62 > 5, Drug.small + (2**63 - 1) > Drug.stock):
        with pytest.raises(DataError) as error:
            await drugs.find(condition).all()
        assert error.value.sqlstate == "22003"


async def test_numbers_are_exact_up_to_64_bits_whatever_a_column_holds(drugs: Session) -> None:
    assert await drugs.find(Drug.small + (2**63 - 6) == 2**63 - 1).count() == 1
    assert await drugs.find(Drug.small * Drug.stock * 2**40 == 25 * 2**40).count() == 1
    await drugs.find(Drug).update(Drug.sold.set(Drug.sold - 6 - (2**63 - 1)), Drug.small.set(Drug.stock - 7))
    found = await drugs.find(Drug).one()
    assert (found.sold, found.small) == (-(2**63), -2)
    await drugs.find(Drug).update(Drug.sold.set(None))
    await drugs.find(Drug).update(Drug.weight.set(Drug.weight * 2.0 + 5.0))
    assert await drugs.find(Drug.sold + 1 == 1).count() == 0
    assert (found.sold, found.weight) == (None, 8.0)


async def test_numbers_that_fit_are_stored_and_none_is_rounded(drugs: Session) -> None:
    await drugs.find(Drug).update(
        Drug.price.set(Drug.stock * 199), Drug.weight.set(Drug.weight * 1e308), Drug.rate.set(Drug.price)
    )
    found = await drugs.find(Drug).one()
    assert (str(found.price), found.weight, str(found.rate)) == ("995.00", 1.5e308, "1.5000")
    with pytest.raises(ConfigurationError, match=r"^Drug\.price: the other's values have more digits after"):
        Drug.price.set(Drug.rate)


async def test_a_value_in_place_of_null_is_not_rounded_either(drugs: Session) -> None:
    for more in (
        Drug.price.coalesce(Drug.rate),
        Drug.rate.coalesce(Drug.price),
        Drug.price.coalesce(Decimal("1.125")),
        Drug.price.coalesce(Drug.price).coalesce(Drug.rate),
        Drug.price.coalesce(Drug.rate * 1),
    ):
        with pytest.raises(
            ConfigurationError, match=r"^Drug\.price: the other's values have more digits after"
        ):
            Drug.price.set(more)
    for equal in (
        Drug.price.coalesce(7),
        Drug.price.coalesce(Decimal("1.500")),
        Drug.stock.coalesce(0),
    ):
        await drugs.find(Drug).update(Drug.price.set(equal))
    await drugs.find(Drug).update(Drug.rate.set(Drug.price.coalesce(Drug.rate)))
    found = await drugs.find(Drug).one()
    assert (str(found.price), str(found.rate)) == ("5.00", "5.0000")


def test_a_column_takes_computed_values_of_its_own_kind_only() -> None:
    with pytest.raises(ConfigurationError, match=r"^Drug\.sold: "):
        Drug.sold.set(Drug.weight)  # type: ignore[arg-type]  # what the type checker refuses as well
    with pytest.raises(ConfigurationError):
        Drug.sold.set(Drug.code)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError):
        Drug.sold + Drug.code  # type: ignore[operator]


async def test_a_list_of_any_length_is_asked_for(drugs: Session) -> None:
    drugs.add_all([Drug(code=f"{number}'\"é") for number in range(9)])
    await drugs.flush()
    assert await drugs.find(Drug.id.in_(range(-50_000, 4))).count() == 3
    assert await drugs.find(Drug.code.in_([f"{number}'\"é" for number in range(5, 50_000)])).count() == 4


async def test_more_parameters_than_sqlite_takes_are_refused(drugs: Session, library: Pool) -> None:
    query = drugs.find(Drug.weight.in_([float(number) + 0.5 for number in range(50_000)]))
    if library.dialect == "sqlite":
        with pytest.raises(ParameterError, match="32766"):
            await query.count()
    else:
        assert await query.count() == 1


async def test_sql_with_nul_is_refused_and_nothing_of_it_is_run(drugs: Session, library: Pool) -> None:
    cut = "DELETE FROM drug\0 WHERE code = 'b'"
    with pytest.raises(OrmError):
        await library.query(cut)
    with pytest.raises(OrmError):
        await library.execute_many(cut, [()])
    with pytest.raises(OrmError):
        await library.script("DELETE FROM drug; " + cut)
    with pytest.raises(OrmError):
        _ = [rows async for rows in library.stream("SELECT 1\0, 2", result=("int",))]
    assert await drugs.find(Drug).count() == 1


async def test_an_upsert_needs_a_column_to_know_a_row_by(drugs: Session) -> None:
    with pytest.raises(UsageError, match="one column at least"):
        await drugs.upsert(Drug(code="a"), on=[])
