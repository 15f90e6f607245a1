"""Predicates are joined by `&`, `|` and `~`, and compare one field with values, not with fields or objects."""

from queryengine import Predicate, field

from typing_tests.models import Flight

origin = field(Flight.origin)
mine = field("tenant_id") == 7

field(5)
# mypy says: Argument 1 to "field" has incompatible type "int"; expected "str | Named" [arg-type]
# pyright says: Argument of type "Literal[5]" cannot be assigned to parameter "name" of type "str | Named" in
#     function "field"

field(Flight)
# mypy says: Argument 1 to "field" has incompatible type "type[Flight]"; expected "str | Named" [arg-type]
# pyright says: Argument of type "type[Flight]" cannot be assigned to parameter "name" of type "str | Named"
#     in function "field"

field()
# mypy says: Missing positional argument "name" in call to "field" [call-arg]
# pyright says: Argument missing for parameter "name" [reportCallIssue]

with_another_field = origin == field("destination")
# mypy says: Unsupported operand types for == ("FieldReference" and "FieldReference") [operator]
# pyright says: Operator "==" not supported for types "FieldReference" and "FieldReference"

with_null = field("id") > None
# mypy says: Unsupported operand types for > ("FieldReference" and "None") [operator]
# pyright says: Operator ">" not supported for types "FieldReference" and "None" [reportOperatorIssue]

with_a_document = field("id") < {"gt": 5}
# mypy says: Unsupported operand types for < ("FieldReference" and "dict[str, int]") [operator]
# pyright says: Operator "<" not supported for types "FieldReference" and "dict[str, int]"

origin.in_(5)
# mypy says: Argument 1 to "in_" of "FieldReference" has incompatible type "int"; expected "Collection[bool |
#     int | float | Decimal | str | <7 more items> | None]" [arg-type]
# pyright says: Argument of type "Literal[5]" cannot be assigned to parameter "values" of type
#     "Collection[Scalar | None]" in function "in_"

origin.in_([object()])
# mypy says: List item 0 has incompatible type "object"; expected "int | float | Decimal | str | date | time |
#     timedelta | UUID | Enum | bytes | None" [list-item]
# pyright says: Argument of type "list[object]" cannot be assigned to parameter "values" of type
#     "Collection[Scalar | None]" in function "in_"

origin.contains(5)
# mypy says: Argument 1 to "contains" of "FieldReference" has incompatible type "int"; expected "str"
# pyright says: Argument of type "Literal[5]" cannot be assigned to parameter "text" of type "str" in function
#     "contains"

origin.like("J%")
# mypy says: "FieldReference" has no attribute "like" [attr-defined]
# pyright says: Cannot access attribute "like" for class "FieldReference"

with_a_field = origin & mine
# mypy says: Unsupported left operand type for & ("FieldReference") [operator]
# pyright says: Operator "&" not supported for types "FieldReference" and "Predicate" [reportOperatorIssue]

with_a_truth = mine & True
# mypy says: Unsupported operand types for & ("Predicate" and "bool") [operator]
# pyright says: Operator "&" not supported for types "Predicate" and "Literal[True]" [reportOperatorIssue]

with_a_native_condition = mine | (Flight.origin == "JFK")
# mypy says: Unsupported operand types for | ("Predicate" and "ColumnElement[bool]") [operator]
# pyright says: Operator "|" not supported for types "Predicate" and "ColumnElement[bool]"

of_a_field = ~origin
# mypy says: Unsupported operand type for ~ ("FieldReference") [operator]
# pyright says: Operator "~" not supported for type "FieldReference" [reportOperatorIssue]

without_parentheses = origin == "JFK" & mine
# mypy says: Unsupported left operand type for & ("str") [operator]
# pyright says: Operator "&" not supported for types "Literal['JFK']" and "Predicate" [reportOperatorIssue]

field("passengers").some("Ada")
# mypy says: Argument 1 to "some" of "FieldReference" has incompatible type "str"; expected "Predicate"
# pyright says: Argument of type "Literal['Ada']" cannot be assigned to parameter "where" of type "Predicate"
#     in function "some"

field("passengers").every()
# mypy says: Missing positional argument "where" in call to "every" of "FieldReference" [call-arg]
# pyright says: Argument missing for parameter "where" [reportCallIssue]


def with_a_list() -> Predicate:
    return origin == ["JFK"]
    # mypy says: Incompatible return value type (got "bool", expected "Predicate") [return-value]
    # pyright says: Type "bool" is not assignable to return type "Predicate"


def with_an_object() -> Predicate:
    return origin == object()
    # mypy says: Incompatible return value type (got "bool", expected "Predicate") [return-value]
    # pyright says: Type "bool" is not assignable to return type "Predicate"


# Neither checker sees that `18 < field("age") < 65` asks for a truth; it raises TypeError when it is run.
def in_words() -> Predicate:
    return mine and field("id") > 5
    # mypy says: Left operand of "and" is always true [redundant-expr]
    # mypy says: Right operand of "and" is never evaluated [unreachable]


def negated() -> Predicate:
    return not mine
    # mypy says: Incompatible return value type (got "bool", expected "Predicate") [return-value]
    # pyright says: Type "bool" is not assignable to return type "Predicate"
    # pyright says: Method __bool__ for type "Predicate" returns type "NoReturn" rather than "bool"


def asked(predicate: Predicate) -> int:
    if predicate:
        # pyright says: Method __bool__ for type "Predicate" returns type "NoReturn" rather than "bool"
        return 1
        # mypy says: Statement is unreachable [unreachable]
    return 0
    # mypy says: Statement is unreachable [unreachable]
