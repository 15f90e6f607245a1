"""A model with a field of every type for the tests of meaning, and short ways to build trees over it."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pydantic import AwareDatetime

from queryengine.ast import (
    Comparison,
    Nulls,
    Op,
    OrderKey,
    Path,
    Quantified,
    Quantifier,
    Step,
    Value,
    Where,
)
from queryengine.model_schema import read_schema
from queryengine.schema import Field, ModelSchema


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Tag:
    label: str | None
    weight: int = 0


@dataclass
class Maker:
    name: str | None
    tags: list[Tag] = field(default_factory=list[Tag])
    parent: Maker | None = None


@dataclass
class Thing:
    id: int = 0
    name: str | None = None
    count: int | None = None
    price: Decimal | None = None
    ratio: float | None = None
    active: bool | None = None
    day: dt.date | None = None
    at: AwareDatetime | None = None
    clock: dt.time | None = None
    span: dt.timedelta | None = None
    key: uuid.UUID | None = None
    raw: bytes | None = None
    color: Color | str | None = None
    data: Any = None
    words: list[str] | None = None
    numbers: list[int] | None = None
    maker: Maker | None = None
    tags: list[Tag] = field(default_factory=list[Tag])


SCHEMA = read_schema(Thing)


def path(dotted: str, scopes: dict[str, Where] | None = None, root: ModelSchema[Any] = SCHEMA) -> Path:
    schema: ModelSchema[Any] = root
    steps: list[Step] = []
    names = dotted.split(".")
    last: Field | None = None
    for name in names:
        if name in schema.relations:
            steps.append(Step(schema.relations[name], (scopes or {}).get(name)))
            schema = schema.relations[name].target
        else:
            last = schema.fields[name]
    return Path(tuple(names), tuple(steps), last)


def compare(dotted: str, op: Op, value: Value = None, root: ModelSchema[Any] = SCHEMA) -> Comparison:
    return Comparison(path(dotted, root=root), op, value)


def tag(dotted: str, op: Op, value: Value = None) -> Comparison:
    return compare(dotted, op, value, read_schema(Tag))


def some(dotted: str, where: Where | None, quantifier: Quantifier = Quantifier.SOME) -> Quantified:
    return Quantified(path(dotted), quantifier, where)


def order(dotted: str, descending: bool = False, nulls: Nulls | None = None) -> OrderKey:
    return OrderKey(path(dotted), descending, nulls)
