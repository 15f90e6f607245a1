"""A match over a condition that leaves a kind of node out is not complete."""

from typing import assert_never

from queryengine.ast import And, Comparison, Not, Or, Where


def written(where: Where) -> str:
    match where:
        case And() | Or():
            return "joined"
        case Not():
            return "negated"
        case Comparison():
            return "compared"
        case _:
            assert_never(where)
            # mypy says: Argument 1 to "assert_never" has incompatible type "Quantified"; expected "Never"
            # pyright says: Argument of type "Quantified" cannot be assigned to parameter "arg" of type
            #     "Never" in function "assert_never"
