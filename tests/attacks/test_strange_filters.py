"""Whatever is sent, the answer is 422 with code, path and span: never a 5xx, never more rows."""

from __future__ import annotations

import json
import time
import tracemalloc
from typing import Any

import pytest

from tests.asgi import Answer, call, query_of
from tests.attacks.service import Service


def ask(service: Service, document: object, path: str = "/items") -> Answer:
    return call(service.app, query_of(document), path=path)


def refused(answer: Answer, *codes: str) -> None:
    """Assert that an answer is one of our errors, complete and quiet."""
    assert answer.status == 422, answer.body
    error = answer.json["detail"][0]
    assert error["loc"][0] in ("query", "body")
    assert error["type"] in codes, error
    assert b"Traceback" not in answer.body
    assert b"SELECT" not in answer.body
    assert len(answer.body) < 4_096


CONTROL_WORDS = [
    "_connector",
    "_negated",
    "__class__",
    "__dict__",
    "metadata",
    "registry",
    "_sa_instance_state",
    "query",
    "'",
    '"',
    "id'--",
    "id;drop table item",
    "..",
    ".",
    "id.",
    ".id",
    "$",
    "$where",
    "$expr",
    "$function",
    "na\u0000me",
    "name\u202e",
    "\uff4eame",
    "Name",
    "constructor",
    "__proto__",
    "*",
    "1",
]


@pytest.mark.parametrize("word", CONTROL_WORDS)
def test_names_are_only_ever_looked_up(service: Service, word: str) -> None:
    codes = ("unknown_field", "unknown_operator", "unknown_clause", "syntax_error", "not_allowed")
    for document in (
        {"where": {word: 1}},
        {"where": {"owner": {word: 1}}},
        {"where": {f"owner.{word}": 1}},
        {"where": {"name": {word: "x"}}},
        {"where": {"parts": {word: {"name": "x"}}}},
        {"order": word},
        {"fields": [word]},
        {"include": word},
        {word: 1},
    ):
        service.statements.clear()
        refused(ask(service, document), *codes, "quantifier_required", "empty_condition", "invalid_encoding")
        assert service.statements == []


NOTHING: list[Any] = [
    {"where": None},
    {"where": {}},
    {"where": {"name": {}}},
    {"where": {"or": []}},
    {"where": {"and": []}},
    {"where": {"nor": []}},
    {"where": {"or": [{}]}},
    {"where": {"not": {}}},
    {"where": {"parts": {"some": {}}}},
    {"where": {"owner": {}}},
    {"where": []},
    {"where": "x"},
    {"where": 1},
    {"where": True},
    {"where": {"name": {"gt": None}}},
    {"where": {"name": {"contains": None}}},
    {"order": None},
    {"fields": []},
    {"fields": {}},
    {"fields": None},
    {"limit": None},
    {"include": None},
    [],
    1,
    "x",
    None,
]


@pytest.mark.parametrize("document", NOTHING)
def test_nothing_empty_ever_widens(service: Service, document: object) -> None:
    refused(ask(service, document), "empty_condition", "syntax_error", "type_mismatch")


def test_empty_lists_mean_what_they_say(service: Service) -> None:
    everything = ask(service, {}).json
    assert ask(service, {"where": {"name": {"in": []}}}).json == []
    assert ask(service, {"where": {"name": {"nin": []}}}).json == everything
    assert call(service.app).json == everything


MONGO = ["$eq", "$gt", "$ne", "$where", "$expr", "$function", "$regex", "$in", "$or"]


@pytest.mark.parametrize("word", MONGO)
def test_no_operator_comes_in_by_a_value(service: Service, word: str) -> None:
    codes = ("type_mismatch", "unknown_operator", "syntax_error", "not_allowed", "operator_not_applicable")
    bad = {word: {"$gt": ""}}
    for document in (
        {"where": {"name": {"$eq": bad}}},
        {"where": {"name": {"in": [bad]}}},
        {"where": {"name": {"between": ["a", bad]}}},
        {"where": {"name": {"contains": bad}}},
        {"where": {"weight": {"gt": bad}}},
        {"where": {"and": [{"name": {"eq": bad}}]}},
        {"where": {"parts": {"some": {"name": {"eq": bad}}}}},
        {"limit": bad},
        {"order": bad},
        {"fields": bad},
    ):
        refused(ask(service, document), *codes, "empty_condition", "unknown_field")


def nested(depth: int, opening: str, inner: str, closing: str) -> bytes:
    return (opening * depth + inner + closing * depth).encode()


@pytest.mark.parametrize("depth", [17, 1_000, 10_000, 100_000])
@pytest.mark.parametrize(
    ("opening", "closing"),
    [('{"not":', "}"), ('{"and":[', "]}"), ("[", "]"), ('{"a":', "}"), ('{"owner":', "}")],
)
def test_depth_is_refused_before_the_work(service: Service, depth: int, opening: str, closing: str) -> None:
    body = b'{"where":' + nested(depth, opening, '{"id":1}', closing) + b"}"
    refused(call(service.app, body=[b"{"]), "syntax_error")  # what the first request loads is not counted
    tracemalloc.start()
    try:
        answer = call(service.app, body=[body])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    refused(answer, "limit_exceeded", "syntax_error")
    assert peak < 4_000_000 + 4 * len(body)


def test_a_long_url_is_refused(service: Service) -> None:
    refused(call(service.app, b"filter=" + b"x" * 9_000), "limit_exceeded")


def test_a_huge_body_is_refused_as_it_comes(service: Service) -> None:
    sent = 0

    def parts() -> Any:
        nonlocal sent
        for _ in range(1_600):
            sent += 1
            yield b" " * 65_536

    refused(call(service.app, body=parts()), "limit_exceeded")
    assert sent <= 3


@pytest.mark.parametrize(
    "document",
    [
        {"where": {"or": [{"id": n} for n in range(65)]}},
        {"where": {"or": [{"id": n} for n in range(5_000)]}},
        {"where": {"id": {"in": list(range(501))}}},
        {"where": {"id": {"in": list(range(10_000))}}},
        {"where": {"name": "x" * 1_025}},
        {"where": {"name": {"in": ["x" * 1_025]}}},
        {"order": ",".join(["id"] * 9)},
        {
            "include": {
                "relation": "parent",
                "scope": {"include": {"relation": "parent", "scope": {"include": "parent"}}},
            }
        },
    ],
    ids=["conditions", "more conditions", "list", "long list", "text", "text in a list", "order", "includes"],
)
def test_what_is_too_much_is_refused(service: Service, document: dict[str, Any]) -> None:
    refused(call(service.app, body=[json.dumps(document).encode()]), "limit_exceeded", "duplicate_key")


NUMBERS = [
    str(2**31),
    str(2**63),
    str(-(2**63) - 1),
    "9" * 4_000,
    "1e999",
    "-1e999",
    "1e-999999999",
    "1.5",
    "0" * 50,
]
WORDS = [
    "NaN",
    "Infinity",
    "-Infinity",
    "01",
    "+1",
    "0x1",
    "1_000",
    ".5",
    "5.",
    "1e",
    "True",
    "None",
    "undefined",
]


@pytest.mark.parametrize("text", NUMBERS + WORDS)
def test_numbers_that_no_column_holds_are_refused(service: Service, text: str) -> None:
    for field in ("weight", "id"):
        body = f'{{"where":{{"{field}":{text}}}}}'.encode()
        refused(
            call(service.app, body=[body]), "type_mismatch", "out_of_range", "syntax_error", "limit_exceeded"
        )


@pytest.mark.parametrize("text", ["9" * 10_000, "1." + "1" * 1_000, "1e400", "1e-400", "1.2345678901234567"])
def test_decimals_that_no_column_holds_exactly_are_refused(service: Service, text: str) -> None:
    for literal in (text, f'"{text}"'):
        body = f'{{"where":{{"price":{literal}}}}}'.encode()
        refused(call(service.app, body=[body]), "out_of_range", "limit_exceeded", "type_mismatch")


@pytest.mark.parametrize(
    "literal", [r'"\u0000"', r'"a\u0000b"', r'"\ud800"', r'"\udc00\ud800"', '"\x00"', '"\x1f"']
)
def test_text_that_databases_cannot_hold_is_refused(service: Service, literal: str) -> None:
    body = f'{{"where":{{"name":{literal}}}}}'.encode()
    refused(call(service.app, body=[body]), "type_mismatch", "invalid_encoding", "syntax_error")


@pytest.mark.parametrize(
    "query",
    [
        b"filter=%C0%AF",
        b"filter=%ff",
        b"filter=%ED%A0%80",
        b"filter=%",
        b"filter=%zz",
        b"filter=%4",
        b"filter=%00",
        b"filter=%EF%BB%BF%7B%7D",
        b"filter=\xff",
        b"filter=%7B%22where%22:%7B%22name%22:%22%C0%AF%22%7D%7D",
    ],
)
def test_bad_encodings_are_refused(service: Service, query: bytes) -> None:
    refused(call(service.app, query), "invalid_encoding", "syntax_error")


@pytest.mark.parametrize(
    "query",
    [
        b"filter=%7B%7D&filter=%7B%7D",
        b"filter=%7B%7D&filter[limit]=1",
        b"filter[limit]=1&filter[limit]=2",
        b"filter[where][id]=1&filter[where][id][gt]=2",
        b"filter[where][and][0][id]=1&filter[where][and][2][id]=2",
        b"filter[where=1",
        b"filter[]=1",
        b"filter[where][]=1",
        b"filter[where]x=1",
    ],
)
def test_parameters_that_contradict_one_another_are_refused(service: Service, query: bytes) -> None:
    answer = call(service.app, query)
    refused(
        answer,
        "duplicate_parameter",
        "duplicate_key",
        "invalid_parameter",
        "syntax_error",
        "unknown_clause",
        "unknown_field",
        "empty_condition",
        "type_mismatch",
    )


@pytest.mark.parametrize(
    "body",
    [
        b'{"where":{"id":1},"where":{"id":2}}',
        b'{"where":{"id":1,"id":2}}',
        b'{"where":{"id":{"gt":1,"gt":2}}}',
        b'{"limit":1,"limit":2}',
        b'{"where":{"\\u0069d":1,"id":2}}',
        b'{"offset":1,"skip":1}',
    ],
)
def test_duplicate_keys_are_refused(service: Service, body: bytes) -> None:
    refused(call(service.app, body=[body]), "duplicate_key")


@pytest.mark.parametrize("limit", [-1, 0, 10**9, "10", 1.5, True, [1], {"gt": 1}])
def test_limits_outside_of_the_policy_are_refused(service: Service, limit: object) -> None:
    codes = ("out_of_range", "type_mismatch", "syntax_error", "limit_exceeded")
    refused(ask(service, {"limit": limit}), *codes)
    if limit != 0 or isinstance(limit, bool):
        refused(ask(service, {"offset": limit}), *codes)


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "((a{1,100}){1,100})", "(a|a)*b", r"(\w)\1", "(?=a)", "(?<=a)b", "["]
)
def test_regexes_are_off(service: Service, pattern: str) -> None:
    for word in ("regex", "regexp", "$regex"):
        refused(ask(service, {"where": {"name": {word: pattern}}}), "not_allowed", "unsupported_by_backend")


PATTERNS = {"100%": [1, 9, 17, 25], "a_b": [3, 11, 19, 27], "a\\b": [5, 13, 21, 29], "*": [6, 14, 22, 30]}


@pytest.mark.parametrize(("text", "ids"), PATTERNS.items())
@pytest.mark.parametrize(
    "operator", ["contains", "startsWith", "endsWith", "icontains", "istartsWith", "iendsWith"]
)
def test_wild_characters_are_plain_text(service: Service, operator: str, text: str, ids: list[int]) -> None:
    assert ask(service, {"where": {"name": {operator: text}}}).json == ids


@pytest.mark.parametrize("text", ["[", "]", ".", "?", "'", '"', ";--", "\\\\", "%%", "__"])
def test_characters_that_mean_something_elsewhere_mean_nothing_here(service: Service, text: str) -> None:
    rows = ask(service, {"where": {"name": {"contains": text}}}).json
    assert rows == ([8, 16, 24, 32] if text in "[]" else [])


@pytest.mark.long
def test_many_shapes_take_bounded_time(service: Service) -> None:
    """2,000 filters that all differ in shape: none is answered slowly because of those before it."""
    started = time.monotonic()
    for number in range(200):
        where = {"or": [{"id": 1}] * (1 + number % 60), "name": {"ne": "x"}}
        assert ask(service, {"where": where, "limit": 1}).status == 200
    assert time.monotonic() - started < 60
