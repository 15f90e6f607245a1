"""What other query languages call the words of ours, for errors that say the right one. Knows operators."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType

from queryengine.errors import nearest
from queryengine.operators import LOGICAL, by_name

__all__ = ["clause_for", "logical_for", "operator_for"]

CLAUSES: Mapping[str, str] = MappingProxyType(
    {
        "where": "conditions criteria find having q query search selector",
        "order": "orderBy ordering sort sortBy sorting",
        "fields": "attributes columns only project projection select",
        "include": "embed expand join populate preload relations with",
        "limit": "count first max pageSize perPage size take top",
        "offset": "from start startAt",
        "after": "cursor startAfter searchAfter",
        "before": "endBefore",
    }
)
"""The clauses, each with its names elsewhere."""
OPERATORS: Mapping[str, str] = MappingProxyType(
    {
        "eq": "= == === equal equals is",
        "ne": "!= !== <> isNot notEqual notEquals",
        "gt": "> above greater greaterThan moreThan",
        "gte": ">= atLeast ge greaterOrEqual greaterThanEqual greaterThanOrEqual greaterThanOrEqualTo min",
        "lt": "< below less lessThan",
        "lte": "<= atMost le lessOrEqual lessThanEqual lessThanOrEqual lessThanOrEqualTo max",
        "in": "anyOf oneOf",
        "nin": "noneOf notIn",
        "between": "range",
        "contains": "includes substring",
        "startsWith": "beginsWith prefix",
        "endsWith": "suffix",
        "regex": "match matches rlike ~",
        "isNull": "isMissing null",
        "exists": "isNotNull isSet notNull present",
        "size": "len length",
    }
)
"""The operators, each with its names elsewhere."""
LOGICALS: Mapping[str, str] = MappingProxyType({"and": "& && all", "or": "| || any", "not": "!"})
"""The words that join conditions, each with its names elsewhere."""


def clause_for(word: str, known: Iterable[str]) -> str | None:
    """Return the one of the known clauses that a word of another language, or a misspelt one, means.

    >>> clause_for("orderBy", ["where", "order"]), clause_for("wehre", ["where", "order"])
    ('order', 'where')
    """
    names = list(known)
    meant = _clauses().get(_folded(word))
    return meant if meant in names else nearest(word, names)


def operator_for(word: str) -> str | None:
    """Return the operator that a word of another language, or a misspelt one, means.

    >>> operator_for("greaterThan"), operator_for(">"), operator_for("$gtt"), operator_for("starts_with")
    ('gt', 'gt', 'gt', 'startsWith')
    """
    return _operators().get(_folded(word)) or nearest(word.removeprefix("$"), by_name)


def logical_for(word: str) -> str | None:
    """Return the word that joins conditions which is written otherwise elsewhere.

    >>> logical_for("OR"), logical_for("&&"), logical_for("price")
    ('or', 'and', None)
    """
    return _logicals().get(_folded(word))


def _folded(word: str) -> str:
    return word[:64].removeprefix("$").lower().replace("_", "").replace("-", "")


def _table(own: Iterable[str], elsewhere: Mapping[str, str]) -> Mapping[str, str]:
    found = {_folded(other): name for name, others in elsewhere.items() for other in others.split()}
    return MappingProxyType(found | {_folded(name): name for name in own})


@cache
def _clauses() -> Mapping[str, str]:
    return _table(CLAUSES, CLAUSES)


@cache
def _operators() -> Mapping[str, str]:
    return _table(by_name, OPERATORS)


@cache
def _logicals() -> Mapping[str, str]:
    return _table(LOGICAL, LOGICALS)
