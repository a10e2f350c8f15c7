"""What a run did that took time, told beside its progress to whoever watches how runs go."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class StepKind(Enum):
    """``ROUND``: a message to some agents and their replies. ``AGENT``: one agent's answer in the round told next.

    ``SOLVE``: a call of the coordinator's own solver. ``RESTART``: a host of agents that died and was brought back.
    """

    ROUND = "round"
    AGENT = "agent"
    SOLVE = "solve"
    RESTART = "restart"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStep:
    """One step; ``began`` and ``ended`` are seconds as those of ``Progress``. No decision rests on it.

    ``what`` is the kind of message, how a solve ended, or the name of an agent or host. ``count`` says how many agents
    were asked, or how many columns the solved program has. Nothing in it is taken from a customer's row.
    """

    kind: StepKind
    what: str
    began: float
    ended: float
    count: int = 0

    @property
    def seconds(self) -> float:
        """How long it took."""
        return max(0.0, self.ended - self.began)
