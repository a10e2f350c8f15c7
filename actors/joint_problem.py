"""The agents' blocks joined under the linking rows, as the coordinator sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actors.formulate.links import clause_of
from actors.formulate.problem import Around, Surroundings, totals
from actors.protocol import AgentNetwork, Formulate, Formulated, Survey, Surveyed, all_of
from solvers.core.program import Ints
from solvers.network.assembly import Assembly, assemble
from solvers.network.block import Block, Links


@dataclass(frozen=True, slots=True, eq=False)
class JointProblem:
    """Blocks in the order of the agents' names, what they formulated against, and all of it as one program."""

    blocks: tuple[Block, ...]
    around: Surroundings
    assembly: Assembly

    @property
    def links(self) -> Links:
        """The linking rows."""
        return self.around.links.links


def join(network: AgentNetwork, around: Around, segments: Sequence[str]) -> JointProblem:
    """Let every agent formulate its block, and join the blocks; ``segments`` are named in table order.

    Raises
    ------
    PlanningFailed
        If an agent does not answer: without its part no plan holds and no bound is one.
    """
    names = [f"segment:{name}" for name in segments]
    replies = all_of(Surveyed, names, network.ask({name: Survey() for name in names}))
    potentials = {name.removeprefix("segment:"): reply.potential for name, reply in replies.items()}
    total = totals(potentials, tuple(reply.eligible for reply in replies.values()))
    surroundings = around(total)
    asked = {name: Formulate(total) for name in network.names}
    blocks = tuple(reply.block for reply in all_of(Formulated, network.names, network.ask(asked)).values())
    return JointProblem(blocks, surroundings, assemble(blocks, surroundings.links.links))


def hard_reward_floors(problem: JointProblem) -> Ints:
    """Return rows of the joint program in which a hard clause asks for a minimum of what offers do."""
    hard = {clause.id for clause in problem.around.scenario.clauses if clause.penalty is None}
    starts = problem.assembly.row_start
    labels = [(block.rows, start) for block, start in zip(problem.blocks, starts, strict=False)]
    labels.append((problem.links.labels, starts[-1]))
    rows = [
        int(start) + i
        for part, start in labels
        for i, (kind, key) in enumerate(zip(part.kind, part.key, strict=True))
        if kind in {"budget", "reward_floor"} and clause_of(key) in hard
    ]
    found = np.array(rows, dtype=np.int32)
    return found[np.isfinite(problem.assembly.program.row_lower[found])]
