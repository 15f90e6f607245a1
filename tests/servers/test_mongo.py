"""The MongoDB of the tests: it is ours, it goes away, and each known departure from MongoDB is one still.

A strict xfail says what a server does wrong. When it is mended, the test passes, and that fails the run: then
the words about it go. The back-end's own tests have SecantusDB with these mended.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from bson import DBRef
from pymongo import MongoClient
from pymongo.collation import Collation
from pymongo.database import Database
from pymongo.errors import PyMongoError

from tests.servers.mongo import MongoServer, running_java_server, running_secantus

Record = dict[str, Any]  # Any: values of all types that BSON has
Documents = Database[Record]

LOOKUP = {"from": "makers", "foreignField": "_id", "as": "found"}


@contextmanager
def opened(server: MongoServer) -> Generator[Documents]:
    with MongoClient[Record](server.uri) as client:
        database = client[server.database]
        database.makers.insert_many([{"_id": 1, "name": "a"}, {"_id": 2, "name": "B"}])
        database.things.insert_many(
            [
                {"_id": 1, "maker": DBRef("makers", 1), "makers": [DBRef("makers", 1), DBRef("makers", 2)]},
                {"_id": 2, "maker": None, "makers": [], "parts": [{"size": 1}, {"size": 5}]},
                {"_id": 3, "maker": DBRef("makers", 2), "old": {"a": 1}, "name": "\uffff"},
                {"_id": 4, "name": "\U00010000"},
            ]
        )
        yield database


@pytest.fixture(scope="module")
def secantus() -> Generator[Documents]:
    """Give a SecantusDB as it is."""
    with running_secantus(mended=False) as server, opened(server) as database:
        yield database


@pytest.fixture(scope="module")
def mended() -> Generator[Documents]:
    """Give a SecantusDB with its known faults mended."""
    with running_secantus(mended=True) as server, opened(server) as database:
        yield database


@pytest.fixture(scope="module")
def java() -> Generator[Documents]:
    """Give a mongo-java-server."""
    with running_java_server() as server, opened(server) as database:
        yield database


def ids(documents: Sequence[Record]) -> list[object]:
    return [document["_id"] for document in documents]


# -- what MongoDB does


def path_into_a_reference(database: Documents) -> None:
    assert ids(database.things.find({"maker.$id": 2}).to_list()) == [3]


def lookup_by_a_reference(database: Documents) -> None:
    found = database.things.aggregate([{"$lookup": {**LOOKUP, "localField": "maker.$id"}}]).to_list()
    assert [ids(document["found"]) for document in found] == [[1], [], [2], []]


def lookup_by_an_array_of_references(database: Documents) -> None:
    found = database.things.aggregate([{"$lookup": {**LOOKUP, "localField": "makers.$id"}}]).to_list()
    assert [ids(document["found"]) for document in found] == [[1, 2], [], [], []]


def lookup_with_a_pipeline(database: Documents) -> None:
    lookup = {**LOOKUP, "localField": "maker.$id", "pipeline": [{"$match": {"name": "B"}}]}
    found = database.things.aggregate([{"$lookup": lookup}]).to_list()
    assert [ids(document["found"]) for document in found] == [[], [], [2], []]


def a_disjunction_on_elements(database: Documents) -> None:
    condition = {"$elemMatch": {"$or": [{"size": {"$gt": 4}}, {"size": {"$lt": 0}}]}}
    assert ids(database.things.find({"parts": condition}).to_list()) == [2]


def the_simple_collation(database: Documents) -> None:
    found = database.makers.find(collation=Collation(locale="simple")).sort("name", 1).to_list()
    assert ids(found) == [2, 1]


def an_order_by_code_point(database: Documents) -> None:
    assert ids(database.things.find({"_id": {"$gt": 2}}).sort("name", 1).to_list()) == [3, 4]


def a_pattern_in_an_expression(database: Documents) -> None:
    condition = {"$regexMatch": {"input": "$name", "regex": "\\AB"}}
    assert ids(database.makers.find({"$expr": condition}).to_list()) == [2]


def a_document_that_replaces_one(database: Documents) -> None:
    stage = {"$addFields": {"old": {"$arrayElemAt": [[{"b": 2}], 0]}}}
    found = database.things.aggregate([{"$match": {"_id": 3}}, stage]).to_list()
    assert [document["old"] for document in found] == [{"b": 2}]


ALL = (
    path_into_a_reference,
    lookup_by_a_reference,
    lookup_by_an_array_of_references,
    lookup_with_a_pipeline,
    a_disjunction_on_elements,
    the_simple_collation,
    an_order_by_code_point,
    a_pattern_in_an_expression,
    a_document_that_replaces_one,
)

SECANTUS_DEPARTS = {
    path_into_a_reference: "a path into a DBRef finds nothing",
    lookup_by_a_reference: "a path into a DBRef finds nothing",
    lookup_by_an_array_of_references: "a $lookup by a path through an array finds nothing",
    lookup_with_a_pipeline: "a path into a DBRef finds nothing",
    a_disjunction_on_elements: "$elemMatch refuses a condition of $or alone",
    the_simple_collation: "the locale simple is taken for a language",
}
JAVA_DEPARTS = {
    lookup_by_an_array_of_references: "a $lookup by a path through an array finds nothing",
    lookup_with_a_pipeline: "$lookup knows no pipeline beside localField",
    an_order_by_code_point: "text is ordered by UTF-16's units",
    a_pattern_in_an_expression: "there is no $regexMatch",
    a_document_that_replaces_one: "$addFields merges a document into the one that was there",
}


def with_departures(departures: Any) -> list[Any]:  # Any: what pytest makes of parameters
    return [
        pytest.param(
            check,
            id=check.__name__,
            marks=pytest.mark.xfail(reason=departures[check], raises=(AssertionError, PyMongoError))
            if check in departures
            else (),
        )
        for check in ALL
    ]


@pytest.mark.parametrize("check", with_departures(SECANTUS_DEPARTS))
def test_secantusdb_does_as_mongodb_or_is_known_not_to(check: Any, secantus: Documents) -> None:
    check(secantus)


@pytest.mark.parametrize("check", with_departures({}))
def test_the_mended_secantusdb_does_as_mongodb(check: Any, mended: Documents) -> None:
    check(mended)


@pytest.mark.parametrize("check", with_departures(JAVA_DEPARTS))
def test_mongo_java_server_does_as_mongodb_or_is_known_not_to(check: Any, java: Documents) -> None:
    check(java)


# -- coming and going


def test_a_server_is_gone_when_its_test_process_is_killed() -> None:
    program = (
        "from tests.servers.mongo import running_secantus\n"
        "import sys\n"
        "with running_secantus(mended=True) as server:\n"
        "    print(server.uri, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as victim:
        assert victim.stdout is not None
        uri = victim.stdout.readline().strip()
        assert answers(uri)
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        give_up = time.monotonic() + 30
        while answers(uri):
            assert time.monotonic() < give_up, "the server went on for 30 s"


def test_mongodb_uri_names_the_server(monkeypatch: pytest.MonkeyPatch, mongo: MongoServer) -> None:
    from tests.servers.mongo import running_mongo

    monkeypatch.setitem(os.environ, "MONGODB_URI", mongo.uri)
    with running_mongo() as server:
        assert server.uri == mongo.uri
        assert server.database != mongo.database
        with MongoClient[Record](server.uri) as client:
            client[server.database].things.insert_one({})
    with MongoClient[Record](mongo.uri) as client:
        assert server.database not in client.list_database_names()


def answers(uri: str) -> bool:
    with MongoClient[Record](uri, serverSelectionTimeoutMS=200) as client:
        try:
            client.admin.command("ping")
        except PyMongoError:
            return False
        return True
