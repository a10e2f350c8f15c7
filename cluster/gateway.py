"""The server process: the one place where ports meet their adapters.

No solver is imported here and, while plans are made elsewhere, no agent runs here: the runtime holds handles only.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version

import structlog

from actors.versions import AGENT_VERSIONS
from cluster.data_folder import locked_data_folder
from cluster.guarding import guarding
from cluster.journals import shared_place
from cluster.only_server import only_server
from cluster.retaining import retaining
from cluster.served_runtime import Runtime
from cluster.settings import EVENT_LOG_FILE, GatewaySettings
from cluster.telemetry import make_telemetry
from cluster.what_if.service import make_what_if_runs
from planner.adapters.event_log_journal import EventLogJournal
from planner.adapters.event_log_snapshots import SqlSnapshots
from planner.adapters.event_log_sql import SqlEventLog, open_database
from planner.adapters.plan_store_folder import PlanFolders
from planner.adapters.random_ids import RandomIds
from planner.adapters.scenario_store_folder import ScenarioFolders
from planner.adapters.sql_database import SqlDatabase
from planner.adapters.system_clock import SystemClock
from planner.adapters.telemetry_log import configure_log
from planner.application.agents import AgentPorts
from planner.application.check_scenario import ScenarioChecks
from planner.application.partner_view import PartnerViews
from planner.application.plan_runs import PlanRuns
from planner.application.planning_ports import PlanningPorts
from planner.application.resume_plans import resume_plans
from planner.application.server_status import ServerFacts
from planner.ports.agent_journal import AgentJournal
from planner.ports.silent_telemetry import SILENT
from planner.ports.telemetry import Telemetry
from planner.ports.what_if_jobs import RunnerMaker
from planner.service.access_shed import ShedInterceptor
from planner.service.agent_servicer import AgentServicer
from planner.service.planning_servicer import PlanningServicer
from planner.service.server import PlanningServer
from planner.service.server_status_servicer import ServerStatusServicer
from planner.service.telemetry_interceptor import TelemetryInterceptor
from planner.service.what_if_servicer import WhatIfServicer

GRACE_SECONDS = 1.0
READY = "listening on "
"""What the one line on standard output begins with; the address follows."""


_UNWRITTEN = (
    "agents keep no journals here: they live in a Ray cluster that this server joined, and its log is a file, which "
    "other machines must not write; give the server a PostgreSQL database (--database)"
)

RuntimeFactory = Callable[[str], Runtime]

_log = structlog.get_logger("concordat.gateway")


def serve(settings: GatewaySettings, make_runtime: RuntimeFactory) -> None:
    """Serve until SIGTERM or SIGINT (or the end of standard input, where asked for).

    Plans that are being made then stay unended in the log; the next server on the same data takes them up.

    Raises
    ------
    StorageFailure
        If the data folder is held by another server or cannot be used.
    InvalidRequest
        If the door's settings are wrong.
    ServerUnavailable
        If the address cannot be taken.
    """
    configure_log(lambda: "")
    telemetry = make_telemetry(settings.telemetry)
    configure_log(telemetry.traces.current)
    asyncio.run(_serve(settings, make_runtime, telemetry))


@asynccontextmanager
async def running_gateway(
    settings: GatewaySettings,
    make_runtime: RuntimeFactory,
    telemetry: Telemetry = SILENT,
    *,
    make_case_runner: RunnerMaker | None = None,
) -> AsyncIterator[str]:
    """Serve in this event loop as long as the context lasts; gives the address that was taken.

    ``telemetry`` is told what happens, and closed in the end. ``make_case_runner`` says who plans what-if cases:
    processes of this machine unless given.

    Raises as :func:`serve` does.
    """
    async with _own_log(settings) as database:
        log, clock, ids = SqlEventLog(database), SystemClock(), RandomIds()
        journal = EventLogJournal(log, SqlSnapshots(database), clock, ids)
        ports = PlanningPorts(
            log=log,
            scenarios=ScenarioFolders(settings.data / "scenarios", max_bytes=settings.largest_scenario),
            plans=PlanFolders(settings.data / "plans"),
            clock=clock,
            ids=ids,
            telemetry=telemetry,
            agents=journal,
        )
        runtime = make_runtime(settings.runtime)
        runs = PlanRuns(ports, runtime, concurrency=settings.concurrency, most_waiting=settings.most_waiting)
        what_if = make_what_if_runs(settings, ports, make_case_runner)
        checks = ScenarioChecks(ports.scenarios, telemetry.metrics)
        views = PartnerViews(ports)
        servicer = PlanningServicer(ports, runs, checks, quoting=runtime, views=views)
        facts = ServerFacts(version=version("concordat"), runtime=settings.runtime, started_at=ports.clock.now())
        try:
            async with guarding(settings.door, settings.data, views, ports.clock) as (access, throttle):
                shedding = [ShedInterceptor(throttle, telemetry.metrics)] if throttle.counts else []
                server = PlanningServer(
                    servicer,
                    settings.door,
                    status=ServerStatusServicer(ports, runs, what_if=what_if, hosts=runtime, facts=facts),
                    agents=AgentServicer(_agent_ports(settings, journal), runs),
                    what_if=WhatIfServicer(what_if),
                    outside=[*shedding, TelemetryInterceptor(telemetry)],
                    inside=[access],
                )
                try:
                    # A server that cannot be asked should not begin to plan; whoever asks finds resumed plans running.
                    address = server.bind()
                    resumed = await resume_plans(ports, runs)
                    asked_on = await what_if.resume()
                    await server.start()
                    _log.info(
                        "serving",
                        address=address,
                        data=str(settings.data),
                        log=database.name,
                        resumed=len(resumed),
                        what_if=asked_on,
                    )
                    async with retaining(ports, settings.keep_plans_days, named=what_if.scenarios):
                        yield address
                finally:
                    _log.info("stopping")
                    await server.stop(GRACE_SECONDS)
        finally:
            await what_if.close()
            await runs.close()
            await asyncio.to_thread(telemetry.close)


def _agent_ports(settings: GatewaySettings, journal: AgentJournal) -> AgentPorts:
    place = settings.database or settings.data / EVENT_LOG_FILE
    joined = settings.runtime == "ray" and settings.ray_address is not None
    unwritten = "" if shared_place(place, joined=joined) else _UNWRITTEN
    if unwritten:
        _log.warning("agents keep no journals", why=unwritten)
    return AgentPorts(journal=journal, versions=AGENT_VERSIONS, unwritten=unwritten)


@asynccontextmanager
async def _own_log(settings: GatewaySettings) -> AsyncIterator[SqlDatabase]:
    """Hold the data folder and the log, which no other server then has."""
    with locked_data_folder(settings.data):
        database = open_database(settings.database or settings.data / EVENT_LOG_FILE)
        try:
            async with only_server(database, settings.data):
                yield database
        finally:
            database.close()


async def _serve(settings: GatewaySettings, make_runtime: RuntimeFactory, telemetry: Telemetry) -> None:
    stop = _stop_event(until_stdin_closes=settings.until_stdin_closes)
    async with running_gateway(settings, make_runtime, telemetry) as address:
        sys.stdout.write(f"{READY}{address}\n")
        sys.stdout.flush()
        await stop.wait()


def _stop_event(*, until_stdin_closes: bool) -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end() -> None:
        # Ray's own handler came before this one and set an alarm: three seconds later it aborts whoever still stops.
        signal.alarm(0)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    if until_stdin_closes:

        def wait_for_end() -> None:
            # Not through sys.stdin: Python aborts if it ends while a thread holds that buffer.
            while os.read(sys.stdin.fileno(), 4096):
                pass
            loop.call_soon_threadsafe(stop.set)

        threading.Thread(target=wait_for_end, daemon=True, name="end of standard input").start()
    return stop
