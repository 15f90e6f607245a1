"""A query as text for people, in the words of MongoDB's shell. Knows statements; no connection."""

from __future__ import annotations

from bson.json_util import RELAXED_JSON_OPTIONS, dumps

from queryengine_beanie.lookups import Stage
from queryengine_beanie.statement import Statement
from queryengine_beanie.template import Hole

__all__ = ["describe"]


def describe(collection: str, statement: Statement, offset: int, limit: int) -> str:
    """Return a statement with its values, or with "?" for its holes; a limit of 0 is none."""
    if not statement.is_find:
        matched: list[Stage] = [{"$match": statement.match}] if statement.match else []
        stages = [*matched, *statement.pipeline(offset, limit)]
        lines = ",\n".join(f"  {_json(stage)}" for stage in stages)
        return f"db.{collection}.aggregate([\n{lines}\n])"
    parts = [f"db.{collection}.find({_json(statement.match)})"]
    if statement.order.keys:
        parts.append(f".sort({_json(statement.order.keys)})")
    if offset:
        parts.append(f".skip({offset})")
    if limit:
        parts.append(f".limit({limit})")
    return "\n  ".join(parts)


def _json(part: object) -> str:
    return dumps(part, json_options=RELAXED_JSON_OPTIONS, ensure_ascii=False, default=_hole)


def _hole(part: object) -> str:
    if isinstance(part, Hole):
        return "?"
    raise TypeError(f"no query holds a {type(part).__name__}")
