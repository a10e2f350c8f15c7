"""Every metric of the server, by its name at Prometheus; the dashboard and the guide are tested against this list."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

_MILLISECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_MINUTES = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
_GAPS = (0.0, 1e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.25)


class MetricKind(Enum):
    """As Prometheus has them; a counter's name ends in ``_total``, a histogram's in its unit."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric: its name, what it says, its labels, and the upper ends of a histogram's buckets.

    ``series`` are the names under which Prometheus keeps it: of a histogram ``_bucket``, ``_sum`` and ``_count``.
    """

    name: str
    kind: MetricKind
    text: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def series(self) -> tuple[str, ...]:
        """The names that queries may use."""
        if self.kind is MetricKind.HISTOGRAM:
            return tuple(f"{self.name}_{part}" for part in ("bucket", "sum", "count"))
        return (self.name,)


REQUESTS = Metric(
    name="concordat_requests_total",
    kind=MetricKind.COUNTER,
    text="Requests served, by method and status code.",
    labels=("method", "code"),
)
REQUESTS_ACTIVE = Metric(
    name="concordat_requests_active",
    kind=MetricKind.GAUGE,
    text="Requests being served right now, by method.",
    labels=("method",),
)
REQUEST_SECONDS = Metric(
    name="concordat_request_duration_seconds",
    kind=MetricKind.HISTOGRAM,
    text="Seconds from a request's arrival to its end, by method.",
    labels=("method",),
    buckets=_MILLISECONDS,
)
PLANS = Metric(
    name="concordat_plans",
    kind=MetricKind.GAUGE,
    text="Plans that are not over, by state: queued, running.",
    labels=("state",),
)
PLANS_ENDED = Metric(
    name="concordat_plans_ended_total",
    kind=MetricKind.COUNTER,
    text="Plans that ended, by state.",
    labels=("state",),
)
PLAN_SECONDS = Metric(
    name="concordat_plan_duration_seconds",
    kind=MetricKind.HISTOGRAM,
    text="Seconds from the request for a plan to its end, by state.",
    labels=("state",),
    buckets=_MINUTES,
)
PLAN_GAP = Metric(
    name="concordat_plan_gap_ratio",
    kind=MetricKind.HISTOGRAM,
    text="Relative gap to the proved bound of plans that were made.",
    buckets=_GAPS,
)
QUEUE_LENGTH = Metric(
    name="concordat_queue_length", kind=MetricKind.GAUGE, text="Plans that wait for a place to be made."
)
QUEUE_SECONDS = Metric(
    name="concordat_queue_wait_seconds",
    kind=MetricKind.HISTOGRAM,
    text="Seconds that plans waited for their place.",
    buckets=_MINUTES,
)
QUEUE_REFUSED = Metric(
    name="concordat_queue_refused_total",
    kind=MetricKind.COUNTER,
    text="Requests refused because the queue had no room for them.",
)
ROUND_SECONDS = Metric(
    name="concordat_round_duration_seconds",
    kind=MetricKind.HISTOGRAM,
    text="Seconds of a round: one message to some agents and all their replies, by kind of message.",
    labels=("message",),
    buckets=_MILLISECONDS,
)
SOLVE_SECONDS = Metric(
    name="concordat_solve_duration_seconds",
    kind=MetricKind.HISTOGRAM,
    text="Seconds of a call of the coordinator's solver, by how it ended.",
    labels=("termination",),
    buckets=_MILLISECONDS,
)
HOST_RESTARTS = Metric(
    name="concordat_host_restarts_total",
    kind=MetricKind.COUNTER,
    text="Hosts of agents that died in the middle of a run and were brought back.",
)
CACHE_HITS = Metric(
    name="concordat_cache_hits_total",
    kind=MetricKind.COUNTER,
    text="Questions that a cache could answer.",
    labels=("cache",),
)
CACHE_MISSES = Metric(
    name="concordat_cache_misses_total",
    kind=MetricKind.COUNTER,
    text="Questions that a cache could not answer.",
    labels=("cache",),
)
WHAT_IF_EXECUTIONS = Metric(
    name="concordat_what_if_executions",
    kind=MetricKind.GAUGE,
    text="What-if executions that are not over, by state: queued, running.",
    labels=("state",),
)
WHAT_IF_ENDED = Metric(
    name="concordat_what_if_executions_ended_total",
    kind=MetricKind.COUNTER,
    text="What-if executions that ended, by state.",
    labels=("state",),
)
WHAT_IF_CASES = Metric(
    name="concordat_what_if_cases_total",
    kind=MetricKind.COUNTER,
    text="What-if cases that have a result, by what came of them.",
    labels=("outcome",),
)
WHAT_IF_CASE_SECONDS = Metric(
    name="concordat_what_if_case_duration_seconds",
    kind=MetricKind.HISTOGRAM,
    text="Seconds that a what-if case took, by what came of it.",
    labels=("outcome",),
    buckets=_MINUTES,
)

OWN = (
    REQUESTS,
    REQUESTS_ACTIVE,
    REQUEST_SECONDS,
    PLANS,
    PLANS_ENDED,
    PLAN_SECONDS,
    PLAN_GAP,
    QUEUE_LENGTH,
    QUEUE_SECONDS,
    QUEUE_REFUSED,
    ROUND_SECONDS,
    SOLVE_SECONDS,
    HOST_RESTARTS,
    CACHE_HITS,
    CACHE_MISSES,
    WHAT_IF_EXECUTIONS,
    WHAT_IF_ENDED,
    WHAT_IF_CASES,
    WHAT_IF_CASE_SECONDS,
)
"""What Concordat counts itself."""

PROCESS = (
    Metric(
        name="process_resident_memory_bytes", kind=MetricKind.GAUGE, text="Memory of the server's own process (Linux)."
    ),
    Metric(
        name="process_cpu_seconds_total",
        kind=MetricKind.COUNTER,
        text="Processor seconds of the server's own process (Linux).",
    ),
    Metric(name="process_open_fds", kind=MetricKind.GAUGE, text="Open files of the server's own process (Linux)."),
)
"""What prometheus-client tells of the process."""

CATALOGUE = (*OWN, *PROCESS)
"""All of them."""
