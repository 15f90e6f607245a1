"""The Link header of a page: relative, with the request's own filter and parameters, in either syntax."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, unquote_to_bytes

import pytest
from starlette.requests import Request

from queryengine import ConfigurationError, Page, link_header


def request(query: bytes, method: str = "GET") -> Request:
    return Request({"type": "http", "method": method, "query_string": query})


def links(query: bytes, page: Page[str], parameter: str = "filter") -> dict[str, list[tuple[str, str]]]:
    """Return the parameters of each link by its relation."""
    header = link_header(request(query), page, parameter=parameter)
    assert header is not None
    found: dict[str, list[tuple[str, str]]] = {}
    for link in header.split(", "):
        target, _, relation = link.partition("; ")
        assert target.startswith("<?")
        found[relation] = parse_qsl(target[2:-1], strict_parsing=True, keep_blank_values=True)
    return found


def test_the_filter_goes_on_at_the_cursor_and_all_else_stays() -> None:
    query = b"lang=en&filter=%7B%22limit%22:2,%22order%22:%22-%C3%A9%22,%22offset%22:4%7D&empty="
    found = links(query, Page(items=["a"], next="x-_", previous="y"))
    assert list(found) == ['rel="next"', 'rel="prev"']
    for relation, word, cursor in (('rel="next"', "after", "x-_"), ('rel="prev"', "before", "y")):
        given = dict(found[relation])
        assert json.loads(given.pop("filter")) == {"limit": 2, "order": "-é", word: cursor}
        assert given == {"lang": "en", "empty": ""}


@pytest.mark.parametrize("number", ["1234567890123456.78", "0.10", "1E2", "[0.1000000000000000055]"])
def test_numbers_go_on_as_they_were_written(number: str) -> None:
    found = links(f'filter={{"where": {{"a": {number}}}, "limit" :2}}'.encode(), Page(items=["a"], next="x"))
    written = f'{{"where":{{"a": {number}}},"limit":2,"after":"x"}}'
    assert found['rel="next"'] == [("filter", written)]


def test_bytes_that_are_no_ascii_go_on_as_they_came() -> None:
    for query in ('lang=é&filter={"order":"é"}'.encode(), b"lang=%FF&filter=%7B%7D"):
        header = link_header(request(query), Page(items=["a"], next="x"))
        assert header is not None
        target = header[2 : header.index(">")].encode("ascii")
        assert unquote_to_bytes(target.split(b"&")[0]) == unquote_to_bytes(query.split(b"&")[0])
    assert links("filter[where][a]=é".encode(), Page(items=["a"], next="x")) == {
        'rel="next"': [("filter[where][a]", "é"), ("filter[after]", "x")]
    }


def test_a_cursor_takes_the_place_of_the_one_before_it() -> None:
    found = links(b'filter={"after":"old"}', Page(items=["a"], previous="y"))
    assert json.loads(dict(found['rel="prev"'])["filter"]) == {"before": "y"}


def test_bracket_parameters_go_on_as_bracket_parameters() -> None:
    query = b"filter[where][name]=a%26b&filter[skip]=5&filter[limit]=2&page=1"
    found = links(query, Page(items=["a"], next="x"))
    expected = [("filter[where][name]", "a&b"), ("filter[limit]", "2"), ("page", "1"), ("filter[after]", "x")]
    assert found['rel="next"'] == expected


def test_a_request_without_a_filter_gets_one() -> None:
    assert links(b"", Page(items=["a"], next="x")) == {'rel="next"': [("filter", '{"after":"x"}')]}


def test_the_parameter_has_its_own_name() -> None:
    found = links(b'q={"limit":1}&filter=mine', Page(items=["a"], next="x"), parameter="q")
    assert found['rel="next"'] == [("filter", "mine"), ("q", '{"limit":1,"after":"x"}')]


def test_a_page_alone_has_no_links() -> None:
    assert link_header(request(b""), Page(items=["a"])) is None


@pytest.mark.parametrize("page", [Page(items=["a"], next="x"), Page(items=["a"])])
def test_a_filter_in_a_body_cannot_be_linked_on_the_first_page_either(page: Page[str]) -> None:
    with pytest.raises(ConfigurationError, match="URLs"):
        link_header(request(b"", "POST"), page)


def test_a_request_for_the_headers_alone_has_its_links() -> None:
    assert link_header(request(b"", "HEAD"), Page(items=["a"], next="x")) is not None
