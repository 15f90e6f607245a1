"""The clauses of a parsed filter: the names in order, fields and include. Knows parsed, tokens and limits."""

from __future__ import annotations

from collections.abc import Iterable

from queryengine.builder import Clauses, kind_of
from queryengine.errors import ErrorCode, FilterError, Span, quoted
from queryengine.lexer import element_spans, elements
from queryengine.limits import Limits
from queryengine.order import check_order_length, parse_order
from queryengine.parsed import (
    Group,
    Literal,
    LiteralKind,
    ParsedAggregate,
    ParsedFields,
    ParsedFilter,
    ParsedInclude,
    ParsedMeasure,
    ParsedOrder,
)
from queryengine.tokens import Token, check_name, decoded, exceeded

__all__ = ["ClauseReader"]


class ClauseReader:
    """Reads the names in the clauses, whose literals are part of a filter's shape."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def filter(self, clauses: Clauses, depth: int = 0) -> ParsedFilter:
        """Return the filter; `depth` counts the includes around it. Raises FilterError, without a path."""
        entries = clauses.entries
        if "offset" in entries and "skip" in entries:
            token = entries["skip"][0]
            raise FilterError(
                ErrorCode.DUPLICATE_KEY, "offset and skip are one and the same clause", span=token.span
            )
        where: Group | None = entries["where"][1] if "where" in entries else None
        return ParsedFilter(
            where,
            self._order(entries["order"][1]) if "order" in entries else (),
            self._fields(entries["fields"][1]) if "fields" in entries else None,
            self._include(entries["include"][1], depth + 1) if "include" in entries else (),
            tuple(
                [
                    (word, Literal(LiteralKind[value.type], value.value, value.span, value.chunk))
                    for word, (key, value) in entries.items()
                    if key.type in {"LIMIT", "OFFSET", "CURSOR"}
                ]
            ),
        )

    def aggregate(self, clauses: Clauses) -> ParsedAggregate:
        """Return the aggregate. Raises FilterError, without a path."""
        entries, most = clauses.entries, self._limits.max_conditions
        keys = self._distinct(entries["groupBy"][1]) if "groupBy" in entries else []
        if len(keys) > self._limits.max_order_keys:  # groups are ordered by their keys
            raise exceeded("max_order_keys", self._limits.max_order_keys, "keys of groups", keys[-1][1])
        measures: list[ParsedMeasure] = []
        for word, (key, value) in entries.items():
            if key.type == "COUNT" and value.type == "TRUE":
                measures.append(ParsedMeasure(word, "", key.span))
            elif key.type == "FUNCTION":
                measures += [ParsedMeasure(word, name, span) for name, span in self._distinct(value)]
        if len(measures) > most:
            raise exceeded("max_conditions", most, "functions", measures[-1].span)
        if not keys and not measures:
            message = "the aggregate asks for nothing"
            expected = ["groupBy, count, countDistinct, sum, avg, min or max"]
            raise FilterError(ErrorCode.EMPTY_CONDITION, message, span=clauses.span, expected=expected)
        of_groups = {
            "having": "where",
            "order": "order",
            "limit": "limit",
            "offset": "offset",
            "skip": "skip",
        }
        groups = {of_groups[word]: entry for word, entry in entries.items() if word in of_groups}
        where: Group | None = entries["where"][1] if "where" in entries else None
        return ParsedAggregate(
            where, tuple(keys), tuple(measures), self.filter(Clauses(groups, clauses.span))
        )

    def _distinct(self, token: Token) -> list[tuple[str, Span]]:
        names = self._names(token)
        if not names:
            raise FilterError(ErrorCode.EMPTY_CONDITION, "the list names no field", span=token.span)
        for index, (name, span) in enumerate(names):
            if any(name == other for other, _ in names[:index]):
                raise FilterError(
                    ErrorCode.DUPLICATE_KEY, f"the field {quoted(name)} stands twice", span=span
                )
        return names

    def _order(self, token: Token) -> tuple[ParsedOrder, ...]:
        keys: list[ParsedOrder] = []
        for lexeme, span in strings(token):
            keys += parse_order(lexeme, span.start, self._limits)
            check_order_length(len(keys), token.span, self._limits)
        if not keys:
            raise FilterError(ErrorCode.EMPTY_CONDITION, "order names no field", span=token.span)
        return tuple(keys)

    def _names(self, token: Token) -> list[tuple[str, Span]]:
        return [(self._name(lexeme, span), span) for lexeme, span in strings(token)]

    def _name(self, lexeme: str, span: Span) -> str:
        name = decoded(lexeme, span)
        check_name(name, span, self._limits)
        return name

    def _fields(self, value: Token | Clauses) -> ParsedFields:
        if isinstance(value, Token):
            names = self._names(value)
            if not names:
                raise FilterError(ErrorCode.EMPTY_CONDITION, "fields names no field", span=value.span)
            seen: set[str] = set()
            for name, span in names:
                if name in seen:
                    raise FilterError(
                        ErrorCode.DUPLICATE_KEY, f"the field {quoted(name)} stands twice", span=span
                    )
                seen.add(name)
            return ParsedFields(tuple(names), False, value.span)
        flags = list(value.entries.values())
        exclude = flags[0][1].type == "FALSE"
        for key, flag in flags:
            if (flag.type == "FALSE") is not exclude:
                raise FilterError(
                    ErrorCode.SYNTAX_ERROR,
                    "fields are either all shown or all left out",
                    span=key.span,
                    expected=["false" if exclude else "true"],
                )
        return ParsedFields(tuple([(key.word, key.span) for key, _ in flags]), exclude, value.span)

    def _include(
        self, value: Token | Clauses | list[Token | Clauses], depth: int
    ) -> tuple[ParsedInclude, ...]:
        items = value if isinstance(value, list) else [value]
        includes = tuple([include for item in items for include in self._includes(item, depth)])
        if not includes:
            raise FilterError(ErrorCode.EMPTY_CONDITION, "include names no relation", span=items[0].span)
        return includes

    def _includes(self, item: Token | Clauses, depth: int) -> Iterable[ParsedInclude]:
        if depth > self._limits.max_include_depth:
            raise exceeded(
                "max_include_depth",
                self._limits.max_include_depth,
                "relations inside of one another",
                item.span,
            )
        if isinstance(item, Token):
            return [ParsedInclude(name, None, span) for name, span in self._names(item)]
        if "relation" not in item.entries:
            raise FilterError(
                ErrorCode.SYNTAX_ERROR,
                "an include names its relation",
                span=item.span,
                expected=['"relation"'],
            )
        token: Token = item.entries["relation"][1]
        name = self._name(token.value, token.span)
        scope: Clauses | None = item.entries["scope"][1] if "scope" in item.entries else None
        return [ParsedInclude(name, None if scope is None else self.filter(scope, depth), item.span)]


def strings(token: Token) -> Iterable[tuple[str, Span]]:
    """Yield the lexemes of a string, or of a list of strings, with their places."""
    if token.type == "STRING":
        yield token.value, token.span
        return
    for lexeme, span in zip(elements(token.value), element_spans(token.value, token.start_pos), strict=True):
        if kind_of(lexeme) is not LiteralKind.STRING:
            raise FilterError(
                ErrorCode.SYNTAX_ERROR, "a number cannot stand here", span=span, expected=["a text"]
            )
        yield lexeme, span
