"""A relation to one row is exact where the mapping says that it leads to no more; elsewhere it is a gap."""

from __future__ import annotations

from typing import Any

import pytest
from queryengine_sqlalchemy import SQLAlchemyQueryEngine
from sqlalchemy import Column, ForeignKey, Index, Integer, Table, UniqueConstraint, func, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from queryengine.errors import ConfigurationError, ErrorCode, FilterError
from queryengine.policy import SecurityPolicy
from queryengine.predicate import field
from queryengine.process import Processor
from queryengine.request import encode
from tests.test_json_schema import Subject

POLICY = SecurityPolicy(relations=True)
Document = dict[str, Any]  # Any: a JSON document


class Base(DeclarativeBase):
    """The models of this module."""


class Owned(Base):
    """What belongs to an owner, in all the ways that the mapping can say that it is the only one, or not."""

    __tablename__ = "owned"

    id: Mapped[int] = mapped_column(ForeignKey("owner.id"), primary_key=True)
    name: Mapped[str]
    plain: Mapped[int | None]
    unique: Mapped[int | None] = mapped_column(unique=True)
    indexed: Mapped[int | None] = mapped_column(unique=True, index=True)
    partial: Mapped[int | None]
    shifted: Mapped[int | None]
    first: Mapped[int | None]
    second: Mapped[int | None]

    __table_args__ = (
        UniqueConstraint("first", "second"),
        Index("partial_one", "partial", unique=True, sqlite_where=text("partial > 5")),
    )


Index("shifted_one", func.abs(Owned.shifted), unique=True)

many = Table(
    "many",
    Base.metadata,
    Column("owner_id", Integer, ForeignKey("owner.id"), primary_key=True),
    Column("owned_id", Integer, ForeignKey("owned.id"), primary_key=True),
)
single = Table(
    "single",
    Base.metadata,
    Column("owner_id", Integer, ForeignKey("owner.id"), primary_key=True),
    Column("owned_id", Integer, ForeignKey("owned.id")),
)


def one(join: str) -> Any:  # Any: a relationship to one row, whose annotation says of what type
    return relationship(primaryjoin=join, uselist=False, viewonly=True)


class Owner(Base):
    """A row with relations to one row each."""

    __tablename__ = "owner"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column()

    by_key: Mapped[Owned | None] = one("Owner.id == foreign(Owned.id)")
    by_unique: Mapped[Owned | None] = one("Owner.id == foreign(Owned.unique)")
    by_index: Mapped[Owned | None] = one("Owner.id == foreign(Owned.indexed)")
    by_both: Mapped[Owned | None] = one(
        "and_(Owner.id == foreign(Owned.first), Owner.number == foreign(Owned.second))"
    )
    narrowed: Mapped[Owned | None] = one("and_(Owner.id == foreign(Owned.unique), Owned.plain > 3)")
    by_table: Mapped[Owned | None] = relationship(secondary=single, uselist=False, viewonly=True)

    by_plain: Mapped[Owned | None] = one("Owner.id == foreign(Owned.plain)")
    by_partial: Mapped[Owned | None] = one("Owner.id == foreign(Owned.partial)")
    by_shifted: Mapped[Owned | None] = one("Owner.id == foreign(Owned.shifted)")
    by_first: Mapped[Owned | None] = one("Owner.id == foreign(Owned.first)")
    by_range: Mapped[Owned | None] = one("Owner.id >= foreign(Owned.unique)")
    by_either: Mapped[Owned | None] = one(
        "or_(Owner.id == foreign(Owned.unique), Owner.number == foreign(Owned.unique))"
    )
    by_many: Mapped[Owned | None] = relationship(secondary=many, uselist=False, viewonly=True)


EXACT = ["by_key", "by_unique", "by_index", "by_both", "narrowed", "by_table"]
GAPS = ["by_plain", "by_partial", "by_shifted", "by_first", "by_range", "by_either", "by_many"]


@pytest.mark.parametrize("name", EXACT)
def test_what_leads_to_one_row_is_ordered_and_filtered(name: str) -> None:
    assert SQLAlchemyQueryEngine(Owner).schema.relations[name].gap is None


@pytest.mark.parametrize("name", GAPS)
def test_what_may_lead_to_several_rows_is_a_gap(name: str) -> None:
    gap = SQLAlchemyQueryEngine(Owner).schema.relations[name].gap
    assert gap is not None
    assert "unique constraint" in gap


def rows(session: Session, document: Document) -> list[Owner]:
    engine = SQLAlchemyQueryEngine(Owner)
    return list(
        session.scalars(engine.build_query(Processor(engine, policy=POLICY).process(encode(document))).query)
    )


@pytest.fixture
def owners(session: Session) -> Session:
    """Give a session with owners: of the second, two rows say that they are its own."""
    Base.metadata.create_all(session.connection())
    session.add_all(Owner(id=number, number=number) for number in (1, 2, 3))
    session.flush()
    session.add_all(
        [
            Owned(id=1, name="b", plain=2, unique=1),
            Owned(id=2, name="a", plain=2, unique=2),
            Owned(id=3, name="c", plain=1),
        ]
    )
    session.flush()
    session.expunge_all()
    return session


def test_an_order_by_a_unique_relation_gives_each_row_once(owners: Session) -> None:
    assert [owner.id for owner in rows(owners, {"order": "by_unique.name"})] == [3, 2, 1]
    assert [owner.id for owner in rows(owners, {"order": "-by_key.name"})] == [3, 1, 2]


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"order": "by_plain.name"}, ("order",)),
        ({"where": {"by_plain.name": "a"}}, ("where", "by_plain.name")),
        ({"where": {"not": {"by_plain": {"name": "a"}}}}, ("where", "not", "by_plain", "name")),
        ({"include": [{"relation": "by_plain", "scope": {"where": {"name": "a"}}}]}, ("include", 0)),
    ],
)
def test_orders_and_conditions_on_one_of_several_rows_are_refused(
    owners: Session, document: Document, path: tuple[str | int, ...]
) -> None:
    with pytest.raises(FilterError) as caught:
        rows(owners, document)
    error = caught.value
    assert (error.code, error.path) == (ErrorCode.UNSUPPORTED_BY_BACKEND, path)
    assert error.hint == SQLAlchemyQueryEngine(Owner).schema.relations["by_plain"].gap
    assert error.span is not None


def test_whether_there_is_a_related_row_can_be_asked_all_the_same(owners: Session) -> None:
    assert [owner.id for owner in rows(owners, {"where": {"by_plain": None}})] == [3]
    assert [owner.id for owner in rows(owners, {"where": {"by_plain": {"exists": True}}})] == [1, 2]


def test_a_row_scope_on_one_of_several_rows_is_a_mistake() -> None:
    engine = SQLAlchemyQueryEngine(Owner)
    with pytest.raises(ConfigurationError, match="by_plain"):
        Processor(engine).process(encode({}), scope=field("by_plain.name") == "a")


def test_the_schema_of_filters_has_no_way_through_a_gap() -> None:
    valid = Subject(SQLAlchemyQueryEngine(Owner), POLICY).accepts
    for name, exact in (("by_unique", True), ("by_plain", False)):
        assert valid({"where": {f"{name}.name": "a"}}) is exact
        assert valid({"where": {name: {"name": "a"}}}) is exact
        assert valid({"order": f"{name}.name"}) is exact
        assert valid({"where": {name: None}, "include": [name]})
        assert valid({"where": {name: {"exists": True}}})
