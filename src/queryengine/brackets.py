"""Bracket parameters, `filter[where][price][gt]=50`, to the same document as JSON text. Knows operators.

Lists are `[0]`, `[1]` ... without gaps, in any order, or `[]` for one more value at the end; a name may not
come twice without `[]`. An object all of whose keys are such numbers is a list. Empty lists and null cannot
be written so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cache
from json.encoder import encode_basestring
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from queryengine.errors import ErrorCode, FilterError, Span, quoted
from queryengine.lexer import NUMBER
from queryengine.limits import Limits
from queryengine.operators import LOGICAL, QUANTIFIERS, Arity, find_operator
from queryengine.parsed import Source, Style
from queryengine.tokens import exceeded

__all__ = ["Parameter", "read_brackets"]


class Parameter(NamedTuple):
    """One decoded parameter, with the places of its name and value in the raw query string."""

    name: str
    value: str
    name_span: Span
    value_span: Span


@dataclass(slots=True)
class _Leaf:
    parameter: Parameter


@dataclass(slots=True)
class _Branch:
    """An object, or a list when all its keys are indices; `appended` counts the values under `[]`.

    `depth` is the number of keys that lead there in the name of the `parameter` that came there first.
    """

    parameter: Parameter
    depth: int
    children: dict[str, _Tree] = field(default_factory=dict[str, "_Tree"])
    appended: int = 0


_Tree: TypeAlias = _Leaf | _Branch


class _At(Enum):
    """What stands at a place of the document: it decides which texts are written without quotes."""

    FILTER = auto()
    GROUP = auto()
    GROUPS = auto()
    TESTS = auto()
    TESTS_LIST = auto()
    FIELDS = auto()
    INCLUDE = auto()
    NUMBER = auto()
    FLAG = auto()
    LIST = auto()
    TEXT = auto()


def read_brackets(parameters: Sequence[Parameter], original: str, limits: Limits) -> Source:
    """Return the JSON rendering of bracket parameters, which come from the raw query string `original`.

    Every value is a JSON string there, but for true and false where only these can stand, and for the
    numbers of limit and offset. Raises FilterError.

    >>> price = Parameter("filter[where][price]", "5", Span(0, 20), Span(21, 22))
    >>> read_brackets([price], "filter[where][price]=5", Limits()).text
    '{"where":{"price":"5"}}'
    """
    try:
        root = _Branch(parameters[0], 0)
        for parameter in parameters:
            _insert(root, parameter, limits)
        return _Writer().write(root, original)
    except FilterError as error:
        error.source = original
        raise


# -- parameters to a tree


def _insert(root: _Branch, parameter: Parameter, limits: Limits) -> None:
    *way, last = _keys(parameter, limits)
    branch = root
    for depth, key in enumerate(way, start=1):
        if not key:
            raise _invalid(parameter, "[] can only stand at the end of a name")
        below = branch.children.setdefault(key, _Branch(parameter, depth))
        if isinstance(below, _Leaf):
            raise _conflict(parameter)
        branch = below
    appends = not last
    if branch.children and appends is not bool(branch.appended):
        if appends or last.isdecimal():
            raise _invalid(parameter, "a list has either indices or []")
        raise _conflict(parameter)
    if appends:
        last = str(branch.appended)
        branch.appended += 1
    if isinstance(branch.children.get(last), _Branch):
        raise _conflict(parameter)
    if last in branch.children:
        hint = "a name that ends with [] may stand again, for the next value of a list"
        message = f"{quoted(parameter.name)} stands twice"
        path = _path(parameter)
        raise FilterError(ErrorCode.DUPLICATE_KEY, message, path=path, span=parameter.name_span, hint=hint)
    branch.children[last] = _Leaf(parameter)


def _keys(parameter: Parameter, limits: Limits) -> list[str]:
    """Return what stands in the brackets of a name."""
    if parameter.name.count("[") > limits.max_depth:
        raise exceeded("max_depth", limits.max_depth, "levels of nesting", parameter.name_span)
    keys = parameter.name[parameter.name.index("[") :]
    if _brackets().fullmatch(keys) is None:
        raise _invalid(parameter, f"{quoted(parameter.name)} cannot be read")
    return keys[1:-1].split("][")


def _path(parameter: Parameter, depth: int | None = None) -> tuple[str | int, ...]:
    """Return the keys in a name that can be read, or the first of them, as they lead through the document."""
    keys = parameter.name[parameter.name.index("[") + 1 : -1].split("][")[:depth]
    return tuple([int(key) if len(key) < 7 and _index().fullmatch(key) else key for key in keys if key])


def _conflict(parameter: Parameter) -> FilterError:
    return _invalid(parameter, f"{quoted(parameter.name)} clashes with another parameter", _path(parameter))


def _invalid(parameter: Parameter, message: str, path: tuple[str | int, ...] = ()) -> FilterError:
    example = "a name such as filter[where][price][gt]"
    return FilterError(
        ErrorCode.INVALID_PARAMETER, message, path=path, span=parameter.name_span, expected=(example,)
    )


# -- the tree to text


@dataclass(slots=True)
class _Open:
    """An object or list that is being written: what is left of it, and how it ends."""

    rest: Iterator[tuple[str | None, _Tree, _At]]
    end: str


class _Writer:
    """Writes the text, and notes which part of it comes from where."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._places: list[tuple[Span, Span]] = []

    def write(self, root: _Branch, original: str) -> Source:
        """Write without recursion: limits are the caller's to choose."""
        stack = [self._open(root, _At.FILTER)]
        while stack:
            entry = next(stack[-1].rest, None)
            if entry is None:
                self._put(stack.pop().end)
                continue
            key, node, at = entry
            if self._parts[-1] not in "{[":
                self._put(",")
            if key is not None:
                self._put(encode_basestring(key), node.parameter.name_span)
                self._put(":")
            if isinstance(node, _Branch):
                stack.append(self._open(node, at))
            else:
                self._put(_literal(node.parameter, at), node.parameter.value_span)
        return Source("".join(self._parts), Style.BRACKETS, original, tuple(self._places))

    def _open(self, branch: _Branch, at: _At) -> _Open:
        indices = _indices(branch)
        self._put("{" if indices is None else "[")
        if indices is None:
            return _Open(((key, node, _below(at, key)) for key, node in branch.children.items()), "}")
        below = _below(at, None)
        return _Open(((None, branch.children[str(index)], below) for index in indices), "]")

    def _put(self, text: str, origin: Span | None = None) -> None:
        if origin is not None:
            self._places.append((Span(self._length, self._length + len(text)), origin))
        self._parts.append(text)
        self._length += len(text)


def _indices(branch: _Branch) -> range | None:
    """Return the indices of a list, or None for an object. Raises FilterError for a list with gaps."""
    if not branch.children or not all(_index().fullmatch(key) for key in branch.children):
        if branch.appended:
            raise _conflict(branch.parameter)
        return None
    indices = range(len(branch.children))
    for index in indices:
        if str(index) not in branch.children:
            message = f"the list has no element [{index}]: indices are [0], [1] and so on, without gaps"
            raise _invalid(branch.parameter, message, _path(branch.parameter, branch.depth))
    return indices


def _literal(parameter: Parameter, at: _At) -> str:
    text = parameter.value
    if at in (_At.LIST, _At.FIELDS):
        path = _path(parameter)
        raise FilterError(
            ErrorCode.SYNTAX_ERROR,
            f"{path[-1]} takes a list",  # one of our own words, or a number
            path=path,
            span=parameter.name_span,
            expected=["a list"],
            hint="end the name with [] to give one value after the other",
        )
    if (at is _At.FLAG and text in {"true", "false"}) or (at is _At.NUMBER and _number().fullmatch(text)):
        return text
    return encode_basestring(text)


def _below(at: _At, key: str | None) -> _At:
    """Return what stands under a key (None: an index) of an object or list that stands at `at`."""
    match at:
        case _At.FILTER:
            return _CLAUSES.get(key or "", _At.TEXT)
        case _At.GROUPS | _At.TESTS_LIST:
            return _At.GROUP if at is _At.GROUPS else _At.TESTS
        case _At.GROUP | _At.TESTS:
            return _below_condition(at, (key or "").removeprefix("$"))
        case _At.FIELDS:
            return _At.TEXT if key is None else _At.FLAG
        case _At.INCLUDE:
            return _At.INCLUDE if key is None else _At.FILTER if key == "scope" else _At.TEXT
        case _:
            return _At.TEXT


def _below_condition(at: _At, word: str) -> _At:
    if word == "not":
        return at
    if word in LOGICAL:
        return _At.GROUPS if at is _At.GROUP else _At.TESTS_LIST
    if at is _At.GROUP:
        return _At.TESTS
    if word in QUANTIFIERS:
        return _At.GROUP
    operator = find_operator(word)
    return _At.TESTS if operator is None else _OPERANDS[operator.arity]


_CLAUSES: Mapping[str, _At] = MappingProxyType(
    {
        "where": _At.GROUP,
        "having": _At.GROUP,
        "count": _At.FLAG,
        "fields": _At.FIELDS,
        "include": _At.INCLUDE,
        "limit": _At.NUMBER,
        "offset": _At.NUMBER,
        "skip": _At.NUMBER,
    }
)
_OPERANDS: Mapping[Arity, _At] = MappingProxyType(
    {Arity.ONE: _At.TEXT, Arity.MANY: _At.LIST, Arity.PAIR: _At.LIST, Arity.FLAG: _At.FLAG}
)


@cache
def _brackets() -> re.Pattern[str]:
    return re.compile(r"(?:\[[^\[\]]*+\])+")


@cache
def _index() -> re.Pattern[str]:
    return re.compile("0|[1-9][0-9]*+")


@cache
def _number() -> re.Pattern[str]:
    return re.compile(NUMBER)
