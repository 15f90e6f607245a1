"""fastapi-qengine 0.7.0: JSON text to a MongoDB query. It has no SQL and no `startsWith`; it drops `limit`.

Its pipeline knows no model: neither do unknown fields raise, nor are values typed. What is timed is parse,
normalize, validate, build, optimize and compile, without the type coercion that its Beanie engine adds.
"""

from __future__ import annotations

from fastapi_qengine import process_filter_to_ast
from fastapi_qengine.backends.beanie import BeanieQueryCompiler

__all__ = ["NAME", "mongo_query"]

NAME = "fastapi-qengine 0.7.0"


def mongo_query(text: str) -> dict[str, object]:
    """Return the parts of the MongoDB query that the filter text asks for.

    >>> mongo_query('{"where": {"month": 6}, "order": "-dep_delay"}')
    {'filter': {'month': 6}, 'sort': [('dep_delay', -1)]}
    """
    return BeanieQueryCompiler().compile(process_filter_to_ast(text))
