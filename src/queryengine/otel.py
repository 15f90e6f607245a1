"""Spans and metrics of OpenTelemetry for the way of a filter. Needs the extra `otel`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from time import perf_counter
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from queryengine import __version__
from queryengine.errors import ConfigurationError, ErrorCode, FilterError
from queryengine.telemetry import Stage

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

__all__ = ["OpenTelemetry"]

P = ParamSpec("P")
R = TypeVar("R")

BUCKETS: Final = (1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.1, 1.0)
"""seconds: a known shape takes some microseconds, the first one with its model's schema some milliseconds"""


class OpenTelemetry:
    """Gives spans and metrics to OpenTelemetry: to these providers, or to those that are set globally.

    A span `queryengine.parse`, `.bind`, `.fill` or `.compile` for each stage, and its time in the histogram
    `queryengine.stage.duration` (seconds); the counters `queryengine.cache.lookups` and
    `queryengine.refusals`. Raises ConfigurationError without the extra `otel`.

    >>> from queryengine import QueryConfig
    >>> config = QueryConfig(telemetry=OpenTelemetry())
    """

    def __init__(
        self, *, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
    ) -> None:
        try:
            from opentelemetry import metrics, trace  # noqa: PLC0415  # comes with the extra
        except ModuleNotFoundError:
            message = 'telemetry needs the extra: pip install "queryengine[otel]"'
            raise ConfigurationError(message) from None
        self._failed = trace.Status(trace.StatusCode.ERROR)
        self._tracer = trace.get_tracer("queryengine", __version__, tracer_provider)
        meter = metrics.get_meter("queryengine", __version__, meter_provider)
        self._durations = meter.create_histogram(
            "queryengine.stage.duration",
            unit="s",
            description="What a stage of a filter takes",
            explicit_bucket_boundaries_advisory=BUCKETS,
        )
        self._lookups = meter.create_counter(
            "queryengine.cache.lookups", unit="{lookup}", description="Filters whose shape was looked up"
        )
        self._refusals = meter.create_counter(
            "queryengine.refusals", unit="{filter}", description="Filters that were refused"
        )

    def watch(self, stage: Stage, model: type[object], call: Callable[P, R]) -> Callable[P, R]:
        """Return a stage's function with a span and a duration around each call."""
        name, facts = f"queryengine.{stage}", {"queryengine.model": model.__name__}
        timed = {**facts, "queryengine.stage": stage.value}

        @wraps(call)
        def traced(*args: P.args, **kwargs: P.kwargs) -> R:
            began = perf_counter()
            failed: dict[str, str] = {}
            # An exception is not recorded as an event: its message has names of the caller.
            with self._tracer.start_as_current_span(
                name, attributes=facts, record_exception=False, set_status_on_exception=False
            ) as span:
                try:
                    return call(*args, **kwargs)
                except Exception as error:
                    failed = {"error.type": _kind(error)}
                    span.set_attributes(failed)
                    span.set_status(self._failed)
                    raise
                finally:
                    self._durations.record(perf_counter() - began, {**timed, **failed})

        return traced

    def looked_up(self, model: type[object], *, hit: bool) -> None:
        """Count a look-up in the cache of shapes."""
        self._lookups.add(1, {"queryengine.model": model.__name__, "queryengine.cache.hit": hit})

    def refused(self, model: type[object], code: ErrorCode) -> None:
        """Count a refusal by its code."""
        self._refusals.add(1, {"queryengine.model": model.__name__, "error.type": code.value})


def _kind(error: Exception) -> str:
    return error.code.value if isinstance(error, FilterError) else type(error).__name__
