"""Which attributes of an object are not what they were when it was read or stored. Knows mappers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from queryengine.schema import JSONType
from queryengine_orm.errors import ParameterError
from queryengine_orm.mapping import Column, Mapper
from queryengine_orm.storage import json_text
from queryengine_orm.tracking import MISSING, changes_of

__all__ = ["differing"]


def differing(mapper: Mapper[Any], instance: object) -> Iterator[str]:
    """Yield the attributes of an object that are not what they were."""
    values = vars(instance)
    for name, before in changes_of(instance).items():
        now = values.get(name, MISSING)
        column = mapper.columns.get(name)
        if before is now:
            continue
        if column is None:  # a relation: other objects, and not equal ones
            is_list = isinstance(before, list) and isinstance(now, list)
            if not is_list or [*map(id, cast("list[object]", before))] != [
                *map(id, cast("list[object]", now))
            ]:
                yield name
        elif before is MISSING or now is MISSING or _is_other(column, before, now):
            yield name


def _is_other(column: Column, before: object, now: object) -> bool:
    if not isinstance(column.type, JSONType):
        return before != now
    try:
        return json_text(before) != json_text(now)  # to Python 1, 1.0 and True are the same
    except ParameterError:
        return True  # what is no JSON is refused when it is written
