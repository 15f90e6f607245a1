"""The shop on the MongoDB of the tests, with its rows in it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from beanie import Document, init_beanie  # pyright: ignore[reportUnknownVariableType]  # of any database
from pymongo import AsyncMongoClient
from queryengine_beanie import BeanieQueryEngine

from queryengine import Scope, SecurityPolicy
from queryengine.parsed import Source
from queryengine.process import Processor
from tests.beanie.rows import ROWS
from tests.beanie.service import Commands
from tests.beanie.shop import DOCUMENTS, Record
from tests.servers.mongo import MongoServer, running_java_server

POLICY = SecurityPolicy(relations=True)


class Shop:
    """The shop's documents in a database, and what asks them."""

    def __init__(
        self,
        runner: asyncio.Runner,
        client: AsyncMongoClient[Record],
        server: MongoServer,
        commands: Commands,
    ) -> None:
        self.runner = runner
        self.commands = commands
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


@contextmanager
def opened(server: MongoServer) -> Generator[Shop]:
    """Give the shop with its rows, on an event loop of its own."""
    with asyncio.Runner() as runner:
        commands = Commands()
        client = AsyncMongoClient[Record](server.uri, event_listeners=[commands])
        shop = Shop(runner, client, server, commands)
        runner.run(shop.load())
        yield shop
        runner.run(client.close())


@pytest.fixture(scope="module")
def shop(mongo: MongoServer) -> Generator[Shop]:
    """Give the shop on the MongoDB of the tests."""
    with opened(mongo) as shop:
        yield shop


@pytest.fixture(scope="module")
def java_shop() -> Generator[Shop]:
    """Give the shop on a mongo-java-server."""
    with running_java_server() as server, opened(server) as shop:
        yield shop
