"""The shop as a FastAPI service: orders for who asks, and a log of the queries that were sent."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header
from pydantic import BaseModel, ConfigDict, SerializeAsAny
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent
from queryengine_beanie import BeanieQueryEngine, BeanieQueryResult

from queryengine import Scope, SecurityPolicy, create_qe_dependency
from queryengine import field as attribute
from tests.beanie.shop import Customer, Order

__all__ = ["Commands", "shop_service"]


class Commands(CommandListener):
    """The queries that a client has sent."""

    def __init__(self) -> None:
        self.queries: list[Any] = []  # Any: commands are documents of MongoDB

    def started(self, event: CommandStartedEvent) -> None:
        """Keep a query."""
        if event.command_name in {"find", "aggregate", "count", "distinct"}:
            self.queries.append(event.command)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Nothing is kept of answers."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Nothing is kept of failures."""


class CustomerOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    name: str


class OrderOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    number: int
    customer: CustomerOut | None


def customer_scope(customer: Annotated[str | None, Header()] = None) -> Scope | None:
    """The orders of the customer that asks; nothing for who names none."""
    if customer is None:
        return None
    return {Order: attribute("customer.name") == customer, Customer: attribute("name") == customer}


ENGINE = BeanieQueryEngine(Order)
POLICY = SecurityPolicy(relations=True)

orders = create_qe_dependency(ENGINE, policy=POLICY, required=True)
exposed = create_qe_dependency(ENGINE, policy=SecurityPolicy(expose=OrderOut), required=True)
mine = create_qe_dependency(ENGINE, policy=POLICY, scope=customer_scope)

Result = BeanieQueryResult[Order]


async def list_orders(result: Annotated[Result, Depends(orders)]) -> list[int]:
    return [order.number for order in await result.query.to_list()]


async def list_exposed(result: Annotated[Result, Depends(exposed)]) -> list[BaseModel]:
    query, projection_model, _ = result
    shown = projection_model or OrderOut
    return [shown.model_validate(order) for order in await query.to_list()]


async def list_mine(result: Annotated[Result, Depends(mine)]) -> list[int]:
    return [order.number for order in await result.query.to_list()]


def shop_service() -> FastAPI:
    """Return the service; Beanie is initialised by whoever runs it."""
    app = FastAPI()
    app.get("/orders")(list_orders)
    app.get("/exposed", response_model=list[SerializeAsAny[OrderOut]])(list_exposed)
    app.get("/mine")(list_mine)
    return app
