"""Models that inherit, with tables of their own and without: a row is one row under each of its classes."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
from queryengine_sqlalchemy import SQLAlchemyQueryEngine
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from queryengine.memory import evaluate
from queryengine.policy import SecurityPolicy
from queryengine.predicate import Scope, field
from queryengine.process import Processor
from queryengine.request import encode

POLICY = SecurityPolicy(relations=True)
Document = dict[str, Any]  # Any: a JSON document


class FirmBase(DeclarativeBase):
    """The models of this module."""


class Firm(FirmBase):
    """A row that leads to the hierarchy."""

    __tablename__ = "firm"

    id: Mapped[int] = mapped_column(primary_key=True)

    staff: Mapped[list[Employee]] = relationship(order_by="Employee.id")
    managers: Mapped[list[Manager]] = relationship(viewonly=True, order_by="Manager.id")


class Employee(FirmBase):
    """The root of the hierarchy."""

    __tablename__ = "employee"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column()
    name: Mapped[str]
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    boss_id: Mapped[int | None] = mapped_column(ForeignKey("employee.id"))

    boss: Mapped[Employee | None] = relationship(remote_side=id)

    __mapper_args__ = {"polymorphic_on": kind, "polymorphic_identity": "employee"}  # noqa: RUF012  # SQLAlchemy's way


class Manager(Employee):
    """With a table of its own, which is loaded with its base's."""

    __tablename__ = "manager"

    id: Mapped[int] = mapped_column(ForeignKey("employee.id"), primary_key=True)
    level: Mapped[int | None]

    __mapper_args__ = {"polymorphic_identity": "manager", "polymorphic_load": "inline"}  # noqa: RUF012


class Chief(Manager):
    """With a third table, which is loaded by a query of its own."""

    __tablename__ = "chief"

    id: Mapped[int] = mapped_column(ForeignKey("manager.id"), primary_key=True)
    car: Mapped[str | None]

    __mapper_args__ = {"polymorphic_identity": "chief", "polymorphic_load": "selectin"}  # noqa: RUF012


class Temp(Employee):
    """In its base's table."""

    agency: Mapped[str | None]

    __mapper_args__ = {"polymorphic_identity": "temp"}  # noqa: RUF012


@pytest.fixture
def session() -> Generator[Session]:
    database = create_engine("sqlite://")
    FirmBase.metadata.create_all(database)
    with Session(database) as session:
        for row in (
            Firm(id=1),
            Firm(id=2),
            Chief(id=1, name="Ada", level=9, car="red", firm_id=1),
            Manager(id=2, name="Bob", level=3, firm_id=1, boss_id=1),
            Manager(id=3, name="Cy", level=None, firm_id=2, boss_id=1),
            Temp(id=4, name="Dee", agency="x", firm_id=2, boss_id=2),
            Employee(id=5, name="Eve", firm_id=1, boss_id=4),
        ):
            session.add(row)
            session.flush()
        session.commit()
        session.expunge_all()
        yield session
    database.dispose()


def rows(session: Session, model: type[Any], document: Document, scope: Scope | None = None) -> list[Any]:
    """Return what a filter gives, by the template. Any: each model has attributes of its own."""
    engine = SQLAlchemyQueryEngine(model)
    processor = Processor(engine, policy=POLICY)
    for _ in range(2):
        engine.build_query(processor.process(encode(document), scope=scope))
    query = engine.build_query(processor.process(encode(document), scope=scope)).query
    return list(session.scalars(query))


def ids(found: list[Any]) -> list[int]:
    return [row.id for row in found]


def test_a_class_has_the_fields_of_its_bases_and_its_own() -> None:
    base = ["id", "kind", "name", "firm_id", "boss_id"]
    for model, own in ((Employee, []), (Manager, ["level"]), (Chief, ["level", "car"]), (Temp, ["agency"])):
        schema = SQLAlchemyQueryEngine(model).schema
        assert list(schema.fields) == [*base, *own]
        assert [key.name for key in schema.primary_key] == ["id"]


@pytest.mark.parametrize(
    ("model", "document", "expected"),
    [
        (Manager, {"where": {"level": {"gt": 1}}, "order": "-level"}, [1, 2]),
        (Manager, {"where": {"level": {"ne": 3}}, "order": "level"}, [3, 1]),
        (Chief, {"where": {"car": "red", "level": 9, "name": "Ada"}, "order": "car,name"}, [1]),
        (Temp, {"where": {"agency": {"ne": "y"}}, "order": "agency"}, [4]),
        (Temp, {"where": {"agency": None}}, []),
        (Employee, {"order": "-boss.name"}, [5, 4, 2, 3, 1]),
        (Employee, {"where": {"boss.boss.name": "Ada"}}, [4]),
        (Firm, {"where": {"managers": {"some": {"level": 9}}}}, [1]),
        (Firm, {"where": {"managers": {"every": {"level": None}}}}, [2]),
        (Firm, {"where": {"staff": {"some": {"kind": "temp"}}}}, [2]),
    ],
)
def test_conditions_and_orders_on_columns_of_all_tables(
    session: Session, model: type[Any], document: Document, expected: list[int]
) -> None:
    assert ids(rows(session, model, document)) == expected


def test_fields_of_all_tables_are_loaded(session: Session) -> None:
    found = rows(session, Chief, {"fields": ["name", "level", "car"]})
    session.expunge_all()
    assert [(row.name, row.level, row.car) for row in found] == [("Ada", 9, "red")]
    assert "firm_id" not in vars(found[0])


def test_an_include_of_a_base_brings_rows_of_all_classes(session: Session) -> None:
    narrowed = {"relation": "staff", "scope": {"where": {"name": {"gt": "B"}}, "fields": ["name"]}}
    found = rows(session, Firm, {"include": [narrowed]})
    assert [list(map(type, firm.staff)) for firm in found] == [[Manager, Employee], [Manager, Temp]]
    session.expunge_all()
    narrowed = {"relation": "managers", "scope": {"where": {"level": {"gt": 3}}}}
    found = rows(session, Firm, {"include": [narrowed]})
    assert [ids(firm.managers) for firm in found] == [[1], []]


def test_the_scope_of_a_base_holds_for_its_subclasses(session: Session) -> None:
    scope = {Employee: field("name") != "Ada"}
    assert ids(rows(session, Manager, {}, scope)) == [2, 3]
    assert ids(rows(session, Chief, {}, scope)) == []
    assert [ids(firm.managers) for firm in rows(session, Firm, {"include": ["managers"]}, scope)] == [
        [2],
        [3],
    ]


SCOPES: list[tuple[Scope, list[int]]] = [
    ({Manager: field("level") > 4}, [1, 4, 5]),
    ({Chief: field("car") == "blue"}, [2, 3, 4, 5]),
    ({Temp: field("agency") == "y"}, [1, 2, 3, 5]),
    ({Manager: field("level") < 4, Temp: field("agency") == "y"}, [2, 5]),
    ({Employee: field("id") > 1, Manager: field("level").is_null(), Chief: field("id") == 0}, [3, 4, 5]),
]


@pytest.mark.parametrize(("scope", "expected"), SCOPES)
def test_the_scope_of_a_subclass_holds_where_its_rows_are_met_as_their_base(
    session: Session, scope: Scope, expected: list[int]
) -> None:
    assert ids(rows(session, Employee, {}, scope)) == expected
    for document in ({"include": ["staff"]}, {}):  # loaded with the query, or later
        session.expunge_all()
        firms = rows(session, Firm, document, scope)
        assert sorted(row.id for firm in firms for row in firm.staff) == expected
    bosses = {5: 4, 4: 2, 3: 1, 2: 1}
    led = [row for row in expected if bosses.get(row) in expected]
    assert ids(rows(session, Employee, {"where": {"boss.id": {"gt": 0}}}, scope)) == led
    some = [firm for firm, staff in ((1, {1, 2}), (2, {3, 4})) if staff & set(expected)]
    assert ids(rows(session, Firm, {"where": {"staff": {"some": {"id": {"lt": 5}}}}}, scope)) == some


@pytest.mark.parametrize(("scope", "expected"), SCOPES)
def test_the_definition_knows_the_scopes_of_subclasses(
    session: Session, scope: Scope, expected: list[int]
) -> None:
    bound = Processor(SQLAlchemyQueryEngine(Employee), policy=POLICY).process(encode({}), scope=scope)
    assert ids(evaluate(bound, session.scalars(select(Employee)))) == expected


def test_a_scope_holds_for_rows_of_classes_that_were_made_after_its_first_use() -> None:
    class Marked:
        """A class by whose name a scope may speak of rows of several hierarchies."""

    class Base(DeclarativeBase):
        pass

    class Label(Marked, Base):
        __tablename__ = "label"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Plant(Base):
        __tablename__ = "plant"
        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str]
        label_id: Mapped[int | None] = mapped_column(ForeignKey("label.id"))
        label: Mapped[Label | None] = relationship()
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "plant"}  # noqa: RUF012

    engine = SQLAlchemyQueryEngine(Plant)
    processor = Processor(engine, policy=POLICY)

    def found(session: Session) -> list[int]:
        bound = processor.process(encode({}), scope={Marked: field("id") > 2})
        return ids(list(session.scalars(engine.build_query(bound).query)))

    database = create_engine("sqlite://")
    Base.metadata.create_all(database)
    with Session(database) as session:
        assert found(session) == []

        class Tree(Marked, Plant):
            __mapper_args__ = {"polymorphic_identity": "tree"}  # noqa: RUF012

        session.add_all([Plant(id=1), Tree(id=2), Tree(id=3)])
        session.flush()
        assert found(session) == [1, 3]
    database.dispose()
