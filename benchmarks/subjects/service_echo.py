"""What the door costs: a call through gateway and host, calls a second without a use case, a plan on its way out.

Every figure stands beside bare grpc.aio in the same run: an echo (and, for the call that goes through to a host, a bare
Ray round trip added to it), and the same rows as messages instead of a plan's files.
"""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.peers.bare_grpc import ECHO, ROW_STREAM, ROWS, latencies, rate, received_rows, string_request
from benchmarks.service_doors import (
    COORDINATOR,
    GET_PLAN,
    GET_STATUS,
    Serving,
    large_production,
    serving,
    wait_for_coordinator,
)
from benchmarks.subject import Answer, Case, Contender, Phase, Stopwatch, Subject, Target, Verdict
from cluster.runtimes import guard_ray
from planner.adapters.scenario_folder import write_scenario
from planner.client.connection import ServerAddress
from planner.client.planning_client import PlanningClient
from planner.domain.plan import PLAN_TABLES
from planner.ports.planning_runtime import PlanningParameters
from planner.simulation.generate import generate

_BARE = "benchmarks.peers.bare_grpc"
_BARE_RAY = "benchmarks.peers.bare_ray"
_DOORS = "benchmarks.service_doors"
_FULL, _TINY = "24000-rows", "tiny"


def _prepare(case: Case, _: Path | None, __: int) -> int:
    """Return how many rows the plan has."""
    return int(case.parameters.get("rows", 0))


def _through_host(_: int, watch: Stopwatch, case: Case) -> Answer:
    """Ask a server on Ray for its status, and it its coordinator's host whether it answers."""
    calls = int(case.parameters["calls"])
    with tempfile.TemporaryDirectory() as data:
        arguments = ("serve", "--listen", "127.0.0.1:0", "--data", data, "--runtime", "ray", "--until-stdin-closes")
        with serving("cluster.main", arguments) as server:
            wait_for_coordinator(server.address)
            with watch.measure("calls"):
                taken = asyncio.run(latencies(server.address, GET_STATUS, string_request(COORDINATOR), calls))
    return _percentiles(taken)


def _bare_through_host(_: int, watch: Stopwatch, case: Case) -> Answer:
    """Ask an echo of grpc.aio and, beside it, an actor of Ray: what such a call takes at least."""
    calls = int(case.parameters["calls"])
    with serving(_BARE) as server, watch.measure("calls"):
        echo = asyncio.run(latencies(server.address, ECHO, string_request(COORDINATOR), calls))
    guard_ray(own_cluster=True)
    with watch.measure("ray"):
        told = subprocess.run([sys.executable, "-m", _BARE_RAY, str(calls)], check=True, stdout=subprocess.PIPE)
    trips = json.loads(told.stdout.splitlines()[-1])
    sums = np.quantile(echo, (0.5, 0.95)) + np.quantile(trips, (0.5, 0.95))
    parts = {"echo_p50_s": float(np.median(echo)), "ray_p50_s": float(np.median(trips))}
    return Answer(figures={"p50_s": float(sums[0]), "p95_s": float(sums[1]), **parts})


def _empty_rate(_: int, watch: Stopwatch, case: Case) -> Answer:
    with serving(_DOORS, ("empty",)) as server:
        return _rated(server, GET_PLAN, string_request("plans/p"), watch, case)


def _echo_rate(_: int, watch: Stopwatch, case: Case) -> Answer:
    with serving(_BARE) as server:
        return _rated(server, ECHO, string_request("plans/p"), watch, case)


def _rated(server: Serving, method: str, request: bytes, watch: Stopwatch, case: Case) -> Answer:
    seconds, in_flight = float(case.parameters["seconds"]), int(case.parameters["in_flight"])
    taken = asyncio.run(latencies(server.address, method, request, max(10, int(100 * seconds))))
    before = server.cpu_seconds()
    with watch.measure("calls"):
        calls = asyncio.run(rate(server.address, method, request, seconds=seconds, in_flight=in_flight))
    after = server.cpu_seconds()
    figures = {"calls_per_second": calls, **_percentiles(taken).figures}
    if before is not None and after is not None:
        figures["server_cpu_per_call_s"] = (after - before) / (calls * seconds)
    return Answer(figures=figures)


def _downloaded(rows: int, watch: Stopwatch, case: Case) -> Answer:
    """Download a plan and read its production into a frame."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_scenario(generate("tiny", seed=1), folder / "scenario")
        with serving(_DOORS, ("plan", str(rows), str(folder / "data"))) as server:
            return asyncio.run(_downloads(server, folder / "scenario", watch, case))


async def _downloads(server: Serving, scenario: Path, watch: Stopwatch, case: Case) -> Answer:
    taken: list[float] = []
    production = pl.DataFrame()
    async with PlanningClient(ServerAddress(server.address)) as client:
        asked = await client.create(await client.upload(scenario), PlanningParameters())
        async for _ in client.watch(asked.plan):
            pass
        with watch.measure("calls"):
            for _ in range(int(case.parameters["calls"])):
                began, files = time.perf_counter(), dict[str, list[bytes]]()
                async for file, data in client.download(asked.plan):
                    files.setdefault(file, []).append(data)
                types = PLAN_TABLES["production"]
                production = pl.read_csv(io.BytesIO(b"".join(files["production.csv"])), schema_overrides=types)
                taken.append(time.perf_counter() - began)
    return Answer(solution=production, figures=_percentiles(taken).figures)


def _as_rows(rows: int, watch: Stopwatch, case: Case) -> Answer:
    return _received(ROWS, rows, watch, case)


def _as_row_stream(rows: int, watch: Stopwatch, case: Case) -> Answer:
    return _received(ROW_STREAM, rows, watch, case)


def _received(method: str, rows: int, watch: Stopwatch, case: Case) -> Answer:
    taken: list[float] = []
    production = pl.DataFrame()
    with serving(_BARE, (str(rows),)) as server, watch.measure("calls"):
        for _ in range(int(case.parameters["calls"])):
            began = time.perf_counter()
            columns = asyncio.run(received_rows(server.address, method))
            production = pl.DataFrame(columns, schema=PLAN_TABLES["production"])
            taken.append(time.perf_counter() - began)
    return Answer(solution=production, figures=_percentiles(taken).figures)


def _percentiles(taken: list[float]) -> Answer:
    p50, p95 = np.quantile(taken, (0.5, 0.95))
    return Answer(figures={"p50_s": float(p50), "p95_s": float(p95)})


def _check(rows: int, answer: Answer, _: Case) -> Verdict:
    """Refuse rows that are not those of the plan."""
    if not rows:
        return Verdict()
    if not isinstance(answer.solution, pl.DataFrame):
        return Verdict(problems=("nothing was received",))
    keys = ["plant", "product", "period"]
    same = answer.solution.sort(keys).equals(large_production(rows).sort(keys))
    return Verdict(problems=() if same else ("the rows received are not those of the plan",))


def _rate_case(name: str, seconds: float, suite: str) -> Case:
    return Case(
        name=name,
        phase=Phase.JOB,
        suites=frozenset({suite}),
        parameters={"seconds": seconds, "in_flight": 16},
        contenders=("empty handler", "bare echo"),
    )


def _row_case(name: str, rows: int, calls: int, *suites: str) -> Case:
    return Case(
        name=name,
        phase=Phase.JOB,
        suites=frozenset(suites),
        parameters={"rows": rows, "calls": calls},
        time_limit=60.0,
        contenders=("download", "rows", "row stream"),
    )


SUBJECT = Subject(
    name="service_echo",
    title="What the door of the planning service costs, beside bare grpc.aio and a bare Ray round trip",
    cases=(
        _rate_case("rate-tiny", 0.3, "smoke"),
        _row_case(_TINY, 50, 2),  # run by the tests, by name
        _rate_case("rate", 5.0, "service"),
        _row_case(_FULL, 24_000, 20, "service"),
        Case(
            name="through-host",
            phase=Phase.JOB,
            suites=frozenset({"service"}),
            parameters={"calls": 1000},
            time_limit=300.0,
            contenders=("through host", "bare echo and Ray"),
        ),
    ),
    prepare=_prepare,
    contenders=(
        Contender(name="through host", run=_through_host, ours=True),
        Contender(name="empty handler", run=_empty_rate, ours=True),
        Contender(name="download", run=_downloaded, ours=True),
        Contender(name="bare echo and Ray", run=_bare_through_host),
        Contender(name="bare echo", run=_echo_rate),
        Contender(name="rows", run=_as_rows),
        Contender(name="row stream", run=_as_row_stream),
    ),
    peer="bare echo",
    check=_check,
    targets=(
        Target(
            text="a call through gateway and host: p50 at most 1.5 times a bare echo and a bare Ray round trip",
            case="through-host",
            contender="through host",
            figure="p50_s",
            against="bare echo and Ray",
            at_most=1.5,
        ),
        Target(
            text="empty handlers: at least 0.6 times the calls a second of bare grpc.aio",
            case="rate",
            contender="empty handler",
            figure="calls_per_second",
            against="bare echo",
            at_least=0.6,
        ),
        Target(
            text="empty handlers: at most 1 / 0.6 of the server's processor time that a bare echo takes",
            case="rate",
            contender="empty handler",
            figure="server_cpu_per_call_s",
            against="bare echo",
            at_most=1 / 0.6,
        ),
        *(
            Target(
                text=f"a plan of 24,000 rows delivered at least 4 times faster than as {against}",
                case=_FULL,
                contender="download",
                figure="p50_s",
                against=against,
                at_most=0.25,
            )
            for against in ("rows", "row stream")
        ),
    ),
)
