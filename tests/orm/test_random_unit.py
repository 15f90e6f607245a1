"""Random walks through the unit of work: what is stored is what plain Python says must be."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from random import Random
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from queryengine_orm import create_all
from queryengine_orm.driver import Pool
from queryengine_orm.sqlite import create_pool

from queryengine.testing.campaign import seed_of
from tests.orm.conftest import schema_on
from tests.orm.garden import Base
from tests.orm.gardening import Step, walk
from tests.servers.postgres import PostgresServer

STEPS: Final = st.lists(st.tuples(*[st.integers(0, 99)] * 3), max_size=50)
PATIENCE: Final = 60.0
"""seconds after which a walk is taken to wait for ever"""


def drawn(number: int, length: int) -> list[Step]:
    """Return steps by the seed of a campaign, which `make fuzz` varies."""
    random = Random(seed_of(number))  # not for secrets
    return [(random.randrange(100), random.randrange(100), random.randrange(100)) for _ in range(length)]


async def walk_on(pool: Pool, steps: Sequence[Step]) -> None:
    """Walk in tables without rows."""
    async with asyncio.timeout(PATIENCE):
        await create_all(pool, Base)
        await walk(pool, steps)


async def walk_on_sqlite(steps: Sequence[Step]) -> None:
    """Walk on a database in memory."""
    async with create_pool("sqlite://") as pool:
        await walk_on(pool, steps)


async def walk_on_postgres(server: PostgresServer, steps: Sequence[Step]) -> None:
    """Walk in a schema of its own."""
    async with schema_on(server) as pool:
        await walk_on(pool, steps)


@settings(max_examples=30)
@given(STEPS)
def test_what_is_stored_is_what_was_said(steps: list[Step]) -> None:
    asyncio.run(walk_on_sqlite(steps))


@pytest.mark.parametrize("number", range(3))
def test_what_is_stored_on_postgresql_is_what_was_said(postgres: PostgresServer, number: int) -> None:
    asyncio.run(walk_on_postgres(postgres, drawn(number, 80)))


@pytest.mark.fuzz
def test_long_walks_store_what_was_said(postgres: PostgresServer) -> None:
    rounds = 200 if "QE_FUZZ_SEED" in os.environ else 5
    for number in range(rounds):
        asyncio.run(walk_on_sqlite(drawn(number, 150)))
    for number in range(rounds // 5):
        asyncio.run(walk_on_postgres(postgres, drawn(number, 150)))
