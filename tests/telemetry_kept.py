"""Telemetry that keeps spans and figures in memory, for tests that look at what was told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO

import structlog
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from planner.adapters.telemetry_log import configure_log
from planner.adapters.telemetry_opentelemetry import OpenTelemetryTraces
from planner.adapters.telemetry_prometheus import PrometheusMetrics
from planner.ports.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class Kept:
    """Hand :attr:`telemetry` to a server, then look at the rest."""

    exporter: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    metrics: PrometheusMetrics = field(default_factory=PrometheusMetrics)

    @property
    def telemetry(self) -> Telemetry:
        """What a server is given."""
        return Telemetry(OpenTelemetryTraces(SimpleSpanProcessor(self.exporter)), self.metrics)

    def spans(self, name: str = "") -> list[ReadableSpan]:
        """Return the spans that ended, in the order of their beginning; those of a name if one is given."""
        found = [span for span in self.exporter.get_finished_spans() if name in ("", span.name)]
        return sorted(found, key=lambda span: span.start_time or 0)

    def figure(self, name: str, **labels: str) -> float | None:
        """Return a figure by the name of its series."""
        return self.metrics.registry.get_sample_value(name, labels)


@contextmanager
def logged(trace: Callable[[], str] = lambda: "") -> Iterator[StringIO]:
    """Give what is written to the server's log while the context lasts."""
    stream, before = StringIO(), list(logging.getLogger().handlers)
    configure_log(trace, stream)
    try:
        yield stream
    finally:
        structlog.reset_defaults()
        logging.getLogger().handlers = before
