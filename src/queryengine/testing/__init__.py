"""The conformance kit, and what it is made of: random filters, rows and models, and the reference.

Needs the extra `testing`; nothing in queryengine itself imports it.
"""

from queryengine.testing.adapter import Adapter, Aggregate, Engines, FetchPage, Load, Run, RunAggregate, Stage
from queryengine.testing.cases import Case, all_cases
from queryengine.testing.differential import Differential, Disagreement, smallest
from queryengine.testing.models import models, rows, values
from queryengine.testing.predicates import predicates
from queryengine.testing.reference import ReferenceEngine
from queryengine.testing.results import Results, Support, read_results, support
from queryengine.testing.samples import samples
from queryengine.testing.selections import selections
from queryengine.testing.strategies import Document, Ground, conditions, filters, siblings
from queryengine.testing.suite import ConformanceSuite
from queryengine.testing.together import Together
from queryengine.testing.world import WORLD, Item, World

__all__ = [
    "WORLD",
    "Adapter",
    "Aggregate",
    "Case",
    "ConformanceSuite",
    "Differential",
    "Disagreement",
    "Document",
    "Engines",
    "FetchPage",
    "Ground",
    "Item",
    "Load",
    "ReferenceEngine",
    "Results",
    "Run",
    "RunAggregate",
    "Stage",
    "Support",
    "Together",
    "World",
    "all_cases",
    "conditions",
    "filters",
    "models",
    "predicates",
    "read_results",
    "rows",
    "samples",
    "selections",
    "siblings",
    "smallest",
    "support",
    "values",
]
