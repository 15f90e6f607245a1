"""How a mapped class declares what its JSON columns hold."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["JSONFields", "json_fields"]


@dataclass(frozen=True, slots=True)
class JSONFields:
    """What `json_fields` declares."""

    document: type[object]
    hidden: bool


def json_fields(document: type[object], *, hidden: bool = False) -> dict[str, object]:
    """Declare what a JSON column holds, as its `info`: `mapped_column(JSON, info=json_fields(Size))`.

    `document` is a pydantic model, a dataclass or a typed dict whose names are the keys of the document. Its
    texts, integers, floats and booleans can be filtered and sorted by paths such as `size.width`, and so can
    those of nested classes; members of other types, and lists, are left out. A member that is missing, or
    whose JSON value is of another type than declared, is null.

    >>> from typing import TypedDict
    >>> class Size(TypedDict):
    ...     width: int
    >>> list(json_fields(Size))
    ['queryengine']
    """
    return {"queryengine": JSONFields(document, hidden)}
