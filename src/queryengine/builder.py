"""What the grammar's rules make: the nodes of a ParsedFilter, from the leaves up. Knows parsed and tokens.

Each method bears the name of a rule (or of its alias) in reference.lark and takes what stands in that rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from queryengine.errors import ErrorCode, FilterError, Span, quoted
from queryengine.lexer import element_spans, elements
from queryengine.operators import by_name
from queryengine.parsed import (
    Condition,
    Group,
    Item,
    Literal,
    LiteralKind,
    Logical,
    Negation,
    Node,
    OperatorTest,
    ParsedList,
    ParsedObject,
    QuantifierTest,
)
from queryengine.tokens import Token

__all__ = ["Builder", "Clauses", "Entries"]

KINDS: Mapping[str, LiteralKind] = MappingProxyType({kind.name: kind for kind in LiteralKind})
Children: TypeAlias = list[Any]  # Any: a rule's children are what the grammar says, which no type can
Entries: TypeAlias = dict[str, tuple[Token, Any]]  # Any: a token or what another rule made
"""The keys of an object in their order, each with its token and what stands under it."""


@dataclass(slots=True)
class Clauses:
    """An object of clauses (or of what stands in fields and include); its literals are still tokens."""

    entries: Entries
    span: Span


class Builder:
    """The rules of the reference syntax. It keeps nothing between two calls."""

    def filter(self, children: Children) -> Clauses:
        """`{clauses}`."""
        return Clauses(children[1], around(children))

    def empty_filter(self, children: Children) -> Clauses:
        """`{}`."""
        return Clauses({}, around(children))

    def first_entry(self, children: Children) -> Entries:
        """The first key of an object."""
        key, value = children[0]
        return {key.word: (key, value)}

    def entries(self, children: Children) -> Entries:
        """The first two keys of an object."""
        return self.next_entry([self.first_entry(children), *children[1:]])

    def next_entry(self, children: Children) -> Entries:
        """A further key of an object."""
        entries: Entries = children[0]
        key: Token = children[2][0]
        if key.word in entries:
            raise FilterError(
                ErrorCode.DUPLICATE_KEY,
                f"the key {quoted(key.word)} stands twice in one object",
                span=key.span,
            )
        entries[key.word] = children[2]
        return entries

    def entry(self, children: Children) -> Children:
        """A key and what stands under it."""
        return children

    def first_item(self, children: Children) -> Children:
        """The first element of a list."""
        return children

    def next_item(self, children: Children) -> Children:
        """A further element of a list."""
        items: Children = children[0]
        items.append(children[2])
        return items

    def only(self, children: Children) -> object:
        """A rule that only gives a name to something."""
        only: object = children[0]
        return only

    def single(self, children: Children) -> Group:
        """`{condition}` or `{test}`."""
        return Group((children[1][1],), around(children))

    def group(self, children: Children) -> Group:
        """`{conditions}` or `{tests}`."""
        entries: Entries = children[1]
        return Group(tuple([item for _, item in entries.values()]), around(children))

    def field(self, children: Children) -> tuple[Token, Item]:
        """`"name": value` or `"name": {tests}`."""
        key: Token
        test: Node | Group
        key, test = children
        return key, Condition(key.word, test, key.span, Span(key.start_pos, test.span.end))

    def logical(self, children: Children) -> tuple[Token, Item]:
        """`"and": [groups]`."""
        key: Token = children[0]
        return key, Logical(
            key.word.removeprefix("$"), tuple(children[2]), Span(key.start_pos, children[3].end_pos)
        )

    def negation(self, children: Children) -> tuple[Token, Item]:
        """`"not": {group}`."""
        key: Token
        operand: Group
        key, operand = children
        return key, Negation(operand, Span(key.start_pos, operand.span.end))

    def operation(self, children: Children) -> tuple[Token, Item]:
        """`"gt": value`."""
        key: Token
        operand: Node
        key, operand = children
        operator = by_name[key.word.removeprefix("$")]
        return key, OperatorTest(key.word, operator, operand, Span(key.start_pos, operand.span.end))

    def quantifier(self, children: Children) -> tuple[Token, Item]:
        """`"some": {group}`."""
        key: Token
        where: Group
        key, where = children
        return key, QuantifierTest(key.word, where, Span(key.start_pos, where.span.end))

    def literal(self, children: Children) -> Literal:
        """A string, a number, true, false or null."""
        token: Token = children[0]
        return Literal(KINDS[token.type], token.value, token.span, token.chunk)

    def flat_list(self, children: Children) -> ParsedList:
        """A list that was lexed as one literal."""
        token: Token = children[0]
        items = [
            Literal(kind_of(text), text, span, token.chunk, element)
            for element, (text, span) in enumerate(
                zip(elements(token.value), element_spans(token.value, token.start_pos), strict=True)
            )
        ]
        return ParsedList(tuple(items), token.span, token.chunk)

    def list(self, children: Children) -> ParsedList:
        """`[items]` with something beside strings and numbers."""
        return ParsedList(tuple(children[1]), around(children))

    def empty_object(self, children: Children) -> ParsedObject:
        """`{}` as a value."""
        return ParsedObject((), around(children))

    def object(self, children: Children) -> ParsedObject:
        """`{members}` as a value."""
        entries: Entries = children[1]
        return ParsedObject(tuple([(word, node) for word, (_, node) in entries.items()]), around(children))

    def flags(self, children: Children) -> Clauses:
        """`{"name": true}`."""
        return Clauses(children[1], around(children))

    def include_list(self, children: Children) -> Children:
        """`["name", {"relation": "name"}]`."""
        items: Children = children[1]
        return items

    def include_scope(self, children: Children) -> Clauses:
        """`{"relation": "name", "scope": filter}`."""
        return Clauses(children[1], around(children))


def around(children: Children) -> Span:
    """Return the place of all that stands between the first mark of a rule and its last."""
    return Span(children[0].start_pos, children[-1].end_pos)


def kind_of(lexeme: str) -> LiteralKind:
    """Tell a string from a number."""
    return LiteralKind.STRING if lexeme[0] == '"' else LiteralKind.NUMBER
