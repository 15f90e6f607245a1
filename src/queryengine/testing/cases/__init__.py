"""The cases of the conformance kit: fixed rows, a filter, and what the contract says that it gives."""

from __future__ import annotations

from functools import cache

from queryengine.testing.cases.arrays import array_cases
from queryengine.testing.cases.attacks import attack_cases
from queryengine.testing.cases.documents import document_cases
from queryengine.testing.cases.ladders import ladder_cases
from queryengine.testing.cases.literals import literal_cases
from queryengine.testing.cases.logic import logic_cases
from queryengine.testing.cases.orders import order_cases
from queryengine.testing.cases.relations import relation_cases
from queryengine.testing.cases.scopes import scope_cases
from queryengine.testing.cases.shown import shown_cases
from queryengine.testing.cases.table import Answer, Case
from queryengine.testing.cases.text import text_cases

__all__ = ["Answer", "Case", "all_cases"]


@cache
def all_cases() -> tuple[Case, ...]:
    """Return all cases; those over the same rows stand together.

    >>> len({case.name for case in all_cases()}) == len(all_cases())
    True
    """
    return (
        *logic_cases(),
        *ladder_cases(),
        *literal_cases(),
        *text_cases(),
        *array_cases(),
        *document_cases(),
        *relation_cases(),
        *order_cases(),
        *scope_cases(),
        *shown_cases(),
        *attack_cases(),
    )
