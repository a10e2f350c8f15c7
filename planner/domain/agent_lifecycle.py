"""The life of an agent: its states, and which of them may follow which.

::

    initialising ──► planning ◄──► adapting      a run from nothing, a run that goes on from an earlier plan
                       │  ▲            │
                       ▼  │            ▼
                     monitoring ◄──► executing    a plan was made; one was accepted, and perhaps another after it
    any of them ──► decommissioned               retired for good

A run that ends without a plan leaves its agents as they would be had it not begun: monitoring an earlier plan, or
initialising where there is none; that also holds where its plan could not be written in the end. A run may be followed
by another before it ended, since a server that was killed takes up its plans again.
"""

from __future__ import annotations

from enum import StrEnum

from planner.domain.errors import ConcordatError


class AgentState(StrEnum):
    """What an agent is doing."""

    INITIALISING = "initialising"
    PLANNING = "planning"
    EXECUTING = "executing"
    MONITORING = "monitoring"
    ADAPTING = "adapting"
    DECOMMISSIONED = "decommissioned"


class IllegalTransition(ConcordatError):
    """An agent was to be moved to a state that cannot follow its present one."""

    code = "ILLEGAL_TRANSITION"


RUNNING = frozenset({AgentState.PLANNING, AgentState.ADAPTING})
"""The states of an agent that takes part in a run."""

_AFTER_A_RUN = frozenset({AgentState.MONITORING, AgentState.INITIALISING})
_END = frozenset({AgentState.DECOMMISSIONED})

NEXT: dict[AgentState, frozenset[AgentState]] = {
    AgentState.INITIALISING: RUNNING | _END,
    AgentState.PLANNING: RUNNING | _AFTER_A_RUN | _END,
    AgentState.ADAPTING: RUNNING | _AFTER_A_RUN | _END,
    AgentState.MONITORING: RUNNING | _END | {AgentState.EXECUTING, AgentState.INITIALISING},
    AgentState.EXECUTING: RUNNING | _END | {AgentState.EXECUTING, AgentState.MONITORING},
    AgentState.DECOMMISSIONED: frozenset(),
}
"""By state: the states that may follow it."""


def moved(agent: str, present: AgentState, to: AgentState) -> AgentState:
    """Return the new state of an agent.

    Raises
    ------
    IllegalTransition
        If it cannot follow the present one; says which can.
    """
    if to in NEXT[present]:
        return to
    possible = ", ".join(sorted(state.value for state in NEXT[present]))
    cure = (
        f"it can become {possible}" if possible else "an agent that was retired stays so; give a new one another name"
    )
    raise IllegalTransition(f"agent {agent} is {present.value} and cannot become {to.value}: {cure}")
