"""Figures for Prometheus, on an HTTP port of their own; the only importer of prometheus-client."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import prometheus_client as prometheus

from planner.adapters.telemetry_catalogue import (
    CACHE_HITS,
    CACHE_MISSES,
    HOST_RESTARTS,
    OWN,
    PLAN_GAP,
    PLAN_SECONDS,
    PLANS,
    PLANS_ENDED,
    QUEUE_LENGTH,
    QUEUE_REFUSED,
    QUEUE_SECONDS,
    REQUEST_SECONDS,
    REQUESTS,
    REQUESTS_ACTIVE,
    ROUND_SECONDS,
    SOLVE_SECONDS,
    WHAT_IF_CASE_SECONDS,
    WHAT_IF_CASES,
    WHAT_IF_ENDED,
    WHAT_IF_EXECUTIONS,
    Metric,
    MetricKind,
)
from planner.domain.errors import ServerUnavailable
from planner.ports.run_steps import RunStep, StepKind


class PrometheusMetrics:
    """Implements :class:`planner.ports.telemetry.Metrics`; every server has a registry of its own."""

    def __init__(self) -> None:
        self.registry = prometheus.CollectorRegistry()
        prometheus.ProcessCollector(registry=self.registry)
        self._kept = {metric.name: _made(metric, self.registry) for metric in OWN}
        self._server: Any = None
        self._thread: Any = None

    def serve(self, host: str, port: int) -> str:
        """Answer scrapes at ``/metrics``; returns the address that was taken, port 0 picks a free one.

        Raises
        ------
        ServerUnavailable
            If the address cannot be taken.
        """
        try:
            self._server, self._thread = prometheus.start_http_server(port, host.strip("[]"), self.registry)
        except OSError as error:
            raise ServerUnavailable(
                f"metrics cannot be served at {host}:{port}: {error}; name another address by --metrics"
            ) from error
        return f"{host}:{self._server.server_port}"

    def text(self) -> str:
        """Return what a scrape would be told."""
        told: bytes = prometheus.generate_latest(self.registry)
        return told.decode()

    def request_began(self, method: str) -> None:
        """Count a request that is being served."""
        self._of(REQUESTS_ACTIVE).labels(method=method).inc()

    def request_ended(self, method: str, code: str, seconds: float) -> None:
        """Count its end."""
        self._of(REQUESTS_ACTIVE).labels(method=method).dec()
        self._of(REQUESTS).labels(method=method, code=code).inc()
        self._of(REQUEST_SECONDS).labels(method=method).observe(seconds)

    def queue_changed(self, *, waiting: int, running: int) -> None:
        """Tell who waits and who has a place."""
        self._of(QUEUE_LENGTH).set(waiting)
        self._of(PLANS).labels(state="queued").set(waiting)
        self._of(PLANS).labels(state="running").set(running)

    def queue_refused(self) -> None:
        """Count a request without room."""
        self._of(QUEUE_REFUSED).inc()

    def queue_left(self, seconds: float) -> None:
        """Tell how long a plan waited."""
        self._of(QUEUE_SECONDS).observe(seconds)

    def plan_ended(self, state: str, *, seconds: float, gap: float | None) -> None:
        """Count the end of a plan."""
        self._of(PLANS_ENDED).labels(state=state).inc()
        self._of(PLAN_SECONDS).labels(state=state).observe(seconds)
        if gap is not None:
            self._of(PLAN_GAP).observe(gap)

    def steps(self, steps: Sequence[RunStep]) -> None:
        """Count what runs did."""
        for step in steps:
            if step.kind is StepKind.ROUND:
                self._of(ROUND_SECONDS).labels(message=step.what).observe(step.seconds)
            elif step.kind is StepKind.SOLVE:
                self._of(SOLVE_SECONDS).labels(termination=step.what).observe(step.seconds)
            elif step.kind is StepKind.RESTART:
                self._of(HOST_RESTARTS).inc()

    def cache_asked(self, cache: str, *, hit: bool) -> None:
        """Count a question to a cache."""
        self._of(CACHE_HITS if hit else CACHE_MISSES).labels(cache=cache).inc()

    def what_if_changed(self, *, waiting: int, running: int) -> None:
        """Tell which executions wait and which are under way."""
        self._of(WHAT_IF_EXECUTIONS).labels(state="queued").set(waiting)
        self._of(WHAT_IF_EXECUTIONS).labels(state="running").set(running)

    def what_if_ended(self, state: str) -> None:
        """Count the end of an execution."""
        self._of(WHAT_IF_ENDED).labels(state=state).inc()

    def what_if_case_ended(self, outcome: str, seconds: float) -> None:
        """Count a case and its seconds."""
        self._of(WHAT_IF_CASES).labels(outcome=outcome).inc()
        self._of(WHAT_IF_CASE_SECONDS).labels(outcome=outcome).observe(seconds)

    def close(self) -> None:
        """Stop answering scrapes."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = None

    def _of(self, metric: Metric) -> Any:
        return self._kept[metric.name]


def _made(metric: Metric, registry: prometheus.CollectorRegistry) -> Any:
    if metric.kind is MetricKind.COUNTER:
        return prometheus.Counter(metric.name, metric.text, metric.labels, registry=registry)
    if metric.kind is MetricKind.GAUGE:
        return prometheus.Gauge(metric.name, metric.text, metric.labels, registry=registry)
    return prometheus.Histogram(metric.name, metric.text, metric.labels, buckets=metric.buckets, registry=registry)
