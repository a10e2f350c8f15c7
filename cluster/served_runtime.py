"""What a server needs of its runtime."""

from __future__ import annotations

from typing import Protocol

from planner.ports.agent_hosts import AgentHosts
from planner.ports.planning_runtime import PlanningRuntime
from planner.ports.quoting import QuotingRuntime


class Runtime(PlanningRuntime, QuotingRuntime, AgentHosts, Protocol):
    """Whoever makes plans, and answers questions about them."""
