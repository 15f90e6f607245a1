"""Every way to map a class: as a dataclass, as a SQLModel, with a registry's decorator."""

from collections.abc import Sequence
from typing import Any, assert_type

from queryengine_sqlalchemy import SQLAlchemyQueryEngine, SQLAlchemyQueryResult
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column, registry
from sqlmodel import Field, SQLModel
from sqlmodel import Session as SQLModelSession
from sqlmodel.ext.asyncio.session import AsyncSession as SQLModelAsyncSession

from queryengine import Predicate, QEDependency, create_qe_dependency, field


class Base(MappedAsDataclass, DeclarativeBase):
    pass


class Seat(Base):
    __tablename__ = "seats"

    number: Mapped[str] = mapped_column(primary_key=True)
    row: Mapped[int] = mapped_column(default=1)


mapper_registry = registry()


@mapper_registry.mapped
class Gate:
    __tablename__ = "gates"

    name: Mapped[str] = mapped_column(primary_key=True)


class Hero(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str


seats = create_qe_dependency(SQLAlchemyQueryEngine(Seat), required=True)
assert_type(seats, QEDependency[SQLAlchemyQueryResult[Seat]])

gates = create_qe_dependency(SQLAlchemyQueryEngine(Gate), required=True)
assert_type(gates, QEDependency[SQLAlchemyQueryResult[Gate]])

heroes = create_qe_dependency(SQLAlchemyQueryEngine(Hero))
assert_type(heroes, QEDependency[SQLAlchemyQueryResult[Hero] | None])


async def run_seats(result: SQLAlchemyQueryResult[Seat], session: AsyncSession) -> Sequence[Seat]:
    query, _, _ = result
    assert_type(query, Select[Seat])
    return (await session.scalars(query)).all()


def run_heroes(result: SQLAlchemyQueryResult[Hero], session: SQLModelSession) -> Sequence[Hero]:
    """`scalars` is the way: SQLModel's `exec` asks for its own kind of select."""
    query, _, _ = result
    assert_type(query, Select[Hero])
    return session.scalars(query).all()


async def run_heroes_async(
    result: SQLAlchemyQueryResult[Hero], session: SQLModelAsyncSession
) -> Sequence[Hero]:
    return (await session.scalars(result.query)).all()


def front_rows() -> Predicate:
    return field(Seat.row) < 4


def named() -> Predicate:
    """To type checkers an attribute of a SQLModel is its value, so one that is no text is named by text."""
    return (field(Hero.name) == "Deadpond") | (field("id") == 1)


of_any: list[SQLAlchemyQueryEngine[Any]] = [SQLAlchemyQueryEngine(Seat), SQLAlchemyQueryEngine(Hero)]
