"""A partner's answer to prices, decision by decision: what to serve, what to sell us, what money to release.

Given prices of the linking rows, a partner's block falls into three parts that share no row: orders with their
clauses (a linear program), purchases with rebate tiers, and the release of budgets. The last two go through
`solvers.incentives`. The bound is the sum of the parts' own dual bounds, the proposal their solutions put together in
terms of the block's columns.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from actors.formulate.links import scope_label
from actors.protocol import AskPrice, Priced
from planner.domain.clauses import RebateClause, clause_scopes
from planner.domain.scenario import Scenario
from solvers.core.backend import Backend, Model
from solvers.core.errors import InvalidProgram
from solvers.core.program import Floats, Ints, Program, SparseRows
from solvers.core.termination import Limits
from solvers.core.weak_duality import sum_upward
from solvers.incentives.purchase import PurchaseInstance, Rebates, solve_purchase
from solvers.incentives.release import ReleaseInstance, solve_release
from solvers.incentives.rows import AmountRows
from solvers.network.block import Block

_ORDERS, _PURCHASE, _RELEASE = 0, 1, 2
_COLUMN_PART = {"bought": _PURCHASE, "tier": _PURCHASE, "bought-in-tier": _PURCHASE, "released": _RELEASE}
_ROW_PART = dict.fromkeys(("purchase", "one-tier", "split", "in-tier", "tier-from", "tier-below"), _PURCHASE) | {
    "budget": _RELEASE
}


@dataclass(frozen=True, slots=True, eq=False)
class _Scope:
    """One rebate scope: its choice's name, tiers, and where its columns stand.

    ``tier`` int32 [J+1]; ``part`` int32 [J+1, items], -1 for items outside the scope.
    """

    name: str
    threshold: Floats
    rate: Floats
    tier: Ints
    part: Ints


@dataclass(frozen=True, slots=True, eq=False)
class _Amounts:
    """Amounts under clauses: columns int32 [J], rows over them, and the violation column of each row (-1: hard)."""

    columns: Ints
    rows: AmountRows
    violation: Ints


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """Which part every column and every row of a block belongs to."""

    columns: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]


@dataclass(slots=True)
class _Answer:
    """The parts' bounds and their solutions, collected in one vector over the block's columns."""

    x: Floats
    bounds: list[float]
    complete: bool = True


class PartnerPricing:
    """A partner's block, asked by prices; the same contract as `actors.block_pricing.BlockPricing`."""

    def __init__(self, block: Block, scenario: Scenario, backend: Backend, *, relative_gap: float) -> None:
        self._block, self._backend, self._gap = block, backend, relative_gap
        self._scale = float(np.abs(block.program.objective).max(initial=1.0))
        parts = _parts(block)
        self._released = _amounts(block, "released", "budget")
        self._bought = _amounts(block, "bought", "purchase")
        self._scopes = _scopes(block, scenario)
        self._orders = np.flatnonzero(parts.columns == _ORDERS).astype(np.int32)
        self._order_program = _restrict(block.program, np.flatnonzero(parts.rows == _ORDERS), self._orders)
        self._order_model: Model | None = None

    def answer(self, message: AskPrice) -> Priced:
        """Return a bound and a proposal at the asked prices."""
        program = self._block.program
        reduced = program.objective - self._block.links.transposed_times(message.prices)
        limits = Limits(nodes=message.nodes, gap=self._gap, absolute_gap=1e-3 * self._scale, seconds=message.seconds)
        answer = _Answer(np.zeros(program.columns), [program.offset])
        self._serve(answer, reduced, limits)
        self._buy(answer, reduced, limits, message)
        self._release(answer, reduced, limits)
        bound = -math.inf if -math.inf in answer.bounds else sum_upward(answer.bounds)
        proved_by = f"{self._backend.name} dual bounds of orders, purchases and release"
        if not answer.complete:
            return Priced(bound, proved_by, answers=message.question)
        worth = float(program.objective @ answer.x + program.offset)
        return Priced(bound, proved_by, worth, self._block.links.times(answer.x), answers=message.question)

    def _serve(self, answer: _Answer, reduced: Floats, limits: Limits) -> None:
        if not len(self._orders):
            return
        if self._order_model is None:
            self._order_model = self._backend.load(self._order_program)
        self._order_model.set_objective(np.arange(len(self._orders), dtype=np.int32), reduced[self._orders])
        solution = self._order_model.solve(limits=limits, relaxed=True)
        answer.bounds.append(solution.bound)
        if solution.x is None:
            answer.complete = False
        else:
            answer.x[self._orders] = solution.x

    def _release(self, answer: _Answer, reduced: Floats, limits: Limits) -> None:
        part = self._released
        if not (len(part.columns) or part.rows.count):
            return
        most = self._block.program.upper[part.columns]
        instance = ReleaseInstance(price=reduced[part.columns], most=most, rows=part.rows)
        found = solve_release(instance, self._backend, limits=limits)
        answer.bounds.append(found.bound)
        self._put(answer, part, found.amount)

    def _buy(self, answer: _Answer, reduced: Floats, limits: Limits, message: AskPrice) -> None:
        part, program = self._bought, self._block.program
        if not (len(part.columns) or part.rows.count or self._scopes):
            return
        cost = -program.objective[part.columns]
        instance = PurchaseInstance(
            value=reduced[part.columns] + cost,
            cost=cost,
            most=program.upper[part.columns],
            rows=part.rows,
            rebates=self._rebates(message),
        )
        found = solve_purchase(instance, self._backend, limits=limits)
        answer.bounds.append(found.bound)
        self._put(answer, part, found.quantity)
        if found.quantity is None or found.tier is None:
            return
        for scope, tier in zip(self._scopes, found.tier.tolist(), strict=True):
            inside = scope.part[tier] >= 0
            answer.x[scope.tier[tier]] = 1.0
            answer.x[scope.part[tier, inside]] = found.quantity[inside]

    @staticmethod
    def _put(answer: _Answer, part: _Amounts, amount: Floats | None) -> None:
        if amount is None:
            answer.complete = False
            return
        answer.x[part.columns] = amount
        soft = part.violation >= 0
        answer.x[part.violation[soft]] = part.rows.violation(amount)[soft]

    def _rebates(self, message: AskPrice) -> Rebates:
        scopes, width = self._scopes, max((len(scope.rate) for scope in self._scopes), default=0)
        threshold, rate = np.full((len(scopes), width), np.inf), np.zeros((len(scopes), width))
        open_tier = np.zeros((len(scopes), width + 1), dtype=np.bool_)
        for r, scope in enumerate(scopes):
            threshold[r, : len(scope.rate)], rate[r, : len(scope.rate)] = scope.threshold, scope.rate
            open_tier[r, list(message.allowed.get(scope.name, tuple(range(len(scope.tier)))))] = True
        member = np.array([scope.part[0] >= 0 for scope in scopes]).reshape(len(scopes), len(self._bought.columns))
        return Rebates(member=member, threshold=threshold, rate=rate, open_tier=open_tier)


def _of_kind(kinds: Sequence[str], kind: str) -> Ints:
    return np.flatnonzero(np.array([k == kind for k in kinds], dtype=np.bool_)).astype(np.int32)


def _parts(block: Block) -> _Parts:
    """Split a block; a violation stands with the row it is in, those of linking rows alone stand with the orders."""
    rows = np.array([_ROW_PART.get(kind, _ORDERS) for kind in block.rows.kind], dtype=np.int64)
    columns = np.array([_COLUMN_PART.get(kind, _ORDERS) for kind in block.columns.kind], dtype=np.int64)
    entry, index = rows[block.program.rows.row_of_entry()], block.program.rows.index
    violation = np.array([kind == "violation" for kind in block.columns.kind], dtype=np.bool_)
    inside = violation[index]
    columns[index[inside]] = entry[inside]
    if (columns[index] != entry).any():
        raise InvalidProgram(f"{block.name}: a row couples orders, purchases or budgets; ask its block as a whole")
    return _Parts(columns, rows)


def _amounts(block: Block, kind: str, row_kind: str) -> _Amounts:
    """Collect amounts of a kind and the clause rows over them."""
    columns, numbers = _of_kind(block.columns.kind, kind), _of_kind(block.rows.kind, row_kind)
    place = np.full(block.program.columns, -1, dtype=np.int64)
    place[columns] = np.arange(len(columns))
    member = np.zeros((len(numbers), len(columns)), dtype=np.bool_)
    violation = np.full(len(numbers), -1, dtype=np.int32)
    rows = block.program.rows
    for k, row in enumerate(numbers.tolist()):
        index = rows.index[rows.start[row] : rows.start[row + 1]]
        member[k, place[index[place[index] >= 0]]] = True
        others = index[place[index] < 0]
        violation[k] = others[0] if len(others) else -1
    penalty = np.full(len(numbers), np.inf)
    penalty[violation >= 0] = -block.program.objective[violation[violation >= 0]]
    bounds = AmountRows(
        member=member,
        lower=block.program.row_lower[numbers],
        upper=block.program.row_upper[numbers],
        penalty=penalty,
    )
    return _Amounts(columns, bounds, violation)


def _scopes(block: Block, scenario: Scenario) -> tuple[_Scope, ...]:
    """Collect the rebate scopes of a block; their tiers come from the clauses, their columns from the labels."""
    groups = dict(block.choices)
    labels = zip(block.columns.kind, block.columns.key, block.columns.period.tolist(), strict=True)
    place = {label: column for column, label in enumerate(labels)}
    items = [(key, period) for kind, key, period in place if kind == "bought"]
    scopes = []
    for clause in scenario.clauses:
        if not isinstance(clause, RebateClause):
            continue
        for scope in clause_scopes(clause, scenario.horizon):
            name = f"{clause.id}@{scope_label(scope)}"
            if name not in groups:
                continue
            part = [
                [
                    place["bought-in-tier", f"{clause.id}#{j}/{material}", t] if t in scope.periods else -1
                    for material, t in items
                ]
                for j in range(len(groups[name]))
            ]
            scopes.append(
                _Scope(
                    name=name,
                    threshold=np.array([tier.from_quantity for tier in clause.tiers]),
                    rate=np.array([tier.rate for tier in clause.tiers]),
                    tier=groups[name],
                    part=np.array(part, dtype=np.int32).reshape(len(groups[name]), len(items)),
                )
            )
    return tuple(scopes)


def _restrict(program: Program, rows: npt.NDArray[np.int64], columns: Ints) -> Program:
    """Return the program of some rows and columns; rows hold no other columns."""
    new_row, new_column = np.full(program.rows.rows, -1), np.full(program.columns, -1)
    new_row[rows], new_column[columns] = np.arange(len(rows)), np.arange(len(columns))
    row = new_row[program.rows.row_of_entry()]
    inside = row >= 0
    matrix = SparseRows.from_triplets(
        row[inside], new_column[program.rows.index[inside]], program.rows.value[inside], len(rows), len(columns)
    )
    return Program(
        objective=program.objective[columns],
        lower=program.lower[columns],
        upper=program.upper[columns],
        integer=program.integer[columns],
        rows=matrix,
        row_lower=program.row_lower[rows],
        row_upper=program.row_upper[rows],
    )
