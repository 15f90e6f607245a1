"""The SQL of each operator on each database: values are parameters, and the meaning is spelt out."""

from __future__ import annotations

import re
from typing import Any, Literal

import pytest
from queryengine_sqlalchemy import SQLAlchemyQueryEngine, UnsupportedDialectError
from queryengine_sqlalchemy.operands import PatternOperand
from sqlalchemy import Select, select
from sqlalchemy.dialects.mysql.base import MySQLDialect
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import CompileError
from sqlalchemy.orm import Session

from queryengine.ast import Op
from queryengine.errors import ConfigurationError, FilterError, QueryEngineError
from queryengine.policy import SecurityPolicy
from queryengine.process import process_filter_to_ast
from queryengine.schema import TypeKind
from tests.sqlalchemy.models import Person, Postgres, Types

POLICY = SecurityPolicy(relations=True, regex=True)
Document = dict[str, Any]  # Any: a JSON document


def new(dialect: type[Dialect]) -> Dialect:
    return dialect()


def query(engine: SQLAlchemyQueryEngine[Any], document: Document) -> Select[Any]:
    return engine.build_query(process_filter_to_ast(document, engine, policy=POLICY)).query


def sql(statement: Select[Any], dialect: type[Dialect]) -> str:
    """The statement on one line from its FROM on, with :name for each parameter."""
    text = str(statement.compile(dialect=new(dialect)))
    text = " ".join(re.sub(r"%\((\w+)\)s", r":\1", text).split())
    return text[text.index(" FROM ") + 1 :]


def condition(where: Document, dialect: type[Dialect], model: type[Any] = Person) -> str:
    text = sql(query(SQLAlchemyQueryEngine(model, dialect=_name(dialect)), {"where": where}), dialect)
    found = re.fullmatch(r"FROM \w+ WHERE (.*) ORDER BY .*", text)
    assert found is not None
    return found[1]


def _name(dialect: type[Dialect]) -> Literal["sqlite", "postgresql"]:
    return "sqlite" if dialect is SQLiteDialect else "postgresql"


@pytest.mark.parametrize(
    ("where", "sqlite", "postgresql"),
    [
        ({"name": "x"}, "person.full_name = ?", "person.full_name = :name_1"),
        (
            {"name": {"ne": "x"}},
            "person.full_name IS NULL OR person.full_name != ?",
            "person.full_name IS NULL OR person.full_name != :name_1",
        ),
        ({"kind": {"ne": "x"}}, "person.type != ?", "person.type != :kind_1"),
        ({"name": {"gt": "x"}}, "person.full_name > ?", 'person.full_name COLLATE "C" > :name_1'),
        ({"id": {"gte": 1}}, "person.id >= ?", "person.id >= :id_1"),
        (
            {"kind": {"in": ["x"]}},
            "person.type IN (__[POSTCOMPILE_kind_1])",
            "person.type IN (__[POSTCOMPILE_kind_1])",
        ),
        ({"kind": {"contains": "x"}}, "person.type GLOB ?", "person.type LIKE :kind_1"),
        (
            {"kind": {"notStartsWith": "x"}},
            "NOT (person.type GLOB ?)",
            "NOT (person.type LIKE :kind_1)",
        ),
        ({"kind": {"ilike": "x"}}, "person.type GLOB ?", 'lower(person.type COLLATE "C") LIKE :kind_1'),
        ({"name": {"isNull": True}}, "person.full_name IS NULL", "person.full_name IS NULL"),
        ({"name": {"exists": True}}, "person.full_name IS NOT NULL", "person.full_name IS NOT NULL"),
    ],
    ids=str,
)
def test_a_condition_is_written_for_each_database(where: Document, sqlite: str, postgresql: str) -> None:
    assert condition(where, SQLiteDialect) == sqlite
    assert condition(where, PGDialect) == postgresql


def test_a_path_over_a_relation_is_an_exists_and_its_opposite_none() -> None:
    related = "EXISTS (SELECT 1 FROM place AS place_1 WHERE place_1.id = person.home_id AND place_1.name = ?)"
    assert condition({"home.name": "x"}, SQLiteDialect) == related
    assert condition({"home.name": {"ne": "x"}}, SQLiteDialect) == f"NOT ({related})"


@pytest.mark.parametrize(
    ("where", "inside", "negated"),
    [
        ({"home.name": "x", "home.kind": "y"}, "place_1.name = ? AND place_1.kind = ?", False),
        ({"or": [{"home.name": "x"}, {"home.kind": "y"}]}, "(place_1.name = ? OR place_1.kind = ?)", False),
        ({"nor": [{"home.name": "x"}, {"home.kind": "y"}]}, "(place_1.name = ? OR place_1.kind = ?)", True),
        ({"not": {"home.name": "x", "home.kind": "y"}}, "place_1.name = ? AND place_1.kind = ?", True),
    ],
    ids=str,
)
def test_comparisons_in_one_related_row_share_its_exists(where: Document, inside: str, negated: bool) -> None:
    related = f"EXISTS (SELECT 1 FROM place AS place_1 WHERE place_1.id = person.home_id AND {inside})"
    assert condition(where, SQLiteDialect) == (f"NOT ({related})" if negated else related)


def test_every_is_that_there_is_no_exception() -> None:
    exception = "person_1.full_name IS NULL OR person_1.full_name != ?"
    rows = "SELECT 1 FROM person AS person_1 WHERE person.id = person_1.boss_id"
    found = condition({"staff": {"every": {"name": "x"}}}, SQLiteDialect)
    assert found == f"NOT (EXISTS ({rows} AND ({exception})))"


@pytest.mark.parametrize(
    ("where", "postgresql"),
    [
        ({"name": {"isNull": True}}, "postgres.name IS NULL"),
        ({"levels": {"has": 1}}, "postgres.levels @> CAST(ARRAY[:levels_1] AS level[])"),
        ({"levels": {"hasAny": [1]}}, "postgres.levels && :levels_1"),
        ({"levels": {"hasAll": [1]}}, "postgres.levels @> :levels_1"),
        ({"levels": {"size": 1}}, "cardinality(postgres.levels) = :levels_1"),
        ({"levels": {"isEmpty": True}}, "cardinality(postgres.levels) = 0"),
        ({"document": {"eq": {}}}, "postgres.document = CAST(:document_1 AS JSONB)"),
    ],
    ids=str,
)
def test_arrays_and_json_have_postgresqls_operators(where: Document, postgresql: str) -> None:
    assert condition(where, PGDialect, Postgres) == postgresql


def test_a_regular_expression_is_written_for_postgresql() -> None:
    assert condition({"kind": {"regex": "^a"}}, PGDialect) == '(person.type) COLLATE "C" ~ :kind_1'


@pytest.mark.parametrize(
    ("op", "text", "like", "glob"),
    [
        (Op.CONTAINS, "50%_*?[x]\\", "%50\\%\\_*?[x]\\\\%", "*50%_[*][?][[]x]\\*"),
        (Op.STARTS_WITH, "Ab", "Ab%", "Ab*"),
        (Op.ENDS_WITH, "Ab", "%Ab", "*Ab"),
        (Op.LIKE, "a_\\%%*", "a_\\%%*", "a?%*[*]"),
        (Op.ILIKE, "É_K", "É_k", "É?[Kk]"),
        (Op.ICONTAINS, "aB-1", "%ab-1%", "*[Aa][Bb]-1*"),
        (Op.ISTARTS_WITH, "", "%", "*"),
        (Op.IENDS_WITH, "K", "%k", "*[Kk]"),
    ],
)
def test_patterns_are_written_as_each_database_reads_them(op: Op, text: str, like: str, glob: str) -> None:
    operand = PatternOperand(op)
    assert operand.process_bind_param(text, new(PGDialect)) == like
    assert operand.process_bind_param(text, new(SQLiteDialect)) == glob


# -- order


def order(text: str, dialect: type[Dialect], engine: SQLAlchemyQueryEngine[Any]) -> str:
    found = sql(query(engine, {"order": text}), dialect)
    return found[found.index("ORDER BY ") + 9 : found.index(" LIMIT")]


def test_text_is_ordered_by_code_point_and_null_is_the_smallest_value() -> None:
    engine = SQLAlchemyQueryEngine(Person)
    assert order("name,-kind", SQLiteDialect, engine) == (
        "person.full_name NULLS FIRST, person.type DESC, person.id"
    )
    assert order("name,-kind", PGDialect, engine) == (
        'person.full_name COLLATE "C" NULLS FIRST, person.type COLLATE "C" DESC, person.id'
    )


def test_keys_over_one_way_share_its_join() -> None:
    text = sql(
        query(SQLAlchemyQueryEngine(Person), {"order": "boss.name,-boss.home.name,boss.kind"}), SQLiteDialect
    )
    assert text.count("JOIN") == 2


@pytest.mark.parametrize("text_order", ["database", "database_is_codepoint"])
def test_the_order_of_text_can_be_left_to_the_database(
    text_order: Literal["database", "database_is_codepoint"],
) -> None:
    engine = SQLAlchemyQueryEngine(Person, text_order=text_order)
    assert "COLLATE" not in sql(query(engine, {"where": {"name": {"gt": "a"}}, "order": "name"}), PGDialect)


def test_null_can_be_made_the_largest_value() -> None:
    engine = SQLAlchemyQueryEngine(Person, null_order="largest", text_order="database")
    assert order("name", PGDialect, engine) == "person.full_name NULLS LAST, person.id"
    assert order("-name", PGDialect, engine) == "person.full_name DESC NULLS FIRST, person.id"


def test_folding_can_be_left_to_the_database(session: Session) -> None:
    engine = SQLAlchemyQueryEngine(Person, case_fold="unicode")
    text = sql(query(engine, {"where": {"name": {"icontains": "É"}}}), PGDialect)
    assert "lower(person.full_name) LIKE lower(:name_1)" in text
    found = session.scalars(query(engine, {"where": {"name": {"icontains": "MILE"}}})).all()
    assert [person.id for person in found] == [5]


# -- what cannot be done


def test_a_database_whose_meaning_is_not_known_is_refused() -> None:
    statement = query(SQLAlchemyQueryEngine(Person), {"where": {"name": "x"}})
    with pytest.raises(UnsupportedDialectError, match="for the dialect 'mysql'") as caught:
        statement.compile(dialect=new(MySQLDialect))
    assert isinstance(caught.value, QueryEngineError)
    assert isinstance(caught.value, CompileError)


def test_a_query_can_be_printed_without_a_database() -> None:
    text = str(query(SQLAlchemyQueryEngine(Person), {"where": {"name": {"ilike": "x"}}, "order": "name"}))
    assert 'lower(person.full_name COLLATE "C") LIKE :name_1' in text


def test_values_can_be_written_into_the_sql_for_people_to_read() -> None:
    statement = query(SQLAlchemyQueryEngine(Person), {"where": {"name": {"contains": "50%'"}}, "limit": 7})
    text = str(statement.compile(dialect=new(SQLiteDialect), compile_kwargs={"literal_binds": True}))
    assert "GLOB '*50%''*'" in text
    assert "LIMIT 7" in text


@pytest.mark.parametrize("dialect", [None, "sqlite"])
def test_gaps_are_declared_with_their_reasons(dialect: Literal["sqlite"] | None) -> None:
    capabilities = SQLAlchemyQueryEngine(Types, dialect=dialect).capabilities
    assert not capabilities.can("regex", TypeKind.TEXT)
    assert not capabilities.can("eq", TypeKind.JSON)
    assert capabilities.can("isNull", TypeKind.JSON)
    assert "SQLite" in str(capabilities.note("regex", TypeKind.TEXT))
    assert "SQLite" in str(capabilities.note("eq", TypeKind.JSON))
    with pytest.raises(FilterError) as caught:
        query(SQLAlchemyQueryEngine(Types, dialect=dialect), {"where": {"trimmed": {"regex": "a"}}})
    # A caller reads this, who can do nothing about the settings of the service.
    assert caught.value.hint == "SQLite has no regular expressions; PostgreSQL has it"


def test_postgresql_has_every_operator() -> None:
    capabilities = SQLAlchemyQueryEngine(Types, dialect="postgresql").capabilities
    assert capabilities.can("regex", TypeKind.TEXT)
    assert capabilities.can("eq", TypeKind.JSON)


@pytest.mark.parametrize("setting", ["dialect", "text_order", "null_order", "case_fold"])
def test_an_unknown_word_in_a_setting_is_a_configuration_error(setting: str) -> None:
    words: dict[str, Any] = {setting: "mysql"}  # Any: that is the mistake
    with pytest.raises(ConfigurationError, match=f"{setting}='mysql': it has to be "):
        SQLAlchemyQueryEngine(Person, **words)


def test_building_is_pure_and_gives_three() -> None:
    engine = SQLAlchemyQueryEngine(Person)
    ast = process_filter_to_ast({"order": "-id", "fields": ["name"]}, engine, policy=POLICY)
    statement, projection, sort = engine.execute_query(ast)
    assert engine.build_query(ast).filter is ast
    assert (projection, sort) == (ast.projection, ast.order)
    assert str(statement) == str(engine.build_query(ast).query)
    assert engine.model is Person
    assert select(Person).is_derived_from(Person.__table__)
