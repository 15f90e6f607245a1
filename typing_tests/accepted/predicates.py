"""A field is named by text or by a mapped attribute; comparing it with values of any type is a predicate."""

import datetime as dt
import enum
import uuid
from decimal import Decimal
from typing import assert_type

from queryengine import EVERYTHING, Predicate, field
from queryengine.predicate import FieldReference
from typing_tests.models import Flight


class Cabin(enum.Enum):
    FIRST = "first"


assert_type(field("origin"), FieldReference)
assert_type(field("plane.seats"), FieldReference)
assert_type(field(Flight.origin), FieldReference)
assert_type(field(Flight.departure), FieldReference)
assert_type(field(Flight.plane), FieldReference)

assert_type(field(Flight.origin) == "JFK", Predicate)
assert_type(field(Flight.origin) != "JFK", Predicate)
assert_type(field("origin") == None, Predicate)  # noqa: E711  # means isNull, as in every ORM
assert_type(field(Flight.id) > 5, Predicate)
assert_type(field(Flight.id) >= 5.5, Predicate)
assert_type(field(Flight.id) < Decimal(5), Predicate)
assert_type(field(Flight.departure) <= dt.datetime(2013, 1, 1, tzinfo=dt.UTC), Predicate)
assert_type(5 < field(Flight.id), Predicate)  # noqa: SIM300  # either side may be the field
assert_type(field("day") == dt.date(2013, 1, 1), Predicate)
assert_type(field("key") == uuid.UUID(int=0), Predicate)
assert_type(field("photo") == b"", Predicate)
assert_type(field("cabin") == Cabin.FIRST, Predicate)
assert_type(field("cancelled") == False, Predicate)  # noqa: E712  # a condition, as in every ORM

assert_type(field("origin").in_(["JFK", "LGA", None]), Predicate)
assert_type(field("origin").in_({"JFK"}), Predicate)
assert_type(field("id").between(1, 10), Predicate)
assert_type(field("departure").is_null(), Predicate)
assert_type(field("origin").contains("F"), Predicate)
assert_type(field("origin").starts_with("J"), Predicate)
assert_type(field("tags").has("late"), Predicate)
assert_type(field("passengers").some(field("name") == "Ada"), Predicate)
assert_type(field("passengers").some(), Predicate)
assert_type(field("passengers").every(field("age") >= 18), Predicate)
assert_type(field("passengers").none(), Predicate)

mine = (field("tenant_id") == 7) & ~field("archived_at").is_null() | EVERYTHING
assert_type(mine, Predicate)
