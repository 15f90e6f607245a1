"""What expressions and objects of mapped classes do not take."""

from queryengine_orm import Session

from typing_tests.orm_models import Carrier, Flight, Kind, Plane, Ticket

Flight.id > "5"
# mypy says: Unsupported operand types for > ("Attribute[Flight, int]" and "str")
# pyright says: Operator ">" not supported for types "Attribute[Flight, int]" and "Literal['5']"

Flight.id.like("5%")
# mypy says: Invalid self argument "Attribute[Flight, int]" to attribute function "like"
# pyright says: Cannot access attribute "like" for class "Attribute[Flight, int]"

Plane.kind > Kind.JET
# mypy says: Invalid self argument "Attribute[Plane, Kind]" to attribute function "__gt__"
# pyright says: Operator ">" not supported for types "Attribute[Plane, Kind]" and "Literal[Kind.JET]"

Plane.kind <= Plane.kind
# mypy says: Invalid self argument "Attribute[Plane, Kind]" to attribute function "__le__"
# pyright says: Operator "<=" not supported for types "Attribute[Plane, Kind]" and "Attribute[Plane, Kind]"

Plane.kind.between(Kind.JET, Kind.PROP)
# mypy says: Invalid self argument "Attribute[Plane, Kind]" to attribute function "between"
# pyright says: Cannot access attribute "between" for class "Attribute[Plane, Kind]"

Ticket.notes > Ticket.notes
# mypy says: Invalid self argument "Attribute[Ticket, dict[str, object]]" to attribute function "__gt__"
# pyright says: Operator ">" not supported for types "Attribute[Ticket, dict[str, object]]" and

Flight.stops > 3
# mypy says: Unsupported operand types for < ("int" and "Attribute[Flight, list[str]]")
# pyright says: Operator ">" not supported for types "Attribute[Flight, list[str]]" and "Literal[3]"

Flight.stops < ["ORD"]
# mypy says: Unsupported operand types for > ("list[str]" and "Attribute[Flight, list[str]]")
# pyright says: Operator "<" not supported for types "Attribute[Flight, list[str]]" and "list[str]"

Flight.origin + "x"
# mypy says: Invalid self argument "Attribute[Flight, str]" to attribute function "__add__"
# pyright says: Operator "+" not supported for types "Attribute[Flight, str]" and "Literal['x']"

Flight.origin * 2
# mypy says: Unsupported operand types for * ("Attribute[Flight, str]" and "int")
# pyright says: Operator "*" not supported for types "Attribute[Flight, str]" and "Literal[2]"

Flight.left - Flight.left
# mypy says: Invalid self argument "Attribute[Flight, datetime | None]" to attribute function "__sub__"
# pyright says: Operator "-" not supported for types "Attribute[Flight, datetime | None]" and

Ticket.id + 1.5
# mypy says: Unsupported operand types for + ("Attribute[Ticket, int]" and "float")
# pyright says: Operator "+" not supported for types "Attribute[Ticket, int]" and "float"

Ticket.paid + 1
# mypy says: Unsupported operand types for + ("Attribute[Ticket, bool]" and "int")
# pyright says: Operator "+" not supported for types "Attribute[Ticket, bool]" and "Literal[1]"

Ticket.id.set(Ticket.row + 1)
# mypy says: Argument 1 to "set" of "Attribute" has incompatible type "Scalar[Ticket, int | None]"
# pyright says: Argument of type "Scalar[Ticket, int | None]" cannot be assigned to parameter "value" of

Ticket.id.set(None)
# mypy says: Argument 1 to "set" of "Attribute" has incompatible type "None"
# pyright says: Argument of type "None" cannot be assigned to parameter "value" of type "int |

Ticket.row.coalesce("none")
# mypy says: No overload variant of "coalesce" of "Scalar" matches argument type "str"
# pyright says: No overloads for "coalesce" match the provided arguments
# pyright says: Argument of type "Literal['none']" cannot be assigned to parameter "other" of type "int |

Flight.stops.has(1)
# mypy says: Argument 1 to "has" of "Attribute" has incompatible type "int"; expected "str"
# pyright says: Argument of type "Literal[1]" cannot be assigned to parameter "value" of type "str"

Ticket.row.desc(nulls="end")
# mypy says: Argument "nulls" to "desc" of "Scalar" has incompatible type "Literal['end']"
# pyright says: Argument of type "Literal['end']" cannot be assigned to parameter "nulls" of type

Ticket.price.set(Ticket.fee)
# mypy says: Argument 1 to "set" of "Attribute" has incompatible type "Attribute[Ticket, Decimal | int | None]"
# pyright says: Argument of type "Attribute[Ticket, Decimal | int | None]" cannot be assigned to parameter

Flight.origin.has("x")
# mypy says: Invalid self argument "Attribute[Flight, str]" to attribute function "has"
# mypy says: Argument 1 to "has" of "Attribute" has incompatible type "str"; expected "Never"
# pyright says: Cannot access attribute "has" for class "Attribute[Flight, str]"

(Flight.id > 1) & (Carrier.name == "x")
# mypy says: Unsupported operand types for & ("Expr[Flight]" and "Expr[Carrier]")
# pyright says: Operator "&" not supported for types "Expr[Flight]" and "Expr[Carrier]"

Flight.carrier.has(Flight.id > 1)
# mypy says: Argument 1 to "has" of "ToOne" has incompatible type "Expr[Flight]"; expected "Expr[Carrier]"
# pyright says: Argument of type "Expr[Flight]" cannot be assigned to parameter "where" of type

Flight.carrier.at(Flight.id)
# mypy says: Argument 1 to "at" of "ToOne" has incompatible type "int"; expected "Attribute[Carrier, Never]"
# pyright says: Argument of type "Attribute[Flight, int]" cannot be assigned to parameter "attribute" of

Carrier.flights.some(Carrier.name == "x")
# mypy says: Argument 1 to "some" of "ToMany" has incompatible type "Expr[Carrier]"
# pyright says: Argument of type "Expr[Carrier]" cannot be assigned to parameter "where" of type

Flight.id.set("5")
# mypy says: Argument 1 to "set" of "Attribute" has incompatible type "str"
# pyright says: Argument of type "Literal['5']" cannot be assigned to parameter "value" of type "int |

Flight(origin="JFK")
# mypy says: Missing named argument "carrier" for "Flight"
# pyright says: Argument missing for parameter "carrier"

Flight(origin=5, carrier=Carrier(code="UA", name="United"))
# mypy says: Argument "origin" to "Flight" has incompatible type "int"; expected "str"
# pyright says: Argument of type "Literal[5]" cannot be assigned to parameter "origin" of type "str" in

Flight(id=5, origin="JFK", carrier=Carrier(code="UA", name="United"))
# mypy says: Unexpected keyword argument "id" for "Flight"
# pyright says: No parameter named "id"

Carrier(code="UA", name="United", flights=[Plane()])
# mypy says: List item 0 has incompatible type "Plane"; expected "Flight"
# pyright says: Argument of type "list[Plane]" cannot be assigned to parameter "flights" of type

Plane(kind="jet")
# mypy says: Argument "kind" to "Plane" has incompatible type "str"; expected "Kind"
# pyright says: Argument of type "Literal['jet']" cannot be assigned to parameter "kind" of type "Kind"

Plane(seats=(100, 200))
# mypy says: Argument "seats" to "Plane" has incompatible type "tuple[int, int]"; expected
# pyright says: cannot be assigned to parameter "seats" of type "Range[int] | None"

Carrier(name="United")
# mypy says: Missing named argument "code" for "Carrier"
# pyright says: Argument missing for parameter "code"


flight = Flight(origin="JFK", carrier=Carrier(code="UA", name="United"))
flight.origin = None
# mypy says: Incompatible types in assignment (expression has type "None", variable has type "str")
# pyright says: Cannot assign to attribute "origin" for class "Flight"

flight.carrier = None
# mypy says: Incompatible types in assignment (expression has type "None", variable has type "Carrier")
# pyright says: Cannot assign to attribute "carrier" for class "Flight"


async def work(session: Session) -> None:
    # Whatever is compared by == with a value of another type is a bool, as of any object.
    await session.find(Flight.delay == "5").all()
    # mypy says: Argument 1 to "find" of "Session" has incompatible type "bool"
    # pyright says: Argument of type "bool" cannot be assigned to parameter "what" of type

    session.find(Flight).where(Flight.id == None)  # noqa: E711  # it is never null
    # mypy says: Argument 1 to "where" of "Find" has incompatible type "bool"; expected
    # pyright says: Argument of type "bool" cannot be assigned to parameter "expressions" of type

    await session.find(Flight.id > 5).where(Carrier.name == "x").all()
    # mypy says: Argument 1 to "where" of "Find" has incompatible type "Expr[Carrier]"; expected
    # pyright says: Argument of type "Expr[Carrier]" cannot be assigned to parameter "expressions" of type

    carrier = await session.upsert(Carrier(code="UA", name="United"))
    carrier.flights.append(carrier)
    # mypy says: Argument 1 to "append" of "list" has incompatible type "Carrier"; expected "Flight"
    # pyright says: Argument of type "Carrier" cannot be assigned to parameter "object" of type "Flight"

    carrier.flights = None
    # mypy says: Incompatible types in assignment
    #     (expression has type "None", variable has type "list[Flight]")
    # pyright says: Cannot assign to attribute "flights" for class "Carrier"

    await session.load(carrier, Flight.carrier)
    # mypy says: Cannot infer value of type parameter "M" of "load" of "Session"
    # pyright says: Argument of type "ToOne[Flight, Carrier]" cannot be assigned to parameter "relations"

    session.find(Carrier).include(Carrier.flights.then(Carrier.flights))
    # mypy says: Argument 1 to "then" of "_Relation" has incompatible type
    # pyright says: Argument of type "ToMany[Carrier, Flight]" cannot be assigned to parameter "relations"

    session.find(Flight).include(Carrier.flights.then(Flight.plane))
    # mypy says: Argument 1 to "include" of "Find" has incompatible type "Loadable[Carrier]"; expected
    # pyright says: Argument of type "Loadable[Carrier]" cannot be assigned to parameter "relations"

    await session.upsert_all([carrier], on=[Flight.origin])
    # mypy says: Cannot infer value of type parameter "M" of "upsert_all" of "Session"
    # pyright says: Argument of type "list[Attribute[Flight, str]]" cannot be assigned to parameter "on"

    await session.find(Flight).values(Flight.id, Carrier.name)
    # mypy says: Argument 2 to "values" of "Find" has incompatible type
    # pyright says: No overloads for "values" match the provided arguments
    # pyright says: Argument of type "Attribute[Carrier, str]" cannot be assigned to parameter "scalars"

    await session.find(Flight).sum(Flight.origin)
    # mypy says: Value of type variable "Exact" of "sum" of "Find" cannot be "str"
    # pyright says: Argument of type "Attribute[Flight, str]" cannot be assigned to parameter "scalar"

    found: list[Carrier] = await session.find(Flight.id > 5).all()
    # mypy says: Incompatible types in assignment
    # pyright says: Type "list[Flight]" is not assignable to declared type "list[Carrier]"

    print(found)
