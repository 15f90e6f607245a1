"""Checks what the author of a service writes into limits, policies and configurations. Knows errors."""

from __future__ import annotations

from collections.abc import Collection
from types import UnionType

from queryengine.errors import ConfigurationError

__all__ = ["check_flag", "check_kind", "check_number", "check_word"]


def check_number(name: str, value: object, least: int) -> None:
    """Raise ConfigurationError unless the value is a whole number of at least `least`.

    >>> check_number("Limits.max_depth", 0, 1)
    Traceback (most recent call last):
        ...
    queryengine.errors.ConfigurationError: Limits.max_depth=0: it has to be a whole number, 1 or more
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ConfigurationError(f"{name}={value!r}: it has to be a whole number, {least} or more")


def check_flag(name: str, value: object) -> None:
    """Raise ConfigurationError unless the value is True or False; the text "no" is true for Python.

    >>> check_flag("SecurityPolicy.lenient", "no")
    Traceback (most recent call last):
        ...
    queryengine.errors.ConfigurationError: SecurityPolicy.lenient='no': it has to be True or False
    """
    if not isinstance(value, bool):
        raise ConfigurationError(f"{name}={value!r}: it has to be True or False")


def check_word(name: str, value: object, known: Collection[str | None]) -> None:
    """Raise ConfigurationError unless the value is one of the known words.

    >>> check_word("QueryConfig.source", "header", ("query", "body"))
    Traceback (most recent call last):
        ...
    queryengine.errors.ConfigurationError: QueryConfig.source='header': it has to be 'query' or 'body'
    """
    if value not in known:
        raise ConfigurationError(f"{name}={value!r}: it has to be {' or '.join(map(repr, known))}")


def check_kind(name: str, value: object, kind: type[object] | UnionType, expected: str) -> None:
    """Raise ConfigurationError unless the value is of a kind, which `expected` puts into words.

    >>> check_kind("QueryConfig.description", 5, str | None, "a text")
    Traceback (most recent call last):
        ...
    queryengine.errors.ConfigurationError: QueryConfig.description=5: it has to be a text
    """
    if not isinstance(value, kind):
        raise ConfigurationError(f"{name}={value!r}: it has to be {expected}")
