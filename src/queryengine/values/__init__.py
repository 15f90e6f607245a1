"""Typed values: read from literals, checked when they come from Python, written back; the table of all types.

The rules are the contract's for values: each type has one literal form, nothing is converted by guess, and a
value that a field cannot hold exactly is an error.
"""

from queryengine.values.checking import check
from queryengine.values.json_value import json_document
from queryengine.values.problem import ValueProblem, expectation
from queryengine.values.reading import TypedValue, read_list, reader, split_list
from queryengine.values.table import TYPE_TABLE, TypeRow
from queryengine.values.writing import JSONValue, write

__all__ = [
    "TYPE_TABLE",
    "JSONValue",
    "TypeRow",
    "TypedValue",
    "ValueProblem",
    "check",
    "expectation",
    "json_document",
    "read_list",
    "reader",
    "split_list",
    "write",
]
