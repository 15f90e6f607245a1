"""The tokens of a filter for the grammar, made lazily of lexed text, with the limits on size. Knows no Lark.

What a key means depends on where it stands (`gt` is an operator below a field and a name beside one), so the
stream asks the parser what is acceptable, as a contextual lexer does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType
from typing import ClassVar, TypeAlias

from queryengine.errors import ErrorCode, FilterError, Span, nearest, quoted
from queryengine.lexer import STRING, WS, Lexed, element_spans, elements
from queryengine.limits import Limits
from queryengine.operators import LOGICAL, OPERATORS, QUANTIFIERS, by_name
from queryengine.vocabulary import operator_for

__all__ = ["KEYS", "Token", "TokenStream", "check_name", "path_to", "words"]

CLAUSES: Mapping[str, str] = MappingProxyType(
    {
        "where": "WHERE",
        "order": "ORDER",
        "fields": "FIELDS",
        "include": "INCLUDE",
        "limit": "LIMIT",
        "offset": "OFFSET",
        "skip": "OFFSET",
        "after": "CURSOR",
        "before": "CURSOR",
        "relation": "RELATION",
        "scope": "SCOPE",
    }
)
AGGREGATES: Mapping[str, str] = MappingProxyType(
    {
        "groupBy": "GROUP_BY",
        "count": "COUNT",
        "countDistinct": "FUNCTION",
        "sum": "FUNCTION",
        "avg": "FUNCTION",
        "min": "FUNCTION",
        "max": "FUNCTION",
        "having": "HAVING",
    }
)
"""The clauses that only an aggregate has."""
NAMES = ("FIELD", "NAME", "MEMBER")
KEYS = frozenset({*CLAUSES.values(), *AGGREGATES.values(), *NAMES, "LOGICAL", "NOT", "QUANTIFIER", "KEY"}) | {
    f"OP_{operator.arity.name}" for operator in by_name.values()
}
"""The types of tokens that are keys; `KEY` is one that cannot stand anywhere."""

PUNCTUATION: Mapping[str, str] = MappingProxyType(
    {"{": "LBRACE", "}": "RBRACE", "[": "LSQB", "]": "RSQB", ",": "COMMA"}
)
LONGEST_KEY = 1_024
"""characters of a key in the path of an error"""
LONGEST_KEPT = 64
"""characters between two literals, up to which their tokens are kept"""

Mark: TypeAlias = tuple[str, str, int, int, str]
"""A token without its place in the text: type, text, start, end, and the word of a key."""

_OPENING = frozenset({"LBRACE", "LSQB"})
_CLOSING = frozenset({"RBRACE", "RSQB"})
_TESTS = KEYS - frozenset({*CLAUSES.values(), *AGGREGATES.values(), *NAMES, "LOGICAL", "NOT", "KEY"})
"""The keys that are a condition each: operators and quantifiers."""
LITERALS: Mapping[str, str] = MappingProxyType({'"': "STRING", "": "NUMBER", "[": "LIST"})

# The end is an alternative of its own: without it the search would try each place of white space before it.
PIECE = (
    rf'{WS}*+(?:([{{}}\[\],])|({STRING}){WS}*+:|(true|false|null)(?!\w)|("[^"]*+"?+|[^\s{{}}\[\],":]++|.)|\Z)'
)


@dataclass(slots=True)
class Token:
    """One token: a key with its colon, a literal, a word or a mark. `word` is the decoded text of a key.

    The names of the first four and the counts of lines are those that Lark looks for.
    """

    type: str
    value: str
    start_pos: int
    end_pos: int
    chunk: int | None = None
    word: str = ""
    line: ClassVar[int] = 1
    column: ClassVar[int] = 1
    end_line: ClassVar[int] = 1
    end_column: ClassVar[int] = 1

    @property
    def span(self) -> Span:
        """Where the token stands, without the colon of a key."""
        return Span(self.start_pos, self.end_pos)


@cache
def words() -> Mapping[str, str]:
    """Return the type of token of each word that means something as a key."""
    joined: dict[str, str] = dict.fromkeys(LOGICAL, "LOGICAL") | {"not": "NOT"}
    joined |= dict.fromkeys(QUANTIFIERS, "QUANTIFIER")
    joined |= {name: f"OP_{operator.arity.name}" for name, operator in by_name.items()}
    return MappingProxyType(
        {**CLAUSES, **AGGREGATES, **joined, **{f"${word}": kind for word, kind in joined.items()}}
    )


def pieces(lexed: Lexed) -> Iterator[Token]:
    """Yield the tokens of a text by themselves: a key has the type KEY, what is no token at all GARBAGE."""
    position = 0
    for index, structure in enumerate(lexed.structs):
        found = _kept_marks(structure) if len(structure) <= LONGEST_KEPT else _marks(structure)
        for kind, text, start, end, word in found:
            yield Token(kind, text, position + start, position + end, None, word)
        position += len(structure)
        if index < len(lexed.lexemes):
            lexeme = lexed.lexemes[index]
            yield Token(LITERALS[lexed.kinds[index]], lexeme, position, position + len(lexeme), index)
            position += len(lexeme)


@lru_cache(maxsize=512)
def _kept_marks(structure: str) -> tuple[Mark, ...]:
    """Return the tokens of a short structure, kept: new shapes are mostly made of parts that others had."""
    return tuple(_marks(structure))


def _marks(structure: str) -> Iterator[Mark]:
    """Yield the tokens between two literals, each when it is wanted: a long text can be over a limit."""
    for match in _piece().finditer(structure):
        group = match.lastindex
        if group is None:
            continue
        text = match[group]
        start = match.start(group)
        if group == 1:
            yield PUNCTUATION[text], text, start, start + 1, ""
        elif group == 2:
            yield "KEY", text, start, start + len(text), unescaped(text)
        else:
            yield text.upper() if group == 3 else "GARBAGE", text, start, start + len(text), ""


class TokenStream:
    """The tokens of one text, each read when the parser wants it; a breach of a limit ends the stream."""

    __slots__ = ("conditions", "lexed", "limits")

    def __init__(self, lexed: Lexed, limits: Limits) -> None:
        self.lexed: Lexed = lexed
        self.limits: Limits = limits
        self.conditions: int = 0

    def read(self, acceptable: Callable[[], Container[str]]) -> Iterator[Token]:
        """Yield the tokens. `acceptable` tells the types that may stand where the next token is read."""
        self.conditions = 0
        limits = self.limits
        deepest, longest = limits.max_depth, limits.max_list_length
        lengths: list[int] = []  # of the objects and lists that are open
        after_field = False
        for token in pieces(self.lexed):
            kind = token.type
            if after_field and kind != "LBRACE":
                self._count_condition(token)
            after_field = False
            if kind == "KEY":
                token.type = kind = self._key(token, acceptable())
                after_field = kind == "FIELD"
            elif kind in _OPENING:
                lengths.append(1)
                if len(lengths) > deepest:
                    raise exceeded("max_depth", deepest, "levels of nesting", token)
            elif kind in _CLOSING:
                if lengths:
                    lengths.pop()
            elif kind == "COMMA" and lengths:
                lengths[-1] += 1
                if lengths[-1] > longest:
                    raise exceeded("max_list_length", longest, "values in one list", token)
            elif kind == "LIST":
                if len(lengths) >= deepest:
                    raise exceeded("max_depth", deepest, "levels of nesting", token)
                if len(elements(token.value)) > longest:
                    raise exceeded("max_list_length", longest, "values in one list", token)
            yield token

    def _key(self, token: Token, acceptable: Container[str]) -> str:
        """Return the type of a key where only `acceptable` can stand, or what it would be elsewhere."""
        check_text(token.word, token)
        special = words().get(token.word)
        if special is not None and special in acceptable:
            if special in _TESTS:
                self._count_condition(token)
            return special
        for kind in NAMES:
            if kind in acceptable:
                if token.word[:1] == "$" and kind != "NAME":
                    raise dollar_word(token, special, acceptable)
                if kind != "MEMBER":
                    check_name(token.word, token, self.limits)
                return kind
        return special or "KEY"

    def _count_condition(self, token: Token) -> None:
        self.conditions += 1
        if self.conditions > self.limits.max_conditions:
            raise exceeded("max_conditions", self.limits.max_conditions, "conditions", token)


def exceeded(name: str, maximum: int, what: str, place: Token | Span) -> FilterError:
    """Make the error of a limit that is breached."""
    span = place if isinstance(place, Span) else place.span
    message = f"more than {maximum} {what}"
    return FilterError(ErrorCode.LIMIT_EXCEEDED, message, span=span, expected=(f"{name} {maximum}",))


def dollar_word(token: Token, special: str | None, acceptable: Container[str]) -> FilterError:
    """Make the error of a key with `$` that is none of the words which can stand there."""
    if special is not None:
        return FilterError(
            ErrorCode.SYNTAX_ERROR,
            f"the operator {quoted(token.word)} cannot stand here",
            span=token.span,
            hint="an operator stands in the object of a field",
        )
    near = nearest(token.word, [word for word in words() if word.startswith("$")])
    if near is None:
        meant = operator_for(token.word)
        near = None if meant is None else f"${meant}"
    own = (*LOGICAL, "not", *QUANTIFIERS, *(operator.name for operator in OPERATORS))
    return FilterError(
        ErrorCode.UNKNOWN_OPERATOR,
        f"no operator {quoted(token.word)}",
        span=token.span,
        expected=[f"${word}" for word in dict.fromkeys(own) if words()[word] in acceptable],
        nearest=near,
    )


def check_name(name: str, place: Token | Span, limits: Limits) -> None:
    """Refuse a dotted path with an empty part, or one that is too long."""
    if len(name) > limits.max_string_length:
        raise exceeded("max_string_length", limits.max_string_length, "characters in one name", place)
    if name.count(".") >= limits.max_path_length:
        raise exceeded("max_path_length", limits.max_path_length, "parts in one path", place)
    if not name or ("." in name and not all(name.split("."))):
        span = place if isinstance(place, Span) else place.span
        message = f"the name {quoted(name)} has an empty part"
        raise FilterError(ErrorCode.SYNTAX_ERROR, message, span=span, expected=("a name",))


def unescaped(lexeme: str) -> str:
    """Return the text of a JSON string."""
    text: str = json.loads(lexeme) if "\\" in lexeme else lexeme[1:-1]
    return text


def decoded(lexeme: str, span: Span) -> str:
    """Return the text of a JSON string that is a name or holds names; `check_text` says what is refused."""
    text = unescaped(lexeme)
    check_text(text, span)
    return text


def check_text(text: str, place: Token | Span) -> None:
    """Refuse a lone surrogate in a name, since no answer could repeat it."""
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        span = place if isinstance(place, Span) else place.span
        raise FilterError(ErrorCode.INVALID_ENCODING, "a name holds half of a surrogate pair", span=span)


def path_to(lexed: Lexed, position: int) -> tuple[str | int, ...]:
    """Return the keys and indices that lead to a place in a text, as far as the text can be read.

    >>> from queryengine.lexer import lex
    >>> path_to(lex('{"where": {"or": [{"a": 1}, {"b": 2}]}}'), 34)
    ('where', 'or', 1, 'b')
    """
    stack: list[str | int | None] = []
    for token in pieces(lexed):
        if token.start_pos > position:
            break
        kind = token.type
        at = token.start_pos == position
        if kind == "KEY":
            stack[-1:] = [token.word[:LONGEST_KEY].encode(errors="replace").decode()]
        elif kind in {"LBRACE", "LSQB"} and not at:
            stack.append(None if kind == "LBRACE" else 0)
        elif kind == "COMMA" and stack and not at:
            last = stack[-1]
            stack[-1] = last + 1 if isinstance(last, int) else None
        elif kind in {"RBRACE", "RSQB"} and stack and not at:
            stack.pop()
        elif kind == "LIST" and not at and position < token.end_pos:
            spans = element_spans(token.value, token.start_pos)
            stack.append(sum(span.end <= position for span in spans))
    return tuple(part for part in stack if part is not None)


@cache
def _piece() -> re.Pattern[str]:
    return re.compile(PIECE, re.DOTALL)
