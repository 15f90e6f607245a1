"""The service under attack: two tenants' items on SQLite, and its twin whose model has nothing to hide."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, Request
from pydantic import BaseModel
from queryengine_sqlalchemy import SQLAlchemyQueryEngine, SQLAlchemyQueryResult
from sqlalchemy import Engine, ForeignKey, StaticPool, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from queryengine import QueryConfig, Scope, SecurityPolicy, create_qe_dependency
from queryengine import field as attribute

TENANTS = ("red", "blue")
HIDDEN = {"queryengine": "hidden"}


class Base(DeclarativeBase):
    """The model with hidden fields and a hidden relation."""


class Owner(Base):
    __tablename__ = "owner"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    tenant: Mapped[str] = mapped_column(info=HIDDEN)


class Item(Base):
    __tablename__ = "item"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    weight: Mapped[int | None]
    price: Mapped[Decimal | None]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("owner.id"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("item.id"))
    tenant: Mapped[str] = mapped_column(info=HIDDEN)
    margin: Mapped[int] = mapped_column(info=HIDDEN)
    password_hash: Mapped[str]
    owner: Mapped[Owner | None] = relationship()
    profile: Mapped[Owner | None] = relationship(info=HIDDEN, viewonly=True)
    parent: Mapped[Item | None] = relationship(remote_side=[id], back_populates="parts")
    parts: Mapped[list[Item]] = relationship(back_populates="parent")


class PlainBase(DeclarativeBase):
    """The twin's model: the same without what is hidden."""


class PlainOwner(PlainBase):
    __tablename__ = "owner"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class PlainItem(PlainBase):
    __tablename__ = "item"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    weight: Mapped[int | None]
    price: Mapped[Decimal | None]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("owner.id"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("item.id"))
    owner: Mapped[PlainOwner | None] = relationship()
    parent: Mapped[PlainItem | None] = relationship(remote_side=[id], back_populates="parts")
    parts: Mapped[list[PlainItem]] = relationship(back_populates="parent")


class OwnerOut(BaseModel):
    name: str


class ItemOut(BaseModel):
    id: int
    name: str
    weight: int | None
    price: Decimal | None
    owner: OwnerOut | None


POLICY = SecurityPolicy(relations=True)


def tenant_scope(tenant: Annotated[str | None, Header()] = None) -> Scope | None:
    """The rows of the tenant that asks; nothing for who names none."""
    if tenant is None:
        return None
    return {Item: attribute("tenant") == tenant, Owner: attribute("tenant") == tenant}


@dataclass
class Service:
    """An application with its own database, and the statements that it sent."""

    app: FastAPI
    database: Engine
    statements: list[str] = field(default_factory=list[str])


def rows() -> Iterator[Base]:
    """Two items of each kind for each tenant, under one another's owners and parents on purpose."""
    for number, tenant in enumerate(TENANTS):
        yield Owner(id=number + 1, name=f"{tenant} owner", tenant=tenant)
    texts = ("100%", "1000", "a_b", "axb", "a\\b", "*", "", "[a]")
    for number in range(32):
        yield Item(
            id=number + 1,
            name=texts[number % 8],
            weight=None if number % 5 == 0 else number % 7,
            price=None if number % 3 == 0 else Decimal(number) / 4,
            owner_id=None if number % 6 == 0 else 1 + number % 3 % 2,
            parent_id=None if number < 8 else 1 + number * 7 % number,
            tenant=TENANTS[number // 2 % 2],
            margin=number,
            password_hash=f"hash {number}",
        )


ENGINE = SQLAlchemyQueryEngine(Item)
TWIN = SQLAlchemyQueryEngine(PlainItem)
EXPOSE = SecurityPolicy(expose=ItemOut)

items = create_qe_dependency(ENGINE, policy=POLICY, required=True)
exposed = create_qe_dependency(ENGINE, policy=EXPOSE, required=True)
mine = create_qe_dependency(ENGINE, policy=POLICY, scope=tenant_scope)
posted = create_qe_dependency(ENGINE, policy=POLICY, config=QueryConfig(source="body"), required=True)
plain_items = create_qe_dependency(TWIN, policy=POLICY, required=True)
plain_exposed = create_qe_dependency(TWIN, policy=EXPOSE, required=True)

Result = SQLAlchemyQueryResult[Item]
PlainResult = SQLAlchemyQueryResult[PlainItem]


def _ids(request: Request, result: Result) -> list[int]:
    with Session(request.app.state.database) as session:
        return [item.id for item in session.scalars(result.query)]


def list_items(request: Request, result: Annotated[Result, Depends(items)]) -> list[int]:
    return _ids(request, result)


def list_exposed(request: Request, result: Annotated[Result, Depends(exposed)]) -> list[int]:
    return _ids(request, result)


def list_mine(request: Request, result: Annotated[Result, Depends(mine)]) -> list[int]:
    return _ids(request, result)


def post_items(request: Request, result: Annotated[Result, Depends(posted)]) -> list[int]:
    return _ids(request, result)


def refuse_items(result: Annotated[PlainResult, Depends(plain_items)]) -> list[int]:
    raise AssertionError(f"this was to be refused: {result.filter}")


def refuse_exposed(result: Annotated[PlainResult, Depends(plain_exposed)]) -> list[int]:
    raise AssertionError(f"this was to be refused: {result.filter}")


@contextmanager
def hiding_service() -> Generator[Service]:
    """Give the service whose models have hidden fields."""
    database = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    Base.metadata.create_all(database)
    with Session(database) as session:
        session.add_all(rows())
        session.commit()
    service = Service(FastAPI(), database)
    service.app.state.database = database
    event.listen(database, "before_cursor_execute", _recorder(service.statements))
    for path, handler in (("/items", list_items), ("/exposed", list_exposed), ("/mine", list_mine)):
        service.app.get(path)(handler)
    service.app.post("/items")(post_items)
    yield service
    database.dispose()


def plain_service() -> FastAPI:
    """The twin: it only has to refuse, so it has no database."""
    app = FastAPI()
    app.get("/items")(refuse_items)
    app.get("/exposed")(refuse_exposed)
    return app


def _recorder(statements: list[str]) -> Any:  # Any: the listener's arguments are SQLAlchemy's
    def record(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    return record
