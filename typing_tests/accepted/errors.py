"""A filter's error is read by its code and its place."""

from typing import assert_type

from queryengine.errors import ErrorCode, FilterError


def place(error: FilterError) -> str:
    assert_type(error.code, ErrorCode)
    return ".".join(str(part) for part in error.path)
