"""OpenTelemetry in a real application: its stages, the cache, refusals; nothing that a caller wrote."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import chain

import pytest
from fastapi.testclient import TestClient
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader, NumberDataPoint
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from pydantic import BaseModel

from queryengine import (
    Access,
    ConfigurationError,
    MemoryQueryEngine,
    QueryConfig,
    SecurityPolicy,
    create_qe_aggregate_dependency,
    create_qe_dependency,
)
from queryengine.otel import OpenTelemetry
from queryengine.telemetry import Stage, watched
from tests.harbour import Ship, ships
from tests.harbour_service import client, request

Point = HistogramDataPoint | NumberDataPoint


class Watch:
    """What OpenTelemetry is given, and what it heard."""

    def __init__(self) -> None:
        self._spans, self._metrics = InMemorySpanExporter(), InMemoryMetricReader()
        self.tracers = TracerProvider(shutdown_on_exit=False)
        self.tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        meters = MeterProvider([self._metrics], shutdown_on_exit=False)
        self.telemetry = OpenTelemetry(tracer_provider=self.tracers, meter_provider=meters)

    def spans(self) -> Sequence[ReadableSpan]:
        return self._spans.get_finished_spans()

    def names(self) -> list[str]:
        return [span.name.removeprefix("queryengine.") for span in self.spans()]

    def points(self) -> Iterator[tuple[str, Point]]:
        data = self._metrics.get_metrics_data()
        if data is not None:
            for scope in chain.from_iterable(resource.scope_metrics for resource in data.resource_metrics):
                for metric in scope.metrics:
                    for point in metric.data.data_points:
                        assert isinstance(point, Point)
                        yield metric.name, point

    def counts(self, name: str, key: str) -> dict[object, int | float]:
        """How often each value of an attribute was counted."""
        return {
            (point.attributes or {})[key]: point.count
            if isinstance(point, HistogramDataPoint)
            else point.value
            for found, point in self.points()
            if found == name
        }

    def everything(self) -> str:
        return " ".join(
            [*(span.to_json() for span in self.spans()), *(str(point) for point in self.points())]
        )


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def harbour(watch: Watch) -> TestClient:
    config = QueryConfig(telemetry=watch.telemetry)
    return client(create_qe_dependency(ships(), policy=SecurityPolicy(relations=True), config=config))


def get(harbour: TestClient, text: str) -> int:
    return harbour.get("/ships", params={"filter": text}).status_code


def test_a_new_shape_goes_through_all_stages_and_a_known_one_through_the_last_two(
    harbour: TestClient, watch: Watch
) -> None:
    assert get(harbour, '{"where": {"name": "Anna"}}') == 200
    assert watch.names() == ["parse", "bind", "fill", "compile"]
    assert get(harbour, '{"where": {"name": "Clara"}}') == 200
    assert watch.names()[4:] == ["fill", "compile"]


def test_each_stage_has_its_durations_in_seconds(harbour: TestClient, watch: Watch) -> None:
    get(harbour, '{"where": {"name": "Anna"}}')
    get(harbour, '{"where": {"name": "Clara"}}')
    counts = watch.counts("queryengine.stage.duration", "queryengine.stage")
    assert counts == {"parse": 1, "bind": 1, "fill": 2, "compile": 2}
    for name, point in watch.points():
        if name == "queryengine.stage.duration":
            assert isinstance(point, HistogramDataPoint)
            assert 0 < point.sum < 60


def test_hits_and_misses_of_the_cache_are_counted(harbour: TestClient, watch: Watch) -> None:
    for name in ("Anna", "Bertha", "Clara"):
        get(harbour, f'{{"where": {{"name": "{name}"}}}}')
    assert watch.counts("queryengine.cache.lookups", "queryengine.cache.hit") == {False: 1, True: 2}


def test_refusals_are_counted_by_code_wherever_they_happen(harbour: TestClient, watch: Watch) -> None:
    assert get(harbour, '{"where": {"nmae": 1}}') == 422
    assert get(harbour, '{"where"') == 422
    assert harbour.get("/ships?filter={}&filter={}").status_code == 422
    assert watch.counts("queryengine.refusals", "error.type") == {
        "unknown_field": 1,
        "syntax_error": 1,
        "duplicate_parameter": 1,
    }


def test_the_span_of_the_stage_that_refuses_says_why_by_its_code(harbour: TestClient, watch: Watch) -> None:
    get(harbour, '{"where": {"length": "long"}}')
    failed = watch.spans()[-1]
    assert failed.name == "queryengine.fill"
    assert (failed.attributes or {})["error.type"] == "type_mismatch"
    assert failed.status.status_code is StatusCode.ERROR
    assert failed.status.description is None
    assert not failed.events


def test_nothing_that_a_caller_wrote_is_told(harbour: TestClient, watch: Watch) -> None:
    for text in (
        '{"where": {"name": "hush-value"}}',
        '{"where": {"hush_name": 1}}',
        '{"where": {"length": "hush-value"}}',
        '{"order": "hush_name"}',
        '{"where": {"name": {"hush_operator": 1}}}',
        '{"after": "hush-cursor"}',
        "hush",
    ):
        get(harbour, text)
    assert watch.spans()
    assert "hush" not in watch.everything()
    assert "Ship" in watch.everything()


def test_spans_stand_within_the_span_of_the_request(watch: Watch) -> None:
    config = QueryConfig(telemetry=watch.telemetry)
    dependency = create_qe_dependency(ships(), config=config, required=True)
    with watch.tracers.get_tracer("service").start_as_current_span("request") as outer:
        dependency.build(request(), "{}")
    inner = [span for span in watch.spans() if span.name != "request"]
    assert len(inner) == 4
    assert {span.parent.span_id for span in inner if span.parent} == {outer.get_span_context().span_id}


def test_the_filter_of_a_body_and_of_no_filter_are_watched_too(watch: Watch) -> None:
    config = QueryConfig(telemetry=watch.telemetry, source="body")
    harbour = client(create_qe_dependency(ships(), config=config, required=True))
    assert harbour.post("/ships", json={"where": {"name": "Anna"}}).status_code == 200
    assert harbour.post("/ships").status_code == 200
    assert watch.names() == ["parse", "bind", "fill", "compile"] * 2


def test_aggregates_go_through_the_same_stages(watch: Watch) -> None:
    class Lengths(BaseModel):
        max_length: float | None = None

    config = QueryConfig(parameter="aggregate", telemetry=watch.telemetry)
    lengths = create_qe_aggregate_dependency(MemoryQueryEngine(Ship), row=Lengths, config=config)
    lengths.build(request(), '{"max": "length"}')
    assert watch.names() == ["parse", "bind", "fill", "compile"]


def test_a_mistake_of_the_service_is_told_by_its_kind(watch: Watch) -> None:
    policy = SecurityPolicy(paths={"nmae": Access()})
    config = QueryConfig(telemetry=watch.telemetry)
    dependency = create_qe_dependency(ships(), policy=policy, config=config)
    with pytest.raises(ConfigurationError):
        dependency.build(request(), "{}")
    assert (watch.spans()[-1].attributes or {})["error.type"] == "ConfigurationError"


def test_without_telemetry_a_stage_is_its_function_and_nothing_around_it() -> None:
    assert watched(None, Stage.PARSE, Ship, len) is len


def test_without_the_package_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(ConfigurationError, match=r"queryengine\[otel\]"):
        OpenTelemetry()


def test_what_is_no_telemetry_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"QueryConfig\.telemetry"):
        QueryConfig(telemetry="on")  # type: ignore[arg-type]  # the mistake
