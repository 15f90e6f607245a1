"""A program as users of the companion write it: nullable columns, optional relations, sessions, streams."""

import datetime as dt
import enum
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import assert_type

from queryengine_orm import (
    DeclarativeBase,
    Expr,
    ForeignKey,
    Many,
    Mapped,
    Maybe,
    One,
    Order,
    Session,
    String,
    create_all,
    mapped_column,
    relationship,
)
from queryengine_orm.driver import Pool
from queryengine_orm.errors import StaleRow, UniqueViolation

from queryengine.schema import DateTimeType, DecimalType


class Base(DeclarativeBase):
    """The base of the service's classes."""


class State(enum.Enum):
    """How far an order is."""

    OPEN = "open"
    PAID = "paid"


class Customer(Base):
    """Who buys."""

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    age: Mapped[int | None] = mapped_column(default=None)
    born: Mapped[dt.date | None] = mapped_column(default=None)
    sponsor_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"), init=False)
    sponsor: Maybe["Customer"] = relationship(init=True, default=None)
    orders: Many["Purchase"] = relationship()


class Purchase(Base):
    """What is bought."""

    id: Mapped[int] = mapped_column(primary_key=True)
    total: Mapped[Decimal] = mapped_column(DecimalType(10, 2))
    discount: Mapped[Decimal | None] = mapped_column(DecimalType(10, 2), default=None)
    state: Mapped[State] = mapped_column(default=State.OPEN)
    paid_at: Mapped[dt.datetime | None] = mapped_column(DateTimeType(aware=True), default=None)
    note: Mapped[str | None] = mapped_column(default=None)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), init=False)
    customer: One[Customer] = relationship(init=True)
    version: Mapped[int] = mapped_column(version=True, init=False)


def conditions(older: int | None, name: str | None) -> list[Expr[Customer]]:
    """Return what is asked for, as far as it is."""
    found: list[Expr[Customer]] = []
    if older is not None:
        found.append(Customer.age > older)
    if name:
        found.append(Customer.name.icontains(name) | (Customer.name == name))
    found.append(Customer.sponsor == None)  # noqa: E711  # what the operator is for
    found.append(~Customer.age.is_null() & (Customer.age + 1 >= 18))
    found.append(Customer.sponsor.at(Customer.age) > Customer.age)
    found.append(Customer.sponsor.has((Customer.age == None) | Customer.born.is_null()))  # noqa: E711  # as above
    found.append(Customer.orders.some((Purchase.discount > 5) & (Purchase.state == State.OPEN)))
    found.append(Customer.orders.none(Purchase.total - Purchase.discount.coalesce(0) > 100))
    return found


def order(by_age: bool) -> Sequence[Order[Customer]]:
    """Return an order that is total."""
    first = Customer.age.desc(nulls="last") if by_age else Customer.name.asc()
    return [first, Customer.id.asc()]


async def page(session: Session, older: int | None, *, limit: int = 20) -> list[Customer]:
    """Return a page of customers."""
    query = session.find(Customer)
    for condition in conditions(older, None):
        query = query.where(condition)
    return (
        await query.order_by(*order(by_age=True))
        .limit(limit)
        .include(Customer.sponsor, Customer.orders)
        .all()
    )


async def rename(session: Session, key: int, name: str) -> Customer | None:
    """Give a customer another name; None where there is no such customer."""
    async with session.begin():
        customer = await session.get(Customer, key)
        if customer is None:
            return None
        customer.name = name
        customer.age = None if customer.age is None else customer.age + 1
        if customer.sponsor is not None:
            assert_type(customer.sponsor.name, str)
    return customer


async def pay(session: Session, key: int) -> bool:
    """Mark a purchase as paid, unless another did."""
    try:
        async with session.begin():
            purchase = await session.find(Purchase.id == key).include(Purchase.customer).one()
            purchase.state, purchase.paid_at = State.PAID, dt.datetime.now(dt.UTC)
            purchase.note = purchase.note or f"paid by {purchase.customer.name}"
    except StaleRow:
        return False
    return True


async def settle(session: Session) -> int:
    """Take all discounts off at once."""
    return await session.find(Purchase.discount > 0, Purchase.state == State.OPEN).update(
        Purchase.total.set(Purchase.total - Purchase.discount.coalesce(0)),
        Purchase.discount.set(None),
        Purchase.note.set("settled"),
        Purchase.paid_at.set(dt.datetime.now(dt.UTC)),
    )


async def names(session: Session) -> AsyncIterator[str]:
    """Give the names of all, as they come."""
    async for customer in session.find(Customer).order_by(Customer.name).stream():
        yield customer.name if customer.sponsor_id is None else f"{customer.name} *"


async def register(pool: Pool, name: str, sponsor: Customer | None) -> Customer:
    """Store a new customer, or give the one who has the name."""
    await create_all(pool, Base)
    async with Session(pool) as session:
        try:
            async with session.begin():
                new = Customer(name=name, sponsor=sponsor)
                new.orders.append(Purchase(total=Decimal(5), customer=new))
                session.add(new)
        except UniqueViolation:
            known = await session.find(Customer.name == name).first()
            assert known is not None
            return assert_type(known, Customer)
        ages: dict[int, int | None] = {each.id: each.age for each in await page(session, 18)}
        oldest = max((age for age in ages.values() if age is not None), default=None)
        return await session.upsert(
            Customer(name=name, age=oldest), on=[Customer.name], update=[Customer.age]
        )
