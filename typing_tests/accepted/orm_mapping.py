"""Of a mapped class an attribute is an expression of that class, of an object it is a value."""

import datetime as dt
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any, assert_type

from queryengine_orm import Assignment, Expr, Order, Range, Scalar, Session
from queryengine_orm.attributes import Attribute, Loadable, ToMany, ToOne
from queryengine_orm.driver import Pool, Rows
from queryengine_orm.finding import Find

from typing_tests.orm_models import Carrier, Email, Flight, Kind, Number, Plane, Ticket

assert_type(Flight.origin, Attribute[Flight, str])
assert_type(Flight.delay, Attribute[Flight, int | None])
assert_type(Flight.carrier, ToOne[Flight, Carrier])
assert_type(Flight.plane, ToOne[Flight, Plane])
assert_type(Carrier.flights, ToMany[Carrier, Flight])

assert_type(Plane.kind, Attribute[Plane, Kind])
assert_type(Plane.kind == Kind.JET, Expr[Plane])
assert_type(Plane(seats=Range(100, 200)).seats, Range[int] | None)
assert_type(Plane().kind, Kind)

assert_type(Flight.id > 18, Expr[Flight])
assert_type(Flight.origin == "JFK", Expr[Flight])
assert_type(Flight.delay == None, Expr[Flight])  # noqa: E711  # what the operator is for
assert_type((Flight.delay > 5) & ~Flight.origin.like("J%") | Flight.left.is_null(), Expr[Flight])
assert_type(Flight.origin.in_(["JFK", "LGA"]), Expr[Flight])
assert_type(Flight.delay.between(1, 5), Expr[Flight])
assert_type(Flight.stops.has("ORD"), Expr[Flight])
assert_type(Flight.carrier.at(Carrier.name), Attribute[Flight, str])
assert_type(Flight.carrier.has(Carrier.name.icontains("air")), Expr[Flight])
assert_type(Carrier.flights.some(Flight.id > 5), Expr[Carrier])
assert_type(Flight.id + 1 > Flight.id, Expr[Flight])
assert_type(Flight.origin.desc(), Order[Flight])
assert_type(Flight.id.set(Flight.id + 1), Assignment[Flight])

flight = Flight(origin="JFK", carrier=Carrier(code="UA", name="United"))
assert_type(Carrier(code="UA", name="United", flights=[flight]).flights, list[Flight])
flight.delay = 5
flight.plane = None
assert_type(flight.left, dt.datetime | None)
assert_type(flight.carrier, Carrier)


def read(stored: Flight) -> list[Flight]:
    assert_type(stored.id, int)
    assert_type(stored.delay, int | None)
    assert_type(stored.plane, Plane | None)
    return assert_type(stored.carrier.flights, list[Flight])


async def work(pool: Pool) -> AsyncIterator[Flight]:
    async with Session(pool) as session, session.begin():
        assert_type(await session.get(Flight, 1), Flight | None)
        late = session.find(Flight.delay > 60)
        assert_type(late, Find[Flight])
        assert_type(session.find(Flight), Find[Flight])
        assert_type(await late.where(Flight.origin == "JFK").order_by(Flight.id).limit(5).all(), list[Flight])
        assert_type(await late.first(), Flight | None)
        assert_type(await session.get(Flight, 1, for_update=True), Flight | None)
        assert_type(await late.for_update(skip_locked=True).first(), Flight | None)
        assert_type(await late.include(Flight.carrier).one(), Flight)
        assert_type(Carrier.flights.then(Flight.plane, Flight.carrier), Loadable[Carrier])
        assert_type(session.find(Carrier).include(Carrier.flights.then(Flight.plane)), Find[Carrier])
        assert_type(await late.count(), int)
        assert_type(await late.exists(), bool)
        assert_type(await late.values(Flight.id, Flight.delay), list[tuple[int, int | None]])
        assert_type(await late.values(Flight.origin.length(), distinct=True), list[tuple[int]])
        assert_type(
            await late.values(Flight.id, Flight.origin, Flight.left, Flight.stops, Flight.plane_id),
            list[tuple[int, str, dt.datetime | None, list[str], int | None]],
        )
        assert_type(await late.values(Flight.carrier.at(Carrier.name)), list[tuple[str]])
        assert_type(await late.sum(Flight.id), int | None)
        assert_type(await late.sum(Flight.delay), int | None)
        assert_type(await late.avg(Flight.delay), float | None)
        assert_type(await late.max(Flight.left), dt.datetime | None)
        assert_type(await late.min(Flight.origin), str | None)
        assert_type(await session.find(Ticket).sum(Ticket.fee), Decimal | int | None)
        assert_type(await late.update(Flight.delay.set(None)), int)
        assert_type(await late.delete(), int)
        session.add_all([flight])
        stored = await session.upsert(Carrier(code="UA", name="United"), update=[Carrier.name])
        await session.load(
            stored, Carrier.flights, Carrier.flights.then(Flight.carrier.then(Carrier.flights))
        )
        stored.flights.append(flight)
        stored.flights = [flight]
        assert_type(await session.merge(stored), Carrier)
        await session.refresh(stored)
        session.expunge(stored)
        assert_type(await session.find_sql(Flight, "SELECT * FROM flight WHERE id = $1", [5]), list[Flight])
        assert_type(await session.query("SELECT 1"), Rows)
        async for each in late.stream():
            yield assert_type(each, Flight)


def any_order() -> list[Order[Any]]:
    return [Flight.id.asc(), Carrier.name.desc()]


assert_type(Ticket.price > 5, Expr[Ticket])
assert_type(Ticket.price * 2 > Ticket.price, Expr[Ticket])
assert_type(Ticket.fee == None, Expr[Ticket])  # noqa: E711  # what the operator is for
assert_type(Ticket.fee == Ticket.price, Expr[Ticket])
assert_type(Ticket.price == Ticket.fee, Expr[Ticket])
assert_type(Ticket.price.set(Ticket.price + 1), Assignment[Ticket])
assert_type(Ticket(price=Decimal(5)).price, Decimal)
assert_type(Ticket.seat == Ticket.name, Expr[Ticket])
assert_type(Ticket.name == Ticket.seat, Expr[Ticket])
assert_type(Ticket.row == Ticket.id, Expr[Ticket])
assert_type(Ticket.row + 1 == Ticket.id, Expr[Ticket])
assert_type(Flight.plane == None, Expr[Flight])  # noqa: E711  # what the operator is for

# What may be null is compared, calculated with and set like what may not, and can be set to None.
assert_type(Ticket.row > 18, Expr[Ticket])
assert_type(Ticket.row + 1, Scalar[Ticket, int | None])
assert_type(Ticket.row.between(1, 5), Expr[Ticket])
assert_type(Ticket.row.in_([1, None]), Expr[Ticket])
assert_type(Ticket.row.set(None), Assignment[Ticket])
assert_type(Ticket.row.set(Ticket.id), Assignment[Ticket])
assert_type(Ticket.row.coalesce(0), Scalar[Ticket, int])
assert_type(Ticket.id.set(Ticket.row.coalesce(0) + 1), Assignment[Ticket])
assert_type(Ticket.price.set(Ticket.fee.coalesce(Ticket.price)), Assignment[Ticket])
assert_type(Ticket.price.set(Ticket.fee.coalesce(0)), Assignment[Ticket])
assert_type(Ticket.seat.length() > 2, Expr[Ticket])

# New types are of the kind that they stand on.
assert_type(Ticket.number > Number(5), Expr[Ticket])
assert_type(Ticket.number.between(Number(1), Number(5)), Expr[Ticket])
assert_type(Ticket.email.contains("@"), Expr[Ticket])
assert_type(Ticket.email >= Email("m"), Expr[Ticket])

# All else is equal or not.
assert_type(Ticket.paid == True, Expr[Ticket])  # noqa: E712  # what the operator is for
notes: dict[str, object] = {"a": 1}
assert_type(Ticket.notes == notes, Expr[Ticket])
assert_type(Plane.kind.in_(list(Kind)), Expr[Plane])
assert_type(Flight.stops == ["ORD"], Expr[Flight])
