"""Notifications as an async iterator. Knows no connection."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import NamedTuple, Self

from queryengine_orm.errors import ConnectionLost

__all__ = ["Listener", "Notification"]


class Notification(NamedTuple):
    """What somebody sent by NOTIFY: the server's process of the sender, the channel, the text."""

    process_id: int
    channel: str
    payload: str


class Listener:
    """The notifications of one channel, in order. Raises ConnectionLost when there will be no more."""

    def __init__(self) -> None:
        self._arrived: deque[Notification] = deque()
        self._news = asyncio.Event()
        self._is_over = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Notification:
        while not self._arrived:
            if self._is_over:
                raise ConnectionLost("the connection that listened is closed")
            self._news.clear()
            await self._news.wait()
        return self._arrived.popleft()

    def put(self, process_id: int, channel: str, payload: str) -> None:
        """Take what arrived."""
        self._arrived.append(Notification(process_id, channel, payload))
        self._news.set()

    def end(self) -> None:
        """Nothing will arrive any more."""
        self._is_over = True
        self._news.set()
