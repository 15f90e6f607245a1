"""The SQL of filters: its shape, its parameters, and that no value and no name of a caller is in it."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from collections.abc import Iterable
from typing import Any, Literal
from weakref import ref

import pytest
from pypika_tortoise.enums import Dialects
from queryengine_tortoise import TortoiseQueryEngine
from queryengine_tortoise.dialects import TextRules, dialect_of
from queryengine_tortoise.queryset import Condition
from queryengine_tortoise.sql import Bind, name, sql
from queryengine_tortoise.statements import BoundFilter, Settings, Statements
from tortoise.context import TortoiseContext

from queryengine import ConfigurationError, SecurityPolicy, process_filter_to_ast
from queryengine.ast import FilterAST, Shape
from queryengine.parsed import Source
from queryengine.process import Processor
from tests.tortoise.models import Product

POLICY = SecurityPolicy(relations=True, regex=True)
EVIL = """a'b"c\\d`e;--$1%s{}*"""


def bound(engine: TortoiseQueryEngine[Product], text: str) -> FilterAST:
    return process_filter_to_ast(text, engine, policy=POLICY)


def described(text: str, dialect: Literal["sqlite", "postgresql"], **options: Any) -> str:
    engine = TortoiseQueryEngine(Product, dialect=dialect, **options)
    return engine.describe_query(bound(engine, text))


def test_a_query_can_be_shown_with_its_parameters_and_without_a_connection() -> None:
    where = '{"name": {"contains": "%"}, "stock": {"gt": 1}}'
    text = f'{{"where": {where}, "fields": ["name"], "limit": 5, "offset": 2}}'
    assert described(text, "sqlite").splitlines() == [
        'SELECT "id", "product_name", "brand_id", "made_by"',
        'FROM "goods"',
        'WHERE ("goods"."product_name" GLOB ?1 AND "goods"."stock" > ?2)',
        'ORDER BY "goods"."id" ASC',
        "LIMIT ?3",
        "OFFSET ?4",
        "  ?1 = '*%*'",
        "  ?2 = 1",
        "  ?3 = 5",
        "  ?4 = 2",
    ]


def test_columns_have_the_names_of_the_table_once_tortoise_is_initialised(connected: None) -> None:
    del connected
    columns = '"id", "product_name", "stock", "size", "brand_id", "made_by"'
    assert described("{}", "sqlite").splitlines()[0] == f"SELECT {columns}"


def test_related_rows_are_met_by_exists_and_sorted_by_subqueries(connected: None) -> None:
    del connected
    text = '{"where": {"brand.name": {"ne": "x"}}, "order": "-brand.name"}'
    lines = described(text, "postgresql").splitlines()
    related = 'FROM "brand" AS "qe{0}" WHERE "qe{0}"."code" = "goods"."brand_id"'
    assert lines[2] == f'WHERE NOT EXISTS (SELECT 1 {related.format(1)} AND "qe1"."name" = $1)'
    key = f'(SELECT "qe2"."name" COLLATE "C" {related.format(2)}) DESC NULLS LAST'
    assert lines[3] == f'ORDER BY {key}, "goods"."id" ASC'


def test_comparisons_in_the_same_related_row_share_an_exists(connected: None) -> None:
    del connected
    text = '{"where": {"or": [{"brand.name": "a"}, {"brand.country": "b"}, {"maker.name": "c"}]}}'
    assert described(text, "sqlite").count("EXISTS") == 2


def test_the_statement_is_the_same_for_lists_of_any_length_on_postgresql() -> None:
    one, two = (
        described(f'{{"where": {{"stock": {{"in": {items}}}}}}}', "postgresql") for items in ("[1]", "[1, 2]")
    )
    assert one.splitlines()[2] == two.splitlines()[2] == 'WHERE "goods"."stock" = ANY($1)'


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, '"goods"."product_name" COLLATE "C" ASC'),
        ({"text_order": "database"}, '"goods"."product_name" ASC'),
        ({"text_order": "database_is_codepoint"}, '"goods"."product_name" ASC'),
    ],
)
def test_text_is_ordered_as_the_engine_is_told(options: dict[str, str], expected: str) -> None:
    assert expected in described('{"order": "name"}', "postgresql", **options)


def test_nulls_stand_where_the_engine_is_told() -> None:
    assert '"goods"."stock" ASC NULLS LAST' in described('{"order": "stock"}', "sqlite", null_order="largest")


def test_the_databases_own_lower_folds_where_the_engine_is_told() -> None:
    text = described('{"where": {"name": {"icontains": "É"}}}', "postgresql", case_fold="unicode")
    assert 'lower("goods"."product_name") LIKE lower($1)' in text
    assert "$1 = '%É%'" in text


def test_regular_expressions_are_postgresqls() -> None:
    text = described('{"where": {"name": {"regex": "^a"}}}', "postgresql")
    assert '("goods"."product_name") COLLATE "C" ~ $1' in text


# -- strangers


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
@pytest.mark.parametrize(
    "word", ["eq", "ne", "gt", "in", "contains", "istartsWith", "endsWith", "like", "nilike", "between"]
)
def test_a_statement_is_the_same_whatever_a_caller_asks_for(
    word: str, dialect: Literal["sqlite", "postgresql"]
) -> None:
    def statement(value: str) -> str:
        operand: object = [value, value] if word in {"in", "between"} else value
        text = described(json.dumps({"where": {"name": {word: operand}}, "order": "-name"}), dialect)
        return text.partition("\n  ")[0]

    assert statement(EVIL) == statement("a")


def test_a_name_with_a_quote_stays_one_name() -> None:
    assert name('a"; --', "b").parts == ('"a""; --"."b"',)


def test_a_template_has_a_piece_for_each_place() -> None:
    with pytest.raises(ValueError, match="1 pieces for"):
        sql("{} = {}", Bind(1))


@pytest.mark.parametrize(
    "where",
    [
        {"name": {"eq": "%\\_'"}},
        {"name": {"contains": "\\_'"}},
        {"stock": {"in": [0, 7]}},
        {"size.width": None, "stock": 0},
    ],
)
async def test_a_statement_written_without_parameters_asks_the_same(
    where: object, shop: TortoiseContext
) -> None:
    """Tortoise's own `explain` sends it."""
    engine = TortoiseQueryEngine(Product)
    query = engine.build_query(bound(engine, json.dumps({"where": where}))).query
    text = query.sql(params_inline=True)
    assert "?" not in text
    connection: Any = shop.db()  # Any: Tortoise does not say of what rows are
    assert [row["id"] for row in await connection.execute_query_dict(text)] == [3]
    assert await query.explain()


# -- what is kept


async def test_a_shape_is_compiled_once_and_forgotten_with_its_plan(shop: TortoiseContext) -> None:
    del shop
    statements = Statements(Settings(None, TextRules(), use_tz=True))
    kept: list[ref[Shape]] = []

    async def ask(numbers: Iterable[int]) -> list[int]:
        processor = Processor(TortoiseQueryEngine(Product), policy=POLICY)
        asts = [processor.process(Source(f'{{"where": {{"stock": {{"gt": {each}}}}}}}')) for each in numbers]
        found = [
            await Product.filter(Condition(BoundFilter(statements, Product, ast))).count() for ast in asts
        ]
        shapes = {ast.shape for ast in asts if ast.shape is not None}
        assert [len(shape.compiled[statements]) for shape in shapes] == [1]
        kept.extend(ref(shape) for shape in shapes)
        return found

    assert await ask([-1, 0, 3]) == [2, 1, 0]
    gc.collect()
    assert [shape() for shape in kept] == [None]


async def test_a_filters_condition_is_not_turned_round_by_tortoise(shop: TortoiseContext) -> None:
    del shop
    engine = TortoiseQueryEngine(Product)
    statements = Statements(Settings(None, TextRules(), use_tz=True))
    with pytest.raises(TypeError, match="write `not` into the filter"):
        _ = ~Condition(BoundFilter(statements, Product, bound(engine, '{"where": {"stock": 1}}')))


def test_a_database_that_nobody_has_checked_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="nobody has checked what a filter means on mysql"):
        dialect_of(Dialects.MYSQL, TextRules())


@pytest.mark.long
def test_relations_have_no_sql_before_tortoise_knows_them() -> None:
    program = "from tests.tortoise.test_statements import show_too_early; show_too_early()"
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


def show_too_early() -> None:
    """Ask for the SQL of a relation in a process in which nobody has initialised Tortoise."""
    with pytest.raises(ConfigurationError, match=r"call Tortoise\.init or Tortoise\.init_models first"):
        described('{"where": {"brand.name": "x"}}', "sqlite")
    assert 'FROM "goods"' in described('{"where": {"name": "x"}}', "sqlite")
