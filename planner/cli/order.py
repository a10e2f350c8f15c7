"""What a command asks for, and where the plan goes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from planner.ports.planning_runtime import PlanningParameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A scenario folder to be planned.

    An empty ``request_id`` becomes a new one; among those that wait on a server the higher ``priority`` goes first.
    """

    scenario: Path
    parameters: PlanningParameters
    request_id: str = ""
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The folder a plan is put into; no folder: it stays on the server."""

    out: Path | None
    overwrite: bool = False
