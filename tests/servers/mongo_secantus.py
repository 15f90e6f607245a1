"""The program of a SecantusDB: serves a folder on a free loopback port, prints its address. Knows no test.

    python mongo_secantus.py FOLDER [mended]

SecantusDB departs from MongoDB in four things that queries of the back-end need. With `mended` it does them
as MongoDB's documentation has them. That it has to be mended, tests/servers/test_mongo.py shows.
"""

from __future__ import annotations

import sys
import threading
from importlib import import_module
from typing import Any, cast

import bson

LOGICAL = {"$and", "$or", "$nor"}
MISSING = object()

# Any: here and below, values of all types that BSON has, and the functions of a package without types.
codec: Any = bson
server: Any = import_module("secantus.server")
aggregate: Any = import_module("secantus.aggregate")
collation: Any = import_module("secantus.collation")
query: Any = import_module("secantus.query")
get_path_values: Any = import_module("secantus.paths").get_path_values

decode: Any = codec.decode
get_path: Any = aggregate.get_path
elem_match: Any = query._op_elem_match
parse_collation: Any = collation.parse


def items_of(value: Any) -> Any:
    """Return the elements of an array; none of all else."""
    return value if type(value) is list else []  # pyright: ignore[reportUnknownVariableType]  # of BSON's own


def plain(value: Any) -> Any:
    """Return a value whose references are the documents that they are stored as."""
    if isinstance(value, bson.DBRef):
        return plain(value.as_doc())
    if isinstance(value, dict):
        return {key: plain(item) for key, item in cast("dict[str, Any]", value).items()}
    return [plain(item) for item in items_of(value)] if isinstance(value, list) else value


def decode_plain(data: Any, *options: Any, **named: Any) -> Any:
    """A path leads into a DBRef as into any document."""
    return plain(decode(data, *options, **named))


def get_path_through_arrays(doc: Any, path: str, default: Any = None) -> Any:
    """The path of a `$lookup` leads through arrays of documents."""
    found = get_path(doc, path, MISSING)
    if found is not MISSING:
        return found
    values, _ = get_path_values(doc, path)
    return values or default


def elem_match_of_logic(values: list[Any], condition: Any) -> bool:
    """A condition on the elements may be a conjunction or disjunction alone."""
    if isinstance(condition, dict) and condition and cast("dict[str, Any]", condition).keys() <= LOGICAL:
        elements = [element for value in values for element in items_of(value)]
        return any(type(element) is dict and query.matches(element, condition) for element in elements)
    return bool(elem_match(values, condition))


def parse_collation_unless_simple(spec: Any) -> Any:
    """The locale `simple` is the comparison of bytes."""
    is_simple = isinstance(spec, dict) and cast("dict[str, Any]", spec).get("locale") == "simple"
    return None if is_simple else parse_collation(spec)


def mend() -> None:
    """Put what MongoDB does in the place of what SecantusDB does."""
    codec.decode = decode_plain
    aggregate.get_path = get_path_through_arrays
    query._op_elem_match = elem_match_of_logic
    collation.parse = parse_collation_unless_simple


def main(folder: str, mended: bool) -> None:
    """Serve until the process is stopped."""
    if mended:
        mend()
    with server.SecantusDBServer(storage_path=folder, cache_size="64M", replica_set_name=None) as running:
        sys.stdout.write(f"ready {running.uri}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:] == ["mended"])
