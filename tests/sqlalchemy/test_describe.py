"""Queries as text for people: SQL with named parameters, whose values are those that the driver gets."""

from __future__ import annotations

from typing import Literal

import pytest
from queryengine_sqlalchemy import SQLAlchemyQueryEngine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from queryengine import process_filter_to_ast
from queryengine.engine import DescribesQueries


class Base(DeclarativeBase):
    pass


class Book(Base):
    __tablename__ = "described_books"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]


def described(filter: str, dialect: Literal["sqlite", "postgresql"] | None = None) -> list[str]:
    engine = SQLAlchemyQueryEngine(Book, dialect=dialect)
    assert isinstance(engine, DescribesQueries)
    return engine.describe_query(process_filter_to_ast(filter, engine)).splitlines()


@pytest.mark.parametrize(
    ("dialect", "operator", "pattern"),
    [("sqlite", "GLOB", "'*50%*'"), (None, "GLOB", "'*50%*'"), ("postgresql", "LIKE", r"'%50\\%%'")],
)
def test_a_pattern_is_shown_as_the_database_gets_it(
    dialect: Literal["sqlite", "postgresql"] | None, operator: str, pattern: str
) -> None:
    lines = described('{"where": {"title": {"contains": "50%"}}}', dialect)
    assert f"WHERE described_books.title {operator} :title_1 ORDER BY described_books.id" in lines
    assert f"  title_1 = {pattern}" in lines


def test_a_list_is_shown_with_a_name_for_each_value() -> None:
    lines = described('{"where": {"id": {"in": [7, 8]}}, "limit": 3}')
    assert "WHERE described_books.id IN (:id_1_1, :id_1_2) ORDER BY described_books.id" in lines
    assert "  id_1 = [7, 8]" in lines
    assert "  limit_1 = 3" in lines
