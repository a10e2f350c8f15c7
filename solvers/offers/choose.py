"""Solve a reward choice: a whole choice, and a bound on every other, in a few passes over the members.

1. Prices of a small sample, by Newton's method on the smoothed dual (`choice_prices`). A larger sample is corrected by
   a pass over everybody, so that its gradient is theirs, and solved again, until few members are left in doubt.
2. One pass at these prices splits the members into clear cases, which are added up, and near ties, the core; Newton's
   method on the core with all others as constants gives prices that are right for everybody, unless a clear case was
   none. The core's dual is below everybody's, so this shows, and the step is repeated from the new prices.
3. One pass at the final prices gives everybody's best offer and the bound, as float64 has them.
4. Ties are split as the smoothed prices say; the nearest ones are decided together, by exchanges (`pair_exchange`) and,
   where these do not reach the gap, by a mixed-integer program (`core_choice`).

Work is bounded by passes, Newton steps and branch-and-bound nodes, never by time; sums are integers: the same
instance gives the same choice at any load, in one shard or many.

The bound is weak duality (`verify.choice_bound` recomputes it): for π ≥ 0,
``Σ π·limit + Σ_items max(0, max_o value - λ·cost - μ)``. A choice is worth at least ``least·N·W``, where ``least`` is
the smallest value or 0: a bound below that proves that no choice meets the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
import numpy.typing as npt

from solvers.core.backend import Backend, Progress
from solvers.core.errors import InvalidProgram
from solvers.core.program import Floats
from solvers.core.termination import Limits
from solvers.offers.choice_crowd import Crowd, Final, Typical
from solvers.offers.choice_prices import DualPoint, Evaluate, Trust, score_move, walk
from solvers.offers.core_choice import TieTotals, core_program, solve_core
from solvers.offers.pair_exchange import exchange_pairs
from solvers.offers.reward_choice import RewardChoice

_SMALL, _LARGE, _HUGE = 2048, 8192, 16384
_WHOLE = 40_000  # so many members are their own sample
_MANY = 4_000_000
_COARSE = (0.6, 0.2, 0.06, 0.03)  # temperatures, of a typical value
_CORRECTED = (0.02, 0.01, 0.01)  # those at which a sample is corrected, as often as it takes
_CORRECTED_AGAIN = (0.01,)
_FEW_TIES, _RARE_TIES = 30_000, 100  # members, or one of so many
_NARROWEST = 3e-4  # of a typical value: what a corrected sample does not tell
_EXACT = 1e-6  # of the smoothing error: how far from its best a corrected sample is left
_COOLING = 0.3
_CAUTION = 0.3  # of the last move of the prices: what they may still be off by
_SMALL_PART = 10  # of the members: more make no core, but a second look at everybody
_FILLED = 0.8  # of the largest core, by what the sample expects
_TRUST = 1.5  # widths of the core that scores may move by
_STILL = 1e-7  # of a typical value
_EDGE = 0.8  # of the radius of trust: who comes this close left it
_EXCHANGED = ((2, 150), (4, 150), (8, 0))  # times the ties of a program, and kicks
_WIDENED = 0.02  # of the largest value: how much worse an offer may be when rows stay overrun
_FADED = 40.0  # temperatures beyond which p is 0
_MOST_STAGES = 24
_MOST_ROUNDS = 8
_PROOF_BOOSTS = (1.0, 8.0, 64.0)


class ChoiceStatus(Enum):
    """``SOLVED``: a choice with its bound; ``INFEASIBLE``: proved that there is none; ``OPEN``: none was found."""

    SOLVED = "solved"
    INFEASIBLE = "infeasible"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceLimits:
    """``gap`` is the relative gap at which work on the last ties ends; ``nodes`` bounds each of their programs.

    ``ties`` is how many of them are decided together at first, ``rounds`` how often that may be enlarged.
    """

    gap: float = 1e-6
    nodes: int = 60
    ties: int = 60
    rounds: int = 4
    threads: int = 1

    def __post_init__(self) -> None:
        if not self.gap >= 0:
            raise ValueError(f"a relative gap of {self.gap} cannot be reached; give a number from 0 on")
        for name in ("nodes", "ties", "rounds", "threads"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ChosenRewards:
    """``choice`` int8 [W, N] (-1: none) with its ``value``, None without one; ``bound`` ≥ the value of every choice.

    ``price`` float64 [K] of the rows, ≥ 0 where the upper bound binds and ≤ 0 where the lower does; ``passes`` over all
    members; ``conflict`` int64: rows that clash, where no choice meets them.
    """

    status: ChoiceStatus
    choice: npt.NDArray[np.int8] | None
    value: float | None
    bound: float
    price: Floats
    passes: int
    conflict: npt.NDArray[np.int64]

    @property
    def gap(self) -> float:
        """(bound - value) / |value|, +inf without a value."""
        if self.value is None:
            return float("inf")
        return max(0.0, self.bound - self.value) / max(abs(self.value), 1e-12)


def choose_rewards(
    instance: RewardChoice,
    backend: Backend,
    *,
    limits: ChoiceLimits | None = None,
    start: Floats | None = None,
    shards: int = 1,
    progress: Progress | None = None,
) -> ChosenRewards:
    """Solve with any backend that solves mixed-integer programs.

    ``start`` float64 [K] are prices of an earlier solve. ``shards`` parts of the members are visited by
    ``limits.threads`` threads; the result does not depend on either. ``progress`` is told the bound as soon as prices
    stand, and every better choice's value. Raises InvalidProgram for a start that is not finite or has another length.
    """
    limits = limits or ChoiceLimits()
    if start is not None and (start.shape != (instance.rows.rows,) or not np.isfinite(start).all()):
        raise InvalidProgram(f"start prices must be {instance.rows.rows} finite numbers, one per row")
    with Crowd.of(instance, shards=max(shards, limits.threads), threads=limits.threads) as crowd:
        return _Solve(crowd, backend, limits, progress or _silent).run(start)


def _silent(_value: float | None, _bound: float) -> None:
    """Tell nobody."""


@dataclass(slots=True, eq=False)
class _Solve:
    crowd: Crowd
    backend: Backend
    limits: ChoiceLimits
    progress: Progress
    told: float = -np.inf

    def run(self, start: Floats | None) -> ChosenRewards:
        crowd = self.crowd
        crowd.sample(_SMALL)
        scale = crowd.typical()
        price = np.zeros(len(crowd.rows.limit)) if start is None else self._one_sided(start)
        price, width, tau = self._sampled(price, scale, warm=start is not None)
        final, tau = self._settled(price, scale, width, tau)
        self.progress(None, final.bound)
        if final.bound < crowd.floor:
            return self._answer(ChoiceStatus.INFEASIBLE, final)
        decided = self._decided(final, _FADED * tau)
        if decided is not None:
            return self._answer(ChoiceStatus.SOLVED, decided)
        proof = self._proof(final)
        return self._answer(ChoiceStatus.OPEN if proof is None else ChoiceStatus.INFEASIBLE, proof or final)

    def _sampled(self, price: Floats, scale: Typical, *, warm: bool) -> tuple[Floats, float, float]:
        """Return prices from samples, how wide of them a choice is still open, and the temperature they stand at."""
        crowd, tau = self.crowd, _COARSE[-1] * scale.value
        if not warm:
            taus = [tau * scale.value for tau in _COARSE]
            price = self._stages(crowd.sample_point, price, taus, scale, crowd.sampled).price
        if crowd.members <= _WHOLE:
            return price, np.inf, tau
        crowd.sample(_HUGE if crowd.members > _MANY else _LARGE)
        width = np.inf
        for part in _CORRECTED_AGAIN if warm else _CORRECTED:
            tau = part * scale.value
            price, width = self._corrected(price, scale, tau)
            if crowd.expected_core(price, width) <= max(_FEW_TIES, crowd.members // _RARE_TIES):
                break
        return price, width, tau

    def _corrected(self, price: Floats, scale: Typical, tau: float) -> tuple[Floats, float]:
        """Return prices from the sample corrected at these, and how wide of them a choice is still open."""
        crowd = self.crowd
        crowd.correct_sample(price, tau)
        close = self._close(scale, crowd.sampled)
        point = walk(crowd.sample_point, crowd.rows, price, tau, cost=scale.cost, close=close, within=_EXACT)
        moved = score_move(point.price - price, crowd.rows, scale.cost)
        return point.price, max(_CAUTION * moved, _NARROWEST * scale.value)

    def _stages(
        self,
        evaluate: Evaluate,
        price: Floats,
        taus: Sequence[float],
        scale: Typical,
        members: int,
        trust: Trust | None = None,
    ) -> DualPoint:
        close = self._close(scale, members)
        for tau in taus:
            point = walk(evaluate, self.crowd.rows, price, tau, cost=scale.cost, close=close, trust=trust)
            price = point.price
        return point

    def _close(self, scale: Typical, members: int) -> float:
        """Return a decrease of the dual that is not worth another step."""
        return 1e-5 * self.limits.gap * scale.value * members

    def _settled(self, price: Floats, scale: Typical, width: float, tau: float) -> tuple[Final, float]:
        """Return everybody's offers at prices that are right for everybody, and the last temperature."""
        crowd, ties = self.crowd, 8 * self.limits.ties
        for _ in range(_MOST_ROUNDS):
            width, core = self._core_taken(price, width)
            center, price, last = price, *self._cooled(price, scale, width, tau)
            moved = score_move(price - center, crowd.rows, scale.cost)
            if moved > _EDGE * _TRUST * width:
                # A choice that counted as clear may have changed: look again from here, and further.
                width *= 2.0
                continue
            near = max(_FADED * last, width * ties / max(core, 1)) if np.isfinite(width) else np.inf
            final = crowd.draw(crowd.certify(price, near, ties), last)
            # Prices that stay would be found again.
            if np.isinf(width) or moved <= _STILL * scale.value or self._residual(final, scale) <= self.limits.ties / 2:
                return final, last
        return crowd.draw(crowd.certify(price, _FADED * last, ties), last), last

    def _core_taken(self, price: Floats, width: float) -> tuple[float, int]:
        """Take near ties as the core, as wide as leaves it small; returns the width and their number."""
        crowd, most = self.crowd, self.crowd.members * self.crowd.instance.windows
        if not np.isinf(width):
            most = max(most // _SMALL_PART, _LARGE)
            expected = crowd.expected_core(price, width)
            width *= min(1.0, _FILLED * most / max(expected, 1))
        while (core := crowd.collect(price, width, most)) > most:
            width *= 0.5 * most / core
        return width, core

    def _cooled(self, price: Floats, scale: Typical, width: float, tau: float) -> tuple[Floats, float]:
        """Lower the temperature until smoothing costs less than the gap asked for, or prices leave what is trusted."""
        crowd, trust = self.crowd, Trust(center=price, radius=_TRUST * width)
        enough = 0.03 * self.limits.gap * scale.value * crowd.members
        tau = min(_COOLING * tau, width / 6)
        for _ in range(_MOST_STAGES):
            point = self._stages(crowd.core_point, price, [tau], scale, crowd.members, trust)
            price = point.price
            moved = score_move(price - trust.center, crowd.rows, scale.cost)
            if point.entropy <= enough or moved > _EDGE * trust.radius:
                break
            tau *= _COOLING
        # Where very many members are tied alike, shares that are a little off are many members off.
        close = self._close(scale, crowd.members)
        walked = walk(
            crowd.core_point, crowd.rows, price, tau, cost=scale.cost, close=close, trust=trust, within=_EXACT
        )
        return walked.price, tau

    def _residual(self, final: Final, scale: Typical) -> float:
        """Return by how many typical rewards a row is overrun, or left unused against its price."""
        rows = self.crowd.rows
        room = rows.limit - rows.spend @ final.spent - rows.count @ final.counted
        reward = np.abs(rows.spend).max(axis=1, initial=0.0) * scale.cost + np.abs(rows.count).max(axis=1, initial=0.0)
        open_room = np.minimum(room, np.where(final.price * reward > 1e-6 * scale.value, np.inf, 0.0))
        return float((np.abs(open_room) / np.maximum(reward, 1e-300)).max(initial=0.0))

    def _decided(self, final: Final, slack: float) -> Final | None:
        """Decide the closest ties together: by exchanges, and by programs where these do not reach the gap."""
        limits, drawn = self.limits, self.crowd.closest(final.price, _EXCHANGED[-1][0] * self.limits.ties)[0]
        swapped: Final | None = None
        for times, kicks in _EXCHANGED:
            swapped = self._given(swapped or final, times * limits.ties, slack, kicks=kicks) or swapped
            if self._enough(swapped):
                return swapped
        offers = self.crowd.closest(final.price, len(drawn.item))[0].offer
        # What exchanges gave up to fit is lost to a program over fewer ties: it begins where they began.
        self.crowd.give(drawn, drawn.offer)
        decided = self._programmed(final, slack)
        if swapped is None or (decided is not None and decided.value >= swapped.value):
            return decided
        self.crowd.give(drawn, offers)
        return swapped

    def _programmed(self, final: Final, slack: float) -> Final | None:
        best: Final | None = None
        most = self.limits.ties + 4 * int((final.price > 0).sum())
        if self.crowd.members * self.crowd.instance.windows <= most:
            slack = np.inf
        for turn in range(self.limits.rounds):
            nodes = 1 if turn < self.limits.rounds - 1 else self.limits.nodes
            best = self._given(best or final, most, slack, nodes=nodes) or best
            if self._enough(best):
                break
            most *= 2
            if best is None:
                # Rows stay overrun: more members will not do without more offers.
                slack = _WIDENED * self.crowd.extremes.value if turn == 0 else np.inf
        return best

    def _enough(self, final: Final | None) -> bool:
        return final is not None and final.bound - final.value <= self.limits.gap * abs(final.value)

    def _given(
        self, final: Final, most: int, slack: float, *, kicks: int = 0, nodes: int | None = None
    ) -> Final | None:
        """Decide ``most`` ties by a program of so many nodes, None: by exchanges; None where rows stay overrun."""
        rows, (ties, scores) = self.crowd.rows, self.crowd.closest(final.price, most)
        held = TieTotals.of(ties, ties.offer)
        spent, counted, value = final.spent - held.spent, final.counted - held.counted, final.value - held.value
        room = rows.limit - rows.spend @ spent - rows.count @ counted
        core = core_program(ties, rows, room, scores, slack=slack, rest=value)
        enough = final.bound - self.limits.gap * abs(final.value)
        if nodes is None:
            offer = exchange_pairs(core, ties, kicks=kicks, enough=enough)
        else:
            limits = Limits(nodes=nodes, gap=0.1 * self.limits.gap, absolute_gap=0.0, target=enough)
            offer = solve_core(core, ties, self.backend, limits, ties.offer)
        if offer is None:
            return None
        given = TieTotals.of(ties, offer)
        self.crowd.give(ties, offer)
        if value + given.value > self.told:
            self.told = value + given.value
            self.progress(self.told, final.bound)
        return replace(final, spent=spent + given.spent, counted=counted + given.counted, value=value + given.value)

    def _proof(self, final: Final) -> Final | None:
        """Look along the prices for a bound below what every choice is worth."""
        for boost in _PROOF_BOOSTS:
            proof = self.crowd.certify(boost * final.price, 0.0, 0)
            if proof.bound < self.crowd.floor:
                return proof
        return None

    def _one_sided(self, price: Floats) -> Floats:
        rows, several = self.crowd.rows, np.zeros(len(self.crowd.rows.limit))
        upper = np.arange(len(several)) < np.isfinite(self.crowd.instance.rows.upper).sum()
        several[:] = np.where(upper, np.maximum(price[rows.row], 0.0), np.maximum(-price[rows.row], 0.0))
        return several

    def _answer(self, status: ChoiceStatus, final: Final) -> ChosenRewards:
        rows, count = self.crowd.rows, self.crowd.instance.rows.rows
        upper = np.arange(len(rows.limit)) < np.isfinite(self.crowd.instance.rows.upper).sum()
        price = np.zeros(count)
        np.add.at(price, rows.row, np.where(upper, final.price, -final.price))
        clashing = np.unique(rows.row[final.price > 1e-9 * final.price.max(initial=0.0)])
        solved = status is ChoiceStatus.SOLVED
        return ChosenRewards(
            status=status,
            choice=self.crowd.choice() if solved else None,
            value=final.value if solved else None,
            bound=-np.inf if status is ChoiceStatus.INFEASIBLE else final.bound,
            price=price,
            passes=self.crowd.passes,
            conflict=clashing if status is ChoiceStatus.INFEASIBLE else np.zeros(0, dtype=np.int64),
        )
