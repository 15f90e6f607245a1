"""What the example service promises: nested rows, projections, hidden fields, documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from examples.flights.sqlalchemy.service import create_app, database_url
from queryengine import check_app

LISTS = ("/flights", "/carriers", "/airports", "/planes")


@pytest.fixture(scope="module")
def client(flights_file: Path) -> Iterator[TestClient]:
    with TestClient(create_app(database_url(flights_file))) as client:
        yield client


def get(client: TestClient, path: str, filter: dict[str, Any]) -> Any:  # Any: JSON
    response = client.get(path, params={"filter": json.dumps(filter)})
    assert response.status_code == 200, response.text
    return response.json()


def refused(client: TestClient, path: str, filter: dict[str, Any]) -> Any:  # Any: JSON
    response = client.get(path, params={"filter": json.dumps(filter)})
    assert response.status_code == 422, response.text
    return response.json()["detail"][0]


@pytest.mark.parametrize(
    ("path", "count"), [("/flights", 100), ("/carriers", 16), ("/airports", 100), ("/planes", 100)]
)
def test_without_a_filter_all_rows_are_listed_up_to_the_default_limit(
    client: TestClient, path: str, count: int
) -> None:
    response = client.get(path)
    assert response.status_code == 200
    assert len(response.json()) == count


def test_a_flight_comes_with_what_it_refers_to(client: TestClient) -> None:
    (flight,) = get(client, "/flights", {"where": {"id": 1}})
    assert flight["carrier"] == {"code": "UA", "name": "United Air Lines Inc."}
    assert flight["plane"]["model"] == "737-824"
    assert flight["dest_airport"]["code"] == "IAH"
    assert flight["weather"]["temp"] == 39.02
    assert flight["time_hour"] == "2013-01-01T10:00:00Z"


def test_a_missing_plane_is_null(client: TestClient) -> None:
    for flight in get(client, "/flights", {"where": {"plane": {"isNull": True}}, "limit": 20}):
        assert flight["plane"] is None


def test_fields_are_all_that_is_sent(client: TestClient) -> None:
    filter = {"where": {"id": 1}, "fields": ["flight", "carrier.name", "plane"]}
    (flight,) = get(client, "/flights", filter)
    assert set(flight) == {"flight", "carrier", "plane"}
    assert flight["carrier"] == {"name": "United Air Lines Inc."}
    assert flight["plane"]["tailnum"] == "N14228"


def test_fields_can_be_left_out(client: TestClient) -> None:
    filter = {"where": {"id": 1}, "fields": {"weather": False, "plane": False, "dest_airport": False}}
    (flight,) = get(client, "/flights", filter)
    assert not {"weather", "plane", "dest_airport"} & set(flight)
    assert flight["carrier"] == {"code": "UA", "name": "United Air Lines Inc."}


@pytest.mark.parametrize("clause", ["where", "order", "fields"])
def test_a_hidden_field_is_answered_as_one_that_does_not_exist(client: TestClient, clause: str) -> None:
    def ask(name: str) -> Any:  # Any: JSON
        clauses = {"where": {name: 1}, "order": name, "fields": [name]}
        response = client.get("/planes", params={"filter": json.dumps({clause: clauses[clause]})})
        assert response.status_code == 422
        return response.text.replace(name, "NAME")

    assert ask("speed") == ask("xqzzy")


@pytest.mark.parametrize(
    "filter",
    [{"fields": ["flights"]}, {"fields": ["flights.id"]}, {"include": ["flights"]}, {"order": "flights.id"}],
)
def test_the_flights_of_a_plane_can_be_asked_for_but_not_shown(
    client: TestClient, filter: dict[str, Any]
) -> None:
    assert get(client, "/planes", {"where": {"flights": {"some": {"origin": "JFK"}}}, "limit": 1})
    refused(client, "/planes", filter)


def test_the_wiring_is_right(flights_file: Path) -> None:
    check_app(create_app(database_url(flights_file)))


def test_the_groups_example_in_the_documents_works_and_hidden_fields_are_not_counted(
    client: TestClient,
) -> None:
    document = client.get("/openapi.json").json()
    (parameter,) = document["paths"]["/flights/delays"]["get"]["parameters"]
    example = parameter["content"]["application/json"]["example"]
    answer = client.get("/flights/delays", params={"aggregate": json.dumps(example)})
    assert answer.status_code == 200, answer.text
    assert answer.json()
    hidden, unknown = (
        client.get(
            "/flights/delays", params={"aggregate": json.dumps({"max": f"plane.{name}"})}
        ).text.replace(name, "N")
        for name in ("speed", "xqzzy")
    )
    assert hidden == unknown


@pytest.mark.parametrize("path", LISTS)
def test_the_example_in_the_documents_works(client: TestClient, path: str) -> None:
    document = client.get("/openapi.json").json()
    (parameter,) = document["paths"][path]["get"]["parameters"]
    content = parameter["content"]["application/json"]
    get(client, path, content["example"])


def test_each_list_shows_its_response_model_in_the_documents(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    for path, model in zip(LISTS, ("FlightOut", "CarrierOut", "AirportOut", "PlaneOut"), strict=True):
        answer = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        assert answer["items"] == {"$ref": f"#/components/schemas/{model}Fields"}
