"""The ports that the use cases of planning stand on."""

from __future__ import annotations

from dataclasses import dataclass

from planner.ports.agent_journal import AgentJournal
from planner.ports.clock import Clock
from planner.ports.event_log import EventLog
from planner.ports.ids import Ids
from planner.ports.plan_store import PlanStore
from planner.ports.scenario_store import ScenarioStore
from planner.ports.silent_telemetry import SILENT
from planner.ports.telemetry import Telemetry


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanningPorts:
    """Log, stores, clock and ids of one server; log and stores block, so the use cases call them in threads.

    ``telemetry`` is told what they do, and ``agents`` are the journals of long-lived agents, where they keep any.
    """

    log: EventLog
    scenarios: ScenarioStore
    plans: PlanStore
    clock: Clock
    ids: Ids
    telemetry: Telemetry = SILENT
    agents: AgentJournal | None = None
