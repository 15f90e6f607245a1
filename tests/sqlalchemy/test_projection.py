"""Rows as projection models show them: no more statements than the query, on both kinds of sessions."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Generator
from itertools import product
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.testclient import TestClient
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SerializeAsAny
from pydantic.alias_generators import to_camel
from queryengine_sqlalchemy import SQLAlchemyQueryEngine, SQLAlchemyQueryResult
from sqlalchemy import Engine, ForeignKey, NullPool, create_engine, event
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from queryengine import create_qe_dependency
from queryengine.check import check_app
from queryengine.policy import SecurityPolicy
from queryengine.process import Processor
from queryengine.request import encode

Document = dict[str, Any]  # Any: a JSON document


class Base(DeclarativeBase):
    """The tables of a firm, with relations that are loaded when they are touched."""


class Customer(Base):
    __tablename__ = "customer"

    id: Mapped[int] = mapped_column(primary_key=True)
    full_name: Mapped[str]
    home_town: Mapped[str]
    invoices: Mapped[list[Invoice]] = relationship(back_populates="customer", order_by="Invoice.id")


class Invoice(Base):
    __tablename__ = "invoice"

    id: Mapped[int] = mapped_column(primary_key=True)
    total_amount: Mapped[int]
    paid_late: Mapped[bool]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    customer: Mapped[Customer] = relationship(back_populates="invoices")


class Camel(BaseModel):
    """The usual setting for clients that write camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True)


class InvoiceOut(Camel):
    id: int
    total_amount: int
    paid_late: bool
    customer: CustomerOut | None = None


class CustomerOut(Camel):
    id: int
    full_name: str
    home_town: str
    invoices: list[InvoiceOut] = []


CustomerOut.model_rebuild()
POLICY = SecurityPolicy(expose=CustomerOut)
ENGINE = SQLAlchemyQueryEngine(Customer)

INVOICE: Document = {"id": 1, "totalAmount": 10, "paidLate": False, "customer": None}
CUSTOMERS: list[Document] = [
    {"id": number, "fullName": f"Customer {number}", "homeTown": "Zug", "invoices": []}
    for number in (1, 2, 3)
]


def asked(**scope: object) -> Document:
    return {"include": [{"relation": "invoices", "scope": scope}]}


def invoices(*shown: Document) -> list[Document]:
    return [
        customer | {"invoices": list(each)} for customer, each in zip(CUSTOMERS, (shown, (), ()), strict=True)
    ]


# What a filter says, what is shown, and how many statements that takes.
FILTERS: dict[str, tuple[Document, list[Document], int]] = {
    "nothing": ({}, CUSTOMERS, 1),
    "a limit": ({"limit": 2}, CUSTOMERS[:2], 1),
    "fields": ({"fields": ["fullName"]}, [{"fullName": each["fullName"]} for each in CUSTOMERS], 1),
    "fields left out": (
        {"fields": {"fullName": False, "id": False}},
        [{"homeTown": "Zug", "invoices": []}] * 3,
        1,
    ),
    "include": ({"include": ["invoices"]}, invoices(INVOICE), 2),
    "fields of an include": (asked(fields=["totalAmount"]), invoices({"totalAmount": 10}), 2),
    "fields left out of an include": (
        asked(fields={"paidLate": False}),
        invoices({"id": 1, "totalAmount": 10, "customer": None}),
        2,
    ),
    "fields of an include of an include": (
        asked(fields=["id"], include=[{"relation": "customer", "scope": {"fields": ["homeTown"]}}]),
        invoices({"id": 1, "customer": {"homeTown": "Zug"}}),
        3,
    ),
    "a path": (
        {"fields": ["invoices.paidLate"]},
        [{"invoices": [{"paidLate": False}]}, *[{"invoices": []}] * 2],
        2,
    ),
    "a relation": (
        {"fields": ["id", "invoices"]},
        [{"id": 1, "invoices": [INVOICE]}, {"id": 2, "invoices": []}, {"id": 3, "invoices": []}],
        2,
    ),
}


def fill(engine: Engine) -> None:
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(
            [Customer(id=number, full_name=f"Customer {number}", home_town="Zug") for number in (1, 2, 3)]
        )
        session.add(Invoice(id=1, total_amount=10, paid_late=False, customer_id=1))
        session.commit()


@pytest.fixture(scope="module")
def firm() -> Generator[Engine]:
    engine = create_engine("sqlite://")
    fill(engine)
    yield engine
    engine.dispose()


def shown(firm: Engine, expose: type[BaseModel], document: Document) -> tuple[list[Document], int]:
    """What a filter shows, and how many statements that took."""
    statements: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    policy = SecurityPolicy(expose=expose)
    result = ENGINE.build_query(Processor(ENGINE, policy=policy).process(encode(document)))
    model = result.projection_model
    assert model is not None
    event.listen(firm, "before_cursor_execute", count)
    with Session(firm) as session:
        rows = session.scalars(result.query)
        found = [model.model_validate(row, from_attributes=True).model_dump(by_alias=True) for row in rows]
    event.remove(firm, "before_cursor_execute", count)
    return found, len(statements)


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_costs_its_query_and_one_more_for_each_relation_that_it_asks_for(
    firm: Engine, name: str
) -> None:
    document, rows, statements = FILTERS[name]
    assert shown(firm, CustomerOut, document) == (rows, statements)


field: Any = Field  # Any: type checkers take no settings from a dictionary
CONFIGS: dict[str, ConfigDict] = {
    "": ConfigDict(),
    "populate_by_name": ConfigDict(populate_by_name=True),
    "validate_by_name": ConfigDict(validate_by_name=True),
    "by name only": ConfigDict(validate_by_name=True, validate_by_alias=False),
    "to_camel": ConfigDict(alias_generator=to_camel, validate_by_name=True),
}
NAMES: dict[str, Document] = {
    "": {},
    "alias": {"alias": "town"},
    "validation_alias": {"validation_alias": AliasChoices("town", "home_town")},
    "serialization_alias": {"serialization_alias": "town"},
}


# An alias that no attribute has is not what rows are read by, unless the own name serves too.
@pytest.mark.parametrize(
    ("config", "name"), [each for each in product(CONFIGS, NAMES) if each != ("", "alias")]
)
def test_no_name_of_a_field_makes_its_column_be_loaded_row_by_row(
    firm: Engine, config: str, name: str
) -> None:
    class Named(BaseModel):
        model_config = CONFIGS[config]

        id: int
        full_name: str
        home_town: str = field(**NAMES[name])

    assert shown(firm, Named, {"fields": ["id"]}) == ([{"id": 1}, {"id": 2}, {"id": 3}], 1)


customers = create_qe_dependency(ENGINE, policy=POLICY, required=True)


async def database_session(request: Request) -> AsyncGenerator[AsyncSession]:
    async with AsyncSession(request.app.state.database) as session:
        yield session


async def list_customers(
    result: Annotated[SQLAlchemyQueryResult[Customer], Depends(customers)],
    session: Annotated[AsyncSession, Depends(database_session)],
) -> list[BaseModel]:
    model = result.projection_model or CustomerOut
    return [model.model_validate(customer) for customer in await session.scalars(result.query)]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Generator[TestClient]:
    """Give a service with an AsyncSession, as users write it: to touch what is not loaded is an error."""
    file = tmp_path_factory.mktemp("firm") / "firm.db"
    filler = create_engine(f"sqlite:///{file}")
    fill(filler)
    filler.dispose()
    app = FastAPI()
    app.state.database = create_async_engine(f"sqlite+aiosqlite:///{file}", poolclass=NullPool)
    app.get("/customers", response_model=list[SerializeAsAny[CustomerOut]])(list_customers)
    check_app(app)
    with TestClient(app) as client:
        yield client


@pytest.mark.parametrize("name", FILTERS)
def test_a_service_with_an_asyncsession_shows_what_is_asked_for(service: TestClient, name: str) -> None:
    document, rows, _ = FILTERS[name]
    answer = service.get("/customers", params={"filter": json.dumps(document)})
    assert answer.status_code == 200
    assert answer.json() == rows


def test_a_request_without_a_filter_shows_the_defaults(service: TestClient) -> None:
    assert service.get("/customers").json() == CUSTOMERS
