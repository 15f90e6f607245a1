"""The base of back-end compilers: walks a condition, pushes `not` to its leaves, finds the handlers."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar, assert_never

from queryengine.ast import And, Comparison, Not, Op, Or, Quantified, Where

__all__ = ["Compiler", "handles"]

PlaceT = TypeVar("PlaceT")
OperandT = TypeVar("OperandT")
ExpressionT = TypeVar("ExpressionT")
HandlerT = TypeVar("HandlerT", bound=Callable[..., object])

# Any: a class variable cannot name its class's type parameters; `predicate` gives the types back.
Handler: TypeAlias = Callable[[Any, Any, Comparison], Any]


def handles(*ops: Op) -> Callable[[HandlerT], HandlerT]:
    """Mark a method of a `Compiler` as the handler of these operators."""

    def mark(method: HandlerT) -> HandlerT:
        setattr(method, _MARK, ops)
        return method

    return mark


_MARK = "__queryengine_handles__"


class Compiler(ABC, Generic[PlaceT, OperandT, ExpressionT]):
    """Compiles a bound condition to a back-end's own expressions.

    A place is where the condition's rows come from (an alias of a table, a prefix of names), an operand is
    what stands at the end of a path (a column, a name). A handler is a method marked with `handles`, which
    takes an operand and a comparison and returns the predicate that is true where the comparison is; it may
    be anything but true where the operand is null. Making a concrete class fails with TypeError unless each
    operator has one handler or is listed in `gaps`; `abstract=True` marks a class that is not complete yet.

    >>> class Words(Compiler[str, str, str], gaps=frozenset(Op) - {Op.EQ}):
    ...     @handles(Op.EQ)
    ...     def equal(self, operand: str, comparison: Comparison) -> str:
    ...         return f"{operand} = {comparison.value}"
    ...
    ...     def all_of(self, operands):
    ...         return " and ".join(operands)
    ...
    ...     def any_of(self, operands):
    ...         return " or ".join(operands)
    ...
    ...     def comparison(self, node, place, negated):
    ...         return "not " * negated + self.predicate(str(node.path), node)
    ...
    ...     def quantified(self, node, place, negated):
    ...         raise NotImplementedError
    >>> from queryengine.ast import Path
    >>> one, two = (Comparison(Path(("x",), (), None), Op.EQ, value) for value in (1, 2))
    >>> Words().compile(Not(Or((one, two))), "")
    'not x = 1 and not x = 2'
    """

    gaps: ClassVar[frozenset[Op]] = frozenset()
    """the operators that the back-end declares not to have"""
    _handlers: ClassVar[Mapping[Op, Handler]] = MappingProxyType({})

    def __init_subclass__(cls, *, gaps: frozenset[Op] | None = None, abstract: bool = False) -> None:
        super().__init_subclass__()
        if gaps is not None:
            cls.gaps = gaps
        cls._handlers = _handlers_of(cls)
        if not abstract:
            _check_complete(cls.__name__, cls._handlers, cls.gaps)

    def compile(self, where: Where, place: PlaceT, *, negated: bool = False) -> ExpressionT:
        """Return the expression that is true exactly where `where` is, or if `negated` where it is not."""
        match where:
            case And():
                return self.joined(where.operands, place, negated, conjunction=not negated)
            case Or():
                return self.joined(where.operands, place, negated, conjunction=negated)
            case Not():
                return self.compile(where.operand, place, negated=not negated)
            case Comparison():
                return self.comparison(where, place, negated)
            case Quantified():
                return self.quantified(where, place, negated)
            case _:
                assert_never(where)

    def predicate(self, operand: OperandT, comparison: Comparison) -> ExpressionT:
        """Return what the operator's handler makes of an operand. Raises KeyError for a declared gap."""
        expression: ExpressionT = self._handlers[comparison.op](self, operand, comparison)
        return expression

    @abstractmethod
    def all_of(self, operands: Sequence[ExpressionT]) -> ExpressionT:
        """Return the conjunction of one or more expressions."""

    @abstractmethod
    def any_of(self, operands: Sequence[ExpressionT]) -> ExpressionT:
        """Return the disjunction of one or more expressions."""

    @abstractmethod
    def comparison(self, node: Comparison, place: PlaceT, negated: bool) -> ExpressionT:
        """Return a leaf: follow the path from `place`, and settle what null means (see `predicate`)."""

    @abstractmethod
    def quantified(self, node: Quantified, place: PlaceT, negated: bool) -> ExpressionT:
        """Return the condition on related rows."""

    def joined(
        self, nodes: Sequence[Where], place: PlaceT, negated: bool, *, conjunction: bool
    ) -> ExpressionT:
        """Return the conjunction or disjunction of conditions, each negated or not."""
        operands = [self.compile(node, place, negated=negated) for node in nodes]
        return self.all_of(operands) if conjunction else self.any_of(operands)


def _handlers_of(cls: type[Compiler[Any, Any, Any]]) -> Mapping[Op, Handler]:
    handlers: dict[Op, Handler] = {}
    names: dict[Op, str] = {}
    for name, method in inspect.getmembers_static(cls, callable):
        for op in getattr(method, _MARK, ()):
            if op in handlers:
                raise TypeError(f"{cls.__name__}: {names[op]} and {name} both handle {op.value}")
            handlers[op], names[op] = method, name
    return MappingProxyType(handlers)


def _check_complete(name: str, handlers: Mapping[Op, Handler], gaps: frozenset[Op]) -> None:
    missing = frozenset(Op) - handlers.keys() - gaps
    both = handlers.keys() & gaps
    if missing or both:
        wrong = [f"no handler for {op.value}" for op in Op if op in missing]
        wrong += [f"{op.value} is handled, and declared a gap" for op in Op if op in both]
        raise TypeError(f"{name}: {'; '.join(wrong)}")
