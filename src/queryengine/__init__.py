"""queryengine: a request's filter becomes a typed, safe query. Names are loaded when they are used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from queryengine.aggregate_dependency import (
        create_qe_aggregate_dependency as create_qe_aggregate_dependency,
    )
    from queryengine.aggregates import AggregateAST as AggregateAST
    from queryengine.aggregates import AggregateResult as AggregateResult
    from queryengine.aggregates import SumOutOfRangeError as SumOutOfRangeError
    from queryengine.ast import FilterAST as FilterAST
    from queryengine.check import check_app as check_app
    from queryengine.config import QueryConfig as QueryConfig
    from queryengine.dependency import QEDependency as QEDependency
    from queryengine.dependency import create_qe_dependency as create_qe_dependency
    from queryengine.engine import Capabilities as Capabilities
    from queryengine.engine import Engine as Engine
    from queryengine.engine import QueryResult as QueryResult
    from queryengine.errors import ConfigurationError as ConfigurationError
    from queryengine.errors import ErrorCode as ErrorCode
    from queryengine.errors import FilterError as FilterError
    from queryengine.errors import QueryEngineError as QueryEngineError
    from queryengine.explain import Explanation as Explanation
    from queryengine.install import install_problem_handler as install_problem_handler
    from queryengine.install import install_queryengine as install_queryengine
    from queryengine.limits import Limits as Limits
    from queryengine.links import link_header as link_header
    from queryengine.memory import MemoryQueryEngine as MemoryQueryEngine
    from queryengine.memory import MemoryQueryResult as MemoryQueryResult
    from queryengine.narrowed import Narrowed as Narrowed
    from queryengine.pages import Page as Page
    from queryengine.policy import Access as Access
    from queryengine.policy import SecurityPolicy as SecurityPolicy
    from queryengine.predicate import EVERYTHING as EVERYTHING
    from queryengine.predicate import Predicate as Predicate
    from queryengine.predicate import Scope as Scope
    from queryengine.predicate import field as field
    from queryengine.process import Processor as Processor
    from queryengine.process import process_filter_to_ast as process_filter_to_ast

__version__ = "0.1.0"

_HOMES = {
    "aggregate_dependency": ("create_qe_aggregate_dependency",),
    "aggregates": ("AggregateAST", "AggregateResult", "SumOutOfRangeError"),
    "ast": ("FilterAST",),
    "check": ("check_app",),
    "config": ("QueryConfig",),
    "dependency": ("QEDependency", "create_qe_dependency"),
    "engine": ("Capabilities", "Engine", "QueryResult"),
    "errors": ("ConfigurationError", "ErrorCode", "FilterError", "QueryEngineError"),
    "explain": ("Explanation",),
    "install": ("install_problem_handler", "install_queryengine"),
    "limits": ("Limits",),
    "links": ("link_header",),
    "memory": ("MemoryQueryEngine", "MemoryQueryResult"),
    "narrowed": ("Narrowed",),
    "pages": ("Page",),
    "policy": ("Access", "SecurityPolicy"),
    "predicate": ("EVERYTHING", "Predicate", "Scope", "field"),
    "process": ("Processor", "process_filter_to_ast"),
}

__all__ = [  # found by __getattr__
    "EVERYTHING",
    "Access",
    "AggregateAST",
    "AggregateResult",
    "Capabilities",
    "ConfigurationError",
    "Engine",
    "ErrorCode",
    "Explanation",
    "FilterAST",
    "FilterError",
    "Limits",
    "MemoryQueryEngine",
    "MemoryQueryResult",
    "Narrowed",
    "Page",
    "Predicate",
    "Processor",
    "QEDependency",
    "QueryConfig",
    "QueryEngineError",
    "QueryResult",
    "Scope",
    "SecurityPolicy",
    "SumOutOfRangeError",
    "check_app",
    "create_qe_aggregate_dependency",
    "create_qe_dependency",
    "field",
    "install_problem_handler",
    "install_queryengine",
    "link_header",
    "process_filter_to_ast",
]


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
