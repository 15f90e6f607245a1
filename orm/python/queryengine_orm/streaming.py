"""While a stream has a transaction of its own on a connection, nothing else runs there. Knows no SQL."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from queryengine_orm.errors import UsageError

__all__ = ["alone", "free_from_streams", "part_of_stream"]

CALLS: Final = (
    "query",
    "query_many",
    "run_script",
    "describe",
    "open_portal",
    "copy_in",
    "copy_out",
    "transaction",
)
"""what all calls on a connection come down to"""
WORDS: Final = (
    "a stream of this connection is not at its end, and this call would be undone with its transaction: take "
    "all its batches or close it (`async with aclosing(...)`), or open a transaction() for both"
)
_IS_PART: Final[ContextVar[bool]] = ContextVar("queryengine_orm.part_of_stream", default=False)


@contextmanager
def alone(connection: object) -> Generator[None]:
    """Refuse other calls on a connection, with UsageError, until the stream is over."""
    # They are hidden on the object itself: where there is no stream, no call asks whether there is one.
    own = vars(connection)
    refused = {name: _refused(getattr(connection, name)) for name in CALLS}
    own.update(refused)
    try:
        yield
    finally:
        for name, call in refused.items():
            if own.get(name) is call:  # or the connection is another's by now
                del own[name]


def free_from_streams(connection: object) -> None:
    """Let whoever has the connection next use it, though a stream of before was not closed."""
    for name in CALLS:
        vars(connection).pop(name, None)


@contextmanager
def part_of_stream() -> Generator[None]:
    """Let the calls of this task through that belong to its stream, such as those for related rows."""
    token = _IS_PART.set(True)
    try:
        yield
    finally:
        _IS_PART.reset(token)


def _refused(call: Callable[..., Any]) -> Callable[..., Any]:
    def refuse(*arguments: object, **options: object) -> Any:  # whatever the call gives
        if _IS_PART.get():
            return call(*arguments, **options)
        raise UsageError(WORDS)

    return refuse
