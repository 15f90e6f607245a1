"""The rows of the shop once more, on another server that was written by other people: mongo-java-server.

What it is known not to do (tests/servers/test_mongo.py has its faults) is expected to fail, and told to.
"""

from __future__ import annotations

from typing import Any

import pytest
from pymongo.errors import OperationFailure

from tests.beanie.conftest import Shop
from tests.beanie.test_rows import EMBEDDED, LINKS, OBJECT_IDS, numbers

LACKS = {
    "watchers": "$lookup knows no pipeline beside localField",
    "With": "there is no $regexMatch",
    "ilike": "there is no $regexMatch",
    "contains": "there is no $regexMatch",
}


def cases() -> list[Any]:  # Any: what pytest makes of parameters
    return [pytest.param(*case, marks=_marks(case[0])) for case in (*EMBEDDED, *OBJECT_IDS, *LINKS)]


def _marks(where: dict[str, Any]) -> list[pytest.MarkDecorator]:
    reason = next((reason for word, reason in LACKS.items() if word in str(where)), None)
    return [] if reason is None else [pytest.mark.xfail(reason=reason, raises=OperationFailure)]


@pytest.mark.parametrize(("where", "expected"), cases(), ids=lambda value: str(value)[:60])
def test_the_other_server_gives_the_same_rows(
    java_shop: Shop, where: dict[str, Any], expected: list[int]
) -> None:
    assert numbers(java_shop, where) == expected
    assert numbers(java_shop, {"not": where}) == [number for number in (1, 2, 3, 4) if number not in expected]
