"""The shop on the MongoDB of the tests, with its rows in it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Generator, Sequence
from typing import Any

import pytest
from beanie import Document, init_beanie  # pyright: ignore[reportUnknownVariableType]  # of any database
from pymongo import AsyncMongoClient
from queryengine_beanie import BeanieQueryEngine

from queryengine import Scope, SecurityPolicy
from queryengine.parsed import Source
from queryengine.process import Processor
from tests.beanie.rows import ROWS
from tests.beanie.shop import DOCUMENTS, Record
from tests.servers.mongo import MongoServer

POLICY = SecurityPolicy(relations=True)


class Shop:
    """The shop's documents in a database, and what asks them."""

    def __init__(self, runner: asyncio.Runner, client: AsyncMongoClient[Record], server: MongoServer) -> None:
        self.runner = runner
        self.server = server
        self.database = client[server.database]

    async def load(self) -> None:
        """Initialise Beanie, and replace all rows."""
        await init_beanie(self.database, document_models=list(DOCUMENTS), skip_indexes=True)
        for name, rows in ROWS.items():
            await self.database[name].delete_many({})
            await self.database[name].insert_many(rows)

    def rows(
        self,
        engine: BeanieQueryEngine[Any],
        filter: Record,
        *,
        scope: Scope | None = None,
        policy: SecurityPolicy = POLICY,
    ) -> Sequence[Document]:
        """Return the documents that a filter gives."""
        bound = Processor(engine, policy=policy).process(Source(json.dumps(filter)), scope=scope)
        found: Sequence[Document] = self.runner.run(engine.build_query(bound).query.to_list())
        return found


@pytest.fixture(scope="module")
def shop(mongo: MongoServer) -> Generator[Shop]:
    """Give the shop with its rows, on an event loop of its own."""
    with asyncio.Runner() as runner:
        client = AsyncMongoClient[Record](mongo.uri)
        shop = Shop(runner, client, mongo)
        runner.run(shop.load())
        yield shop
        runner.run(client.close())
