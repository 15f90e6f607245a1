"""A filter's error has a code of the closed list: a text of one's own is none."""

from queryengine.errors import FilterError

error = FilterError("no_such_code", "nothing is known about this")
# mypy says: Argument 1 to "FilterError" has incompatible type "str"; expected "ErrorCode" [arg-type]
# pyright says: Argument of type "Literal['no_such_code']" cannot be assigned to parameter "code" of type
#     "ErrorCode" in function "__init__"
