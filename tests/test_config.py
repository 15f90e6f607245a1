"""The configuration of one dependency: which mistakes of its authors are refused, before any request."""

from __future__ import annotations

from typing import Any

import pytest

from queryengine.config import QueryConfig
from queryengine.errors import ConfigurationError


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"source": "header"}, "QueryConfig.source='header': it has to be 'query' or 'body'"),
        ({"paging": "none"}, "QueryConfig.paging='none': it has to be 'internal' or 'external'"),
        ({"paging": True}, "QueryConfig.paging=True: it has to be 'internal' or 'external'"),
        ({"source": []}, "QueryConfig.source=[]: it has to be 'query' or 'body'"),
        ({"cache_size": -1}, "QueryConfig.cache_size=-1: it has to be a whole number, 0 or more"),
        ({"cache_size": "many"}, "QueryConfig.cache_size='many': it has to be a whole number, 0 or more"),
        ({"parameter": ""}, "QueryConfig.parameter='': it has to be a name without brackets"),
        ({"parameter": "filter[]"}, "QueryConfig.parameter='filter[]': it has to be a name without brackets"),
        ({"parameter": 5}, "QueryConfig.parameter=5: it has to be a name without brackets"),
        ({"description": 5}, "QueryConfig.description=5: it has to be a text"),
        ({"schema_name": 5}, "QueryConfig.schema_name=5: it has to be a text"),
        (
            {"example": '{"limit": 5}'},
            "QueryConfig.example='{\"limit\": 5}': it has to be a filter as a mapping",
        ),
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
