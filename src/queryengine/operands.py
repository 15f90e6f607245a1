"""Binds operands: each value of the text becomes a slot with a reader, constants are read at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from queryengine.ast import Op, Scalar, Slot, Value
from queryengine.cursor import LONGEST as LONGEST_CURSOR
from queryengine.errors import ErrorCode, FilterError
from queryengine.parsed import Literal, LiteralKind, Node, ParsedList, Style
from queryengine.plan import SlotReader, SlotTable
from queryengine.policy import SecurityPolicy
from queryengine.regex import parse_regex
from queryengine.resolver import Trail
from queryengine.schema import ArrayType, FieldType, IntegerType, JSONType, ScalarType, TextType
from queryengine.text import check_like
from queryengine.values import ValueProblem, read_list, reader, split_list
from queryengine.values.problem import out_of_range

__all__ = ["OperandReader", "Readers"]

V = TypeVar("V")
Read = Callable[[str], Scalar]
SIZE = IntegerType(0, 2**31 - 1)


class Readers:
    """The readers of a policy, made once for each type."""

    def __init__(self, policy: SecurityPolicy) -> None:
        self.policy = policy
        self._known: dict[tuple[ScalarType, Style], Read] = {}

    def of(self, type_: ScalarType, style: Style) -> Read:
        """Return the reader of a type's values, as strict as the policy says."""
        known = self._known.get((type_, style))
        if known is None:
            policy = self.policy
            known = self._known[type_, style] = reader(
                type_,
                style,
                lenient=policy.lenient,
                timezone=policy.zone,
                max_string_length=policy.limits.max_string_length,
            )
        return known


class OperandReader:
    """Reads the operands of one text into slots."""

    def __init__(
        self,
        text: str,
        style: Style,
        readers: Readers,
        slots: SlotTable,
        unescaped: frozenset[Op] = frozenset(),
    ) -> None:
        self._unescaped = unescaped
        self._text = text
        self._style = style
        self._readers = readers
        self._limits = readers.policy.limits
        self._slots = slots

    # -- one function per arity

    def flag(self, node: Node, trail: Trail) -> bool:
        """Read true or false, which belong to the shape."""
        if isinstance(node, Literal) and node.kind in (LiteralKind.TRUE, LiteralKind.FALSE):
            return node.kind is LiteralKind.TRUE
        raise _mismatch(node, trail, "true or false")

    def one(self, op: Op, type_: FieldType, node: Node, trail: Trail) -> Value:
        """Read a value for a field of this type, a pattern, an element or a number of elements."""
        if isinstance(type_, JSONType):
            read = reader(type_, self._style, max_string_length=self._limits.max_string_length)
            return self._constant(read, node.span.slice(self._text), node, trail)
        if isinstance(type_, ArrayType) and op is Op.EQ:
            return self.many(op, type_, node, trail)[0]
        if not isinstance(node, Literal) or node.kind is LiteralKind.NULL:
            if isinstance(node, Literal):
                raise _null(node, trail)
            hint = "use in for a list of values" if isinstance(node, ParsedList) else None
            raise _mismatch(node, trail, "one value", hint)
        return self._literal(self._reader_for(op, type_), node, trail)

    def pair(self, type_: FieldType, node: Node, trail: Trail) -> tuple[Value, Value]:
        """Read the two values of between."""
        if not isinstance(node, ParsedList) or len(node.items) != 2:
            raise _mismatch(node, trail, "a list of two values")
        read = self._reader(type_)
        if node.chunk is None:
            first, second = (self.one(Op.GTE, type_, item, trail) for item in node.items)
            return first, second
        low, high = (self._add(_of_pair(read, node.chunk, i), trail, node.chunk) for i in range(2))
        return low, high

    def many(self, op: Op, type_: FieldType, node: Node, trail: Trail) -> tuple[Value, bool]:
        """Read a list of values; the second part tells whether a null stood among them."""
        values, null = self._list(self._reader(type_), node, trail)
        if null and op is not Op.IN:
            raise _mismatch(node, trail, "a list without null")
        return values, null

    def window(self, node: Literal, least: int, most: int, trail: Trail) -> Slot:
        """Read a limit or an offset from `least` to `most`."""
        if node.chunk is None:
            raise _mismatch(node, trail, "a whole number")
        read = self._readers.of(IntegerType(least, most), Style.JSON)
        return self._add(_of_chunk(read, node.chunk), trail, node.chunk)

    def cursor(self, node: Literal, trail: Trail) -> Slot:
        """Read the text of a cursor; what it says is for who made it."""
        if node.chunk is None:
            raise _mismatch(node, trail, "a cursor")
        read = reader(TextType(), max_string_length=LONGEST_CURSOR)
        return self._add(_of_chunk(read, node.chunk), trail, node.chunk)

    # -- readers and slots

    def _reader(self, type_: FieldType) -> Read:
        """The reader of a field's values (of an array's elements), as strict as the policy says."""
        element = type_.element if isinstance(type_, ArrayType) else type_
        assert not isinstance(element, JSONType), "no operator of JSON fields takes single values"
        return self._readers.of(element, self._style)

    def _reader_for(self, op: Op, type_: FieldType) -> Read:
        read = self._reader(SIZE if op is Op.SIZE else type_)
        if op in (Op.LIKE, Op.ILIKE):
            return _checked(read, check_like)
        if op in self._unescaped:
            return _checked(read, _check_plain)
        return _checked(read, parse_regex) if op is Op.REGEX else read

    def _literal(self, read: Read, node: Literal, trail: Trail) -> Value:
        if node.chunk is None:
            return self._constant(read, node.text, node, trail)
        return self._add(_of_chunk(read, node.chunk), trail, node.chunk)

    def _constant(self, read: Callable[[str], V], text: str, node: Node, trail: Trail) -> V:
        try:
            return read(text)
        except ValueProblem as problem:
            raise FilterError(
                problem.code, problem.message, path=trail, span=node.span, expected=problem.expected
            ) from None

    def _add(self, read: Callable[[Sequence[str]], Value], trail: Trail, chunk: int) -> Slot:
        return self._slots.add(SlotReader(read, trail, (chunk,)))

    def _list(self, read: Read, node: Node, trail: Trail) -> tuple[Value, bool]:
        if not isinstance(node, ParsedList):
            raise _mismatch(node, trail, "a list of values")
        if node.chunk is not None:
            whole = read_list(read, self._limits.max_list_length)
            return self._add(_of_chunk(whole, node.chunk), trail, node.chunk), False
        return self._mixed(read, node, trail)

    def _mixed(self, read: Read, node: ParsedList, trail: Trail) -> tuple[Value, bool]:
        """A list with true, false or null: those belong to the shape, the others have chunks of their own."""
        null = False
        parts: list[Callable[[Sequence[str]], Scalar]] = []
        chunks: list[int] = []
        for index, item in enumerate(node.items):
            if not isinstance(item, Literal):
                raise _mismatch(item, (*trail, index), "one value")
            if item.kind is LiteralKind.NULL:
                null = True
            elif item.chunk is None:
                parts.append(_always(self._constant(read, item.text, item, (*trail, index))))
            else:
                chunks.append(item.chunk)
                parts.append(_of_chunk(read, item.chunk))
        if not chunks:
            return tuple([part(()) for part in parts]), null
        return self._slots.add(SlotReader(_of_all(parts), trail, tuple(chunks))), null


def _always(value: Scalar) -> Callable[[Sequence[str]], Scalar]:
    return lambda _: value


def _of_all(parts: list[Callable[[Sequence[str]], Scalar]]) -> Callable[[Sequence[str]], Value]:
    return lambda lexemes: tuple([part(lexemes) for part in parts])


def _of_chunk(read: Callable[[str], V], chunk: int) -> Callable[[Sequence[str]], V]:
    return lambda lexemes: read(lexemes[chunk])


def _of_pair(read: Read, chunk: int, element: int) -> Callable[[Sequence[str]], Value]:
    def read_element(lexemes: Sequence[str]) -> Value:
        parts = split_list(lexemes[chunk])
        if len(parts) != 2:
            expected = "a list of two values"
            raise ValueProblem(ErrorCode.TYPE_MISMATCH, f"expected {expected}", (expected,))
        try:
            return read(parts[element])
        except ValueProblem as problem:
            problem.element = element
            raise

    return read_element


def _checked(read: Read, check: Callable[[str], object]) -> Read:
    def read_pattern(lexeme: str) -> Scalar:
        value = read(lexeme)
        assert isinstance(value, str)
        check(value)
        return value

    return read_pattern


def _check_plain(text: str) -> None:
    if "%" in text or "_" in text:
        raise out_of_range("a text without % and _")


def _null(node: Node, trail: Trail) -> FilterError:
    return FilterError(
        ErrorCode.TYPE_MISMATCH,
        "null cannot be compared",
        path=trail,
        span=node.span,
        expected=("a value",),
        hint="isNull asks for rows without a value",
    )


def _mismatch(node: Node, trail: Trail, expected: str, hint: str | None = None) -> FilterError:
    return FilterError(
        ErrorCode.TYPE_MISMATCH,
        f"expected {expected}",
        path=trail,
        span=node.span,
        expected=(expected,),
        hint=hint,
    )
