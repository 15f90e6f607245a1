"""Rows in batches, from what has them at hand or gives them as they come. Knows no database."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from itertools import islice

from queryengine_orm.driver import RowSource

__all__ = ["batches"]


async def batches(rows: RowSource, size: int) -> AsyncGenerator[list[Sequence[object]]]:
    """Give the rows in lists of `size`, the last shorter; nothing is taken ahead of what is asked for."""
    batch: list[Sequence[object]] = []
    if not isinstance(rows, AsyncIterable):
        every = iter(rows)
        while batch := list(islice(every, size)):
            yield batch
        return
    async for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
