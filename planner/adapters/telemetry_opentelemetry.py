"""Traces by the OpenTelemetry SDK; the only importer of it.

Spans are handed over by OTLP over HTTP in a thread of the SDK. Where an exporter sends them, how much it keeps and how
long it tries is said by the standard ``OTEL_*`` variables.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from planner.ports.run_steps import RunStep, StepKind
from planner.ports.telemetry import Note, Span

_HEADER = "traceparent"
_CARRIER = TraceContextTextMapPropagator()
_NAMES = {StepKind.ROUND: "round", StepKind.AGENT: "agent", StepKind.SOLVE: "solve", StepKind.RESTART: "host restart"}
_WHAT = {
    StepKind.ROUND: "concordat.message",
    StepKind.AGENT: "concordat.agent",
    StepKind.SOLVE: "concordat.termination",
    StepKind.RESTART: "concordat.host",
}
_COUNT = {StepKind.ROUND: "concordat.agents", StepKind.SOLVE: "concordat.columns"}
_CLOSE_SECONDS = 2.0


def otlp_processor(endpoint: str | None = None) -> SpanProcessor:
    """Return what sends spans to an OTLP endpoint, that of the ``OTEL_*`` variables where none is named."""
    exporter = OTLPSpanExporter(endpoint=endpoint) if endpoint else OTLPSpanExporter()
    return BatchSpanProcessor(exporter)


class KeptSpan:
    """Implements :class:`planner.ports.telemetry.Span`."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    @property
    def trace(self) -> str:
        """The ``traceparent`` of the span."""
        return _written(trace.set_span_in_context(self._span, contexts.Context()))

    def note(self, name: str, value: Note) -> None:
        """Tell something about it."""
        self._span.set_attribute(name, value)

    def fail(self, reason: str) -> None:
        """Tell that it went wrong."""
        self._span.set_status(trace.StatusCode.ERROR, reason)


class OpenTelemetryTraces:
    """Implements :class:`planner.ports.telemetry.Traces`; ``processor`` is who keeps the spans."""

    def __init__(self, processor: SpanProcessor, *, version: str = "") -> None:
        resource = Resource.create({"service.name": "concordat", "service.version": version})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("concordat")

    @contextmanager
    def request(self, method: str, caller: str) -> Iterator[Span]:
        """Begin with a request, as a part of its caller's trace if it told one."""
        parent = _CARRIER.extract({_HEADER: caller} if caller else {}, contexts.Context())
        service, _, name = method.strip("/").rpartition("/")
        notes = {"rpc.system": "grpc", "rpc.service": service, "rpc.method": name}
        span = self._tracer.start_span(method.strip("/"), parent, kind=trace.SpanKind.SERVER, attributes=notes)
        # Never detached: a request's task has a context of its own, and a stream that its reader left is closed from
        # another one, where detaching fails.
        contexts.attach(trace.set_span_in_context(span, parent))
        try:
            yield KeptSpan(span)
        finally:
            span.end()

    @contextmanager
    def span(self, name: str, *, follows: str = "") -> Iterator[Span]:
        """Begin with something, as a part of what is being done, or as a trace of its own that follows another."""
        earlier = trace.get_current_span(_CARRIER.extract({_HEADER: follows}, contexts.Context())) if follows else None
        linked = earlier is not None and earlier.get_span_context().is_valid
        links = [trace.Link(earlier.get_span_context())] if earlier is not None and linked else []
        # What goes wrong is told by `fail`: the message of an exception might quote a customer's row.
        with self._tracer.start_as_current_span(
            name, links=links, record_exception=False, set_status_on_exception=False
        ) as span:
            yield KeptSpan(span)

    def steps(self, steps: Sequence[RunStep], began: datetime) -> None:
        """Keep the steps of a run; answers of agents are parts of the round told next."""
        zero, answers = began.timestamp(), list[RunStep]()
        for step in steps:
            if step.kind is StepKind.AGENT:
                answers.append(step)
                continue
            parent = self._keep(step, zero, contexts.get_current())
            if step.kind is StepKind.ROUND:
                inside = trace.set_span_in_context(parent)
                for answer in answers:
                    self._keep(answer, zero, inside)
                answers.clear()

    def current(self) -> str:
        """Return the ``traceparent`` of what is being done now."""
        return _written(contexts.get_current())

    def close(self) -> None:
        """Hand over what is left, for a few seconds at most: a server must stop though nobody takes its traces."""
        # The SDK itself goes on trying for as long as its exporter may.
        ending = threading.Thread(target=self._provider.shutdown, name="handing over traces", daemon=True)
        ending.start()
        ending.join(_CLOSE_SECONDS)

    def _keep(self, step: RunStep, zero: float, parent: contexts.Context) -> trace.Span:
        notes: dict[str, str | int] = {_WHAT[step.kind]: step.what}
        if step.kind in _COUNT:
            notes[_COUNT[step.kind]] = step.count
        span = self._tracer.start_span(
            _NAMES[step.kind], parent, attributes=notes, start_time=_nanoseconds(zero + step.began)
        )
        span.end(_nanoseconds(zero + step.ended))
        return span


def _written(context: contexts.Context) -> str:
    carrier: dict[str, str] = {}
    _CARRIER.inject(carrier, context)
    return carrier.get(_HEADER, "")


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)
