"""Telemetry that keeps spans and figures in memory, for tests that look at what was told."""

from __future__ import annotations

from dataclasses import dataclass, field

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

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
