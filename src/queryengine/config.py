"""How a dependency reads its filter: where it stands, under which name, who pages. Knows nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["QueryConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryConfig:
    """The settings of one dependency that are not policy.

    >>> QueryConfig(parameter="q").source
    'query'
    """

    parameter: str = "filter"
    """the name of the query parameter, and the root of bracket parameters"""
    source: Literal["query", "body"] = "query"
    """whether the filter stands in the URL or is the JSON body of the request"""
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
