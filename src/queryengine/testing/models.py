"""Hypothesis strategies for models and their rows: any types together, all values inside of their domains."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import make_dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any, Final

from hypothesis import strategies as st

from queryengine.schema import DateTimeType, DecimalType, Field, IntegerType, TypeKind
from queryengine.testing.samples import Sample, samples, storable
from queryengine.testing.world import Color, Record

__all__ = ["models", "rows", "values"]

MOST_FIELDS: Final = 6
MOST_ROWS: Final = 12

ANNOTATIONS: Final[Mapping[TypeKind, Sequence[Any]]] = MappingProxyType(  # Any: annotations of all kinds
    {
        TypeKind.INTEGER: (int, Annotated[int, IntegerType(-(2**15), 2**15 - 1)]),
        TypeKind.FLOAT: (float,),
        TypeKind.DECIMAL: (Annotated[Decimal, DecimalType(10, 2)],),
        TypeKind.BOOLEAN: (bool,),
        TypeKind.TEXT: (str,),
        TypeKind.DATE: (dt.date,),
        TypeKind.DATETIME: (dt.datetime, Annotated[dt.datetime, DateTimeType(aware=True)]),
        TypeKind.TIME: (dt.time,),
        TypeKind.DURATION: (dt.timedelta,),
        TypeKind.UUID: (uuid.UUID,),
        TypeKind.BYTES: (bytes,),
        TypeKind.ENUM: (Color,),
        TypeKind.JSON: (object,),
        TypeKind.ARRAY: (list[int], list[str]),
    }
)


@st.composite
def models(draw: st.DrawFn, kinds: Collection[TypeKind] = tuple(ANNOTATIONS)) -> type[object]:
    """Draw a dataclass: an integer `id`, and a few fields of these kinds, some of which may be null.

    An engine for dataclasses takes it as it is; to others it says which columns to make. It has no relations.
    """
    annotations = [annotation for kind in sorted(kinds) for annotation in ANNOTATIONS[kind]]
    chosen = draw(st.lists(st.sampled_from(annotations), min_size=1, max_size=MOST_FIELDS))
    nullable = [each | None if draw(st.booleans()) else each for each in chosen]
    fields = [(f"field_{place}", each) for place, each in enumerate(nullable)]
    return make_dataclass("Model", [("id", int), *fields])


def values(field: Field) -> st.SearchStrategy[Sample]:
    """Draw a value that rows may have in a field: notable ones of its type, and null where it may be."""
    known = st.sampled_from([value for value in samples(field.type) if storable(field.type, value)])
    return st.one_of(known, known, known, st.none()) if field.nullable else known


def rows(fields: Mapping[str, Field], key: str = "id") -> st.SearchStrategy[list[Record]]:
    """Draw rows of a schema's fields, by name, in the order of their keys, which count from 1.

    >>> from hypothesis import find
    >>> find(rows({"id": Field("id", IntegerType(), nullable=False)}), lambda drawn: len(drawn) == 2)
    [{'id': 1}, {'id': 2}]
    """
    others = {name: values(field) for name, field in fields.items() if name != key}
    drawn = st.lists(st.fixed_dictionaries(others), max_size=MOST_ROWS)
    return drawn.map(lambda records: [{key: place} | record for place, record in enumerate(records, start=1)])
