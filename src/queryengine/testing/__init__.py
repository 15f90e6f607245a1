"""What tests of back-ends need: random filters and values, and the comparison with the reference evaluator.

Needs the extra `testing`; nothing in queryengine itself imports it.
"""

from queryengine.testing.differential import Differential, Disagreement, smallest
from queryengine.testing.predicates import predicates
from queryengine.testing.samples import samples
from queryengine.testing.strategies import Ground, conditions, filters, siblings

__all__ = [
    "Differential",
    "Disagreement",
    "Ground",
    "conditions",
    "filters",
    "predicates",
    "samples",
    "siblings",
    "smallest",
]
