"""Values and names that mean something to a database: values stay values, and names are only looked up."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

from queryengine.errors import ErrorCode
from queryengine.testing.cases.table import MAKER, Answer, Case, phrase, thing, wheres

__all__ = ["attack_cases"]

TEXTS: Final = (
    *("' OR '1'='1", '" OR ""="', "'; DROP TABLE phrase; --", "\\' OR 1=1 --", "/* */", "$gt", '{"$gt": ""}'),
    *(
        "$where: 1",
        "1; SELECT pg_sleep(1)",
        "%(id)s",
        ":id",
        "?",
        "$1",
        "{id}",
        "{{id}}",
        "\\",
        "'",
        '"',
        "`",
        "NULL",
    ),
    *(
        "${jndi:x}",
        "\r\n",
        "\\u0000",
        "\\x27",
        "0x27",
        "a\\",
        "\\%",
        "text",
        "id",
        "''",
        "N'x'",
        "E'\\n'",
        "$text",
    ),
)
PHRASES: Final = tuple(phrase(key, text) for key, text in enumerate(TEXTS, start=1))
OPERATORS: Final = ("eq", "in", "startsWith", "istartsWith")


def attack_cases() -> Iterator[Case]:
    """Yield the cases of values that look like a query, and of names that are none."""
    for operator in OPERATORS:
        yield from wheres(f"{operator} of an attack", "Phrase", PHRASES, dict(_texts(operator)))
    yield from wheres("operators as values", "Thing", [MAKER, thing(1, name="$gt", note="")], VALUES)
    yield from wheres("strange names", "Thing", [MAKER, thing(1)], NAMES)
    yield from wheres("strange characters", "Phrase", PHRASES, CHARACTERS)


def _texts(operator: str) -> Iterator[tuple[str, Answer]]:
    """Each text finds itself, and what begins with it."""
    for text in TEXTS:
        whole = operator in ("eq", "in")
        keys = [
            key for key, other in enumerate(TEXTS, 1) if (other == text if whole else other.startswith(text))
        ]
        yield json.dumps({"text": {operator: [text] if operator == "in" else text}}), keys


MISMATCH: Final = ErrorCode.TYPE_MISMATCH
SYNTAX: Final = ErrorCode.SYNTAX_ERROR
UNKNOWN: Final = ErrorCode.UNKNOWN_OPERATOR
REFUSED: Final = ErrorCode.INVALID_ENCODING
VALUES: Final[Mapping[str, Answer]] = {
    '{"$name": 1}': UNKNOWN,
    '{"name": "$gt"}': [1],
    '{"name": {"contains": "$"}}': [1],
    '{"name": {"eq": {"$gt": ""}}}': SYNTAX,
    '{"name": {"$eq": {"$ne": null}}}': SYNTAX,
    '{"name": {"$in": [{"$gt": ""}]}}': SYNTAX,
    '{"name": {"$where": "1"}}': UNKNOWN,
    '{"name": {"$not": {"$regex": ".*"}}}': [],
    '{"name": {"$expr": {"$gt": 1}}}': UNKNOWN,
    '{"$where": "sleep(1)"}': UNKNOWN,
    '{"$expr": {"$eq": [1, 1]}}': UNKNOWN,
    '{"data": {"eq": {"$where": "1"}}}': UNKNOWN,
    '{"count": {"gt": "0 OR 1=1"}}': MISMATCH,
    '{"uid": "\' OR 1=1"}': MISMATCH,
}
NAMES: Final[Mapping[str, Answer]] = {
    **dict.fromkeys(
        [
            *(
                '{"metadata": 1}',
                '{"registry": 1}',
                '{"__class__": 1}',
                '{"_sa_instance_state": 1}',
                '{"pk": 1}',
            ),
            *('{"_id": 1}', '{"objects": 1}', '{"_meta": 1}', '{"model_fields": 1}', '{"name; --": 1}'),
            *('{"name\\" OR 1=1": 1}', '{"count__gt": 1}', '{"name.length": 1}', '{"owner.metadata": 1}'),
            *('{"owner.__class__.name": 1}', '{"Thing.name": "x"}', '{"thing.name": "x"}'),
        ],
        ErrorCode.UNKNOWN_FIELD,
    ),
}
CHARACTERS: Final[Mapping[str, Answer]] = {
    '{"text": "a\\u0000"}': REFUSED,
    '{"text": {"contains": "\\u0000"}}': REFUSED,
    '{"text": {"like": "%\\u0000"}}': REFUSED,
    '{"text": {"in": ["a", "\\u0000"]}}': REFUSED,
    '{"text": "\\ud800"}': REFUSED,
    '{"text": {"endsWith": "\\udc00"}}': REFUSED,
    '{"text": {"like": "a\\\\"}}': MISMATCH,
}
