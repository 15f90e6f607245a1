"""A storm of cancellations, and the canary that proves that no answer reaches another's task."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable
from dataclasses import dataclass, field

from queryengine_orm.errors import OrmError
from queryengine_orm.pool import PostgresPool

__all__ = ["Storm"]

SLOW = 0.004
"""the longest that a query sleeps on the server, in seconds"""


@dataclass(slots=True)
class Storm:
    """Queries of many tasks on one pool, each cancelled at a moment of chance, or not."""

    pool: PostgresPool
    seed: int
    answered: int = 0
    cancelled: int = 0
    failures: list[OrmError] = field(default_factory=list[OrmError])

    async def blow(self, queries: int, *, tasks: int = 20) -> None:
        """Run queries; every answer that comes is that of its own question, or the storm raises."""
        numbers = iter(range(queries))

        async def work(seed: int) -> None:
            chance = random.Random(seed)
            for number in numbers:
                await self._one(chance, number)

        await asyncio.gather(*(work(self.seed * 1000 + task) for task in range(tasks)))

    async def _one(self, chance: random.Random, number: int) -> None:
        """Ask one question, and cancel it after a time that is somewhere on the way of its answer."""
        task = asyncio.ensure_future(self._ask(chance, number))
        if chance.random() < 0.7:
            await self._wait(chance)
            task.cancel()
        try:
            answer = await task
        except asyncio.CancelledError:
            self.cancelled += 1
        except OrmError as error:
            self.failures.append(error)
        else:
            assert answer == number, f"the answer {answer} reached the question {number}"
            self.answered += 1

    async def _wait(self, chance: random.Random) -> None:
        match chance.randrange(4):
            case 0:
                return
            case 1:
                for _ in range(chance.randrange(6)):
                    await asyncio.sleep(0)
            case _:
                await asyncio.sleep(chance.random() * 2 * SLOW)

    def _ask(self, chance: random.Random, number: int) -> Awaitable[object]:
        seconds = chance.choice([0.0, 0.0, chance.random() * SLOW])
        match chance.randrange(4):
            case 0:
                return self._in_transaction(number, seconds)
            case 1:
                return self._in_stream(number)
            case _:
                return self._alone(number, seconds)

    async def _alone(self, number: int, seconds: float) -> object:
        rows = await self.pool.query(SQL, [number, seconds], clean=True)
        return rows[0][0]

    async def _in_transaction(self, number: int, seconds: float) -> object:
        async with self.pool.transaction() as transaction:
            first = (await transaction.query(SQL, [number, seconds]))[0][0]
            second = (await transaction.query(SQL, [number, 0.0]))[0][0]
            assert first == second
            return second

    async def _in_stream(self, number: int) -> object:
        found = {number}
        async for rows in self.pool.stream("SELECT $1::int FROM generate_series(1, 40)", [number], batch=15):
            found |= {row[0] for row in rows if isinstance(row[0], int)}
        assert found == {number}
        return number


SQL = "SELECT $1::int, pg_sleep($2::float8)"
