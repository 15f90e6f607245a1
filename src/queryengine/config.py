"""How a dependency reads its filter: where it stands, under which name, who pages. Knows settings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from queryengine.errors import ConfigurationError
from queryengine.settings import check_kind, check_number, check_word
from queryengine.telemetry import Telemetry

__all__ = ["QueryConfig"]

NAME = "a name without brackets"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryConfig:
    """The settings of one dependency that are not policy. Raises ConfigurationError for what means nothing.

    >>> QueryConfig(parameter="q").source
    'query'
    """

    parameter: str | None = None
    """the name of the query parameter, and the root of bracket parameters; None: `filter`, and `aggregate`
    where aggregates are asked for. What differs from it by case or an s only, and has a clause behind it
    (`Filter[where]`), is refused as a mistake, and so is `where[...]`"""
    source: Literal["query", "body"] = "query"
    """whether the filter stands in the URL or is the JSON body of the request, where a filter in the URL is
    refused"""
    paging: Literal["internal", "external"] = "internal"
    """`external` leaves limit and offset to a paginator, and refuses them in the filter"""
    cache_size: int = 1_024
    """how many shapes of filters are kept"""
    description: str | None = None
    """the text of the parameter in OpenAPI"""
    example: Mapping[str, Any] | None = None  # Any: a JSON document
    """a filter that shows in OpenAPI what can be asked; without one it is made from the model"""
    schema_name: str | None = None
    """what the names of the filter's schemas in OpenAPI begin with, in place of the model's name"""
    cursor_secret: str | bytes | None = field(default=None, repr=False)
    """what cursors are sealed with, 16 bytes or more; None: a secret of each process, with a warning"""
    cursor_lifetime: dt.timedelta | None = None
    """how long a cursor holds; None: for ever"""
    telemetry: Telemetry | None = field(default=None, repr=False)
    """what hears of stages, look-ups and refusals: `queryengine.otel.OpenTelemetry()`; None: nothing does"""

    @property
    def name(self) -> str:
        """The name of the parameter.

        >>> QueryConfig().name
        'filter'
        """
        return "filter" if self.parameter is None else self.parameter

    @property
    def seals(self) -> bool:
        """Whether it says anything about cursors."""
        return self.cursor_secret is not None or self.cursor_lifetime is not None

    def __post_init__(self) -> None:
        check_word("QueryConfig.source", self.source, ("query", "body"))
        check_word("QueryConfig.paging", self.paging, ("internal", "external"))
        check_number("QueryConfig.cache_size", self.cache_size, 0)
        check_kind("QueryConfig.parameter", self.parameter, str | None, NAME)
        check_kind("QueryConfig.description", self.description, str | None, "a text")
        check_kind("QueryConfig.schema_name", self.schema_name, str | None, "a text")
        check_kind("QueryConfig.cursor_secret", self.cursor_secret, str | bytes | None, "a text or bytes")
        check_kind("QueryConfig.cursor_lifetime", self.cursor_lifetime, dt.timedelta | None, "a timedelta")
        check_kind("QueryConfig.telemetry", self.telemetry, Telemetry | None, "a Telemetry")
        check_kind("QueryConfig.example", self.example, Mapping | None, "a filter as a mapping")
        if not self.name or not {"[", "]"}.isdisjoint(self.name):
            raise ConfigurationError(f"QueryConfig.parameter={self.parameter!r}: it has to be {NAME}")
