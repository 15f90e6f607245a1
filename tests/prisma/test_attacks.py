"""A filter from a stranger: no word of Prisma comes in by a name, and a value stays a value."""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any

import pytest
from queryengine_prisma import PrismaQueryEngine

from queryengine import Processor, SecurityPolicy
from queryengine.errors import FilterError
from queryengine.parsed import Source
from queryengine.testing import Stage

WORDS = [
    *("AND", "OR", "NOT", "is", "is_not", "isNot", "some_", "none_", "equals", "mode", "take", "skip"),
    *("select", "include", "order_by", "orderBy", "cursor", "distinct", "_count", "_relevance"),
    *("_connector", "__class__", "id\x00", 'id"', "id: 1 }", "{", "$", "$where", "maker.is.name", "maker.is"),
]


@pytest.mark.parametrize("word", WORDS)
def test_a_word_of_prisma_is_no_name(world: ModuleType, word: str) -> None:
    processor = Processor(
        PrismaQueryEngine[object](world.models.Thing), policy=SecurityPolicy(relations=True)
    )
    documents: list[dict[str, Any]] = [
        {"where": {word: 1}},
        {"where": {word: {"name": "x"}}},
        {"where": {"maker": {word: {"name": "x"}}}},
        {"where": {"name": {word: "x"}}},
        {"where": {"name": {"eq": {word: "x"}}}},
        {"where": {"name": {"in": [{word: "x"}]}}},
        {"order": word},
        {"include": word},
        {"fields": [word]},
    ]
    for document in documents:
        if document != {"include": "include"}:
            with pytest.raises(FilterError):
                processor.process(Source(json.dumps(document)))


VALUES = [
    '"',
    "\\",
    '\\"',
    '"}) { id } }',
    '" } OR: [{ id: { gt: 0 } }] #',
    "null",
    "${id}",
    "{equals: 1}",
    '\'; DROP TABLE "Thing"; --',
    "\n}\n",
    "\u202e\u200b\ufeff",
]


@pytest.mark.parametrize("value", VALUES)
def test_a_value_is_a_value(stage: Stage, value: str) -> None:
    comparison = stage.differential("Thing")
    for test in ({"eq": value}, {"ne": value}, {"in": [value]}, {"startsWith": value}):
        comparison.check({"where": {"name": test}})
    assert len(stage.keys("Thing", comparison.bind({}))) == len(stage.objects["Thing"])


def test_hidden_fields_are_as_if_they_were_not_there(every_type: ModuleType) -> None:
    processor = Processor(PrismaQueryEngine[object](every_type.models.Sample))
    for name in ("margin", "note", "nothing"):
        for document in ({"where": {name: 1}}, {"order": name}, {"fields": [name]}):
            with pytest.raises(FilterError) as caught:
                processor.process(Source(json.dumps(document)))
            assert caught.value.code == "unknown_field"
            assert caught.value.nearest is None
