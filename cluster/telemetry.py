"""Who is told how the server is doing: chosen by its settings and the standard environment of OpenTelemetry."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version

import structlog

from planner.domain.errors import InvalidRequest
from planner.ports.silent_telemetry import SilentMetrics, SilentTraces
from planner.ports.telemetry import Metrics, Telemetry, Traces

LOOPBACK = "127.0.0.1"
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")

_log = structlog.get_logger("concordat.telemetry")


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetrySettings:
    """Both are off unless they are named.

    ``metrics`` is ``host:port``, or a port of loopback, where Prometheus may scrape ``/metrics``: whoever reaches it
    can read it. ``traces`` is the URL of an OTLP endpoint over HTTP; without it the ``OTEL_*`` variables count.
    """

    metrics: str | None = None
    traces: str | None = None

    def __post_init__(self) -> None:
        if self.metrics is not None:
            _, _, port = self.metrics.rpartition(":")
            if not port.isdigit() or int(port) > 65535 or self.metrics.startswith(":"):
                raise InvalidRequest(
                    f"metrics are served at host:port, or at a port of this machine, got {self.metrics!r}", "metrics"
                )
        if self.traces is not None and not self.traces.startswith(("http://", "https://")):
            raise InvalidRequest(f"traces go to the URL of an OTLP endpoint, got {self.traces!r}", "traces")

    @property
    def metrics_at(self) -> tuple[str, int] | None:
        """Host and port of the metrics, if there are any."""
        if self.metrics is None:
            return None
        host, _, port = self.metrics.rpartition(":")
        return host or LOOPBACK, int(port)


def make_telemetry(settings: TelemetrySettings, environment: Mapping[str, str] = os.environ) -> Telemetry:
    """Return who is to be told; metrics are served from here on.

    Raises
    ------
    InvalidRequest
        If a library that this needs is not installed.
    ServerUnavailable
        If the address of the metrics cannot be taken.
    """
    try:
        return Telemetry(_traces(settings.traces, environment), _metrics(settings.metrics_at))
    except ImportError as error:
        raise InvalidRequest(
            f"{error.name} is not installed, which telling traces and metrics needs: install concordat[telemetry]",
            "telemetry",
        ) from error


def wants_traces(endpoint: str | None, environment: Mapping[str, str]) -> bool:
    """Say whether traces go anywhere."""
    off = environment.get("OTEL_SDK_DISABLED", "").lower() == "true"
    off = off or environment.get("OTEL_TRACES_EXPORTER", "").lower() == "none"
    return not off and (endpoint is not None or any(environment.get(name) for name in _ENDPOINTS))


def _traces(endpoint: str | None, environment: Mapping[str, str]) -> Traces:
    if not wants_traces(endpoint, environment):
        return SilentTraces()
    from planner.adapters.telemetry_opentelemetry import (  # noqa: PLC0415 - loads the SDK, which few servers need
        OpenTelemetryTraces,
        otlp_processor,
    )

    return OpenTelemetryTraces(otlp_processor(endpoint), version=version("concordat"))


def _metrics(at: tuple[str, int] | None) -> Metrics:
    if at is None:
        return SilentMetrics()
    from planner.adapters.telemetry_prometheus import PrometheusMetrics  # noqa: PLC0415 - an extra, likewise

    metrics = PrometheusMetrics()
    _log.info("serving metrics", address=metrics.serve(*at))
    return metrics
