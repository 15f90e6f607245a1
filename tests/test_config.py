"""The configuration of one dependency: which mistakes of its authors are refused, before any request."""

from __future__ import annotations

from typing import Any

import pytest

from queryengine.config import QueryConfig
from queryengine.errors import ConfigurationError


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"source": "header"}, "QueryConfig.source='header': it is 'query' or 'body'"),
        ({"paging": "none"}, "QueryConfig.paging='none': it is 'internal' or 'external'"),
        ({"paging": True}, "QueryConfig.paging=True: it is 'internal' or 'external'"),
        ({"source": []}, "QueryConfig.source=[]: it is 'query' or 'body'"),
        ({"cache_size": -1}, "QueryConfig.cache_size=-1: it is a whole number, 0 or more"),
        ({"cache_size": "many"}, "QueryConfig.cache_size='many': it is a whole number, 0 or more"),
        ({"parameter": ""}, "QueryConfig.parameter='': it is a name without brackets"),
        ({"parameter": "filter[]"}, "QueryConfig.parameter='filter[]': it is a name without brackets"),
        ({"parameter": None}, "QueryConfig.parameter=None: it is a name without brackets"),
        ({"description": 5}, "QueryConfig.description=5: it is a text"),
        ({"schema_name": 5}, "QueryConfig.schema_name=5: it is a text"),
        ({"example": '{"limit": 5}'}, "QueryConfig.example='{\"limit\": 5}': it is a filter as a mapping"),
    ],
    ids=str,
)
def test_a_setting_that_means_nothing_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        QueryConfig(**arguments)
    assert str(caught.value) == message


def test_all_settings_may_be_given() -> None:
    config = QueryConfig(
        parameter="q", source="body", paging="external", cache_size=0, description="", example={}
    )
    assert config.parameter == "q"
