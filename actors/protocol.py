"""The messages between coordinator and agents: frozen, typed, and all there is between them.

A round is one message to each of some agents and one reply from each. Agents are named ``kind:name``
(``plant:1901``); replies are always read in the order of these names, never in the order of arrival.

======================  =======================  ====================================================================
message                 to                       reply
======================  =======================  ====================================================================
:class:`Survey`         segments                 :class:`Surveyed`: what the segment could do at most
:class:`Formulate`      all                      :class:`Formulated`: the agent's block
:class:`AskPrice`       all                      :class:`Priced`: a bound on its part at these prices, and a proposal
:class:`Recall`         segments                 :class:`Recalled`: the shares that rewards of an earlier plan make up
:class:`Realise`        segments                 :class:`Realised`: whole offers close to the shares of a solution
:class:`Decide`         all                      :class:`Decided`: its part of a solution as decision tables
======================  =======================  ====================================================================
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
import polars as pl

from actors.formulate.problem import Totals
from actors.formulate.segment import SegmentPotential
from planner.domain.errors import PlanningFailed
from solvers.core.program import Floats, Ints
from solvers.network.block import Block


@dataclass(frozen=True, slots=True)
class Survey:
    """Ask a segment for what it could do at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Surveyed:
    """A segment's potential and, per tier, its customers whom eligibility allows any offer."""

    potential: SegmentPotential
    eligible: Mapping[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class Formulate:
    """Ask an agent for its block, given what all segments could do at most."""

    totals: Totals


@dataclass(frozen=True, slots=True, eq=False)
class Formulated:
    """An agent's block."""

    block: Block


@dataclass(frozen=True, slots=True, eq=False)
class AskPrice:
    """Ask for a bound at prices of the linking rows, float64 [links].

    ``allowed`` restricts groups of choices by name to some options; ``nodes`` and ``seconds`` bound the agent's solver.
    """

    prices: Floats
    allowed: Mapping[str, tuple[int, ...]]
    nodes: int
    seconds: float | None = None

    @property
    def question(self) -> str:
        """What is asked, in short: a hash of prices and allowed options, the same only for the same question."""
        digest = hashlib.sha256(np.ascontiguousarray(self.prices, dtype="<f8").tobytes())
        digest.update(
            json.dumps({name: list(options) for name, options in self.allowed.items()}, sort_keys=True).encode()
        )
        return digest.hexdigest()


@dataclass(frozen=True, slots=True, eq=False)
class Priced:
    """An upper bound on ``max (c − Lᵀπ)·x`` over the agent's part, and a proposal that comes near it.

    ``proved_by`` says whose word the bound is. ``worth`` is the proposal's c·x and ``activity`` its L·x [links]; both
    are absent where the solver stopped without a proposal. ``answers`` is the question that was answered: a bound holds
    for its own prices only, so one without them, or for others, is none.
    """

    bound: float
    proved_by: str
    worth: float | None = None
    activity: Floats | None = None
    answers: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Recall:
    """Ask a segment what rewards of an earlier plan are in shares; columns customer, window, offer.

    Customers and offers that are no longer there are passed over.
    """

    rewards: pl.DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class Recalled:
    """A column vector of a segment's block that holds the shares and nothing else."""

    x: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Realise:
    """Ask a segment for whole offers close to the shares in ``x``, a solution of its block."""

    x: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Realised:
    """What a segment's whole offers fix in its block.

    ``columns`` int32 and ``values`` float64 are fixed; ``free_rows`` int32 tied them to shares and no longer hold.
    """

    columns: Ints
    values: Floats
    free_rows: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Decide:
    """Ask for decision tables: ``x`` is the solution of the agent's block.

    ``shares`` is the solution from which a segment realises its whole offers again; other agents ignore it.
    """

    x: Floats
    shares: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Decided:
    """An agent's decision tables."""

    tables: Mapping[str, pl.DataFrame]


Message = Survey | Formulate | AskPrice | Recall | Realise | Decide
Reply = Surveyed | Formulated | Priced | Recalled | Realised | Decided
_Kind = TypeVar("_Kind", Surveyed, Formulated, Priced, Recalled, Realised, Decided)


def all_of(kind: type[_Kind], names: Sequence[str], replies: Mapping[str, Reply]) -> dict[str, _Kind]:
    """Return the replies of all agents named, each of one kind.

    Raises
    ------
    PlanningFailed
        If an agent gave none, or one of another kind; names it.
    """
    found = {name: reply for name in names if isinstance(reply := replies.get(name), kind)}
    missing = [name for name in names if name not in found]
    if missing:
        raise PlanningFailed(f"agent {missing[0]} gave no answer of the kind {kind.__name__}; its host may have died")
    return found


class Agent(Protocol):
    """A long-lived agent: a plain object with a name that answers messages."""

    name: str

    def handle(self, message: Message) -> Reply:
        """Answer one message; a message the agent does not take raises :class:`TypeError`."""
        ...


class AgentNetwork(Protocol):
    """Whoever delivers a round of messages, in this process or elsewhere."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all agents: plants, partners, segments, each in table order."""
        ...

    def ask(self, messages: Mapping[str, Message]) -> Mapping[str, Reply]:
        """Deliver one message per named agent and return their replies in the order of ``messages``."""
        ...
