"""Rows outside of the scope do not exist, however the filter is written, whichever way it goes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, inspect, select, update
from sqlalchemy.orm import Session, joinedload, lazyload, selectinload, subqueryload
from sqlalchemy.sql.base import ExecutableOption

from queryengine.process import Processor
from queryengine.request import encode
from tests.asgi import Answer, call, query_of
from tests.attacks.service import (
    ENGINE,
    POLICY,
    TENANTS,
    Item,
    Owner,
    Service,
    hiding_service,
    tenant_scope,
)

pytestmark = pytest.mark.long

WHERES: list[dict[str, Any] | None] = [
    None,
    {"or": [{"id": {"gt": 0}}, {"id": {"lt": 0}}]},
    {"not": {"id": -1}},
    {"nor": [{"id": -1}]},
    {"id": {"ne": -1}},
    {"name": {"nin": []}},
    {"owner": {"isNull": True}},
    {"owner": {"exists": True}},
    {"owner.name": {"contains": "owner"}},
    {"not": {"owner.name": {"contains": "red"}}},
    {"owner.name": {"ne": "blue owner"}},
    {"parent": {"weight": {"gte": 0}}},
    {"parent.owner.name": {"isNull": True}},
    {"parts": {"some": {"id": {"gt": 0}}}},
    {"parts": {"none": {"weight": {"gt": 2}}}},
    {"parts": {"every": {"weight": {"gt": 2}}}},
    {"not": {"parts": {"every": {"parent.name": {"ne": "x"}}}}},
    {"parts": {"some": {"parts": {"some": {"owner.name": {"startsWith": "b"}}}}}},
]
ORDERS = [None, "-id", "owner.name", "-parent.weight,parent.owner.name"]


FILTERS = [
    {key: value for key, value in (("where", where), ("order", order)) if value is not None}
    for where, order in itertools.product(WHERES, ORDERS)
]


def ask_as(tenant: str, service: Service, document: dict[str, Any]) -> Answer:
    query = query_of(document) if document else b""
    return call(service.app, query, path="/mine", headers={"tenant": tenant})


@pytest.mark.parametrize("tenant", TENANTS)
def test_only_rows_of_the_tenant_are_ever_seen(service: Service, tenant: str) -> None:
    with Session(service.database) as session:
        own = set(session.scalars(select(Item.id).where(Item.tenant == tenant)))
    seen: set[int] = set()
    for document in FILTERS:
        answer = ask_as(tenant, service, document)
        assert answer.status == 200, answer.body
        assert set(answer.json) <= own
        seen |= set(answer.json)
    assert seen == own


def rename_owners(session: Session, other: str) -> None:
    session.execute(update(Owner).where(Owner.tenant == other).values(name="red blue owner x"))


def resize_items(session: Session, other: str) -> None:
    session.execute(
        update(Item).where(Item.tenant == other).values(weight=99, name="x", parent_id=1, owner_id=1)
    )


def delete_items(session: Session, other: str) -> None:
    session.execute(delete(Item).where(Item.tenant == other))


def add_items(session: Session, other: str) -> None:
    for number in range(40):
        item = Item(id=100 + number, name="x", weight=5, owner_id=1 + number % 2, parent_id=1 + number % 32)
        item.tenant, item.margin, item.password_hash = other, 0, ""
        session.add(item)


@pytest.mark.parametrize("tenant", TENANTS)
@pytest.mark.parametrize("change", [rename_owners, resize_items, delete_items, add_items])
def test_what_others_do_changes_no_answer(tenant: str, change: Callable[[Session, str], None]) -> None:
    """The same questions after rows of the other tenant were changed, deleted or added: the same answers."""
    with hiding_service() as service:
        before = [ask_as(tenant, service, document).body for document in FILTERS]
        with Session(service.database) as session:
            change(session, next(other for other in TENANTS if other != tenant))
            session.commit()
        assert [ask_as(tenant, service, document).body for document in FILTERS] == before


def test_who_is_nobody_is_denied(service: Service) -> None:
    service.statements.clear()
    for document in FILTERS:
        answer = call(service.app, query_of(document) if document else b"", path="/mine")
        assert answer.status == 403
    assert service.statements == []


def test_related_rows_of_others_are_not_loaded_by_fields_or_include(service: Service) -> None:
    """What the query itself loads of a relation is within the scope of the related model."""
    processor = Processor(ENGINE, policy=POLICY)
    for document in ({"fields": ["id", "owner.name"]}, {"include": "owner"}, {"include": ["parts", "owner"]}):
        for tenant in TENANTS:
            scope = tenant_scope(tenant)
            query = ENGINE.build_query(processor.process(encode(document), scope=scope)).query
            with Session(service.database) as session:
                for item in session.scalars(query):
                    assert "owner" not in inspect(item).unloaded
                    assert item.owner is None or item.owner.tenant == tenant
                    if "parts" not in inspect(item).unloaded:
                        assert all(part.tenant == tenant for part in item.parts)


@pytest.mark.parametrize("loader", [lazyload, selectinload, joinedload, subqueryload])
def test_related_rows_of_others_are_not_loaded_by_the_handler_either(
    service: Service, loader: Callable[..., ExecutableOption]
) -> None:
    """Whichever way a handler loads the relations of the rows that it got, others' rows do not exist."""
    processor = Processor(ENGINE, policy=POLICY)
    seen = 0
    for tenant in TENANTS:
        query = ENGINE.build_query(processor.empty(scope=tenant_scope(tenant))).query
        query = query.options(loader(Item.owner), loader(Item.parts), loader(Item.parent))
        with Session(service.database) as session:
            for item in session.scalars(query).unique():
                related = [item.owner, item.parent, *item.parts]
                assert all(row is None or row.tenant == tenant for row in related)
                seen += sum(row is not None for row in related)
    assert seen > 0
