"""A reward choice written down as a whole: for small instances, for references, and for solvers that take any program.

    max  Σ value[o,i]·x[i,o]
    s.t. Σ_{o in window w} x[i,o] ≤ 1                                             row ``W·i + w``
         lower[k] ≤ Σ (spend[k,o]·cost[o,i] + count[k,o])·x[i,o] ≤ upper[k]       row ``W·N + k``
         x[i,o] ∈ {0, 1}

There is a column for every member and eligible offer, member after member (`solvers.offers.reward_choice`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solvers.core.program import Floats, Program, SparseRows
from solvers.offers.reward_choice import NOT_CHOSEN, RewardChoice


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class WholeChoice:
    """``program`` over columns (``member`` int64 [n], ``offer`` int64 [n])."""

    program: Program
    member: npt.NDArray[np.int64]
    offer: npt.NDArray[np.int64]

    def choice(self, instance: RewardChoice, x: Floats) -> npt.NDArray[np.int8]:
        """Return the choice, int8 [W, N], that a column vector in whole numbers stands for."""
        given = np.full((instance.windows, instance.columns.members), NOT_CHOSEN, dtype=np.int8)
        taken = x > 0.5
        given[instance.window[self.offer[taken]], self.member[taken]] = self.offer[taken]
        return given


def whole_choice(instance: RewardChoice) -> WholeChoice:
    """Write down the program; its coefficients are products of the columns' float32 numbers in float64."""
    columns, rows, windows = instance.columns, instance.rows, instance.windows
    value, cost, eligible = columns.gather(np.arange(columns.members, dtype=np.int64))
    member, offer = np.nonzero(eligible)
    money, n = cost[member, offer], len(member)
    parts = [(member * windows + instance.window[offer], np.arange(n), np.ones(n))]
    for k in range(rows.rows):
        coefficient = rows.spend[k, offer] * money + rows.count[k, offer]
        used = np.flatnonzero(coefficient)
        parts.append((np.full(len(used), columns.members * windows + k), used, coefficient[used]))
    row, column, entry = (np.concatenate([part[p] for part in parts]) for p in range(3))
    single = columns.members * windows
    program = Program(
        objective=value[member, offer],
        lower=np.zeros(n),
        upper=np.ones(n),
        integer=np.ones(n, dtype=np.bool_),
        rows=SparseRows.from_triplets(row, column, entry, single + rows.rows, n),
        row_lower=np.concatenate([np.full(single, -np.inf), rows.lower]),
        row_upper=np.concatenate([np.ones(single), rows.upper]),
    )
    return WholeChoice(program=program, member=member, offer=offer)
