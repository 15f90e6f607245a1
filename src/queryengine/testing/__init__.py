"""What tests of back-ends need: random filters and values, and the comparison with the reference evaluator.

Needs the extra `testing`; nothing in queryengine itself imports it.
"""

from queryengine.testing.adapter import Adapter, Engines, Load, Run, Stage
from queryengine.testing.differential import Differential, Disagreement, smallest
from queryengine.testing.predicates import predicates
from queryengine.testing.samples import samples
from queryengine.testing.strategies import Ground, conditions, filters, siblings
from queryengine.testing.suite import ConformanceSuite
from queryengine.testing.world import WORLD, Item

__all__ = [
    "WORLD",
    "Adapter",
    "ConformanceSuite",
    "Differential",
    "Disagreement",
    "Engines",
    "Ground",
    "Item",
    "Load",
    "Run",
    "Stage",
    "conditions",
    "filters",
    "predicates",
    "samples",
    "siblings",
    "smallest",
]
