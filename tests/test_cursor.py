"""Cursors: what they are bound to, and what becomes of those that were changed, are foreign or too old."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Annotated

import pytest
from cryptography.fernet import Fernet
from fastapi import Depends, FastAPI

from queryengine.ast import FilterAST, OrderKey, Path, Value
from queryengine.config import QueryConfig
from queryengine.cursor import LONGEST, CursorCodec, InvalidCursor, own_secret
from queryengine.dependency import create_qe_dependency
from queryengine.engine import Capabilities
from queryengine.errors import ConfigurationError, ErrorCode, FilterError
from queryengine.memory import MemoryQueryEngine, MemoryQueryResult
from queryengine.pages import Page, page_size
from queryengine.policy import Access, SecurityPolicy
from queryengine.process import Processor
from queryengine.request import encode
from queryengine.schema import (
    BooleanType,
    BytesType,
    DateTimeType,
    DateType,
    DecimalType,
    DurationType,
    EnumType,
    Field,
    FieldType,
    FloatType,
    IntegerType,
    TextType,
    TimeType,
    UUIDType,
)
from tests.asgi import call, query_of
from tests.shop import OPEN, ShopEngine

SECRET = "a secret of some length"


class Color(enum.Enum):
    RED = 1


@dataclass
class Note:
    id: int
    weight: float
    note: str


notes = create_qe_dependency(MemoryQueryEngine(Note), config=QueryConfig(cursor_secret=SECRET), required=True)


VALUES: Sequence[tuple[FieldType, Value]] = (
    (IntegerType(), -(2**63)),
    (FloatType(), 0.1 + 0.2),
    (DecimalType(38), Decimal("-1234567890.00")),
    (BooleanType(), False),
    (TextType(), 'É\u212a "quoted" \\ \U0001f600'),
    (DateType(), dt.date(1, 1, 1)),
    (DateTimeType(aware=True), dt.datetime(2013, 1, 31, 12, 0, 0, 1, tzinfo=dt.UTC)),
    (DateTimeType(aware=False), dt.datetime(2013, 1, 31, 12)),  # noqa: DTZ001 - a wall clock
    (TimeType(), dt.time(23, 59, 59, 999_999)),
    (DurationType(), dt.timedelta(days=-5, microseconds=1)),
    (UUIDType(), uuid.UUID(int=5)),
    (BytesType(), b"\x00\xff"),
    (EnumType(Color), Color.RED),
    (TextType(), None),
)


def key_of(type_: FieldType) -> OrderKey:
    return OrderKey(Path(("it",), (), Field("it", type_)))


def named(name: str) -> OrderKey:
    return OrderKey(Path((name,), (), Field(name, TextType())))


TEXT = key_of(TextType())


# -- the codec


@pytest.mark.parametrize(("type_", "value"), VALUES)
def test_a_value_of_any_type_comes_back_as_it_was(type_: FieldType, value: Value) -> None:
    codec = CursorCodec(SECRET)
    (found,) = codec.open(codec.seal([value], [key_of(type_)], "here"), [key_of(type_)], "here")
    assert found == value
    assert type(found) is type(value)


def test_two_cursors_of_one_row_show_nothing_of_it_and_not_that_they_are_the_same() -> None:
    codec = CursorCodec(SECRET)
    one, two = codec.seal(["secret"], [TEXT], "here"), codec.seal(["secret"], [TEXT], "here")
    assert one != two
    assert "secret" not in one
    assert one.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("place", [0, 5, 20, 60, -1])
def test_a_cursor_with_a_changed_character_is_refused(place: int) -> None:
    codec = CursorCodec(SECRET)
    cursor = codec.seal([5], [key_of(IntegerType())], "here")
    changed = list(cursor)
    changed[place] = "A" if changed[place] != "A" else "Q"
    with pytest.raises(InvalidCursor):
        codec.open("".join(changed), [key_of(IntegerType())], "here")


@pytest.mark.parametrize("text", ["", "x", "=", "É", "null", "A" * (LONGEST + 1), "gAAAAA", "\x00", "a b"])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor):
        CursorCodec(SECRET).open(text, [key_of(IntegerType())], "here")


def test_a_cursor_of_another_secret_or_context_is_refused() -> None:
    codec, key = CursorCodec(SECRET), key_of(IntegerType())
    cursor = codec.seal([5], [key_of(IntegerType())], "here")
    for other, context in ((CursorCodec(SECRET + "!"), "here"), (codec, "there")):
        with pytest.raises(InvalidCursor):
            other.open(cursor, [key], context)


def test_a_cursor_whose_values_do_not_fit_the_order_any_more_is_refused() -> None:
    codec = CursorCodec(SECRET)
    cursor = codec.seal(["text"], [TEXT], "here")
    for order in ([key_of(IntegerType())], [], [key_of(TextType())] * 2):
        with pytest.raises(InvalidCursor):
            codec.open(cursor, order, "here")


def test_a_cursor_ends_with_its_lifetime(monkeypatch: pytest.MonkeyPatch) -> None:
    codec, key = CursorCodec(SECRET, dt.timedelta(minutes=5)), key_of(IntegerType())
    cursor = codec.seal([5], [key_of(IntegerType())], "here")
    assert codec.open(cursor, [key], "here") == (5,)
    later = Fernet.decrypt

    def in_ten_minutes(self: Fernet, token: bytes, ttl: int | None = None) -> bytes:
        now = int(dt.datetime.now(dt.UTC).timestamp()) + 600
        return later(self, token) if ttl is None else self.decrypt_at_time(token, ttl, now)

    monkeypatch.setattr(Fernet, "decrypt", in_ten_minutes)
    with pytest.raises(InvalidCursor):
        codec.open(cursor, [key], "here")
    assert CursorCodec(SECRET).open(cursor, [key], "here") == (5,)


def test_without_a_secret_a_process_warns_and_has_its_own() -> None:
    own_secret.cache_clear()
    codec = CursorCodec()
    with pytest.warns(UserWarning, match="cursor_secret"):
        cursor = codec.seal([5], [key_of(IntegerType())], "here")
    assert CursorCodec().open(cursor, [key_of(IntegerType())], "here") == (5,)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("x" * 4_700, ErrorCode.LIMIT_EXCEEDED),
        ("x" * (LONGEST + 1), ErrorCode.LIMIT_EXCEEDED),
        ("a\x00b", ErrorCode.OUT_OF_RANGE),
        ("a\ud800", ErrorCode.OUT_OF_RANGE),
    ],
    ids=["long", "very long", "NUL", "surrogate"],
)
def test_a_text_that_no_cursor_holds_is_an_error_with_the_path_of_its_key(text: str, code: ErrorCode) -> None:
    with pytest.raises(FilterError) as caught:
        CursorCodec(SECRET).seal([7, text, "x"], [key_of(IntegerType()), named("name"), TEXT], "here")
    assert (caught.value.code, caught.value.path) == (code, ("order", "name"))
    assert text not in f"{caught.value} {caught.value.context()}"


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (FloatType(), float("inf")),
        (FloatType(), float("nan")),
        (IntegerType(0, 9), 10),
        (DecimalType(5), Decimal("123.456")),
        (DecimalType(5), Decimal("NaN")),
        (DateTimeType(aware=True, resolution=1_000), dt.datetime(2024, 1, 1, 0, 0, 0, 1, tzinfo=dt.UTC)),
    ],
    ids=str,
)
def test_a_value_outside_of_its_field_is_refused_by_the_page_and_not_with_its_cursor(
    type_: FieldType, value: Value
) -> None:
    codec = CursorCodec(SECRET)
    with pytest.raises(FilterError, match="a row has a value") as caught:
        codec.seal([value], [replace(key_of(type_), implied=True)], "here")
    assert (caught.value.code, caught.value.path) == (ErrorCode.OUT_OF_RANGE, ("order",))


@pytest.mark.parametrize(
    ("weight", "note", "code", "place"),
    [(1.0, "x" * 5_000, "limit_exceeded", "note"), (float("inf"), "a short note", "out_of_range", "weight")],
    ids=["long", "infinite"],
)
def test_a_service_answers_a_row_that_has_no_cursor_as_an_error_of_the_request(
    weight: float, note: str, code: str, place: str
) -> None:
    app = FastAPI()

    @app.get("/items")
    async def read_notes(result: Annotated[MemoryQueryResult[Note], Depends(notes)]) -> Page[Note]:
        return result.query.page([Note(n, weight, note) for n in (1, 2, 3)])

    answer = call(app, query_of({"order": "weight,note", "limit": 2}))
    assert answer.status == 422
    (detail,) = answer.json["detail"]
    assert (detail["type"], detail["loc"]) == (code, ["query", "filter", "order", place])
    assert note not in str(detail)


def test_a_setting_that_means_nothing_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="16 bytes"):
        CursorCodec("short")
    with pytest.raises(ConfigurationError, match="a second"):
        CursorCodec(SECRET, dt.timedelta())


@pytest.mark.parametrize("secret", ["", "short", b"bytes"])
def test_a_bad_secret_is_an_error_before_the_first_request(secret: str | bytes) -> None:
    with pytest.raises(ConfigurationError, match="16 bytes"):
        create_qe_dependency(ShopEngine(), config=QueryConfig(cursor_secret=secret))


def test_a_bad_lifetime_is_an_error_before_the_first_request() -> None:
    with pytest.raises(ConfigurationError, match="a second"):
        create_qe_dependency(ShopEngine(), config=QueryConfig(cursor_lifetime=dt.timedelta()))


def test_settings_of_cursors_without_their_extra_are_an_error_before_the_first_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("queryengine.cursor.has_cursors", lambda: False)
    with pytest.raises(ConfigurationError, match=r"queryengine\[cursors\]"):
        create_qe_dependency(ShopEngine(), config=QueryConfig(cursor_secret=SECRET))
    _ = create_qe_dependency(ShopEngine())


# -- what a cursor belongs to

FIRST: dict[str, object] = {"where": {"stock": {"gt": 1}}, "order": "-price,name", "limit": 2}


def processor(policy: SecurityPolicy = OPEN, secret: str | None = SECRET) -> Processor:
    capabilities = Capabilities(backend="shop", cursor=True)
    return Processor(ShopEngine(capabilities), policy=policy, config=QueryConfig(cursor_secret=secret))


def cursor_of(document: dict[str, object], principal: str | None = None) -> str:
    ast = processor().process(encode(document), principal=principal)
    assert ast.shape is not None
    assert ast.shape.cursors is not None
    return ast.shape.cursors.seal([Decimal("1.50"), "a", 7], ast.principal)


def go_on(
    document: dict[str, object],
    cursor: object,
    *,
    policy: SecurityPolicy = OPEN,
    secret: str = SECRET,
    principal: str | None = None,
    word: str = "after",
) -> FilterAST:
    return processor(policy, secret).process(encode({**document, word: cursor}), principal=principal)


def refusal(
    document: dict[str, object], cursor: object, *, principal: str | None = None, word: str = "after"
) -> FilterError:
    with pytest.raises(FilterError) as caught:
        go_on(document, cursor, principal=principal, word=word)
    return caught.value


def test_a_cursor_serves_every_process_with_the_secret_and_other_values_of_the_filter() -> None:
    cursor = cursor_of(FIRST)
    for document in (FIRST, FIRST | {"where": {"stock": {"gt": 100}}}, FIRST | {"limit": 50}):
        ast = go_on(document, cursor)
        assert ast.values[-3:] == (Decimal("1.50"), "a", 7)
        assert ast.seek is not None


@pytest.mark.parametrize(
    "other",
    [
        {"order": "price,name"},
        {"order": "-price"},
        {"order": "-price,name DESC"},
        {"order": ["-price", "id"]},
        {"where": {"stock": {"gte": 1}}},
        {"where": {"price": {"gt": 1}}},
        {"where": {"not": {"stock": {"gt": 1}}}},
    ],
)
def test_a_cursor_of_another_order_or_condition_is_refused(other: dict[str, object]) -> None:
    error = refusal(FIRST | other, cursor_of(FIRST))
    assert (error.code, error.path) == (ErrorCode.INVALID_CURSOR, ("after",))


def test_a_cursor_of_another_caller_is_refused() -> None:
    cursor = cursor_of(FIRST, "ann")
    assert go_on(FIRST, cursor, principal="ann").principal == "ann"
    for other in ("bob", ""):
        assert refusal(FIRST, cursor, principal=other).code is ErrorCode.INVALID_CURSOR
    assert refusal(FIRST, cursor).code is ErrorCode.INVALID_CURSOR


def test_a_cursor_of_another_policy_is_refused() -> None:
    other = replace(OPEN, paths={"stock": Access(sort=False)})
    with pytest.raises(FilterError, match="does not belong"):
        go_on(FIRST, cursor_of(FIRST), policy=other)


@pytest.mark.parametrize("cursor", ["", "x", "gAAAAABlegal", "É"])
def test_what_is_no_cursor_is_named_with_its_place(cursor: str) -> None:
    error = refusal(FIRST, cursor)
    assert (error.code, error.path) == (ErrorCode.INVALID_CURSOR, ("after",))
    assert error.span is not None
    assert error.source is not None
    assert cursor in error.span.slice(error.source)


@pytest.mark.parametrize(
    ("document", "word", "code"),
    [
        ({"offset": 5}, "after", ErrorCode.NOT_ALLOWED),
        ({"skip": 5}, "before", ErrorCode.NOT_ALLOWED),
        ({"after": "x"}, "before", ErrorCode.NOT_ALLOWED),
    ],
)
def test_a_cursor_stands_by_itself(document: dict[str, object], word: str, code: ErrorCode) -> None:
    assert refusal(FIRST | document, "x", word=word).code is code


def test_an_include_takes_no_cursor() -> None:
    document = {"include": [{"relation": "maker", "scope": {"after": "x"}}]}
    with pytest.raises(FilterError) as caught:
        processor().process(encode(document))
    assert caught.value.code is ErrorCode.NOT_ALLOWED


# -- without the extra


@pytest.fixture
def _without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("cursor", "binder", "pages"):
        monkeypatch.setattr(f"queryengine.{module}.has_cursors", lambda: False)


@pytest.mark.usefixtures("_without_the_extra")
@pytest.mark.parametrize("word", ["after", "before"])
def test_without_the_extra_a_cursor_is_refused_as_what_the_service_does_not_have(word: str) -> None:
    with pytest.raises(FilterError, match="no cursors") as caught:
        processor(secret=None).process(encode(FIRST | {word: "x"}))
    assert (caught.value.code, caught.value.path) == (ErrorCode.NOT_ALLOWED, (word,))


@pytest.mark.usefixtures("_without_the_extra")
def test_without_the_extra_pages_say_what_to_install() -> None:
    with pytest.raises(ConfigurationError, match=r"queryengine\[cursors\]"):
        page_size(processor(secret=None).process(encode(FIRST)))
    with pytest.raises(ConfigurationError, match=r"queryengine\[cursors\]"):
        CursorCodec(SECRET)
