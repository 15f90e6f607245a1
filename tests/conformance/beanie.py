"""The kit's adapter for Beanie: the world's rows as documents, stored by Beanie's own encoder."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import pytest
from beanie import Document, init_beanie  # pyright: ignore[reportUnknownVariableType]  # of any database
from beanie.odm.queries.find import FindMany
from beanie.odm.utils.encoder import Encoder
from bson import DBRef
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from queryengine_beanie import BeanieQueryEngine, fetch_page
from queryengine_beanie.aggregates import decoded

from queryengine.aggregates import AggregateAST
from queryengine.ast import FilterAST
from queryengine.pages import Page, Total
from queryengine.testing import Adapter, Aggregate, Item
from queryengine.testing.world import LINK
from tests.beanie.world import DOCUMENTS
from tests.servers.mongo import MongoServer

__all__ = ["ABSENT", "World", "on_mongodb", "open_world"]

NO_TIME = "BSON has no time of day, and Beanie does not store one"
ABSENT = {"Thing.clock": NO_TIME, "Thing.alarm": NO_TIME}
LINKS = {
    "parent_id": "Thing",
    "owner_id": "Maker",
    "maker_id": "Maker",
    "region_id": "Region",
    "thing_id": "Thing",
}

Record = dict[str, Any]  # Any: values of all types that BSON has


class World:
    """A database with the world's collections; an engine for each."""

    def __init__(self, database: AsyncDatabase[Record]) -> None:
        self.database = database
        self.engines = {model.__name__: BeanieQueryEngine(model) for model in DOCUMENTS}

    async def load(self, items: Sequence[Item]) -> None:
        """Replace all documents by these."""
        documents = stored(items)
        for model in DOCUMENTS:
            collection = self.database[model.__name__]
            await collection.delete_many({})
            if documents[model.__name__]:
                await collection.insert_many(documents[model.__name__])

    async def run(self, entity: str, ast: FilterAST) -> Sequence[object]:
        """Return the documents that a filter gives."""
        query, projection_model, _ = self.engines[entity].build_query(ast)
        if projection_model is None:
            return await query.to_list()
        if isinstance(query, FindMany):
            return await query.project(projection_model).to_list()
        return [projection_model.model_validate(row) for row in await query.to_list()]

    async def aggregate(self, entity: str, ast: AggregateAST) -> Sequence[Sequence[object]]:
        """Return the groups that an aggregate gives."""
        return decoded(ast, await self.engines[entity].build_aggregate(ast).to_list())

    async def page(self, entity: str, ast: FilterAST, total: Total) -> Page[Document]:
        """Return a page of them."""
        return await fetch_page(self.engines[entity].build_query(ast), total=total)


def stored(items: Sequence[Item]) -> dict[str, list[Record]]:
    """Return the documents of each collection as they are stored."""
    documents: dict[str, dict[object, Record]] = {model.__name__: {} for model in DOCUMENTS}
    for item in items:
        if item.entity != LINK:
            documents[item.entity][item.values["id"]] = document(item)
    for item in items:
        if item.entity == LINK:
            thing = documents["Thing"][item.values["thing_id"]]
            thing.setdefault("labels", []).append(DBRef("Label", item.values["label_id"]))
    return {name: list(some.values()) for name, some in documents.items()}


def document(item: Item) -> Record:
    """Return an item as its document; every second one lacks its nulls instead of having them."""
    record: Record = {}
    for name, value in item.values.items():
        if name in LINKS:
            target = "Region" if item.entity == "Region" else LINKS[name]
            record[name.removesuffix("_id")] = None if value is None else DBRef(target, value)
        else:
            record[{"id": "_id", "count": "n_items"}.get(name, name)] = value
    if isinstance(record.get("details"), dict):
        names = {"width": "w", "inner": "in"}
        record["details"] = {names.get(name, name): value for name, value in record["details"].items()}
    if cast("int", item.values["id"]) % 2:
        record = {name: value for name, value in record.items() if value is not None}
    encoded: Record = Encoder().encode(record)
    return encoded


@contextmanager
def open_world(server: MongoServer, runner: asyncio.Runner) -> Generator[World]:
    """Connect, make the engines, initialise Beanie, give the world."""
    client = AsyncMongoClient[Record](server.uri)
    database = client[server.database]
    world = World(database)
    # The schemas come first: they need no initialised Beanie.
    for engine in world.engines.values():
        assert engine.schema.fields
    runner.run(init_beanie(database, document_models=list(DOCUMENTS), skip_indexes=True))
    try:
        yield world
    finally:
        runner.run(client.close())


@contextmanager
def on_mongodb(request: pytest.FixtureRequest, runner: asyncio.Runner) -> Generator[Adapter]:
    """Give the adapter for the MongoDB of the tests."""
    server: MongoServer = request.getfixturevalue("mongo")
    with open_world(server, runner) as world:
        yield Adapter(
            name=f"Beanie on {server.name}",
            engines=world.engines,
            load=world.load,
            run=world.run,
            absent=ABSENT,
            page=world.page,
            aggregate=Aggregate(engines=world.engines, run=world.aggregate),
        )
