"""A handler takes the result beside `Depends`, of either colour, and returns rows of the model."""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Annotated, assert_type

from fastapi import APIRouter, Depends, FastAPI
from pydantic import BaseModel
from queryengine_sqlalchemy import SQLAlchemyQueryEngine, SQLAlchemyQueryResult
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from queryengine import (
    Access,
    SecurityPolicy,
    check_app,
    create_qe_dependency,
    install_problem_handler,
    install_queryengine,
)
from typing_tests.models import Flight


class FlightOut(BaseModel):
    id: int
    origin: str


async def async_session() -> AsyncIterator[AsyncSession]:
    async with AsyncSession(create_async_engine("sqlite+aiosqlite://")) as session:
        yield session


def sync_session() -> Iterator[Session]:
    with Session(create_engine("sqlite://")) as session:
        yield session


# The handlers return rows as they are: they could not leave out what a caller does not ask for.
whole = SecurityPolicy(expose=FlightOut, others=Access(select=False))
flights = create_qe_dependency(SQLAlchemyQueryEngine(Flight), policy=whole, required=True)
maybe_flights = create_qe_dependency(SQLAlchemyQueryEngine(Flight))

app = FastAPI()
router = APIRouter()


@app.get("/flights", response_model=list[FlightOut])
async def list_flights(
    result: Annotated[SQLAlchemyQueryResult[Flight], Depends(flights)],
    session: Annotated[AsyncSession, Depends(async_session)],
) -> Sequence[Flight]:
    query, projection_model, _ = result
    assert_type(projection_model, type[BaseModel] | None)
    return (await session.scalars(query)).all()


@router.get("/flights", response_model=list[FlightOut])
def list_flights_at_once(
    result: Annotated[SQLAlchemyQueryResult[Flight] | None, Depends(maybe_flights)],
    session: Annotated[Session, Depends(sync_session)],
) -> Sequence[Flight]:
    if result is None:
        return []
    assert_type(result, SQLAlchemyQueryResult[Flight])
    return session.scalars(result.query).all()


@app.get("/old-style", response_model=list[FlightOut])
async def old_style(
    result: SQLAlchemyQueryResult[Flight] = Depends(flights),  # noqa: B008  # FastAPI's older form
    session: AsyncSession = Depends(async_session),  # noqa: B008  # FastAPI's older form
) -> Sequence[Flight]:
    return (await session.scalars(result.query)).all()


app.include_router(router, prefix="/sync")
app.dependency_overrides[flights] = maybe_flights
install_queryengine(app)
install_problem_handler(app)
check_app(app)
