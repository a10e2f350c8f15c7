"""Planning servers whose insides take no time, in a process of their own, to measure what the door itself costs.

Run as ``python -m benchmarks.service_doors empty`` every request for a plan is answered at once by the same message; as
``python -m benchmarks.service_doors plan ROWS FOLDER`` every plan has so many rows, and FOLDER holds the server's data.
Both serve until their standard input ends. :func:`serving` starts one of them, or another module that says as they do
where it listens.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.peers.bare_grpc import plan_rows
from cluster.gateway import READY, serve
from cluster.settings import GatewaySettings
from planner.adapters.plan_folder import write_plan
from planner.client.connection import ServerAddress
from planner.client.server_status import ask_status
from planner.domain.plan import PLAN_TABLES, Plan
from planner.events.catalogue import PlanRequested
from planner.events.plan_record import PlanRecord
from planner.ports.silent_telemetry import SILENT
from planner.service.access_interceptor import AccessInterceptor
from planner.service.conversions import plan_to_wire
from planner.service.planning_servicer import PlanningServicer
from planner.service.server import DoorSettings, PlanningServer
from planner.service.telemetry_interceptor import TelemetryInterceptor
from planner.simulation.scripted_runtime import Script, ScriptedRuntime

LOOPBACK = DoorSettings(listen="127.0.0.1:0")
GET_PLAN = "/concordat.planning.v1.PlanningService/GetPlan"
GET_STATUS = "/concordat.planning.v1.ServerStatusService/GetServerStatus"
COORDINATOR = "coordinator"
_STARTING_SECONDS = 240.0
_GRACE_SECONDS = 30.0


class EmptyServicer(PlanningServicer):
    """Answers every question about a plan with the same message."""

    def __init__(self) -> None:
        asked = PlanRequested(
            plan="p", scenario="s", request_id="", gap=0.01, work_limit=None, time_limit=None, seed=0, hosts=2
        )
        self._answer = plan_to_wire(PlanRecord(request=asked, requested_at=datetime.now(UTC)))

    async def GetPlan(self, _request: Any, _context: Any) -> Any:  # noqa: N802 - named by the contract
        """Return it."""
        return self._answer


async def serve_empty() -> None:
    """Serve with everything that stands before a use case, and no use case."""
    server = PlanningServer(
        EmptyServicer(), LOOPBACK, outside=[TelemetryInterceptor(SILENT)], inside=[AccessInterceptor(None, None)]
    )
    address = server.bind()
    await server.start()
    print(f"{READY}{address}", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.stop(0.0)


def serve_plan(rows: int, data: Path) -> None:
    """Serve a gateway whose runtime makes plans of so many rows at once."""
    production = large_production(rows)

    def write(plan: Plan, folder: Path) -> None:
        write_plan(Plan({**plan.tables, "production": production}, plan.summary), folder)

    settings = GatewaySettings(door=LOOPBACK, data=data, until_stdin_closes=True)
    serve(settings, lambda _: ScriptedRuntime(Script(steps=1, step_seconds=0.0), write))


def large_production(rows: int) -> pl.DataFrame:
    """Return the production table that such a plan has."""
    return pl.DataFrame(plan_rows(rows), schema=PLAN_TABLES["production"], orient="row")


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that was started: where it listens, and its process id."""

    address: str
    pid: int

    def cpu_seconds(self) -> float | None:
        """Return the processor time it took so far, nothing where there is no `/proc`; others' load does not matter."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            return None
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(module: str, arguments: Sequence[str] = ()) -> Iterator[Serving]:
    """Run a module that says where it listens; it ends with the context."""
    child = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        line = "" if child.stdout is None else child.stdout.readline()
        if not line.startswith(READY):
            raise RuntimeError(f"{module} did not say where it listens but {line!r}")
        yield Serving(line.removeprefix(READY).strip(), child.pid)
    finally:
        if child.stdin is not None:
            child.stdin.close()
        try:
            child.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        if child.stdout is not None:
            child.stdout.close()


def wait_for_coordinator(address: str) -> None:
    """Wait until the agents of a server on Ray stand.

    Raises
    ------
    RuntimeError
        If they do not.
    """
    until = time.monotonic() + _STARTING_SECONDS
    while time.monotonic() < until:
        status = asyncio.run(ask_status(ServerAddress(address))).status
        if status is not None and any(host.name == COORDINATOR and host.answers for host in status.hosts):
            return
        time.sleep(1.0)
    raise RuntimeError("the server's agents did not start")


if __name__ == "__main__":
    if sys.argv[1] == "empty":
        asyncio.run(serve_empty())
    else:
        serve_plan(int(sys.argv[2]), Path(sys.argv[3]))
