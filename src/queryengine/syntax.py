"""What is wrong with a text that is not of the grammar, in words for people. Knows tokens and operators."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from queryengine.errors import ErrorCode, FilterError, Span, quoted
from queryengine.grammar import MismatchError
from queryengine.lexer import Lexed
from queryengine.operators import OPERATORS
from queryengine.tokens import AGGREGATES, CLAUSES, KEYS, PUNCTUATION, Token, unescaped, words
from queryengine.vocabulary import clause_for, logical_for

__all__ = ["expected", "explain"]

TAKES: Mapping[str, str] = MappingProxyType(
    {
        "WHERE": "an object of conditions",
        "ORDER": "a text or a list of texts",
        "FIELDS": "a list of names or an object of true and false",
        "INCLUDE": "a name, a list of names or an object with a relation",
        "LIMIT": "a number",
        "OFFSET": "a number",
        "CURSOR": "a text",
        "RELATION": "a name",
        "GROUP_BY": "a name or a list of names",
        "FUNCTION": "a name or a list of names",
        "COUNT": "true or false",
        "HAVING": "an object of conditions",
        "SCOPE": "a filter",
        "LOGICAL": "a list of objects of conditions",
        "NOT": "an object of conditions",
        "QUANTIFIER": "an object of conditions",
        "OP_MANY": "a list of values",
        "OP_PAIR": "a list of two values",
        "OP_FLAG": "true or false",
    }
)
"""What stands under a key, by the type of its token."""
VALUES: Mapping[str, str] = MappingProxyType(
    {
        "STRING": "",
        "NUMBER": "a number",
        "LIST": "a list",
        "TRUE": "true",
        "FALSE": "false",
        "NULL": "null",
        "LBRACE": "an object",
        "LSQB": "a list",
    }
)
"""What to call a value that begins with a token; a text is shown."""
PAGES = ("page", "pages", "pageno", "page_no", "pagenumber", "page_number")
"""Words for what limit and offset say together."""


def explain(error: MismatchError, lexed: Lexed) -> FilterError:
    """Return the error of a text in which a token stands that cannot stand there."""
    token, before, accepts = error.token, error.before, error.accepts
    if not isinstance(token, Token):
        end = len(lexed.text)
        return _syntax_error("the text ends too early", Span(end, end), accepts)
    kind = token.type
    if kind in KEYS and accepts & set(CLAUSES.values()):
        return _unknown_clause(token, accepts)
    if isinstance(before, Token) and _is_empty(token, before, accepts):
        return FilterError(
            ErrorCode.EMPTY_CONDITION,
            "an empty condition means nothing",
            span=Span(before.start_pos if before.type == "LBRACE" else token.start_pos, token.end_pos),
            expected=expected(accepts),
        )
    taken = _taken(before, token)
    if taken is not None:
        return _syntax_error(taken, token.span, accepts, _hint(token))
    if kind == "STRING" and accepts & KEYS:
        span = Span(token.end_pos, token.end_pos)
        return FilterError(
            ErrorCode.SYNTAX_ERROR,
            f"a colon is missing after {quoted(token.value[1:-1])}",
            span=span,
            expected=['":"'],
        )
    return _syntax_error(f"{_described(token)} cannot stand here", token.span, accepts, _hint(token))


def expected(accepts: frozenset[str]) -> list[str]:
    """Return what types of tokens stand for, in words.

    >>> expected(frozenset({"RBRACE", "COMMA"}))
    ['"}"', '","']
    """
    shown = [word for kind, terms in _terms().items() if kind in accepts for word in terms]
    return [word for word in shown if word != '"["' or "LIST" not in accepts]


def _syntax_error(message: str, span: Span, accepts: frozenset[str], hint: str | None = None) -> FilterError:
    return FilterError(ErrorCode.SYNTAX_ERROR, message, span=span, expected=expected(accepts), hint=hint)


def _unknown_clause(token: Token, accepts: frozenset[str]) -> FilterError:
    known = [word for word, kind in (*CLAUSES.items(), *AGGREGATES.items()) if kind in accepts]
    word = token.word.removeprefix("$").lower()
    joins = logical_for(word)
    near: str | None = None
    hint: str | None = None
    if word in {"filter", "filters"}:
        hint = "the document is itself the filter: send what stands under this key"
    elif word in PAGES:
        hint = "pages are asked for by limit and offset"
    elif joins is not None and "WHERE" in accepts:
        hint = f'write {{"where": {{"{joins}": ...}}}}'
    else:
        near = clause_for(word, known)
        if near is None and "WHERE" in accepts:
            hint = "conditions stand under where"
    return FilterError(
        ErrorCode.UNKNOWN_CLAUSE,
        f"no clause {quoted(token.word)}",
        span=token.span,
        expected=expected(accepts),
        nearest=near,
        hint=hint,
    )


def _is_empty(token: Token, before: Token, accepts: frozenset[str]) -> bool:
    match token.type:
        case "RBRACE":
            return before.type == "LBRACE" and bool(accepts & {"FIELD", "NAME"})
        case "LIST":
            return before.type == "LOGICAL" and not token.value[1:-1].strip()
        case "NULL":
            return before.type in {"WHERE", "HAVING", "LOGICAL", "NOT", "QUANTIFIER"}
        case _:
            return False


def _taken(before: object, token: Token) -> str | None:
    """Say what the key before a value takes, if it is one that takes values of one form only."""
    takes = TAKES.get(before.type) if isinstance(before, Token) else None
    if takes is None or not isinstance(before, Token) or token.type not in VALUES:
        return None
    given = VALUES[token.type] or _described(token)
    if before.type == "LOGICAL" and token.type == "LIST":
        given = "a list of values"
    return f"{before.word.removeprefix('$')} takes {takes}, not {given}"


def _described(token: Token) -> str:
    match token.type:
        case "STRING":
            return f"the text {quoted(unescaped(token.value))}"
        case "NUMBER":
            return "a number"
        case "LIST":
            return "a list"
        case kind if kind in KEYS:
            return f"the key {quoted(token.word)}"
        case _:
            return quoted(token.value)


def _hint(token: Token) -> str | None:
    if token.type != "GARBAGE":
        return None
    if token.value.startswith('"'):
        return "a text ends with a double quote, and knows only the escapes of JSON"
    if token.value.startswith("'"):
        return "texts and keys stand in double quotes"
    return None


@cache
def _terms() -> Mapping[str, list[str]]:
    """What to call each type of token, in the order in which errors list them."""
    aliases = {alias for operator in OPERATORS for alias in operator.aliases}
    terms: dict[str, list[str]] = {
        "FIELD": ["a field name"],
        "NAME": ["a field name"],
        "MEMBER": ["a key"],
        "STRING": ["a text"],
        "NUMBER": ["a number"],
        "LIST": ["a list"],
        "TRUE": ["true"],
        "FALSE": ["false"],
        "NULL": ["null"],
    }
    terms |= {kind: [f'"{mark}"'] for mark, kind in PUNCTUATION.items()}
    terms["$END"] = ["the end of the text"]
    for word, kind in words().items():
        if not word.startswith("$") and word not in aliases:
            terms.setdefault(kind, []).append(f'"{word}"')
    return MappingProxyType(terms)
