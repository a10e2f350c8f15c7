"""Which telemetry a server is given, by its settings and environment; and what each of it serves to whom."""

from __future__ import annotations

import json
import logging
import re
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from cluster.telemetry import TelemetrySettings, make_telemetry, wants_traces
from planner.adapters.telemetry_catalogue import CATALOGUE, OWN, MetricKind
from planner.adapters.telemetry_prometheus import PrometheusMetrics
from planner.domain.errors import InvalidRequest, ServerUnavailable
from planner.ports.silent_telemetry import SilentMetrics, SilentTraces
from tests.telemetry_kept import logged

DASHBOARD = Path(__file__).resolve().parents[2] / "cluster/deploy/grafana/concordat.json"
CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NO_NAMES = {"sum", "by", "rate", "increase", "histogram_quantile", "instance", "le"}


def expressions() -> list[str]:
    """Return every query of the dashboard."""
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def metric_names(expression: str) -> set[str]:
    """Return the names in a query that are metrics: neither functions nor labels, nor what stands in braces or `by`."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\bby \([^)]*\)", " ", expression)
    return set(re.findall(r"[A-Za-z_:][A-Za-z0-9_:]*", bare)) - NO_NAMES


def test_the_dashboard_asks_for_metrics_that_exist() -> None:
    """Every name in every query of the dashboard is a series of the catalogue."""
    known = {series for metric in CATALOGUE for series in metric.series}
    asked = set().union(*map(metric_names, expressions()))
    assert len(asked) > 10
    assert asked - known == set()


def test_every_metric_is_on_the_dashboard() -> None:
    """Each metric of the catalogue appears in some query, under one of its series."""
    asked = set().union(*map(metric_names, expressions()))
    assert [metric.name for metric in CATALOGUE if not asked & set(metric.series)] == []


def test_labels_of_queries_are_labels_of_their_metrics() -> None:
    """What a query groups by is a label of every metric in it."""
    for expression in expressions():
        grouped = {name.strip() for part in re.findall(r"by \(([^)]*)\)", expression) for name in part.split(",")}
        for metric in CATALOGUE:
            if metric_names(expression) & set(metric.series):
                assert grouped - {"le"} <= set(metric.labels), expression


def test_names_follow_the_conventions_of_prometheus() -> None:
    """Counters end in _total, times in _seconds, shares in _ratio; no other kind of metric claims to be a total."""
    for metric in OWN:
        assert re.fullmatch(r"concordat_[a-z_]+", metric.name)
        assert (metric.kind is MetricKind.COUNTER) == metric.name.endswith("_total")
        if metric.kind is MetricKind.HISTOGRAM:
            assert metric.name.endswith(("_seconds", "_ratio"))
            assert list(metric.buckets) == sorted(set(metric.buckets))


def test_metrics_are_served_where_they_were_asked_for() -> None:
    """A scrape of the port returns the catalogue's metrics, and nothing answers after the end."""
    metrics = PrometheusMetrics()
    address = metrics.serve("127.0.0.1", 0)
    metrics.request_began("GetPlan")
    metrics.request_ended("GetPlan", "OK", 0.2)
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    metrics.close()
    assert 'concordat_requests_total{code="OK",method="GetPlan"} 1.0' in text
    assert [metric.name for metric in CATALOGUE if metric.name.removesuffix("_total") not in text] == []
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://{address}/metrics", timeout=5)


def test_a_taken_address_is_told() -> None:
    """A second server at the same port is refused with a cure."""
    first, second = PrometheusMetrics(), PrometheusMetrics()
    port = int(first.serve("127.0.0.1", 0).rpartition(":")[2])
    with pytest.raises(ServerUnavailable, match="--metrics"):
        second.serve("127.0.0.1", port)
    first.close()


@pytest.mark.parametrize(
    ("endpoint", "environment", "wanted"),
    [
        (None, {}, False),
        ("http://127.0.0.1:4318/v1/traces", {}, True),
        (None, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True),
        (None, {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318"}, True),
        ("http://127.0.0.1:4318", {"OTEL_SDK_DISABLED": "true"}, False),
        (None, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_traces_go_where_settings_or_environment_say(
    endpoint: str | None, environment: dict[str, str], *, wanted: bool
) -> None:
    """The setting or the standard variables name an endpoint; the standard switches turn it off."""
    assert wants_traces(endpoint, environment) is wanted


def test_nobody_is_told_unless_named() -> None:
    """Without settings and variables telemetry is silent."""
    telemetry = make_telemetry(TelemetrySettings(), {})
    assert isinstance(telemetry.traces, SilentTraces)
    assert isinstance(telemetry.metrics, SilentMetrics)


def test_a_port_alone_is_one_of_loopback() -> None:
    """Metrics are reachable from outside only where a host says so."""
    assert TelemetrySettings(metrics="9464").metrics_at == ("127.0.0.1", 9464)
    assert TelemetrySettings(metrics="0.0.0.0:9464").metrics_at == ("0.0.0.0", 9464)  # noqa: S104 - asked for


@pytest.mark.parametrize("wrong", [{"metrics": "here"}, {"metrics": ":9"}, {"metrics": "h:70000"}, {"traces": "here"}])
def test_settings_that_name_no_address_are_refused(wrong: dict[str, str]) -> None:
    """An address without a port, or an endpoint that is no URL, is an error at birth."""
    with pytest.raises(InvalidRequest):
        TelemetrySettings(**wrong)


@pytest.fixture
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """Return the URL of a collector of traces, and what it received."""
    received: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1/traces", received
    server.shutdown()
    server.server_close()


def test_spans_reach_a_collector_by_otlp(collector: tuple[str, list[bytes]]) -> None:
    """What was begun is in the body that the collector receives by the time telemetry is closed."""
    url, received = collector
    telemetry = make_telemetry(TelemetrySettings(traces=url), {})
    with telemetry.traces.span("plan") as span:
        span.note("concordat.plan", "p-1")
    telemetry.close()
    spans = [
        span
        for body in received
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    assert [(span.name, span.attributes[0].value.string_value) for span in spans] == [("plan", "p-1")]


def test_a_server_stops_soon_though_nobody_takes_its_traces() -> None:
    """Closing waits some seconds at most for a collector that does not answer, and says so in the log as JSON."""
    with logged() as stream:
        telemetry = make_telemetry(TelemetrySettings(traces="http://127.0.0.1:1/v1/traces"), {})
        with telemetry.traces.span("plan"):
            pass
        began = time.monotonic()
        telemetry.close()
        assert time.monotonic() - began < 5
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert any(str(line["logger"]).startswith("opentelemetry") and line["level"] == "warning" for line in lines)


def test_libraries_log_patterns_and_no_words() -> None:
    """What a library logs is told by its pattern, and an error by its type."""
    wrong = ValueError("cell of customer 4711")
    with logged(lambda: CALLER) as stream:
        logging.getLogger("some.library").info("not told")
        logging.getLogger("some.library").error("row %s is wrong", "of customer 4711", exc_info=wrong)
    (line,) = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert (line["event"], line["logger"], line["error"]) == ("row %s is wrong", "some.library", ["ValueError"])
    assert line["trace_id"] == CALLER.split("-")[1]
    assert "4711" not in stream.getvalue()
